// Numbers drawn from a seed: the only source of chance in a simulation.
// Belongs here: the generator and a few ways to draw. Does not belong here: what is decided by a draw.

/** A 32-bit generator (mulberry32, public domain): small, fast, the same on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)] as T;
  }

  /** A generator of its own for one part of the world, so that a draw there does not shift the draws elsewhere. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 4_294_967_296));
  }
}
