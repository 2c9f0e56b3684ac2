// `operate`: somebody starts an operation of the definition (R8).
// Belongs here: its beginning. Does not belong here: whether it may begin and its graph (operation/begin.ts), its course
// (operation/course.ts).
import { armDeadline } from '../deadline.ts';
import { beginStep } from '../operation/course.ts';
import type { Handler } from './handler.ts';

export const onOperate: Handler<'operate'> = (draft, { allowed }) => {
  if (!draft.begun) return false;
  if (draft.workflow.stragglers !== undefined) draft.mark('stragglers', undefined);
  armDeadline(draft, allowed);
  beginStep(draft);
  return true;
};
