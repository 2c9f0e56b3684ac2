// A clock that moves only when a test says so.
// Belongs here: the Clock port under manual control. Does not belong here: real time (engine/runtime/clock.ts).
import type { Clock } from '../../engine/runtime/ports.ts';

interface Timer {
  readonly time: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now = 1_800_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, callback: () => void): () => void {
    const timer = { time, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Resolves in the next turn of the event loop: reports that are ready share a commit, as with the real clock. */
  turn(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve));
  }

  /** Timers that are set. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Time of the next timer. */
  get next(): number | undefined {
    const times = [...this.#timers].map(timer => timer.time);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Moves on by so many milliseconds and rings what falls due, in order of time. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers]
        .filter(timer => timer.time <= end)
        .sort((one, other) => one.time - other.time)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.time);
      due.callback();
    }
    this.#now = end;
  }
}
