// The agents an engine knows: those with keys, that may say hello.
// Belongs here: registering, binding incarnations, keeping them durably. Does not belong here: presence (presence.ts),
// what a changed incarnation means for commands (desk.ts), who may bring keys (enrolment/), users of the broker.
import { EngineError } from '../base/errors.ts';
import { ID } from '../base/ids.ts';
import { isObject } from '../base/json.ts';
import type { RecordChange } from '../runtime/ports.ts';

import { readPublicKey } from '../../agent-protocol/signing.ts';
import { Book } from './book.ts';
import type { AgentCard, AgentDirectory, AgentRecord } from './ports.ts';

/** Incarnations remembered as past, per agent; the oldest are forgotten first. */
const RETIRED = 50;

/** A directory that lives as long as the object. */
export function memoryDirectory(records: readonly AgentRecord[] = []): AgentDirectory {
  return openDirectory(new Book(), records);
}

/**
 * The agents in the book, and those of an earlier list that it does not have yet: they are written with the next change.
 * EngineError `store_failed` for a record that is none.
 */
export function openDirectory(book: Book, earlier: readonly AgentRecord[] = []): AgentDirectory {
  return new Directory(book, earlier);
}

class Directory implements AgentDirectory {
  readonly #records: Map<string, AgentRecord>;
  readonly #book: Book;
  #unwritten: readonly AgentRecord[];

  constructor(book: Book, earlier: readonly AgentRecord[]) {
    this.#book = book;
    this.#records = new Map(book.found('agent').map(({ id, value }) => [id, recordOf(id, value)]));
    // An account whose agent has no keys yet may come from a version that kept none of it here.
    const expected = book.found('account').map(({ id }) => expectedRecord(id));
    this.#unwritten = [...expected, ...earlier].filter(({ id }) => !this.#records.has(id));
    for (const record of this.#unwritten) this.#records.set(record.id, record);
  }

  get(id: string): AgentRecord | undefined {
    return this.#records.get(id);
  }

  list(): readonly AgentRecord[] {
    return [...this.#records.values()];
  }

  register(card: AgentCard, options: { readonly replace?: boolean } = {}): Promise<AgentRecord> {
    check(card);
    const { id, signingKey, sealingKey } = card;
    const known = this.#records.get(id);
    if (known?.signingKey === signingKey && known.sealingKey === sealingKey) return this.#same(known);
    if (known !== undefined && known.signingKey !== '' && options.replace !== true) throw otherKeys(id);
    const retired = known === undefined ? [] : retire(known);
    return this.#set({ id, signingKey, sealingKey, retired, journal: 0 });
  }

  expect(id: string): Promise<AgentRecord> {
    const known = this.#records.get(id);
    if (known?.signingKey === '') return this.#same(known);
    const retired = known === undefined ? [] : retire(known);
    return this.#set({ ...expectedRecord(id), retired });
  }

  bind(id: string, incarnation: string, journal: number, at?: number): Promise<AgentRecord> {
    const known = this.#records.get(id);
    if (known === undefined) throw unknown(id);
    const told = { journal, ...(at !== undefined && { lastSeen: at }) };
    if (known.incarnation === incarnation) {
      const isSame = known.journal === journal && (at === undefined || known.lastSeen === at);
      return isSame ? this.#same(known) : this.#set({ ...known, ...told });
    }
    return this.#set({ ...known, ...told, incarnation, retired: retire(known) });
  }

  async heard(times: ReadonlyMap<string, number>): Promise<void> {
    const known = [...times].flatMap(([id, lastSeen]) => {
      const record = this.#records.get(id);
      return record === undefined || record.lastSeen === lastSeen ? [] : [{ ...record, lastSeen }];
    });
    await Promise.all(known.map(record => this.#set(record)));
  }

  async remove(id: string): Promise<void> {
    if (this.#records.delete(id)) await this.#write({ kind: 'agent', id });
  }

  close(): Promise<void> {
    return this.#book.close();
  }

  async #set(record: AgentRecord): Promise<AgentRecord> {
    this.#records.set(record.id, record);
    await this.#write({ kind: 'agent', id: record.id, value: { ...record } });
    return record;
  }

  /** Nothing to write, unless an earlier write failed. */
  async #same(record: AgentRecord): Promise<AgentRecord> {
    await this.#write();
    return record;
  }

  async #write(...changes: readonly RecordChange[]): Promise<void> {
    const earlier = this.#unwritten
      .filter(({ id }) => this.#records.has(id))
      .map(record => ({ kind: 'agent' as const, id: record.id, value: { ...record } }));
    this.#unwritten = [];
    await this.#book.write(...earlier, ...changes);
  }
}

const expectedRecord = (id: string): AgentRecord => ({
  id,
  signingKey: '',
  sealingKey: '',
  retired: [],
  journal: 0,
});

const retire = (record: AgentRecord): readonly string[] =>
  record.incarnation === undefined
    ? record.retired
    : [...record.retired.filter(one => one !== record.incarnation), record.incarnation].slice(-RETIRED);

function check({ id, signingKey, sealingKey }: AgentCard): void {
  const problem = !ID.test(id)
    ? 'its id is not made of letters, digits, - and _ (at most 64)'
    : readPublicKey(signingKey, 'ed25519') === undefined
      ? 'its signing key is not an Ed25519 public key (SPKI, base64)'
      : readPublicKey(sealingKey, 'x25519') === undefined
        ? 'its sealing key is not an X25519 public key (SPKI, base64)'
        : undefined;
  if (problem === undefined) return;
  throw new EngineError(
    'usage',
    `Agent '${id.slice(0, 64)}' cannot be registered: ${problem}.`,
    'Correct it.',
  );
}

const otherKeys = (id: string): EngineError =>
  new EngineError(
    'conflict',
    `Agent '${id}' is registered with other keys.`,
    'If its VM was made anew, register it again with `replace`; if not, somebody else uses its id.',
  );

const unknown = (id: string): EngineError =>
  new EngineError('not_found', `There is no agent '${id}'.`, 'Register it before it says hello.');

/** Who wrote it is this engine or an earlier version of it. */
export function recordOf(id: string, value: unknown): AgentRecord {
  if (isRecord(value) && value.id === id) return value;
  throw new EngineError(
    'store_failed',
    `What is kept of agent '${id}' cannot be read by this version.`,
    'Restore the store from a backup, or start the version that wrote it.',
  );
}

export function isRecord(value: unknown): value is AgentRecord {
  if (!isObject(value)) return false;
  const { id, signingKey, sealingKey, incarnation, retired, journal, lastSeen } = value;
  return (
    [id, signingKey, sealingKey].every(one => typeof one === 'string') &&
    (incarnation === undefined || typeof incarnation === 'string') &&
    Array.isArray(retired) &&
    retired.every(one => typeof one === 'string') &&
    Number.isSafeInteger(journal) &&
    (lastSeen === undefined || typeof lastSeen === 'number')
  );
}
