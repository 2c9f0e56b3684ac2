// What the engine knows of agents and members, kept in the store: one write at a time, all of one turn in one commit.
// Belongs here: when records are written and when they count as kept. Does not belong here: what stands in them
// (directory.ts, enrolment/), the store.
//
// BK1 Changes that are made together, without waiting between them, are one commit: an incarnation and the key that it
//     came with change together or not at all.
// BK2 A write that failed is part of the next one: nothing passes for kept before it is.
import type { KeptRecord, RecordChange, Store } from '../runtime/ports.ts';

export class Book {
  readonly #store: Pick<Store, 'keep'> | undefined;
  readonly #found: readonly KeptRecord[];
  #changes = new Map<string, RecordChange>();
  /** The write that is under way, and the one that will take everything since. */
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** Without a store it lives as long as the object. */
  constructor(found: readonly KeptRecord[] = [], store?: Pick<Store, 'keep'>) {
    this.#found = found;
    this.#store = store;
  }

  /** As they were when the book was opened. */
  found(kind: KeptRecord['kind']): readonly KeptRecord[] {
    return this.#found.filter(record => record.kind === kind);
  }

  /** Resolves when these changes, and all that could not be kept before, are. Rejects as `Store.keep`. */
  write(...changes: readonly RecordChange[]): Promise<void> {
    for (const change of changes) this.#changes.set(`${change.kind}/${change.id}`, change);
    this.#next ??= (this.#writing ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#flush();
        return this.#writing;
      });
    return this.#next;
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    await this.#next?.catch(() => undefined);
    await this.#writing?.catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const changes = this.#changes;
    if (changes.size === 0) return;
    this.#changes = new Map();
    try {
      await this.#store?.keep([...changes.values()]);
    } catch (thrown) {
      this.#changes = new Map([...changes, ...this.#changes]);
      throw thrown;
    }
  }
}

/** Rejects as `Store.records`. Written to only once the store was acquired. */
export async function openBook(store: Pick<Store, 'records' | 'keep'>): Promise<Book> {
  return new Book(await store.records(), store);
}
