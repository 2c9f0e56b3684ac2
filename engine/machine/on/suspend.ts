// `suspend`: an operator, or Heat with its stack, lets nothing begin until somebody goes on (`resume`).
// Belongs here: when it may be. Does not belong here: what holds meanwhile, and going on (suspension.ts).
import type { Handler } from './handler.ts';

export const onSuspend: Handler<'suspend'> = (draft, { by }) => {
  if (draft.isSuspended) return false;
  if (draft.workflow.status === 'deleted' || draft.workflow.abandoned) {
    draft.reject('The workflow is being forgotten.', 'Nothing has to be done.');
    return false;
  }
  draft.mark('suspended', { at: draft.at, by });
  return true;
};
