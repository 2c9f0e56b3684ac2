// What is kept of each agent that Heat creates: how it may enrol, whom it is bound to, what it was given for life.
// Belongs here: the record and its reading back, what is sealed of it. Does not belong here: who may enrol (rules.ts), keys and
// incarnations (directory.ts), members (members.ts).
//
// AC1 The token, the enrolment's password and the user data are written once, sealed together, and never again.
import type { JsonObject, JsonValue } from '../../base/json.ts';
import { EngineError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { BrokerRecord } from '../../broker/ports.ts';
import type { Reenrolment, UserDataFormat } from '../../runtime/agents-api.ts';
import type { RecordChange } from '../../runtime/ports.ts';
import type { Book } from '../book.ts';

/** Keys and a password hash that an enrolment brought. */
export interface Claim {
  readonly signingKey: string;
  readonly sealingKey: string;
  readonly passwordHash: string;
  /** UUID of the server that it says it is on. */
  readonly server: string;
  /** Id of the signing key. */
  readonly key: string;
  /** Ms since the epoch. */
  readonly at: number;
}

export interface Account {
  readonly agent: string;
  readonly name: string;
  readonly by: string;
  readonly createdAt: number;
  readonly format: UserDataFormat;
  readonly reenrolment: Reenrolment;
  /** Hash of the password of `enrol.<agent>`. */
  readonly enrolmentHash: string;
  readonly bound?: Claim & {
    /** A member named this server, so it was no impostor. */
    readonly confirmed: boolean;
  };
  /** Waits for an operator. */
  readonly pending?: Claim & { readonly why: string };
  readonly revoked?: boolean;
  /** Ids of signing keys that were bound or refused before: they never enrol again. */
  readonly givenUp: readonly string[];
}

/** What only the vault opens. */
export interface AccountSecrets {
  readonly token: string;
  readonly userData: string;
}

export interface AccountVault {
  seal(ref: string, value: JsonValue): Uint8Array;
  open(ref: string, sealed: Uint8Array): JsonValue;
}

/** Keys remembered as given up; the oldest are forgotten first. */
const GIVEN_UP = 50;

export class Accounts {
  readonly #book: Book;
  readonly #vault: AccountVault;
  readonly #accounts = new Map<string, { readonly account: Account; readonly sealed: Uint8Array }>();

  /** EngineError `store_failed` for a record that is none. */
  constructor(book: Book, vault: AccountVault) {
    this.#book = book;
    this.#vault = vault;
    for (const { id, value, sealed } of book.found('account')) {
      if (sealed === undefined || !isAccount(value)) throw unreadable(id);
      this.#accounts.set(id, { account: value, sealed });
    }
  }

  get(agent: string): Account | undefined {
    return this.#accounts.get(agent)?.account;
  }

  list(): readonly Account[] {
    return [...this.#accounts.values()].map(({ account }) => account);
  }

  /** EngineError `key_missing` when the vault's key is another. */
  secrets(agent: string): AccountSecrets | undefined {
    const kept = this.#accounts.get(agent);
    return kept && (this.#vault.open(refOf(agent), kept.sealed) as unknown as AccountSecrets);
  }

  /** Resolves when it is kept durably. */
  create(account: Account, secrets: AccountSecrets): Promise<void> {
    const sealed = this.#vault.seal(refOf(account.agent), { ...secrets });
    this.#accounts.set(account.agent, { account, sealed });
    return this.#book.write(this.#record(account, sealed));
  }

  /** Resolves when it is kept durably, with all that is written in the same turn. */
  async update(account: Account): Promise<void> {
    const kept = this.#accounts.get(account.agent);
    if (kept === undefined) return;
    this.#accounts.set(account.agent, { account, sealed: kept.sealed });
    await this.#book.write(this.#record(account, kept.sealed));
  }

  /** Resolves when nothing that was written before is unkept. */
  settled(): Promise<void> {
    return this.#book.write();
  }

  async remove(agent: string): Promise<void> {
    this.#accounts.delete(agent);
    await this.#book.write({ kind: 'account', id: agent });
  }

  /** For brokers that lost their users. */
  brokerRecords(): readonly BrokerRecord[] {
    return this.list().map(({ agent, enrolmentHash, bound, revoked }) => ({
      agent,
      enrolmentHash,
      ...(bound !== undefined && revoked !== true ? { agentHash: bound.passwordHash } : {}),
    }));
  }

  #record(account: Account, sealed: Uint8Array): RecordChange {
    return { kind: 'account', id: account.agent, value: jsonOf(account), sealed };
  }
}

/** `key` counts for nothing from now on. */
export const giveUp = (account: Account, key: string): readonly string[] =>
  [...account.givenUp.filter(one => one !== key), key].slice(-GIVEN_UP);

const refOf = (agent: string): string => `agent/${agent}`;

/** Plain data already; what is undefined falls away. */
const jsonOf = (account: Account): JsonObject => JSON.parse(JSON.stringify(account)) as JsonObject;

function isAccount(value: unknown): value is Account {
  if (!isObject(value)) return false;
  const { agent, name, format, reenrolment, enrolmentHash, givenUp } = value;
  return (
    [agent, name, format, reenrolment, enrolmentHash].every(one => typeof one === 'string') &&
    Array.isArray(givenUp) &&
    givenUp.every(one => typeof one === 'string')
  );
}

const unreadable = (id: string): EngineError =>
  new EngineError(
    'store_failed',
    `What is kept of the enrolment of agent '${id}' cannot be read by this version.`,
    'Restore the store from a backup, or start the version that wrote it.',
  );
