// `resume`: lets what is suspended go on from there; or else goes on from a failure or a cancel, or gives what runs another time by which it must have ended, or another
// credential. What lost its authorisation is tried again; what waits for an operator's word otherwise goes on waiting.
// Belongs here: which steps are tried again. Does not belong here: starting them.
import { armDeadline } from '../deadline.ts';
import { goOn, mayGoOn, reopen, takeCredential, wantedWith } from '../operator.ts';
import { release } from '../suspension.ts';
import type { StepCause, StepStatus } from '../types.ts';
import { couldNotBeTakenBack, withdrawAgain } from '../update/withdraw.ts';
import type { Handler } from './handler.ts';

const ENDED = new Set<StepStatus>(['failed', 'interrupted']);
/** Either it came too late, or the owner's right was gone: who resumes has mended that. */
const LOST = new Set<StepCause>(['too_late', 'authorisation_lost']);

export const onResume: Handler<'resume'> = (draft, { allowed, credential }) => {
  if (draft.isSuspended) {
    takeCredential(draft, credential);
    if (allowed !== undefined) armDeadline(draft, allowed);
    return release(draft);
  }
  if (!mayGoOn(draft)) return false;
  const steps = wantedWith(draft, ENDED, LOST);
  const isLeft = couldNotBeTakenBack(draft);
  takeCredential(draft, credential);
  if (allowed !== undefined) armDeadline(draft, allowed);
  else if (credential === undefined && steps.length === 0 && !isLeft && draft.workflow.status !== 'failed') {
    draft.reject(
      `The workflow is ${draft.workflow.status} and no step has failed.`,
      'There is nothing to resume.',
    );
    return false;
  }
  if (isLeft && draft.workflow.status !== 'failed') withdrawAgain(draft);
  goOn(draft, allowed);
  for (const number of steps) reopen(draft, number);
  return true;
};
