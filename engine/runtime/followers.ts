// Who watches a workflow: each follower gets what is committed from the moment it asked, in order.
// Belongs here: fan-out with a bound per follower. Does not belong here: what happens (loop.ts), presentation.
import { EngineError } from '../base/errors.ts';
import type { Happening } from './api.ts';

/** Happenings kept for a follower that reads slowly; beyond it the follower is ended with an error. */
const BACKLOG = 10_000;

interface Follower {
  push(happening: Happening): void;
  end(error?: Error): void;
}

export class Followers {
  readonly #followers = new Map<string, Set<Follower>>();

  /** True when somebody watches; saves making what nobody reads. */
  watched(workflow: string): boolean {
    return this.#followers.has(workflow);
  }

  tell(workflow: string, happening: Happening): void {
    for (const follower of this.#followers.get(workflow) ?? []) follower.push(happening);
  }

  /** To everybody, for what concerns no single workflow, such as an agent that went offline. */
  tellAll(happening: Happening, concerns: (workflow: string) => boolean): void {
    for (const [workflow, followers] of this.#followers) {
      if (concerns(workflow)) for (const follower of followers) follower.push(happening);
    }
  }

  /** Ends the followers of one workflow (it is gone), or all of them. */
  end(workflow?: string, error?: Error): void {
    const ended = workflow === undefined ? [...this.#followers.keys()] : [workflow];
    for (const id of ended) for (const follower of this.#followers.get(id) ?? []) follower.end(error);
  }

  /** Watches from this call on, until the signal fires, the workflow is gone or the engine stops. */
  follow(workflow: string, signal: AbortSignal): AsyncIterable<Happening> {
    const waiting: Happening[] = [];
    let over: { readonly error?: Error } | undefined;
    let wake = (): void => {};
    const follower: Follower = {
      push: happening => {
        if (over !== undefined) return;
        if (waiting.length >= BACKLOG) follower.end(tooSlow(workflow));
        else waiting.push(happening);
        wake();
      },
      end: error => {
        over ??= error === undefined ? {} : { error };
        this.#remove(workflow, follower);
        signal.removeEventListener('abort', abort);
        wake();
      },
    };
    const abort = (): void => follower.end();
    this.#add(workflow, follower);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();

    async function* read(): AsyncGenerator<Happening> {
      try {
        for (;;) {
          for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next;
          if (over?.error !== undefined) throw over.error;
          if (over !== undefined) return;
          await new Promise<void>(resolve => {
            wake = resolve;
          });
        }
      } finally {
        follower.end();
      }
    }
    return read();
  }

  #add(workflow: string, follower: Follower): void {
    const set = this.#followers.get(workflow) ?? new Set();
    this.#followers.set(workflow, set.add(follower));
  }

  #remove(workflow: string, follower: Follower): void {
    const set = this.#followers.get(workflow);
    set?.delete(follower);
    if (set?.size === 0) this.#followers.delete(workflow);
  }
}

function tooSlow(workflow: string): EngineError {
  return new EngineError(
    'limit_exceeded',
    `More than ${BACKLOG} happenings of workflow '${workflow}' were not read in time.`,
    'Read the log with `events` from the last number seen, then follow again.',
  );
}
