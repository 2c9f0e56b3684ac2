// `create`: the workflow begins. A second one is ignored.
// Belongs here: the first look at every step. Does not belong here: checking inputs and members (the door does).
import { armDeadline } from '../deadline.ts';
import { considerAll, takeCredential } from '../operator.ts';
import type { Handler } from './handler.ts';

export const onCreate: Handler<'create'> = (draft, { allowed, credential }) => {
  if (draft.state.workflow.seq > 0) return false;
  draft.workflow = { ...draft.workflow, at: draft.at };
  takeCredential(draft, credential);
  armDeadline(draft, allowed);
  considerAll(draft);
  return true;
};
