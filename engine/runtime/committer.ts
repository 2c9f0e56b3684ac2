// The one way into the store: fenced, numbered commits, and certainty about those whose answer was lost.
// Belongs here: commit_seq, the question after `commit_unknown`. Does not belong here: what is committed, retries (loop.ts).
import { EngineError, errorText } from '../base/errors.ts';
import type { Trouble } from '../machine/why/types.ts';
import type { Observers } from './observers.ts';
import type { Clock, Store, WorkflowCommit } from './ports.ts';

export class Committer {
  readonly #store: Store;
  /** Waits a while, longer the more tries there were; false when the engine stops. */
  readonly #pause: (tries: number) => Promise<boolean>;
  readonly #clock: Pick<Clock, 'now'>;
  #commitSeq = 0;
  #trouble: Trouble | undefined;

  constructor(store: Store, clock: Pick<Clock, 'now'>, pause: (tries: number) => Promise<boolean>) {
    this.#store = store;
    this.#clock = clock;
    this.#pause = pause;
  }

  /** Takes the lease; returns the new term. */
  async acquire(owner: string): Promise<number> {
    const { term } = await this.#store.acquire(owner);
    this.#commitSeq = await this.#store.committed();
    return term;
  }

  /** Why the store took or told nothing the last time, and since when that is so. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Of whatever the store was asked: undefined when it answered. */
  heard(error: EngineError | undefined): void {
    const reason = error?.message.replace(/\.$/, '');
    const since = this.#trouble?.since ?? this.#clock.now();
    this.#trouble = reason === undefined || error?.code === 'fenced' ? undefined : { reason, since };
  }

  /**
   * Resolves with undefined when everything was committed, else with the reason; then nothing was. Never rejects.
   * When the answer was lost, it asks until the store says which: what the commit decided must not be decided twice.
   */
  async commit(
    workflows: readonly WorkflowCommit[],
    observers?: Observers,
  ): Promise<EngineError | undefined> {
    const flushed = observers?.flushing(workflows.length);
    const failure = await this.#commit(workflows);
    flushed?.(failure?.code);
    this.heard(failure);
    return failure;
  }

  async #commit(workflows: readonly WorkflowCommit[]): Promise<EngineError | undefined> {
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
    const error = await this.#store.committed().then(
      () => undefined,
      (thrown: unknown) => asEngineError(thrown),
    );
    this.heard(error);
    return error;
  }

  async #happened(commitSeq: number): Promise<boolean | EngineError> {
    for (let tries = 1; ; tries++) {
      try {
        return (await this.#store.committed()) > commitSeq;
      } catch (thrown) {
        const error = asEngineError(thrown);
        this.heard(error);
        if (!error.retriable || !(await this.#pause(tries))) return error;
      }
    }
  }
}

export function asEngineError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  return new EngineError('internal', errorText(thrown), 'Report this with the log.', { cause: thrown });
}
