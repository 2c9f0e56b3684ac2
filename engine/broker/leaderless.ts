// Quorum queues that nobody leads, though every node that holds them is up: nothing goes in or out until they are made anew.
// Belongs here: telling them from queues that are new, or whose nodes are away. Does not belong here: removing them
// (agent-bus.ts), when the broker is looked at (mender.ts).
//
// A broker that is killed within seconds of a queue's declaration may forget which files are the queue's. It then starts the
// queue as a new one, which no election gives a leader, and answers whoever reads it with 541 INTERNAL_ERROR
// (rabbitmq/rabbitmq-server issue 15725; seen with 3.10).
import type { Survey } from './survey.ts';

/** Milliseconds: far more than an election takes, or the first numbers of a new queue. */
const LEADERLESS_MS = 30_000;

export class Leaderless {
  /** When it was first seen so, by name. */
  readonly #since = new Map<string, number>();

  /** Of these queues, those that had no leader in every look for long enough. `now`: ms since the epoch. */
  seen(survey: Survey, queues: readonly string[], now: number): readonly string[] {
    const silent = queues.filter(name => survey.queues.get(name)?.silent === true);
    for (const name of this.#since.keys()) if (!silent.includes(name)) this.#since.delete(name);
    for (const name of silent) if (!this.#since.has(name)) this.#since.set(name, now);
    return silent.filter(name => now - (this.#since.get(name) ?? now) >= LEADERLESS_MS);
  }

  /** It is made anew: what is seen from here on is of another queue. */
  forget(name: string): void {
    this.#since.delete(name);
  }
}
