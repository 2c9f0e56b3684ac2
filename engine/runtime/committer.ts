// The one way into the store: fenced, numbered commits, and certainty about those whose answer was lost.
// Belongs here: commit_seq, the question after `commit_unknown`. Does not belong here: what is committed, retries (loop.ts).
import { EngineError, errorText } from '../base/errors.ts';
import type { Store, WorkflowCommit } from './ports.ts';

export class Committer {
  readonly #store: Store;
  /** Waits a while, longer the more tries there were; false when the engine stops. */
  readonly #pause: (tries: number) => Promise<boolean>;
  #commitSeq = 0;

  constructor(store: Store, pause: (tries: number) => Promise<boolean>) {
    this.#store = store;
    this.#pause = pause;
  }

  /** Takes the lease; returns the new term. */
  async acquire(owner: string): Promise<number> {
    const { term } = await this.#store.acquire(owner);
    this.#commitSeq = await this.#store.committed();
    return term;
  }

  /**
   * Resolves with undefined when everything was committed, else with the reason; then nothing was. Never rejects.
   * When the answer was lost, it asks until the store says which: what the commit decided must not be decided twice.
   */
  async commit(workflows: readonly WorkflowCommit[]): Promise<EngineError | undefined> {
    const commitSeq = this.#commitSeq;
    try {
      await this.#store.commit({ commitSeq, workflows });
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.code !== 'commit_unknown') return error;
      const happened = await this.#happened(commitSeq);
      if (happened instanceof EngineError) return happened;
      if (!happened) return error;
    }
    this.#commitSeq = commitSeq + 1;
    return undefined;
  }

  /** For answers that need no commit: an error when another engine took over, or the store does not answer. */
  async stillOwner(): Promise<EngineError | undefined> {
    try {
      await this.#store.committed();
      return undefined;
    } catch (thrown) {
      return asEngineError(thrown);
    }
  }

  async #happened(commitSeq: number): Promise<boolean | EngineError> {
    for (let tries = 1; ; tries++) {
      try {
        return (await this.#store.committed()) > commitSeq;
      } catch (thrown) {
        const error = asEngineError(thrown);
        if (!error.retriable || !(await this.#pause(tries))) return error;
      }
    }
  }
}

export function asEngineError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  return new EngineError('internal', errorText(thrown), 'Report this with the log.', { cause: thrown });
}
