// What a plan says: what an update would do to each step, and why.
// Belongs here: types only; all of it is plain JSON. Does not belong here: making plans (plan.ts), layout (cli/).
import type { StepId } from '../base/ids.ts';

/**
 * `keep`: nothing is started for it; `run`: it runs, or goes on running; `run_again`: it was reached, and its action runs once
 * more; `cancel`: its attempt is called back first; `undo`: it is taken back; `maybe`: that shows only while the update runs.
 */
export const FATES = ['run', 'run_again', 'cancel', 'undo', 'maybe', 'keep'] as const;
export type Fate = (typeof FATES)[number];

export interface PlannedStep {
  readonly step: StepId;
  readonly fate: Fate;
  /** What changed, or what it hangs on; no hidden value. */
  readonly reason: string;
  /** It runs again although nothing says that it may: neither `idempotent: true` nor a probe, nor an action under `on_change`. */
  readonly unsafe?: true;
}

/** A role whose holders change; `to` absent: who shows only while the update runs. */
export interface PlannedRole {
  readonly role: string;
  readonly from: readonly string[];
  readonly to?: readonly string[];
  readonly reason: string;
}

/**
 * Holds as long as nothing fails, nobody interferes, and no time runs out. Joins and computed values are not listed: they
 * follow from what is.
 */
export interface Plan {
  /** Number of the generation that would begin; the present one where nothing would. */
  readonly generation: number;
  /** Nothing would change: the update is refused. */
  readonly refused?: { readonly message: string; readonly next: string };
  /** `ENTITY NAME` of each. */
  readonly joins: readonly string[];
  readonly leaves: readonly string[];
  /** In the order of the definition, what is gone from it last. */
  readonly steps: readonly PlannedStep[];
  readonly roles: readonly PlannedRole[];
  /** What its author may have meant otherwise. */
  readonly warnings: readonly string[];
  readonly counts: { readonly [fate in Fate]: number };
}
