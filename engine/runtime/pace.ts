// When the loop works: at once for what somebody waits for, a moment later for news alone, and never twice at a time.
// Belongs here: waking, gathering, the size of a batch. Does not belong here: what is done with one (loop.ts), order
// between workflows (queue.ts).
import { LIMITS } from '../base/limits.ts';
import type { Clock } from './ports.ts';
import { isNews, type Item, ItemQueue } from './queue.ts';

/** Milliseconds that `accepted` and `started` wait for company; a script of a second shows them as soon. */
const NEWS_WAIT = 25;

/** Turns in a row that bring nothing: then nobody else is about to come, and the commit is made. */
const QUIET_TURNS = 8;
/** Milliseconds that the first of a crowd waits for the rest at most. */
const GATHERING = 10;

export interface PaceParts {
  readonly clock: Clock;
  /** Absorbs a batch, however long it takes. What it rejects with ends the loop. */
  readonly carryOut: (items: readonly Item[]) => Promise<void>;
  /** True once nothing more is to be absorbed. */
  readonly over: () => boolean;
}

export class Pace {
  readonly queue = new ItemQueue();
  readonly #parts: PaceParts;
  #running: Promise<void> | undefined;
  #cancelWait: (() => void) | undefined;

  constructor(parts: PaceParts) {
    this.#parts = parts;
  }

  /** The work in hand; undefined while nothing is absorbed. Never rejects. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  add(item: Item): void {
    this.queue.add(item);
    if (isNews(item)) this.#wakeLater();
    else this.wake();
  }

  /** Works now on what waits, news included. */
  wake(): void {
    if (this.#running !== undefined || this.queue.size === 0 || this.#parts.over()) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.queue.urgent > 0) this.wake();
      else if (this.queue.size > 0) this.#wakeLater();
    });
  }

  /** Nothing is begun any more by itself. */
  stop(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }

  /** News alone wait for what comes next, to share its commit (P1 holds: they are acked after it). */
  #wakeLater(): void {
    if (this.#running !== undefined || this.#cancelWait !== undefined || this.#parts.over()) return;
    const { clock } = this.#parts;
    this.#cancelWait = clock.at(clock.now() + NEWS_WAIT, () => {
      this.#cancelWait = undefined;
      this.wake();
    });
  }

  async #run(): Promise<void> {
    this.stop();
    do {
      await this.#gather();
      await this.#parts.carryOut(this.queue.take(LIMITS.batchEvents));
    } while (this.queue.urgent > 0 && !this.#parts.over());
  }

  /** Turns that bring nothing cost an idle process microseconds; a busy one is carrying more of a crowd meanwhile. */
  async #gather(): Promise<void> {
    const { clock } = this.#parts;
    const until = clock.now() + GATHERING;
    for (let quiet = 0, before = 0; quiet < QUIET_TURNS; ) {
      if (this.queue.size >= LIMITS.batchEvents || clock.now() >= until) return;
      quiet = this.queue.size === before ? quiet + 1 : 0;
      before = this.queue.size;
      await clock.turn?.();
    }
  }
}
