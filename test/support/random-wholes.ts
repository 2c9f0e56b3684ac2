// What random workflows say of themselves as a whole: modes and times.
// Belongs here: those dice. Does not belong here: entities and states (random-definitions.ts).
import fc from 'fast-check';
import type { FailureMode, OnWorkflowFailure } from '../../engine/definition/types.ts';

export interface WholeDice {
  readonly failureMode: FailureMode;
  readonly onWorkflowFailure: OnWorkflowFailure;
  readonly deadline: number | undefined;
  readonly waitForStragglers: number | undefined;
}

export const wholeDice: fc.Arbitrary<WholeDice> = fc.record({
  failureMode: fc.constantFrom('continue', 'continue', 'halt'),
  onWorkflowFailure: fc.constantFrom('keep', 'keep', 'undo'),
  deadline: fc.constantFrom(undefined, undefined, 60_000),
  waitForStragglers: fc.constantFrom(undefined, undefined, 0, 10_000),
});
