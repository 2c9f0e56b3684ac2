// `reject`: an operator says no to a step that asks. The attempt has failed of it, and no retry asks again.
// Belongs here: the no. Does not belong here: when it may be said (approve.ts), what follows (retry.ts).
import { failAttempt } from '../retry.ts';
import { stepThatAsks } from './approve.ts';
import type { Handler } from './handler.ts';

export const onReject: Handler<'reject'> = (draft, { step, by }) => {
  const number = stepThatAsks(draft, step, 'rejected');
  if (number === undefined) return false;
  failAttempt(draft, number, { kind: 'rejected', message: `Rejected by ${by}.`, phase: 'action' }, 'final');
  return true;
};
