// How long things really took: durations of states out of the log of a workflow that has run.
// Belongs here: attempts in a log → the median of each state. Does not belong here: reading the log (cli/).
//
// Only attempts that reached their state count, from their start to their end; the median of all members and attempts,
// so that one slow machine does not stand for all.
import type { StepId } from '../base/ids.ts';
import type { Change, StepRecord } from '../machine/types.ts';

/** An entry of a workflow's log. */
interface Entry {
  readonly at: number;
  readonly change: Change;
}

const STEP = /^([a-z][a-z0-9_]*)(?:\[\d+\])?\.([a-z][a-z0-9_]*)$/;

/** State → ms, for states that were reached by an attempt; `probe` → ms, of all looks before. */
export function durationsIn(log: readonly Entry[]): ReadonlyMap<string, number> {
  const times = new Map<string, number[]>();
  const open = new Map<StepId, { readonly at: number; readonly record: StepRecord }>();
  for (const { at, change } of log) {
    if (change.kind !== 'step') continue;
    const { step, record } = change;
    const begun = open.get(step);
    if (begun && isSame(begun.record, record)) continue;
    if (begun) {
      open.delete(step);
      const name = nameOf(step, begun.record, record);
      if (name !== undefined) times.set(name, [...(times.get(name) ?? []), at - begun.at]);
    }
    if (record.status === 'running') open.set(step, { at, record });
  }
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

/** The same attempt, of which the agent said something. */
const isSame = (before: StepRecord, after: StepRecord): boolean =>
  after.status === 'running' && after.dispatch === before.dispatch && after.phase === before.phase;

/** What the attempt that has ended tells of; undefined: nothing, for it failed or was called back. */
function nameOf(step: StepId, before: StepRecord, after: StepRecord): string | undefined {
  if (before.phase === 'probe') return after.error === undefined ? 'probe' : undefined;
  if (before.phase !== 'action' || after.status !== 'reached' || after.cause === 'tolerated')
    return undefined;
  const [, entity, state] = STEP.exec(step) ?? [];
  return entity === undefined ? undefined : `${entity}.${state}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : Math.round((low + high) / 2);
}
