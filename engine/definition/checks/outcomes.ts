// Requirements that contradict each other: the same state both reached and failed.
// Belongs here: what follows from the outcomes that one state requires. Does not belong here: quorums (applies.ts).
import type { StateDraft } from '../draft.ts';
import type { Report } from '../report.ts';
import type { PlacedRequirement } from '../resolve.ts';
import type { RequiredOutcome } from '../types.ts';

interface Demand {
  readonly outcome?: RequiredOutcome;
  readonly choice?: number;
}

/** True when it begins only because of a failure, so that it may be passed without it (row 13). */
export function waitsForFailure(requires: readonly Demand[]): boolean {
  return requires.some(
    ({ outcome, choice }) =>
      outcome === 'failed' &&
      (choice === undefined ||
        requires.every(other => other.choice !== choice || other.outcome === 'failed')),
  );
}

/** Notes outcomes that can never be together; returns true when there are such. */
export function checkOutcomes(
  report: Report,
  state: StateDraft,
  requires: readonly PlacedRequirement[],
): boolean {
  let impossible = false;
  for (const failed of requires.filter(each => each.outcome === 'failed' && isSure(each))) {
    const reached = requires.find(other => excludes(failed, other));
    if (reached === undefined) continue;
    const whom = `${failed.entity}.${failed.state}`;
    const how = reached.inferred ? 'reads an output of it' : 'requires it reached';
    report.add(
      'unreachable',
      failed.at,
      `${state.entity}.${state.name} requires ${whom} to fail and also ${how}.`,
      { hint: reached.inferred ? 'Read it with has() or .?, or not at all.' : 'Remove one of the two.' },
    );
    impossible = true;
  }
  return impossible;
}

const isSure = ({ choice }: PlacedRequirement): boolean => choice === undefined;

/** One of the two leaves no member for the other. */
function excludes(failed: PlacedRequirement, other: PlacedRequirement): boolean {
  const isOfEach = ({ members }: PlacedRequirement): boolean =>
    members.kind === 'all' || members.kind === 'same';
  const isReached = other.outcome === undefined && isSure(other);
  const isOfIt = other.entity === failed.entity && other.state === failed.state;
  return isReached && isOfIt && (isOfEach(failed) || isOfEach(other));
}
