// Watches one run's directory: wakes when its supervisor writes there, and passes on live output.
// Belongs here: waking up. Does not belong here: what a look finds (scripts.ts).
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import { LiveOutput } from './live-output.ts';
import type { OutputPiece } from './live-output.ts';
import type { Masker } from './masking.ts';
import { RUN_FILES } from './run-files.ts';

export interface RunWatcher {
  /** Looks at the run once; may close the watch. */
  look(): void;
  output(piece: OutputPiece): boolean;
}

/** A supervisor that dies writes nothing: its absence is found by looking now and then. */
const SAFETY_MS = 1_000;

export class RunWatch {
  readonly #watcher: RunWatcher;
  readonly #output: LiveOutput;
  readonly #directory: string;
  #files: FSWatcher | undefined;
  #soon: NodeJS.Timeout | undefined;
  #safety: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(directory: string, masker: Masker, watcher: RunWatcher) {
    this.#directory = directory;
    this.#watcher = watcher;
    this.#output = new LiveOutput(directory, masker, piece => watcher.output(piece));
  }

  begin(): void {
    try {
      this.#files = watch(this.#directory, { persistent: false }, (_event, name) => this.#changed(name));
      this.#files.on('error', () => undefined);
    } catch {
      // No watching here (inotify's limit): the safety look does it alone.
    }
    this.#safety = setInterval(() => this.wake(), SAFETY_MS);
    this.#safety.unref();
    this.wake();
  }

  /** Looks now. */
  wake(): void {
    if (this.#closed) return;
    this.#poll();
    if (!this.#closed) this.#watcher.look();
  }

  /** Sends the rest of the output and ends. */
  finish(): void {
    if (!this.#closed) this.#output.finish(performance.now());
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#files?.close();
    clearInterval(this.#safety);
    clearTimeout(this.#soon);
  }

  #changed(name: string | null): void {
    if (name === RUN_FILES.exit || name === RUN_FILES.claim) setImmediate(() => this.wake());
    else this.#later();
  }

  #poll(): void {
    if (this.#output.poll(performance.now())) this.#later();
  }

  #later(): void {
    if (this.#closed) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      if (!this.#closed) this.#poll();
    }, LIMITS.livePollMs);
    this.#soon.unref();
  }
}
