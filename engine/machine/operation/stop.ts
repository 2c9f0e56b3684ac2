// An operation that fails, is stopped, or is over: what is noted of it.
// Belongs here: the notes. Does not belong here: its course (course.ts), calling back what runs (stop.ts of the machine).
import { LIMITS } from '../../base/limits.ts';
import type { Draft } from '../draft.ts';
import type { PastOperation, RunningOperation } from './types.ts';

/** Of several failures the first is told. */
export function noteFailure(draft: Draft, failure: string): void {
  const { operation } = draft.workflow;
  if (operation) draft.operate({ ...operation, failure: operation.failure ?? failure });
}

/** A person stops the workflow: the operation ends once what runs is called back. */
export function stopOperation(draft: Draft, why: string): void {
  const { operation } = draft.workflow;
  if (operation)
    draft.operate({ ...operation, stopped: true, failure: operation.failure ?? why, due: draft.at });
}

/** Another generation begins, or the workflow goes: what the operation was to do further is not done. */
export function giveUpOperation(draft: Draft, why: string): void {
  const { operation } = draft.workflow;
  if (!operation) return;
  draft.operate(undefined);
  remember(draft, { ...operation, stopped: true, failure: operation.failure ?? why });
}

/** The last so many are kept: by their ids what was asked twice is done once. */
export function remember(
  draft: Draft,
  { name, id, by, startedAt, failure, stopped }: RunningOperation,
): void {
  const status = stopped ? 'stopped' : failure === undefined ? 'done' : 'failed';
  const past: PastOperation = { name, id, by, startedAt, status, reason: failure ?? '', endedAt: draft.at };
  const kept = (draft.workflow.operations ?? []).slice(-(LIMITS.pastOperations - 1));
  draft.workflow = { ...draft.workflow, operations: [...kept, past], at: draft.at };
}
