// Taking a step back while the workflow goes on: its member leaves, the role that it follows moved, or its state is gone
// from the definition (R2, R3, R10).
// Belongs here: stopping it, marking it, and what follows when it is undone. Does not belong here: the undo itself and its
// order (undo/), who leaves (graph/members.ts), who follows which role (follow.ts).
//
// What runs is awaited, or called back where its state says `interruptible`. Then it is undone, against the edges among all
// that is taken back: what stays, stays although it stood on it.
import type { Draft } from '../draft.ts';
import { ATTEMPT_OVER, owes, type Patch } from '../records.ts';
import { CANCEL_GRACE } from '../timing.ts';
import type { StepRecord, StepStatus } from '../types.ts';
import { ANEW } from '../undo/on-failure.ts';

/** Statuses in which something is still to come of the step by itself. */
export const COMING = new Set<StepStatus>(['waiting', 'ready', 'paused']);

/** From here on nothing of the step starts but its undo. */
export function withdraw(draft: Draft, number: number, why: NonNullable<StepRecord['withdrawn']>): void {
  const record = draft.record(number);
  const { status, command, due, withdrawn } = record;
  const isNew = owes(record) && withdrawn === undefined;
  // An undo that failed when it was taken back before, or after its own failure, is tried again: this is another wish.
  const mark = isNew ? { withdrawn: why, ...(record.cause === 'undo_failed' && { cause: undefined }) } : {};
  if (COMING.has(status)) {
    if (status !== 'waiting' || due || owes(record))
      draft.write(number, { ...ATTEMPT_OVER, ...mark, status: 'waiting', cause: undefined });
  } else if (status === 'running') stopRunning(draft, number, mark, command !== undefined, WHY[why]);
  else if (owes(record)) draft.write(number, mark);
}

const HAS_LEFT = 'its member leaves, or another has its role';
const WHY = {
  left: HAS_LEFT,
  moved: HAS_LEFT,
  removed: 'its state is gone from the definition',
  replaced: 'another takes its place',
} as const;

function stopRunning(
  draft: Draft,
  number: number,
  mark: Pick<Patch, 'withdrawn' | 'cause'>,
  isOut: boolean,
  why: string,
): void {
  if (!isOut) {
    const error = { kind: 'cancelled', message: why, phase: 'action' } as const;
    draft.write(number, { ...ATTEMPT_OVER, ...mark, status: 'interrupted', cause: 'cancelled', error });
    return;
  }
  const { cancel } = draft.record(number);
  if (!draft.step(number).state.interruptible || cancel !== undefined) return draft.write(number, mark);
  draft.callBack(number, why, { ...mark, ...calledBackFor(draft, number, why) });
}

/** The end of a child is awaited however long it takes (C2 of child.ts). */
export function calledBackFor(
  draft: Draft,
  number: number,
  why: string,
): Pick<Patch, 'cancel' | 'due' | 'held'> {
  if (draft.record(number).command?.action.kind === 'workflow')
    return { cancel: why, due: undefined, held: undefined };
  return { cancel: why, due: { at: draft.at + CANCEL_GRACE, for: 'deadline' } };
}

/** Nothing of it is undone: what was done stays as it is. A child has nobody else to end it, so it is undone all the same. */
export function abandon(draft: Draft, number: number): void {
  const { status, command, cancel, child, due } = draft.record(number);
  if (child !== undefined && owes(draft.record(number))) return withdraw(draft, number, 'left');
  if (command && cancel === undefined) draft.callBack(number, 'its member was abandoned', {});
  if (status === 'waiting' && !owes(draft.record(number))) {
    if (due) draft.write(number, ATTEMPT_OVER);
    return;
  }
  draft.write(number, { ...ATTEMPT_OVER, status: 'undone', cause: 'abandoned', withdrawn: undefined });
}

/** It is undone. A step whose member stays, or came back meanwhile, is judged as if it had never begun. */
export function beginAgain(draft: Draft, number: number): void {
  if (draft.step(number).leaving || draft.undo) return;
  draft.write(number, ANEW);
  draft.steps.push(number);
}

/** A member comes back before all of it was undone: an undo that runs ends first, what is undone comes again (row 23). */
export function takeAgain(draft: Draft, number: number): void {
  const { status, withdrawn } = draft.record(number);
  if ((withdrawn === undefined || withdrawn === 'moved') && status !== 'undone') return;
  if (status === 'undoing') return;
  if (status === 'undone') return beginAgain(draft, number);
  draft.write(number, { withdrawn: undefined });
  draft.steps.push(number);
}

/** Whether the undo of something that is taken back has failed. */
export const couldNotBeTakenBack = (draft: Draft): boolean =>
  draft.takesBack &&
  draft.graph.steps.some(({ number }) => {
    const { withdrawn, cause } = draft.record(number);
    return withdrawn !== undefined && cause === 'undo_failed';
  });

/** An operation goes on although the workflow had ended: what is to be taken back is, but what could not be. */
export function goOnTakingBack(draft: Draft): void {
  if (!draft.takesBack) return;
  for (const { number } of draft.graph.steps)
    if (draft.record(number).withdrawn !== undefined) draft.undoable.push(number);
}

/** A person goes on: what could not be taken back is tried again. */
export function withdrawAgain(draft: Draft): void {
  if (!draft.takesBack) return;
  for (const { number } of draft.graph.steps) {
    const { withdrawn, cause } = draft.record(number);
    if (withdrawn !== undefined && cause === 'undo_failed') draft.write(number, { cause: undefined });
  }
  goOnTakingBack(draft);
}
