// Workflows that are set aside: their own data fails, and nobody else's work may wait for that (cases E8, E9).
// Belongs here: strikes and reasons. Does not belong here: finding the culprit (loop.ts).
//
// It lasts until a request of an operator names the workflow, or the engine starts again: both try it once more.

/** Times that a workflow may fail in a row before it is set aside. */
const STRIKES = 2;

export class Quarantine {
  readonly #strikes = new Map<string, number>();
  readonly #reasons = new Map<string, string>();

  /** True when it failed too often and should be set aside. */
  strike(workflow: string): boolean {
    const strikes = (this.#strikes.get(workflow) ?? 0) + 1;
    this.#strikes.set(workflow, strikes);
    return strikes >= STRIKES;
  }

  /** It was committed: earlier strikes are forgotten. */
  clear(workflow: string): void {
    this.#strikes.delete(workflow);
  }

  set(workflow: string, reason: string): void {
    this.#strikes.delete(workflow);
    this.#reasons.set(workflow, reason);
  }

  /** Why it is set aside; undefined when it isn't. */
  reason(workflow: string): string | undefined {
    return this.#reasons.get(workflow);
  }

  get size(): number {
    return this.#reasons.size;
  }

  /** Gives it another chance; true when it was set aside. */
  lift(workflow: string): boolean {
    return this.#reasons.delete(workflow);
  }
}
