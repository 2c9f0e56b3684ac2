// Times of the whole workflow: its deadline, and how long stragglers may run once the goal holds.
// Belongs here: setting them, and what their coming does. Does not belong here: times of steps (on/timer.ts).
//
// A deadline runs from creation, and anew when a person goes on from a failure; also while the workflow is held (row
// 17). It is the shorter of the definition's and of what whoever asks allows; that one ends with the next that asks. Both times are kept in the workflow's record: timers are rebuilt from there after a restart (rule P4).
import { durationText } from '../definition/durations.ts';
import type { Draft } from './draft.ts';
import { stopOperation } from './operation/stop.ts';
import { stopEverything } from './stop.ts';
import type { WorkflowRecord } from './types.ts';

/** The next time of the whole workflow; undefined: there is none. */
export function workflowDue(
  workflow: Pick<WorkflowRecord, 'status' | 'deadline' | 'stragglers' | 'operation' | 'suspended' | 'check'>,
): number | undefined {
  if (workflow.status === 'checking') return workflow.check?.due;
  const times = [operationDue(workflow), endDue(workflow)].filter(time => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** When what runs is called back. */
function endDue({
  status,
  deadline,
  stragglers,
  suspended,
}: Pick<WorkflowRecord, 'status' | 'deadline' | 'stragglers' | 'suspended'>): number | undefined {
  if (suspended !== undefined) return undefined;
  if (status !== 'running' && status !== 'held') return undefined;
  return stragglers === undefined || (deadline !== undefined && deadline < stragglers)
    ? deadline
    : stragglers;
}

/** When the operation goes on by itself; undefined: it doesn't, or there is none. */
export const operationDue = ({
  operation,
  status,
  suspended,
}: Pick<WorkflowRecord, 'operation' | 'status' | 'suspended'>): number | undefined =>
  GOES_ON.has(status) && suspended === undefined ? operation?.due : undefined;

const GOES_ON = new Set<WorkflowRecord['status']>(['running', 'held', 'failed', 'complete']);

/** It begins, or a person goes on from a failure; `allowed`: milliseconds that who asks for that waits at most. */
export function armDeadline(draft: Draft, allowed?: number): void {
  if (draft.workflow.late) draft.mark('late', undefined);
  if (draft.workflow.allowed !== allowed) draft.mark('allowed', allowed);
  const length = deadlineOf(draft);
  const due = length === undefined ? undefined : standingAt(draft) + length;
  if (draft.workflow.deadline !== due) draft.mark('deadline', due);
}

/** Milliseconds; undefined: it has as long as it takes. */
export function deadlineOf({ graph, workflow }: Pick<Draft, 'graph' | 'workflow'>): number | undefined {
  const given = [graph.definition.deadline, workflow.allowed].filter(length => length !== undefined);
  return given.length === 0 ? undefined : Math.min(...given);
}

/** The goal came to hold while attempts run (row 15). */
export function armStragglers(draft: Draft): void {
  const { waitForStragglers } = draft.graph.definition;
  // What is taken back meanwhile may move a role, and then the goal is open again.
  if (waitForStragglers === undefined || draft.withStatus('running') === 0 || draft.takesBack) return;
  draft.mark('stragglers', standingAt(draft) + waitForStragglers);
}

/** Now; while the workflow is suspended its own time stands still, and is moved when it goes on. */
const standingAt = ({ at, workflow }: Draft): number => workflow.suspended?.at ?? at;

/** Another generation, or an operation, has opened the goal again. */
export function disarmStragglers(draft: Draft): void {
  if (draft.workflow.stragglers === undefined || draft.undo || draft.goalHolds) return;
  draft.mark('stragglers', undefined);
}

/** The workflow's own time has come; false: not yet, or it has none any more. What runs is called back. */
export function timeIsUp(draft: Draft): boolean {
  const due = endDue(draft.workflow);
  if (due === undefined || due > draft.at) return false;
  const { waitForStragglers = 0 } = draft.graph.definition;
  const deadline = deadlineOf(draft) ?? 0;
  if (draft.goalHolds) {
    const why = `the goal holds, and it ran for ${durationText(waitForStragglers)} more`;
    stopEverything(draft, draft.workflow.stragglers === due ? why : late(deadline));
  } else {
    draft.mark('late', true);
    stopEverything(draft, late(deadline));
    stopOperation(draft, late(deadline));
  }
  if (draft.withStatus('running') + draft.withStatus('undoing') > 0)
    draft.setWorkflow('cancelling', reasonOf(draft, deadline));
  return true;
}

const late = (deadline: number): string => `the deadline of ${durationText(deadline)} has passed`;

const reasonOf = (draft: Draft, deadline: number): string =>
  draft.workflow.late
    ? `${lateText(deadline)}; what runs is called back`
    : 'The goal holds; what still runs is called back';

/** The beginning of the reason of a workflow that is late. */
export const lateText = (deadline: number): string =>
  `Not complete within its deadline of ${durationText(deadline)}`;
