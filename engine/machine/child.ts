// A step that runs a child: its command, the child's id, and what the child's end means to the step (row 40).
// Belongs here: decisions about children, made from records alone. Does not belong here: starting and watching them
// (drivers/workflow-driver.ts).
//
// C1  A child's id follows from its parent, the step and the command that first ran it: a crash between the child's
//     creation and its parent's record makes no second. It stands in the step's record until the child is deleted.
// C2  A command to a child has no time of its own: the child's deadline is the attempt's timeout, and the child's end,
//     which is never lost, is the command's. So no attempt ends while its child still runs.
// C3  A retry gives the same child another try. It keeps the inputs and members that it was created with.
// C4  A look at a step with a child is one at its child, unless its author wrote a probe: the child is checked, and what has
//     drifted in it is the drift of the step. To run that again is to let the child converge.
import { createHash } from 'node:crypto';
import { EngineError } from '../base/errors.ts';
import { isObject, type JsonValue } from '../base/json.ts';
import type { DataView, Template } from '../definition/expressions/types.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { WorkflowAction } from '../definition/types.ts';
import { outsideId } from '../graph/references.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import type { Draft } from './draft.ts';
import { ATTEMPT_OVER } from './records.ts';
import { workflowOutputs } from './outputs.ts';
import type { ViewSource } from './view.ts';
import { type MachineState, recordOf } from './state.ts';
import type { Doubt } from './verify/types.ts';
import type { ChildTask, Command, ErrorCause, MemberPlace, StepRecord, Suspension } from './types.ts';

/** Characters of the parent's id that are kept, so that people see whose child it is. */
const SHOWN = 40;
const DIGITS = 16;

/** Such as `shop-3f0c8a5512d94e7b`: equal for equal parent, step and number of the command. */
export function childId(workflow: string, step: string, dispatch: number): string {
  const digest = createHash('sha256').update(`${workflow}\0${step}\0${dispatch}`).digest('hex');
  return `${workflow.slice(0, SHOWN)}-${digest.slice(0, DIGITS)}`;
}

/** Throws EngineError `expression_failed`. */
export function childTask(
  source: Pick<ViewSource, 'record' | 'workflow'>,
  step: Step,
  action: WorkflowAction,
  data: DataView,
): ChildTask {
  const { child, dispatch } = source.record(step.number);
  const inputs = evaluateTemplate(action.inputs, data);
  const members = [...action.members].map(
    ([entity, template]) => [entity, membersOf(template, data)] as const,
  );
  return {
    kind: 'workflow',
    task: 'run',
    child: child ?? childId(source.workflow.id, outsideId(step), dispatch + 1),
    definition: action.definition,
    inputs: isObject(inputs) ? inputs : {},
    members: Object.fromEntries(members),
    ...(action.timeout !== undefined && { allowed: action.timeout }),
  };
}

/** Whatever list of lists an author wrote, in its order. */
function membersOf(template: Template, data: DataView): readonly MemberPlace[] {
  const flat = (value: JsonValue): readonly JsonValue[] =>
    Array.isArray(value) ? (value as readonly JsonValue[]).flatMap(flat) : [value];
  return flat(evaluateTemplate(template, data)).map(place => {
    if (isObject(place) && typeof place['entity'] === 'string' && typeof place['agent'] === 'string')
      return { entity: place['entity'], agent: place['agent'] };
    throw new EngineError(
      'expression_failed',
      `The members at ${template.at} are none.`,
      'Write expressions that name members, such as "<% sql.members %>".',
    );
  });
}

/** Only of a step that has a child. */
export function deletionOf(draft: Draft, step: Step, abandon = false): Command {
  const { child, tries } = draft.record(step.number);
  return {
    action: { kind: 'workflow', task: 'delete', child: child as string, abandon },
    timeout: step.state.timeout,
    reason: tries === 0 ? 'first' : 'retry',
    outputs: [],
  };
}

/** C4. */
export const looksAtChild = ({ state }: Step, { child }: StepRecord): boolean =>
  child !== undefined && state.probe === undefined && state.action?.kind === 'workflow';

/** Of the time of the check the child's: what it can tell comes before the time is over. */
const SHARE = 0.9;

