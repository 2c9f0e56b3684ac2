// Why a step is skipped, blocked, held or tolerated, in the fewest words.
// Belongs here: a phrase for each. Does not belong here: sentences that lead on to others (words.ts).
import type { StepCause } from '../types.ts';

const CAUSE_WORDS: { readonly [cause in StepCause]: string } = {
  condition_false: 'its condition is false',
  not_the_role: 'not for this member',
  skipped_by_operator: 'skipped by an operator',
  requirement_failed: 'what it requires failed',
  rolling_stopped: 'its rolling stopped before its turn',
  role_vacant: 'its role is vacant',
  too_late: 'what it requires did not come in time',
  tolerated: 'failed, tolerated',
  goal_holds: 'the goal holds without it',
  did_not_fail: 'the failure it waits for did not happen',
  held_for_operator: 'waits for an operator',
  authorisation_lost: "the owner's authorisation was lost",
  waits_for_approval: 'waits for a yes or no',
  waits_for_signal: 'waits for a signal',
  failed_by_operator: 'failed by an operator',
  cancelled: 'cancelled',
  nothing_to_undo: 'nothing to undo',
  undone_by_operator: 'undone by an operator',
  vm_lost: 'its machine is lost',
  undo_failed: 'its undo failed',
  abandoned: 'abandoned',
};

export const causeWords = (cause: StepCause | undefined): string =>
  cause === undefined ? 'failed' : CAUSE_WORDS[cause];
