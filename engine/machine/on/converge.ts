// `converge`: what is unverified runs again, and what failed is tried again, as `resume` does; nothing else is.
// Belongs here: when it may be asked, which steps. Does not belong here: opening what is marked (verify/mark.ts).
import { armDeadline } from '../deadline.ts';
import { goOn, mayGoOn, reopen, takeCredential, wantedWith } from '../operator.ts';
import { release } from '../suspension.ts';
import type { StepStatus } from '../types.ts';
import { isToTakeUp, takeUp } from '../verify/mark.ts';
import type { Handler } from './handler.ts';

const ENDED = new Set<StepStatus>(['failed', 'interrupted']);

export const onConverge: Handler<'converge'> = (draft, { allowed, credential }) => {
  const isComplete = draft.workflow.status === 'complete';
  if (!isComplete && !mayGoOn(draft)) return false;
  const failed = isComplete ? [] : wantedWith(draft, ENDED);
  if (failed.length === 0 && !draft.graph.steps.some(({ number }) => isToTakeUp(draft, number))) {
    draft.reject('Nothing is unverified, and no step has failed.', 'Nothing has to be run again.');
    return false;
  }
  release(draft);
  takeCredential(draft, credential);
  if (isComplete) {
    armDeadline(draft, allowed);
    draft.setWorkflow('running', '');
  }
  goOn(draft, allowed);
  for (const number of failed) reopen(draft, number);
  takeUp(draft);
  return true;
};
