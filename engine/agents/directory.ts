// The agents an engine knows, in memory or in one JSON file of its state directory.
// Belongs here: registering, binding incarnations, keeping them durably. Does not belong here: presence (presence.ts),
// what a changed incarnation means for commands (desk.ts), users of the broker.
//
// The file is written beside and renamed over the old one, synced before and after: a crash leaves one of the two.
import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../base/errors.ts';
import { ID } from '../base/ids.ts';
import { isObject, type JsonValue } from '../base/json.ts';
import { readPublicKey } from '../../agent-protocol/signing.ts';
import type { AgentCard, AgentDirectory, AgentRecord } from './ports.ts';

/** Incarnations remembered as past, per agent; the oldest are forgotten first. */
const RETIRED = 50;
const VERSION = 1;

/** Keeps the records; resolves when they are durable. */
type Keep = (records: readonly AgentRecord[]) => Promise<void>;

/** A directory that lives as long as the object. */
export function memoryDirectory(records: readonly AgentRecord[] = []): AgentDirectory {
  return new Directory(records, async () => undefined);
}

/** Reads or begins the file. Rejects with EngineError `store_failed` when it cannot be read or is no directory. */
export async function openDirectory(file: string): Promise<AgentDirectory> {
  return new Directory(await read(file), records => write(file, records));
}

class Directory implements AgentDirectory {
  readonly #records: Map<string, AgentRecord>;
  readonly #keep: Keep;
  /** The write that is under way, and the one that will take everything since. */
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** The last write failed: nothing passes for kept, even if unchanged, until one succeeds. */
  #unkept = false;

  constructor(records: readonly AgentRecord[], keep: Keep) {
    this.#records = new Map(records.map(record => [record.id, record]));
    this.#keep = keep;
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
    if (known !== undefined && options.replace !== true) throw otherKeys(id);
    const retired = known === undefined ? [] : retire(known);
    return this.#set({ id, signingKey, sealingKey, retired, journal: 0 });
  }

  bind(id: string, incarnation: string, journal: number): Promise<AgentRecord> {
    const known = this.#records.get(id);
    if (known === undefined) throw unknown(id);
    if (known.incarnation === incarnation) {
      return known.journal === journal ? this.#same(known) : this.#set({ ...known, journal });
    }
    return this.#set({ ...known, incarnation, journal, retired: retire(known) });
  }

  async remove(id: string): Promise<void> {
    if (this.#records.delete(id)) await this.#save();
  }

  async close(): Promise<void> {
    await this.#next?.catch(() => undefined);
    await this.#writing?.catch(() => undefined);
  }

  async #set(record: AgentRecord): Promise<AgentRecord> {
    this.#records.set(record.id, record);
    await this.#save();
    return record;
  }

  async #same(record: AgentRecord): Promise<AgentRecord> {
    if (this.#unkept) await this.#save();
    return record;
  }

  /** One write at a time; all that changes during it shares the next one. */
  #save(): Promise<void> {
    this.#next ??= (this.#writing ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#unkept = true;
        this.#writing = this.#keep(this.list()).then(() => {
          this.#unkept = false;
        });
        return this.#writing;
      });
    return this.#next;
  }
}

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

// ---------------------------------------------------------------- the file

async function read(file: string): Promise<AgentRecord[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new EngineError(
      'store_failed',
      `The list of agents ${file} cannot be read.`,
      'Check its permissions.',
      {
        cause,
      },
    );
  }
  const records = judge(text);
  if (records !== undefined) return records;
  throw new EngineError(
    'store_failed',
    `${file} is not a list of agents of this version (${VERSION}).`,
    'Restore it from a backup, or move it away: then every agent has to be registered anew.',
  );
}

function judge(text: string): AgentRecord[] | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  if (!isObject(value) || value['version'] !== VERSION || !Array.isArray(value['agents'])) return undefined;
  const agents: readonly unknown[] = value['agents'];
  return agents.every(isRecord) ? [...agents] : undefined;
}

function isRecord(value: unknown): value is AgentRecord {
  if (!isObject(value)) return false;
  const { id, signingKey, sealingKey, incarnation, retired, journal } = value;
  return (
    [id, signingKey, sealingKey].every(one => typeof one === 'string') &&
    (incarnation === undefined || typeof incarnation === 'string') &&
    Array.isArray(retired) &&
    retired.every(one => typeof one === 'string') &&
    Number.isSafeInteger(journal)
  );
}

async function write(file: string, agents: readonly AgentRecord[]): Promise<void> {
  const beside = `${file}.new`;
  try {
    await writeSynced(beside, `${JSON.stringify({ version: VERSION, agents }, undefined, 1)}\n`);
    await rename(beside, file);
    await syncDirectory(path.dirname(file));
  } catch (cause) {
    const next = 'Free some space or mend its permissions; agents are answered once it can be written.';
    throw new EngineError('store_failed', `The list of agents ${file} cannot be written.`, next, { cause });
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows cannot open directories; there the rename is as durable as its file system makes it. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
