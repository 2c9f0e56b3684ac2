// `unverify`: a VM was replaced under its agent, or reverted, so what was reached there may hold no longer (row 32).
// Belongs here: when it is of any consequence. Does not belong here: whom it concerns (verify/mark.ts).
import { describeEnd } from '../reasons.ts';
import type { WorkflowStatus } from '../types.ts';
import { holdBackUnsent, markReached, takeUp } from '../verify/mark.ts';
import type { Handler } from './handler.ts';

/** Nothing of it will count any more. */
const GOING = new Set<WorkflowStatus>(['deleting', 'delete_failed', 'deleted']);

export const onUnverify: Handler<'unverify'> = (draft, { agent, why }) => {
  if (GOING.has(draft.workflow.status) || !markReached(draft, agent, why)) return false;
  if (draft.underway && takeUp(draft)) holdBackUnsent(draft, agent);
  else if (draft.workflow.status === 'complete') draft.setWorkflow('complete', describeEnd(draft));
  return true;
};
