// The dead letters that are kept: bounded, counted, in the store.
// Belongs here: what is kept and what makes room, discarding. Does not belong here: reading them off the broker (reader.ts), what
// stands in one (describe.ts).
//
// DL1 Never more than LIMITS.deadLetters, and of one agent never more than LIMITS.deadLettersOfOne: one that floods pushes out its
//     own. What made room is counted.
// DL2 The same letter again is the same entry: it counts up, and moves nothing.
// DL3 A number is never given twice: who discards what was seen never discards another.
import { EngineError } from '../../base/errors.ts';
import { isObject, type JsonObject } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLettersKept,
  Discard,
} from '../../runtime/dead-letters.ts';
import type { RecordChange } from '../../runtime/ports.ts';
import type { Book } from '../book.ts';

/** A letter that was just read. */
export type NewLetter = Omit<DeadLetter, 'number' | 'lastAt' | 'times'>;

const KIND = 'letter';
const COUNTS = 'counts';

interface Counts {
  /** The last number that was given. */
  readonly last: number;
  readonly dropped: number;
}

export class Letters implements DeadLettersKept {
  readonly #book: Book;
  /** The oldest first. */
  readonly #kept = new Map<number, DeadLetter>();
  #counts: Counts = { last: 0, dropped: 0 };

  /** EngineError `store_failed` for a record that is none. */
  constructor(book: Book) {
    this.#book = book;
    const found = book.found(KIND).map(({ id, value }) => ({ id, value }));
    for (const { id, value } of found) if (id === COUNTS) this.#counts = countsOf(value);
    const letters = found.filter(({ id }) => id !== COUNTS).map(({ id, value }) => letterOf(id, value));
    for (const letter of letters.sort((one, other) => one.number - other.number))
      this.#kept.set(letter.number, letter);
  }

  get size(): number {
    return this.#kept.size;
  }

  get dropped(): number {
    return this.#counts.dropped;
  }

  /** Resolves when they are kept durably. `again`: the broker may have handed it out before. */
  add(letters: readonly { readonly letter: NewLetter; readonly again: boolean }[]): Promise<void> {
    const changes = letters.flatMap(({ letter, again }) => this.#put(letter, again));
    if (changes.length === 0) return this.settled();
    return this.#book.write(...changes, { kind: KIND, id: COUNTS, value: { ...this.#counts } });
  }

  /** Resolves when all that was taken in is kept. */
  settled(): Promise<void> {
    return this.#book.write();
  }

  page({ project, agent, before = Infinity, limit }: DeadLetterFilter): DeadLetterPage {
    const seen = this.#seenBy(project);
    const fitting = seen
      .filter(one => one.number < before && (agent === undefined || one.agent === agent))
      .reverse();
    const letters = fitting.slice(0, limit);
    const next = fitting.length > limit ? letters.at(-1)?.number : undefined;
    return {
      letters,
      kept: seen.length,
      ...(next !== undefined && { next }),
      ...(project === undefined && { dropped: this.#counts.dropped }),
    };
  }

  /** Resolves with how many went, once that is kept. */
  async discard(request: Discard): Promise<number> {
    const going = 'number' in request ? this.#one(request) : this.#upTo(request);
    for (const { number } of going) this.#kept.delete(number);
    await this.#book.write(...going.map(erased));
    return going.length;
  }

  #put(letter: NewLetter, again: boolean): readonly RecordChange[] {
    const same = [...this.#kept.values()].find(one => isSame(one, letter));
    if (same !== undefined && again) return [];
    if (same !== undefined) {
      const more = { ...same, ...letter, at: same.at, lastAt: letter.at, times: same.times + 1 };
      this.#kept.set(same.number, more);
      return [recordOf(more)];
    }
    const number = this.#counts.last + 1;
    this.#counts = { ...this.#counts, last: number };
    const kept: DeadLetter = { ...letter, number, lastAt: letter.at, times: 1 };
    this.#kept.set(number, kept);
    return [recordOf(kept), ...this.#makeRoom(letter.agent)];
  }

  #makeRoom(agent: string | undefined): readonly RecordChange[] {
    const own = [...this.#kept.values()].filter(one => one.agent === agent);
    const first =
      own.length > LIMITS.deadLettersOfOne
        ? own[0]
        : this.#kept.size > LIMITS.deadLetters
          ? this.#kept.values().next().value
          : undefined;
    if (first === undefined) return [];
    this.#kept.delete(first.number);
    this.#counts = { ...this.#counts, dropped: this.#counts.dropped + 1 };
    return [erased(first)];
  }

  #one({ number, times, project }: Extract<Discard, { readonly number: number }>): readonly DeadLetter[] {
    if (number > this.#counts.last) throw unknown(number);
    const found = this.#kept.get(number);
    if (found === undefined) return [];
    if (project !== undefined && found.project !== project) throw unknown(number);
    if (times === undefined || times === found.times) return [found];
    throw new EngineError(
      'stale',
      `Dead letter ${number} has come again: ${found.times} times by now.`,
      'Look at it again, then decide.',
      { details: { times: found.times } },
    );
  }

  #upTo({ upTo, agent, project }: Extract<Discard, { readonly upTo: number }>): readonly DeadLetter[] {
    return this.#seenBy(project).filter(
      one => one.number <= upTo && (agent === undefined || one.agent === agent),
    );
  }

  #seenBy(project: string | undefined): readonly DeadLetter[] {
    return [...this.#kept.values()].filter(one => project === undefined || one.project === project);
  }
}

const isSame = (one: DeadLetter, other: NewLetter): boolean =>
  one.digest === other.digest &&
  one.queue === other.queue &&
  one.agent === other.agent &&
  one.signer === other.signer;

const recordOf = (letter: DeadLetter): RecordChange => ({
  kind: KIND,
  id: String(letter.number),
  value: { ...letter },
});

const erased = ({ number }: DeadLetter): RecordChange => ({ kind: KIND, id: String(number) });

const unknown = (number: number): EngineError =>
  new EngineError(
    'not_found',
    `There is no dead letter ${number}.`,
    'List them to see what there is; it may be discarded, or have made room for others.',
  );

function countsOf(value: JsonObject): Counts {
  const { last, dropped } = value;
  if (Number.isSafeInteger(last) && Number.isSafeInteger(dropped)) return { last, dropped } as Counts;
  throw unreadable(COUNTS);
}

function letterOf(id: string, value: JsonObject): DeadLetter {
  const { number, at, times, queue, digest } = value;
  const isLetter =
    isObject(value) &&
    [number, at, times].every(one => typeof one === 'number') &&
    [queue, digest].every(one => typeof one === 'string');
  if (isLetter && number === Number(id)) return value as unknown as DeadLetter;
  throw unreadable(id);
}

const unreadable = (id: string): EngineError =>
  new EngineError(
    'store_failed',
    `What is kept of dead letter '${id}' cannot be read by this version.`,
    'Restore the store from a backup, or start the version that wrote it.',
  );
