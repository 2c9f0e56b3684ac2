// Who keeps which VM busy, and who waits for it, as far as one decision changes that (R5).
// Belongs here: the overlay over the committed queues. Does not belong here: what starts on a VM (settle.ts, readiness.ts).
import { occupies, queuesFor } from './records.ts';
import { isBefore, type MachineState } from './state.ts';
import type { StepRecord } from './types.ts';

export class VmQueues {
  /** Agents whose VM may have become free, or whose queue changed: to be looked at. */
  readonly changed = new Set<string>();
  private readonly state: MachineState;
  private readonly records: ReadonlyMap<number, StepRecord>;
  private readonly record: (number: number) => StepRecord;
  private readonly busy = new Map<string, number | undefined>();
  private readonly queued = new Map<string, Set<number>>();

  /** `records`: what the decision wrote so far; `record`: as the decision sees a step. */
  constructor(
    state: MachineState,
    records: ReadonlyMap<number, StepRecord>,
    record: (number: number) => StepRecord,
  ) {
    this.state = state;
    this.records = records;
    this.record = record;
  }

  /** The step that keeps the agent's VM busy. */
  busyWith(agent: string): number | undefined {
    return this.busy.has(agent) ? this.busy.get(agent) : this.state.busy.get(agent);
  }

  /** The step that has waited longest for the agent's VM (R5). */
  nextFor(agent: string): number | undefined {
    let best: number | undefined;
    const consider = (number: number): void => {
      if (best === undefined || isBefore(this.record(number), number, this.record(best), best)) best = number;
    };
    const waiting = this.state.queues.get(agent)?.find(number => !this.records.has(number));
    if (waiting !== undefined) consider(waiting);
    for (const number of this.queued.get(agent) ?? []) consider(number);
    return best;
  }

  /** Called with each change of a record, once it is written. */
  count(number: number, before: StepRecord, after: StepRecord): void {
    const [held, holds] = [occupies(before), occupies(after)];
    if (held !== undefined && held !== holds && this.busyWith(held) === number) {
      this.busy.set(held, undefined);
      this.changed.add(held);
    }
    if (holds !== undefined) this.busy.set(holds, number);
    const [waited, waits] = [queuesFor(before), queuesFor(after)];
    if (waited !== undefined) this.queued.get(waited)?.delete(number);
    // Who stood behind it may be next.
    if (waited !== undefined && waited !== waits) this.changed.add(waited);
    if (waits === undefined) return;
    this.queued.set(waits, (this.queued.get(waits) ?? new Set()).add(number));
    this.changed.add(waits);
  }
}
