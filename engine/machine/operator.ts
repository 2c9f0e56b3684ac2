// What the events of people have in common: when a step may be touched, and how a workflow goes on.
// Belongs here: the conditions and the reopening. Does not belong here: single events (on/).
import type { StateGraph } from '../graph/types.ts';
import { armDeadline } from './deadline.ts';
import type { Draft } from './draft.ts';
import { ATTEMPT_OVER } from './records.ts';
import { beginAnew } from './undo/on-failure.ts';
import type { StepCause, StepStatus } from './types.ts';
import { isRoleHeld } from './undo/order.ts';
import { isOfEarlier } from './update/judge.ts';
import { withdrawAgain } from './update/withdraw.ts';
import { takeUp } from './verify/mark.ts';

/** Looks at every step that the goal needs and at every role: at the beginning, and after a stop. */
export function considerAll(draft: Draft): void {
  for (const step of draft.graph.steps) if (step.wanted) draft.steps.push(step.number);
  for (const role of draft.graph.roles) draft.roles.add(role.number);
}

/** The number of a step that a person may act on now, or undefined after rejecting the event with the reason. */
export function stepToActOn(
  draft: Draft,
  id: string,
  verb: string,
  allowed: ReadonlySet<StepStatus>,
): number | undefined {
  const number = draft.graph.stepById.get(id);
  if (number === undefined || !draft.graph.steps[number]?.wanted) {
    const what = number === undefined ? 'has no step' : 'does not need the step';
    draft.reject(`The workflow ${what} ${id}.`, 'Ask for its status to see the steps it has.');
    return undefined;
  }
  if (!mayGoOn(draft)) return undefined;
  const { status, kept } = draft.record(number);
  if (kept) {
    draft.reject(
      `What came for ${id} is kept: the workflow is suspended.`,
      'Resume the workflow, then look again.',
    );
    return undefined;
  }
  if (allowed.has(status)) return number;
  draft.reject(
    `${id} is ${status} and can't be ${verb}.`,
    `It can be when it is ${[...allowed].join(', ')}.`,
  );
  return undefined;
}

/** False after rejecting: steps can be acted on while the workflow runs, is held, or has failed. */
export function mayGoOn(draft: Draft): boolean {
  const { status } = draft.workflow;
  if (draft.goalHolds && !draft.takesBack && !ENDING.has(status)) {
    draft.reject('The goal holds; nothing new starts.', 'Nothing has to be done.');
    return false;
  }
  if (status === 'running' || status === 'held' || status === 'failed') return true;
  const ends = status === 'cancelling' || status === 'undoing';
  const next = ends ? 'Wait until it is failed, then resume it.' : 'Create it anew.';
  draft.reject(`The workflow is ${status}.`, next);
  return false;
}

const ENDING = new Set(['undoing', 'deleting', 'deleted', 'delete_failed']);

/** After a failure, a halt or a cancel everything is looked at again; while it runs, only what an event changes. */
export function goOn(draft: Draft, allowed?: number, hasFailed = draft.workflow.status === 'failed'): void {
  if (!hasFailed && !draft.isHalted) return;
  if (draft.isHalted) draft.mark('halted', undefined);
  if (hasFailed) armDeadline(draft, allowed);
  draft.setWorkflow('running', '');
  beginAnew(draft);
  withdrawAgain(draft);
  askAnew(draft);
  takeUp(draft);
  considerAll(draft);
}

/** What waited for renewals gets ready anew: what it requires may have aged meanwhile. */
function askAnew(draft: Draft): void {
  for (const { number } of draft.graph.steps)
    if (draft.record(number).freshFrom !== undefined) draft.write(number, { freshFrom: undefined });
}

/** From now on what calls the owner's cloud does so by this one. Absent: by the one before. */
export function takeCredential(draft: Draft, credential: string | undefined): void {
  if (credential !== undefined && credential !== draft.workflow.credential)
    draft.mark('credential', credential);
}

/**
 * Gives a step a new beginning: all its attempts, whatever stopped it. One that ended after another definition or other inputs had
 * come, while nothing could begin, has its condition judged by those.
 */
export function reopen(draft: Draft, number: number): void {
  draft.write(number, {
    ...ATTEMPT_OVER,
    status: 'waiting',
    tries: 0,
    interruptions: undefined,
    cause: undefined,
    ...(isOfEarlier(draft, draft.record(number)) && { startedAt: undefined }),
  });
  draft.steps.push(number);
  // Its member may come to hold what nobody could.
  for (const role of draft.step(number).candidateOf) openVacant(draft, role);
}

/**
 * A role that nobody could hold is chosen anew: who names it is not blocked, and does not do without, before that is known. One that
 * something to be taken back names is judged when that is undone.
 */
export function openVacant(draft: Draft, role: number): void {
  const { leaving, graph } = draft;
  const { entity, name } = graph.roles[role] as StateGraph['roles'][number];
  const isHeld = leaving !== undefined && isRoleHeld(leaving, graph, role);
  if (draft.holders(entity, name) === null && !isHeld) draft.setRole(role, undefined);
}

const LATE: ReadonlySet<StepCause> = new Set(['too_late']);

/** Steps of these statuses, or for one of these causes, that the goal needs. */
export function wantedWith(
  draft: Draft,
  statuses: ReadonlySet<StepStatus>,
  causes: ReadonlySet<StepCause> = LATE,
): readonly number[] {
  return draft.graph.steps
    .filter(({ number, wanted }) => {
      const { status, cause } = draft.record(number);
      return wanted && (statuses.has(status) || (cause !== undefined && causes.has(cause)));
    })
    .map(step => step.number);
}
