// What is known of the ages of a gate's inputs, so that n who ask one after the other look at its n inputs once (P7).
// Belongs here: the memory. Does not belong here: what is fresh enough for whom (freshness.ts).
//
// It follows from the records, and is private: states of the same records are equal, whatever was asked of them.
import type { Step } from '../graph/types.ts';

export class Ages {
  /** Gate → latest time of asking for which it is met by fresh inputs; absent: most workflows ask for no age. */
  #until: Map<number, number> | undefined;

  /** True: known to be met for who asks at that time. False: the inputs have to be looked at. */
  isFresh(gate: number, at: number): boolean {
    const until = this.#until?.get(gate);
    return until !== undefined && at <= until;
  }

  keep(gate: number, until: number): void {
    this.#until ??= new Map();
    this.#until.set(gate, until);
  }

  /** The record of this step was replaced. */
  forget({ feeds }: Step): void {
    if (this.#until !== undefined) for (const gate of feeds) this.#until.delete(gate);
  }
}
