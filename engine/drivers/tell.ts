// What drivers report by themselves, until it is committed.
// Belongs here: reports that no message carries. Does not belong here: reports of agents (engine/agents/desk.ts).
import type { EffectId } from '../base/ids.ts';
import type { Outcome } from '../machine/types.ts';
import type { Clock, NewSecret, ReportSink } from '../runtime/ports.ts';

/** Milliseconds until a report that could not be committed is tried again. */
const AGAIN = 1_000;

export class Teller {
  readonly #sink: ReportSink;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(sink: ReportSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Reports the end of a command; not awaited by `start`, which must not wait for a commit of its own workflow. */
  end(id: EffectId, outcome: Outcome, secrets: readonly NewSecret[] = []): void {
    if (this.#closed) return;
    this.#sink.report(id, { kind: 'finished', outcome }, secrets).catch(() => {
      const cancel = this.#clock.at(this.#clock.now() + AGAIN, () => {
        this.#waiting.delete(cancel);
        this.end(id, outcome, secrets);
      });
      this.#waiting.add(cancel);
    });
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#waiting) cancel();
    this.#waiting.clear();
  }
}
