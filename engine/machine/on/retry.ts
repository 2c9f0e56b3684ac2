// `retry`: an operator gives a step, or all that are stuck, a new beginning.
// Belongs here: which steps, and the compare-and-set on the attempt. Does not belong here: starting them.
import type { Draft } from '../draft.ts';
import { goOn, mayGoOn, reopen, stepToActOn, wantedWith } from '../operator.ts';
import type { StepStatus } from '../types.ts';
import type { Handler } from './handler.ts';

const STUCK = new Set<StepStatus>(['failed', 'interrupted', 'paused', 'undone']);

export const onRetry: Handler<'retry'> = (draft, { step, attempt }) => {
  const steps = step === undefined ? everyStuck(draft) : one(draft, step, attempt);
  if (steps.length === 0 && !isUndoLeft(draft, step)) return false;
  goOn(draft);
  for (const number of steps) reopen(draft, number);
  return true;
};

/** What left and could not be undone is tried again too. */
const isUndoLeft = (draft: Draft, step: string | undefined): boolean =>
  step === undefined && draft.takesBack && draft.workflow.status === 'failed';

function everyStuck(draft: Draft): readonly number[] {
  if (!mayGoOn(draft)) return [];
  const steps = wantedWith(draft, STUCK).filter(number => !draft.record(number).asks);
  if (steps.length === 0 && !isUndoLeft(draft, undefined))
    draft.reject('No step is failed, interrupted or paused.', 'There is nothing to retry.');
  return steps;
}

const BLOCKED = new Set<StepStatus>(['blocked']);

/** What it requires did not come in time (`within`): a retry waits for it anew. */
function isLate(draft: Draft, step: string): boolean {
  const number = draft.graph.stepById.get(step);
  return number !== undefined && draft.record(number).cause === 'too_late';
}

/** Pressed twice, or by two people, it is one attempt (fault O1): the second names an attempt that is over. */
function one(draft: Draft, step: string, attempt: number | undefined): readonly number[] {
  const number = stepToActOn(draft, step, 'retried', isLate(draft, step) ? BLOCKED : STUCK);
  if (number === undefined) return [];
  const { attempt: current, asks } = draft.record(number);
  if (asks) {
    const next =
      asks.kind === 'approval' ? 'Approve or reject it.' : `Send the signal '${asks.name}', or skip it.`;
    draft.reject(`${step} has not failed: it waits for an answer.`, next);
    return [];
  }
  if (attempt === undefined || attempt === current) return [number];
  draft.reject(
    `${step} is at attempt ${current}, not ${attempt}.`,
    'Look at its status, then retry that attempt.',
  );
  return [];
}
