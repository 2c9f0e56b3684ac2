// What was opened is closed in reverse, once, and one failure does not keep the rest open.
// Belongs here: the order of shutdown. Does not belong here: what is opened (main.ts).
import { errorText } from '../base/errors.ts';
import type { Log } from './log.ts';

type Release = () => Promise<void> | void;

export class Releasers {
  readonly #log: Log;
  readonly #releases: { readonly name: string; readonly release: Release }[] = [];
  #ending: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Call right after something was opened: it is released before everything added earlier. */
  add(name: string, release: Release): void {
    this.#releases.push({ name, release });
  }

  /** Releases everything, the newest first. Never rejects; what fails is logged by name. Calling twice is calling once. */
  release(): Promise<void> {
    this.#ending ??= this.#releaseAll();
    return this.#ending;
  }

  async #releaseAll(): Promise<void> {
    for (let entry = this.#releases.pop(); entry !== undefined; entry = this.#releases.pop()) {
      try {
        await entry.release();
      } catch (thrown) {
        this.#log.error(`${entry.name} could not be closed: ${errorText(thrown)}`);
      }
    }
  }
}
