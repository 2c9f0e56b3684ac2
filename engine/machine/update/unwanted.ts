// What nothing needs any more: the last member of a group has left, or an operation is over.
// Belongs here: what becomes of those steps. Does not belong here: what is wanted (graph/wanted.ts).
import type { Draft } from '../draft.ts';
import { ATTEMPT_OVER } from '../records.ts';
import type { StepStatus } from '../types.ts';
import { COMING } from './withdraw.ts';

const UNSTARTED = new Set<StepStatus>(['ready', 'blocked', 'skipped', 'not_needed']);

/**
 * What nothing needs any more, as when the last member of a group has left: it is as if it had never been needed, unless it
 * has begun. Then what runs of it ends by itself, without another attempt, and what was reached is kept (row 28).
 */
export function leaveUnwanted(draft: Draft): void {
  for (const { number, wanted, leaving } of draft.graph.steps) {
    const record = draft.record(number);
    const isUnstarted = !record.touched && (UNSTARTED.has(record.status) || record.asks);
    const isToCome = COMING.has(record.status) && (record.status !== 'waiting' || record.due !== undefined);
    // What a person vouched for stays so: it may be needed again.
    const isVouched = record.cause === 'skipped_by_operator';
    if (!wanted && !leaving && !isVouched && (isUnstarted || isToCome))
      draft.write(number, { ...ATTEMPT_OVER, status: 'waiting', cause: undefined });
  }
}
