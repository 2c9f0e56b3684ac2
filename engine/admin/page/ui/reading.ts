// What a tab reads of its own from the endpoint, and reads again when something has changed.
// Belongs here: the value that came last, and why none came. Does not belong here: when it is read (workflow.ts), how it looks.

export class Reading<Value> {
  readonly #load: () => Promise<Value>;
  readonly #changed: () => void;
  #value: Value | undefined;
  #error: unknown;

  /** `changed`: what is shown is to be drawn anew. */
  constructor(load: () => Promise<Value>, changed: () => void) {
    this.#load = load;
    this.#changed = changed;
  }

  /** Undefined: it has never come. */
  get value(): Value | undefined {
    return this.#value;
  }

  /** Of the last time; undefined: it came. */
  get error(): unknown {
    return this.#error;
  }

  async renew(): Promise<void> {
    try {
      this.#value = await this.#load();
      this.#error = undefined;
    } catch (error) {
      this.#error = error;
    }
    this.#changed();
  }
}
