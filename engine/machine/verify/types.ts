// What is remembered of doubts: states that were reached and may hold no longer, and what a look found of them.
// Belongs here: types only, plain JSON. Does not belong here: setting and clearing marks (mark.ts), looking (check.ts).
import type { StepError } from '../errors.ts';

/** `vm_replaced`: its VM was rebuilt, or lost what the agent kept; `vm_reverted`: to a snapshot; `drifted`: a look denied it. */
export const DOUBTS = ['vm_replaced', 'vm_reverted', 'drifted'] as const;
export type Doubt = (typeof DOUBTS)[number];

/** A mark on what was reached, and counts so all the same: others acted on it. */
export interface Unverified {
  readonly why: Doubt;
  /** Ms since the epoch. */
  readonly since: number;
}

/** What the last check found of a state that is reached. */
export interface Look {
  /** When it was asked for, then when it was answered; ms since the epoch. */
  readonly at: number;
  /** Absent: it is being looked at. `unknown`: nobody can tell, and `error` says why. */
  readonly found?: 'holds' | 'drifted' | 'unknown';
  readonly error?: StepError;
}

/** Statuses in which a workflow may be checked, and to which it returns. */
export const RESTING = ['complete', 'failed', 'held'] as const;
export type Resting = (typeof RESTING)[number];

/** A check under way. */
export interface RunningCheck {
  readonly by: string;
  /** Ms since the epoch: when it was asked for, and when what has no answer is given up. */
  readonly at: number;
  readonly due: number;
  /** What the workflow is, and says, apart from the check. */
  readonly from: { readonly status: Resting; readonly reason: string };
}

/** How the last check ended: numbers of states. */
export interface CheckResult {
  readonly by: string;
  /** Ms since the epoch: when it had ended. */
  readonly at: number;
  readonly holds: number;
  readonly drifted: number;
  readonly unknown: number;
  /** Reached, and without a probe. */
  readonly unchecked: number;
  /** It was given up, and why; then the numbers are those of no state. */
  readonly stopped?: string;
}
