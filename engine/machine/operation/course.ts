// The course of an operation: what its step does when it begins, when it has ended, and how the whole ends (R8).
// Belongs here: opening what is run again, roles that are chosen again or moved, success and failure. Does not belong here:
// its graph (begin.ts), the steps themselves, which run as all others do.
//
// A step of an operation has ended when the workflow would have: nothing runs, and what it ran is reached, or nothing
// can move by itself. What comes after needs another graph, so it is an event of its own: the operation is due at once.
import { EngineError, errorText } from '../../base/errors.ts';
import { evaluateTemplate } from '../../definition/expressions/index.ts';
import type { OperationStep, RoleReference } from '../../definition/operations/types.ts';
import type { StateGraph } from '../../graph/types.ts';
import { stateKey } from '../../graph/references.ts';
import { classOf } from '../counters.ts';
import type { Draft } from '../draft.ts';
import { considerAll } from '../operator.ts';
import { ATTEMPT_OVER } from '../records.ts';
import type { MachineState } from '../state.ts';
import type { StepStatus } from '../types.ts';
import { goOnTakingBack } from '../update/withdraw.ts';
import { isOfEarlier } from '../update/judge.ts';
import { leaveUnwanted } from '../update/unwanted.ts';
import { dataView } from '../view.ts';
import { operationOf, stepBegun, withoutOperation } from './begin.ts';
import { noteFailure, remember } from './stop.ts';
import type { RunningOperation } from './types.ts';

/** A decision over what follows the step that has ended: the next, its goal, or its end. */
export function afterStep(graph: StateGraph, state: MachineState, at: number): Draft {
  const operation = state.workflow.operation as RunningOperation;
  const { steps, goal, onFailure } = operationOf(graph, operation);
  const index = operation.index + 1;
  const isOver =
    operation.stopped === true ||
    state.workflow.late === true ||
    (operation.failure !== undefined && onFailure === 'fail') ||
    index > steps.length ||
    (index === steps.length && goal.length === 0);
  return isOver
    ? withoutOperation(graph, state, at, operation)
    : stepBegun(graph, state, at, { ...operation, index });
}

/** The operation's own time has come; the decision is over the graph that follows (`afterStep`). */
export function goOnWithOperation(draft: Draft): void {
  if (draft.workflow.operation) beginStep(draft);
  else endOperation(draft);
}

/** What the step does at once. The rest is done by the graph. */
export function beginStep(draft: Draft): void {
  const operation = draft.workflow.operation as RunningOperation;
  const step = operationOf(draft.graph, operation).steps[operation.index];
  if (draft.isHalted) draft.mark('halted', undefined);
  draft.setWorkflow('running', '');
  if (step) act(draft, step, operation);
  goOnTakingBack(draft);
  leaveUnwanted(draft);
  considerAll(draft);
}

function act(draft: Draft, step: OperationStep, operation: RunningOperation): void {
  switch (step.kind) {
    case 'rerun':
      return runAgain(draft, operation);
    case 'choose_again':
      for (const role of step.roles) draft.openRole(roleOf(draft.graph, role), []);
      return;
    case 'move':
      return moveRole(draft, step, operation);
  }
}

const OVER = new Set<StepStatus>([
  'reached',
  'failed',
  'interrupted',
  'skipped',
  'blocked',
  'not_needed',
  'undone',
]);

/** What it did stays known until it is done again: its outputs are there for whoever reads them. */
function runAgain(draft: Draft, { id }: RunningOperation): void {
  for (const { entity, state, members } of draft.graph.also ?? []) {
    for (const number of draft.graph.stepByState.get(stateKey(entity, state)) ?? []) {
      const { member } = draft.step(number);
      const isRun = members === undefined || (member && members.includes(member.index));
      const { status, withdrawn } = draft.record(number);
      if (!isRun || member?.leaving || withdrawn) continue;
      // Its condition is judged by the definition that came since.
      const judged = isOfEarlier(draft, draft.record(number)) && { startedAt: undefined };
      if (OVER.has(status)) draft.write(number, { ...ANEW, ...judged, operation: id });
      else draft.write(number, { operation: id });
    }
  }
}

const ANEW = {
  ...ATTEMPT_OVER,
  status: 'waiting',
  tries: 0,
  interruptions: undefined,
  rescues: undefined,
  cause: undefined,
  error: undefined,
  renews: undefined,
} as const;

const roleOf = (graph: StateGraph, { entity, role }: RoleReference): number =>
  graph.roles.findIndex(one => one.entity === entity && one.name === role);

function moveRole(
  draft: Draft,
  step: Extract<OperationStep, { kind: 'move' }>,
  operation: RunningOperation,
): void {
  const { entity, role } = step.role;
  try {
    const agent = evaluateTemplate(step.to, dataView(draft, { operation })) as string;
    const members = draft.graph.membership.get(entity) ?? [];
    const member = members.find(one => one.agent === agent && !one.leaving);
    if (!member)
      return noteFailure(draft, `${entity}.${role} cannot be moved: ${agent} is no member of ${entity}.`);
    if (draft.holders(entity, role)?.includes(agent)) return;
    const number = roleOf(draft.graph, step.role);
    if (mayHold(draft, number, agent)) return draft.setRole(number, agent);
    const { among } = draft.graph.definition.entities.get(entity)?.roles.get(role) ?? {};
    noteFailure(draft, `${entity}.${role} cannot be moved: ${member.name} has not reached ${among}.`);
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    noteFailure(draft, `${entity}.${role} cannot be moved: ${errorText(thrown)}`);
  }
}

/** Who holds a role is one of those among whom it is chosen. */
const mayHold = (draft: Draft, role: number, agent: string): boolean =>
  (draft.graph.roles[role]?.candidates ?? []).some(
    number => draft.step(number).member?.agent === agent && classOf(draft.record(number)) === 'counts',
  );

/** Nothing of the step is left to come; `failure`: why what it ran is not reached. */
export function stepEnded(draft: Draft, failure?: string): void {
  if (failure !== undefined) noteFailure(draft, failure);
  const operation = draft.workflow.operation as RunningOperation;
  if (operation.due === undefined) draft.operate({ ...operation, due: draft.at });
}

/** Its graph is gone already: what only the operation needed is left as it is. */
function endOperation(draft: Draft): void {
  const ended = draft.state.workflow.operation as RunningOperation;
  remember(draft, ended);
  if (draft.isHalted) draft.mark('halted', undefined);
  if (draft.workflow.late) draft.mark('late', undefined);
  draft.setWorkflow('running', '');
  goOnTakingBack(draft);
  leaveUnwanted(draft);
  considerAll(draft);
}

/** Whether the failure of the workflow now is that of an operation: it takes nothing back. */
export const endsOperation = ({ state: { workflow: before } }: { readonly state: MachineState }): boolean =>
  before.operation !== undefined;
