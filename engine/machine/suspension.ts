// A suspended workflow: nothing begins until a person goes on, or asks for something else.
// Belongs here: what stands still meanwhile, what is kept, and going on. Does not belong here: when it may be suspended
// (on/suspend.ts), who ends it (`release` in on/).
//
//   S1  While it is suspended nothing is looked at: no step, role, rolling or undo. So no command leaves, not even for what
//       has begun. What follows from an event is found when all is looked at again, as after a halt or a restart.
//   S2  An attempt that runs ends, and a question is answered, as ever. Where the next phase, a rescue or an undo would
//       follow at once, the event is kept in the step's record, and happens when the workflow goes on.
//   S3  Limits stand still: the deadline, stragglers, `within`, and the time for an answer or for an agent to come online.
//       What only has to pass, passes: the delay of a retry, a wait, the age of what was reached (`valid_for`). What is
//       due meanwhile is due when the workflow goes on. An attempt keeps its own time, or none could be waited for.
import type { StateGraph } from '../graph/types.ts';
import { Draft } from './draft.ts';
import { freshnessOf } from './freshness.ts';
import { hasBegun } from './halting.ts';
import type { Handler } from './on/handler.ts';
import { considerAll } from './operator.ts';
import { isDebt } from './records.ts';
import type { MachineState } from './state.ts';
import type { MachineEvent, StepRecord } from './types.ts';
import { takeUp } from './verify/mark.ts';

/** Whoever asks for this ends the suspension: what they ask for is newer. True, as what handlers answer. */
export function release(draft: Draft): true {
  if (draft.isSuspended) draft.mark('suspended', undefined);
  return true;
}

/** True when a time of the step that has come does nothing yet. */
export function standsStill(draft: Draft, number: number): boolean {
  const { due, command, cancel, kept } = draft.record(number);
  if (!draft.isSuspended) return false;
  return (
    kept !== undefined ||
    due?.for !== 'deadline' ||
    (command?.action.kind === 'online' && cancel === undefined)
  );
}

/** An attempt that somebody carries out now: while there is one, what suspends waits. Not a wait, nor a held child. */
export const isUnderWay = ({ command, kept, held }: StepRecord): boolean =>
  command !== undefined && command.action.kind !== 'online' && kept === undefined && held === undefined;

/** Says of what is suspended whether anything is under way. */
export function noteRest(draft: Draft): void {
  const { suspended } = draft.workflow;
  if (!suspended) return;
  const rests = !draft.graph.steps.some(({ number }) => isUnderWay(draft.record(number)));
  if (rests === (suspended.rests ?? false)) return;
  const { at, by } = suspended;
  draft.mark('suspended', { at, by, ...(rests && { rests }) });
}

/** S2: the event moved a step on to something that may not begin now. */
export const leadsOn = (draft: Draft): boolean => draft.isSuspended && draft.starts.length > 0;

/** The event as it is kept, instead of what it would have led to. */
export function kept(graph: StateGraph, state: MachineState, event: MachineEvent, step: number): Draft {
  const draft = new Draft(graph, state, event.at);
  if (event.kind === 'timer') draft.callBack(step, 'its time is over', {});
  draft.write(step, { kept: event });
  return draft;
}

/** The suspension has ended with this event: what was kept happens, what is due is done, and all is looked at. */
export function goOnFromSuspension(draft: Draft, handlerOf: HandlerOf): void {
  const since = draft.state.workflow.suspended?.at ?? draft.at;
  moveTimes(draft, draft.at - since);
  for (const { number } of draft.graph.steps) {
    const { kept } = draft.record(number);
    if (kept === undefined) continue;
    draft.write(number, { kept: undefined });
    handlerOf(kept)(draft, kept);
  }
  for (const { number, id } of draft.graph.steps) {
    const { due } = draft.record(number);
    if (due && due.at <= draft.at && WAITED.has(due.for)) {
      const event = { kind: 'timer', step: id, at: draft.at } as const;
      handlerOf(event)(draft, event);
    }
  }
  if (draft.underway) takeUp(draft);
  lookAtEverything(draft);
}

/** The table of handlers, which ends suspensions itself. */
export type HandlerOf = (event: MachineEvent) => Handler<MachineEvent['kind']>;

/** Times that pass while it is suspended. */
const WAITED = new Set<NonNullable<StepRecord['due']>['for']>(['retry', 'wait']);

function moveTimes(draft: Draft, by: number): void {
  const { deadline, stragglers } = draft.workflow;
  if (deadline !== undefined) draft.mark('deadline', deadline + by);
  if (stragglers !== undefined) draft.mark('stragglers', stragglers + by);
  for (const { number } of draft.graph.steps) {
    const { due, command, cancel } = draft.record(number);
    if (!due || WAITED.has(due.for)) continue;
    const isAttempt = due.for === 'deadline' && (command?.action.kind !== 'online' || cancel !== undefined);
    if (isAttempt) continue;
    const since = due.since === undefined ? {} : { since: due.since + by };
    draft.write(number, { due: { ...due, at: due.at + by, ...since } });
  }
}

function lookAtEverything(draft: Draft): void {
  const { graph, vms, rollings, undoable } = draft;
  for (const { number } of graph.steps) {
    const record = draft.record(number);
    if ((draft.undo || record.withdrawn !== undefined) && isDebt(record, draft.workflow))
      undoable.push(number);
    // It has waited long enough for what it stands on to be too old.
    const isStale =
      record.status === 'ready' && !hasBegun(record) && freshnessOf(draft, number).verdict !== 'met';
    if (isStale) draft.write(number, { status: 'waiting' });
  }
  for (const { number } of graph.rollings) rollings.add(number);
  for (const agent of draft.state.queues.keys()) vms.changed.add(agent);
  considerAll(draft);
}
