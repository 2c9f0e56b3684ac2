// `resume`: goes on from a failure or a cancel, or gives what runs another time by which it must have ended. What waits for an operator's word goes on waiting.
// Belongs here: which steps are tried again. Does not belong here: starting them.
import { armDeadline } from '../deadline.ts';
import { goOn, mayGoOn, reopen, wantedWith } from '../operator.ts';
import type { StepStatus } from '../types.ts';
import type { Handler } from './handler.ts';

const ENDED = new Set<StepStatus>(['failed', 'interrupted']);

export const onResume: Handler<'resume'> = (draft, { allowed }) => {
  if (!mayGoOn(draft)) return false;
  const steps = wantedWith(draft, ENDED);
  if (allowed !== undefined) armDeadline(draft, allowed);
  else if (steps.length === 0 && draft.workflow.status !== 'failed') {
    draft.reject(
      `The workflow is ${draft.workflow.status} and no step has failed.`,
      'There is nothing to resume.',
    );
    return false;
  }
  goOn(draft, allowed);
  for (const number of steps) reopen(draft, number);
  return true;
};
