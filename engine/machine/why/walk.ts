// From steps to the roots that they hang on, each step, gate and role opened once.
// Belongs here: the walk and the ways back. Does not belong here: who is to blame (onward.ts), what is told of it.
//
// Breadth first, so a way to a root is the shortest there is. A graph has no cycles, and a VM is busy only with what
// runs: every way ends.
import type { Onwards, Via } from './onward.ts';

interface Arrival {
  readonly from: number;
  readonly via: Via;
}

export interface Hop {
  readonly step: number;
  /** What leads on to the next; absent: it is the root. */
  readonly via?: Via;
}

export class Walk {
  /** In the order in which they were found. */
  readonly roots: number[] = [];
  readonly #onwards: Onwards;
  readonly #arrivals = new Map<number, Arrival | undefined>();
  readonly #opened = new Set<string>();

  constructor(onwards: Onwards, starts: readonly number[]) {
    this.#onwards = onwards;
    const found: number[] = [];
    for (const start of starts) this.#arrive(start, undefined, found);
    for (let place = 0; place < found.length; place += 1) this.#look(found[place] as number, found);
  }

  /** From where the walk began to this step. */
  pathTo(step: number): readonly Hop[] {
    const hops: Hop[] = [{ step }];
    for (let arrival = this.#arrivals.get(step); arrival; arrival = this.#arrivals.get(arrival.from))
      hops.push({ step: arrival.from, via: arrival.via });
    return hops.reverse();
  }

  #look(step: number, found: number[]): void {
    let leads = false;
    for (const via of this.#onwards.viasOf(step)) {
      const gates = this.#onwards.gatesOf(via);
      for (const gate of gates) {
        const blamed = this.#onwards.blamed(gate);
        leads ||= blamed.length > 0;
        const key = `${gate.kind} ${gate.number}`;
        if (this.#opened.has(key)) continue;
        this.#opened.add(key);
        for (const next of blamed) this.#arrive(next, { from: step, via }, found);
      }
    }
    if (!leads) this.roots.push(step);
  }

  #arrive(step: number, arrival: Arrival | undefined, found: number[]): void {
    this.#onwards.operations += 1;
    if (this.#arrivals.has(step)) return;
    this.#arrivals.set(step, arrival);
    found.push(step);
  }
}