/** Only of a step that has a child, while the workflow is checked. */
export function lookAtChild(draft: Draft, step: Step): Command {
  const { child } = draft.record(step.number);
  const left = (draft.workflow.check?.due ?? draft.at) - draft.at;
  const allowed = Math.max(0, Math.floor(left * SHARE));
  return {
    action: { kind: 'workflow', task: 'check', child: child as string, allowed },
    timeout: step.state.timeout,
    reason: 'verify',
    outputs: [],
  };
}

/** Has the child of a step forgotten, whatever it does; false: it has none. */
export function abandonChild(draft: Draft, number: number): boolean {
  if (draft.record(number).child === undefined) return false;
  const command = deletionOf(draft, draft.step(number), true);
  draft.send(number, { ...ATTEMPT_OVER, status: 'undoing', phase: 'undo', cause: undefined, command });
  return true;
}

/** How a child ended, or that it is held. `outputs` are encoded, hidden ones as references. */
export interface ChildState {
  readonly status: MachineState['workflow']['status'];
  readonly reason: string;
  readonly outputs: { readonly [name: string]: JsonValue };
  readonly cause?: ErrorCause;
  readonly suspended?: Suspension;
  /** Of one that is complete and was checked. */
  readonly check?: ChildCheck;
}

/** What the last check left: a sentence each. */
export interface ChildCheck {
  readonly drifted: readonly string[];
  readonly unknown: readonly string[];
  /** It was given up, and why. */
  readonly stopped?: string;
}

/** What its parent has to know of a child. */
export function childState(graph: StateGraph, state: MachineState): ChildState {
  const { status, reason, suspended } = state.workflow;
  const outputs = status === 'complete' ? workflowOutputs(graph, state, 'all').values : {};
  const hasFailed = status === 'failed' || status === 'delete_failed';
  const cause = hasFailed ? firstFailure(graph, state) : undefined;
  const check = checkOf(graph, state);
  return {
    status,
    reason,
    outputs,
    ...(cause && { cause }),
    ...(suspended && { suspended }),
    ...(check && { check }),
  };
}

function checkOf(graph: StateGraph, state: MachineState): ChildCheck | undefined {
  const { status, checked } = state.workflow;
  if (status !== 'complete' || checked === undefined) return undefined;
  const drifted: string[] = [];
  const unknown: string[] = [];
  for (const step of graph.steps) {
    const { status: standing, unverified, look } = recordOf(state, step.number);
    if (!step.wanted || step.leaving || standing !== 'reached') continue;
    if (unverified) drifted.push(sentenceOf(step, DOUBTED[unverified.why], look?.error?.message));
    else if (look?.found === 'unknown')
      unknown.push(sentenceOf(step, 'could not be checked', look.error?.message));
  }
  const { stopped } = checked;
  return { drifted, unknown, ...(stopped !== undefined && { stopped }) };
}

const DOUBTED: { readonly [why in Doubt]: string } = {
  vm_replaced: 'is unverified, for its VM was replaced',
  vm_reverted: 'is unverified, for its VM was reverted',
  drifted: 'has drifted',
};

function sentenceOf({ id, member }: Step, what: string, why: string | undefined): string {
  const who = member === undefined ? id : `${id} on ${member.name}`;
  return why === undefined ? `${who} ${what}` : `${who} ${what} (${why})`;
}

const FAILED = new Set<StepRecord['status']>(['failed', 'interrupted', 'undone']);

/** Of all that failed the first, and of a child of its own that one's. */
function firstFailure(graph: StateGraph, state: MachineState): ErrorCause | undefined {
  let first: Step | undefined;
  for (const step of graph.steps) {
    const { status, error, since } = recordOf(state, step.number);
    if (!error || !FAILED.has(status)) continue;
    if (first === undefined || since < recordOf(state, first.number).since) first = step;
  }
  const error = first && recordOf(state, first.number).error;
  if (first === undefined || error === undefined) return undefined;
  const { cause, phase: _, ...told } = error;
  if (cause) return cause;
  const { member } = first;
  return { ...told, workflow: state.workflow.id, step: first.id, ...(member && { member: member.name }) };
}
