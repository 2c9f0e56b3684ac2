// The members that Heat told of: which server an agent truly runs on, and how it leaves.
// Belongs here: the record and its reading back. Does not belong here: what a new server means for an enrolment (registrar.ts), members
// of a workflow (the machine).
import { EngineError } from '../../base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { Book } from '../book.ts';

export interface MemberRecord {
  readonly member: string;
  readonly agent: string;
  /** UUID. */
  readonly server: string;
  readonly name: string;
  readonly data?: JsonValue;
  readonly onLeave: 'undo' | 'abandon';
  /** Milliseconds. */
  readonly leaveTimeout: number;
  readonly createdAt: number;
  /** Since when it is to leave, ms since the epoch. */
  readonly leavingSince?: number;
}

export class Members {
  readonly #book: Book;
  readonly #members: Map<string, MemberRecord>;

  /** EngineError `store_failed` for a record that is none. */
  constructor(book: Book) {
    this.#book = book;
    this.#members = new Map(book.found('member').map(({ id, value }) => [id, recordOf(id, value)]));
  }

  get(member: string): MemberRecord | undefined {
    return this.#members.get(member);
  }

  /** The server that Heat says the agent is on: of two members the younger one counts, as when Heat replaces one. */
  serverOf(agent: string): string | undefined {
    const own = [...this.#members.values()].filter(
      one => one.agent === agent && one.leavingSince === undefined,
    );
    return own.sort((one, other) => other.createdAt - one.createdAt)[0]?.server;
  }

  /** Resolves when it is kept durably, with all that is written in the same turn. */
  put(member: MemberRecord): Promise<void> {
    this.#members.set(member.member, member);
    const value = JSON.parse(JSON.stringify(member)) as JsonObject;
    return this.#book.write({ kind: 'member', id: member.member, value });
  }

  async remove(...members: readonly string[]): Promise<void> {
    for (const member of members) this.#members.delete(member);
    await this.#book.write(...members.map(id => ({ kind: 'member' as const, id })));
  }

  of(agent: string): readonly MemberRecord[] {
    return [...this.#members.values()].filter(one => one.agent === agent);
  }
}

function recordOf(id: string, value: JsonObject): MemberRecord {
  const { agent, server, name, onLeave } = value;
  const isText = [agent, server, name, onLeave].every(one => typeof one === 'string');
  if (isObject(value) && isText) return value as unknown as MemberRecord;
  throw new EngineError(
    'store_failed',
    `What is kept of member '${id}' cannot be read by this version.`,
    'Restore the store from a backup, or start the version that wrote it.',
  );
}
