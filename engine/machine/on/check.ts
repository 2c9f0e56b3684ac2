// `check`: somebody wants to know whether what was reached still holds.
// Belongs here: when it may be asked. Does not belong here: the looks and what they find (verify/).
import { beginCheck, isResting } from '../verify/check.ts';
import type { Handler } from './handler.ts';

export const onCheck: Handler<'check'> = (draft, { by, allowed }) => {
  const { status, operation } = draft.workflow;
  // Who asks meanwhile gets the same answer.
  if (status === 'checking') return false;
  if (isResting(status) && operation === undefined && !draft.isSuspended) {
    beginCheck(draft, by, allowed);
    return true;
  }
  const what = draft.isSuspended
    ? 'The workflow is suspended'
    : operation
      ? `The operation ${operation.name} runs`
      : `The workflow is ${status}`;
  draft.reject(
    `${what}.`,
    draft.isSuspended ? 'Resume it first.' : 'Check it once it is complete, failed or held.',
  );
  return false;
};
