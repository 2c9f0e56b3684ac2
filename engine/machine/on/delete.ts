// `delete`: at any time, also in the middle of create. What runs is called back and awaited, then undone (R10).
// Belongs here: the beginning of a deletion, its repetition, and abandoning. Does not belong here: the undo itself.
import { abandonChild } from '../child.ts';
import type { Draft } from '../draft.ts';
import { forgetAskedUndo } from '../undo/asked.ts';
import { takeCredential } from '../operator.ts';
import { stopEverything } from '../stop.ts';
import { release } from '../suspension.ts';
import { ATTEMPT_OVER, owes } from '../records.ts';
import type { Handler } from './handler.ts';

export const onDelete: Handler<'delete'> = (draft, { abandon, by, credential }) => {
  const { status } = draft.workflow;
  if (status === 'deleted') return false;
  if (abandon) {
    draft.mark('suspended', undefined);
    forget(draft, `abandoned by ${by}`);
    return true;
  }
  if (status === 'deleting') return draft.isSuspended && release(draft);
  takeCredential(draft, credential);
  stopEverything(draft, `deleted by ${by}`);
  draft.setWorkflow('deleting', '');
  forgetAskedUndo(draft);
  if (!draft.undo) draft.beginUndo();
  for (const step of draft.graph.steps) giveAnotherChance(draft, step.number);
  return release(draft);
};

/** Every debt is looked at; an undo that failed before is tried again. */
function giveAnotherChance(draft: Draft, number: number): void {
  const record = draft.record(number);
  if (!owes(record)) return;
  if (record.cause === 'undo_failed') draft.write(number, { cause: undefined });
  draft.undoable.push(number);
}

/** Nothing is undone and nobody is waited for but children, which are forgotten first; agents are told to stop what they run. */
function forget(draft: Draft, why: string): void {
  let children = 0;
  for (const { number } of draft.graph.steps) {
    const { status, command } = draft.record(number);
    if (abandonChild(draft, number)) {
      children += 1;
      continue;
    }
    if (status !== 'running' && status !== 'undoing') continue;
    if (command) draft.callBack(number, why, {});
    const after = status === 'running' ? 'interrupted' : 'failed';
    draft.write(number, { ...ATTEMPT_OVER, status: after, cause: 'abandoned' });
  }
  if (children > 0) draft.mark('abandoned', true);
  draft.setWorkflow(children > 0 ? 'deleting' : 'deleted', why);
}
