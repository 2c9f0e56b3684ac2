// How steps may end, and what that means to the gates, choices and roles over them.
// Belongs here: sums over possible ends. Does not belong here: which ends a step may have (judge.ts).
//
// All commands succeed, as far as a plan knows. So what runs is reached in the end, whether or not that is certain; only
// what may not apply, or may be blocked, leaves its end open.
import type { RequiredOutcome } from '../definition/types.ts';
import type { Choice, Gate, StateGraph, Step } from '../graph/types.ts';
import { hasNoWay } from '../machine/records.ts';
import { neededBy } from '../machine/counters.ts';
import type { StepRecord } from '../machine/types.ts';

/** Any of several: `counts` as reached, `aside`: does not apply or was not needed, `lost`, `never`: does not end. */
export interface Ends {
  readonly counts: boolean;
  readonly aside: boolean;
  readonly lost: boolean;
  readonly never: boolean;
}

const NOTHING: Ends = { counts: false, aside: false, lost: false, never: false };
export const COUNTS: Ends = { ...NOTHING, counts: true };
export const ASIDE: Ends = { ...NOTHING, aside: true };
export const LOST: Ends = { ...NOTHING, lost: true };
export const NEVER: Ends = { ...NOTHING, never: true };
/** It is reached, or does not apply. */
export const PERHAPS: Ends = { ...NOTHING, counts: true, aside: true };
export const ANY: Ends = { counts: true, aside: true, lost: true, never: true };

export type Foreseen = 'met' | 'hopeless' | 'unknown';

export const isOnly = (ends: Ends, one: keyof Ends): boolean =>
  ends[one] && Object.values(ends).filter(Boolean).length === 1;

/** Row 12: whoever waits for a failure remembers one that there was before. */
export function endsFor(outcome: RequiredOutcome | undefined, ends: Ends, hasFailed: boolean): Ends {
  if (outcome === undefined) return ends;
  if (hasFailed) return COUNTS;
  const failed = outcome === 'failed';
  return { ...ends, counts: ends.lost || (ends.counts && !failed), lost: ends.counts && failed };
}

export const failedOnce = ({ watched }: Step, record: StepRecord): boolean =>
  record.hasFailed === true ||
  (watched && hasNoWay(record.status) && record.renews === undefined && record.cause !== 'undo_failed');

/** Whether a gate will be met, whatever is open of the ends of its inputs; rules 1, 7 and 10. */
export function foreseeGate(gate: Gate, inputs: readonly Ends[]): Foreseen {
  let counts = 0;
  let aside = 0;
  let perhapsAside = 0;
  let lost = 0;
  for (const ends of inputs) {
    if (isOnly(ends, 'counts')) counts += 1;
    if (isOnly(ends, 'aside')) aside += 1;
    if (isOnly(ends, 'lost')) lost += 1;
    if (ends.aside) perhapsAside += 1;
  }
  const possible = inputs.length - aside - lost;
  if (possible < neededBy(gate, perhapsAside)) return 'hopeless';
  if (counts >= neededBy(gate, aside)) return 'met';
  const isWhole = gate.requirement.kind === 'same' || gate.requirement.kind === 'all';
  if (!isWhole || (counts === 0 && (gate.some === true || gate.outcome === 'failed'))) return 'unknown';
  return inputs.every(ends => !ends.lost && !ends.never) ? 'met' : 'unknown';
}

export function foreseeChoice({ alternatives }: Choice, gates: readonly (Foreseen | undefined)[]): Foreseen {
  const all = alternatives.map(gate => gates[gate] ?? 'unknown');
  if (all.includes('met')) return 'met';
  return all.every(one => one === 'hopeless') ? 'hopeless' : 'unknown';
}

/** One for all that a step requires. */
export function together(all: readonly Foreseen[]): Foreseen {
  if (all.includes('hopeless')) return 'hopeless';
  return all.includes('unknown') ? 'unknown' : 'met';
}

/** Row 13: of those that wait for a failure alone. */
export function foreseeAlarm(
  graph: StateGraph,
  { needs, choices }: Step,
  gates: readonly (Foreseen | undefined)[],
): Foreseen {
  const isAlarm = (gate: number): boolean => graph.gates[gate]?.outcome === 'failed';
  const own = needs.filter(isAlarm).map(gate => gates[gate] ?? 'unknown');
  const chosen = choices
    .map(choice => graph.choices[choice] as Choice)
    .filter(({ alternatives }) => alternatives.every(isAlarm))
    .map(choice => foreseeChoice(choice, gates));
  return together([...own, ...chosen]);
}
