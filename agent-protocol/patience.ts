// How long a peer puts up with a broker that refuses, over one connection, to store what it is sent.
// Belongs here: that measure alone. Does not belong here: sending again (engine/bus/link.ts, agent/link.ts).
//
// A channel that was opened while a node of the broker fell may refuse for good what other channels store: it goes on asking the
// node that is gone (seen with RabbitMQ 3.10 and quorum queues). Another connection mends that. A queue that is full it does not
// mend: so the measure doubles each time, until something is stored again.

const FIRST = 10_000;
const LONGEST = 600_000;

export class Patience {
  #measure = FIRST;

  /** Whether what has been refused since then (ms) is to be tried over another connection by now. */
  ends(since: number, now: number): boolean {
    if (now - since < this.#measure) return false;
    this.#measure = Math.min(this.#measure * 2, LONGEST);
    return true;
  }

  /** Stored, what was refused before. */
  restore(): void {
    this.#measure = FIRST;
  }
}
