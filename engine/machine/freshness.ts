// `valid_for`: what a step requires may have become too old by the time the step gets ready; then it runs again first.
// Belongs here: who is fresh enough for whom, and who looks again when that changes. Does not belong here: beginning a
// renewal, when a step gets ready (readiness.ts), how an attempt ends (outcomes.ts).
//
// What is renewed was reached, and stays so for everybody else: gates, roles and the goal count it as before, whatever
// becomes of the renewal, and its outputs stay until there are new ones. Only the step that asked waits for it, and is
// blocked when it fails. Ages are those at the time of asking, so each is renewed once at most for one step that gets
// ready, however short it is valid. They count from event to event (P10); no timer is set.
import type { Choice, Gate, StateGraph, Step } from '../graph/types.ts';
import type { Ages } from './ages.ts';
import { type Cells } from './cells.ts';
import { classOf, type GateCount, gateVerdict, type StepClass, type Verdict, verdictOf } from './counters.ts';
import { isRenewing } from './records.ts';
import type { StepRecord } from './types.ts';

/** Where it is read: a decision, or the live state. */
export interface Reading {
  /** What was judged already; absent: nothing is kept. */
  readonly fresh?: Map<string, Freshness>;
  /** What is known of the records as they are; absent where nothing is. */
  readonly ages?: Ages | undefined;
  readonly graph: StateGraph;
  readonly at: number;
  readonly cells: Cells;
  record(step: number): StepRecord;
}

export interface Freshness {
  readonly verdict: Verdict;
  /** Steps that are too old, where too few are fresh. */
  readonly stale: readonly number[];
}

/** Who is told what a renewal changes: a decision in the making. */
export interface RenewalWatcher {
  readonly graph: StateGraph;
  /** Steps to be looked at again. */
  readonly steps: number[];
  record(step: number): StepRecord;
  gateChanged(gate: Gate | Choice): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const FRESH: Freshness = { verdict: 'met', stale: [] };

/** Of everything that a step requires, all of which has been reached. */
export function freshnessOf(reading: Reading, number: number): Freshness {
  const { needs, choices } = reading.graph.steps[number] as StateGraph['steps'][number];
  const from = reading.record(number).freshFrom ?? reading.at;
  const gates = needs.map(gate => freshnessOfGate(reading, gate, from));
  const ways = choices.map(choice => {
    const { alternatives } = reading.graph.choices[choice] as StateGraph['choices'][number];
    return either(alternatives.map(gate => freshnessOfGate(reading, gate, from)));
  });
  const all = [...gates, ...ways].filter(({ verdict }) => verdict !== 'met');
  if (all.length === 0) return FRESH;
  const verdict = all.some(one => one.verdict === 'hopeless') ? 'hopeless' : 'open';
  return { verdict, stale: all.flatMap(({ stale }) => stale) };
}

/** One is enough. */
function either(alternatives: readonly Freshness[]): Freshness {
  if (alternatives.some(({ verdict }) => verdict === 'met')) return FRESH;
  const isHopeless = alternatives.every(({ verdict }) => verdict === 'hopeless');
  return {
    verdict: isHopeless ? 'hopeless' : 'open',
    stale: alternatives.flatMap(({ stale }) => stale),
  };
}

function freshnessOfGate(reading: Reading, number: number, from: number): Freshness {
  if (reading.graph.gates[number]?.validFor === undefined)
    return { verdict: gateVerdict(reading.cells, reading.graph, number), stale: [] };
  const key = `${number} ${from}`;
  const known = reading.fresh?.get(key);
  if (known) return known;
  const judged = judgeGate(reading, number, from);
  reading.fresh?.set(key, judged);
  return judged;
}

/** Too few fresh ones: those that are too old, or are being renewed, may still become so. */
function judgeGate(reading: Reading, number: number, from: number): Freshness {
  const plain = gateVerdict(reading.cells, reading.graph, number);
  const gate = reading.graph.gates[number] as Gate;
  const { validFor = 0 } = gate;
  if (plain !== 'met') return { verdict: plain, stale: [] };
  if (reading.ages?.isFresh(number, from)) return FRESH;
  const count: Mutable<GateCount> = { counts: 0, neutral: 0, lost: 0 };
  const stale: number[] = [];
  let oldest = Number.POSITIVE_INFINITY;
  for (const input of gate.inputs) {
    const record = reading.record(input);
    const kind = classIn(record, validFor, from);
    if (kind === 'counts') oldest = Math.min(oldest, record.renews ?? record.since);
    if (kind === 'stale') stale.push(input);
    else if (kind !== 'pending') count[kind] += 1;
  }
  const verdict = verdictOf(gate, count);
  if (verdict === 'met') reading.ages?.keep(number, oldest + validFor);
  return verdict === 'open' ? { verdict, stale } : { verdict, stale: [] };
}

/**
 * For the step that got ready at `from`: what ends after that is fresh, and what was fresh then stays so for it, also
 * while it is renewed for another. A renewal has to end well.
 */
function classIn(record: StepRecord, validFor: number, from: number): StepClass | 'stale' {
  const { status, since, renews } = record;
  if (status !== 'reached' && renews === undefined) return classOf(record);
  const isOld = from - (renews ?? since) > validFor;
  if (!isOld) return 'counts';
  if (renews === undefined) return 'stale';
  return status === 'failed' ? 'lost' : 'pending';
}

/**
 * Who waits for a renewal looks again when it ends, or begins again after a failure; where all are needed, when the
 * last of them does: a barrier over n members costs its n outputs once.
 */
export function noteRenewal(
  draft: RenewalWatcher,
  number: number,
  before: StepRecord,
  after: StepRecord,
): void {
  if (classOf(before) !== classOf(after)) return noteOther(draft, number);
  if (before.renews === undefined && after.renews === undefined) return;
  if (isRenewing(before) === isRenewing(after) || before.status === 'reached') return;
  for (const feed of (draft.graph.steps[number] as Step).feeds) {
    const gate = draft.graph.gates[feed] as Gate;
    if (gate.validFor === undefined) continue;
    const needsAll = gate.requirement.kind === 'all' || gate.requirement.kind === 'same';
    const isRenewed = (input: number): boolean => isRenewing(draft.record(input));
    // Those that began last are likely to be under way still.
    if (needsAll && after.status === 'reached' && gate.inputs.findLast(isRenewed) !== undefined) continue;
    draft.gateChanged(gate);
    for (const choice of gate.choices)
      draft.gateChanged(draft.graph.choices[choice] as StateGraph['choices'][number]);
  }
}

/** A quorum, or another alternative, may be met otherwise before a renewal ends: who waits for that looks again. */
function noteOther(draft: RenewalWatcher, number: number): void {
  const { gates, choices } = draft.graph;
  const ages = (gate: number): boolean => gates[gate]?.validFor !== undefined;
  const lookAgain = (outputs: readonly number[]): void =>
    void draft.steps.push(...outputs.filter(step => draft.record(step).freshFrom !== undefined));
  for (const feed of (draft.graph.steps[number] as Step).feeds) {
    const gate = gates[feed] as Gate;
    if (ages(feed) && gate.requirement.kind !== 'all' && gate.requirement.kind !== 'same')
      lookAgain(gate.outputs);
    for (const choice of gate.choices) {
      const { alternatives, outputs } = choices[choice] as StateGraph['choices'][number];
      if (alternatives.some(ages)) lookAgain(outputs);
    }
  }
}
