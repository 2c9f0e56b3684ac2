// Why an attempt failed: the closed list of kinds, and what is kept of one.
// Belongs here: that type. Does not belong here: what follows from an error (retry.ts, spent.ts), sentences (reasons.ts).
import type { Phase, StepId } from '../base/ids.ts';

export const ERROR_KINDS = [
  'exit',
  'signal',
  'timeout',
  'outputs',
  'refused',
  'interrupted',
  'expression',
  'vacant',
  'unreachable',
  'probe',
  'reboots',
  'unauthorised',
  'operator',
  'rejected',
  'cancelled',
  'child',
  'http',
  'quota',
] as const;

/** Why an attempt failed; becomes `error` in expressions and the workflow's reason. */
export interface StepError {
  readonly kind: (typeof ERROR_KINDS)[number];
  readonly message: string;
  readonly exitCode?: number;
  /** HTTP status that a service answered with. */
  readonly status?: number;
  /** Tail of the script's stderr (or stdout when that is empty), secrets masked. */
  readonly tail?: string;
  /** What failed first in its child, or in a child of that (row 40). */
  readonly cause?: ErrorCause;
  readonly phase: Phase;
}

export interface ErrorCause extends Omit<StepError, 'cause' | 'phase'> {
  /** Id of the workflow that it failed in, the step, and the name of its member. */
  readonly workflow: string;
  readonly step: StepId;
  readonly member?: string;
}
