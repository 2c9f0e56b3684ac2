// The audit log: what an entry says, and the chain of hashes by which it shows that it is whole. Pure.
// Belongs here: making entries and chaining them. Does not belong here: writing them (store/), who may read them (admin/).
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../base/json.ts';
import type { LiveWorkflow } from './live.ts';
import type { Discard } from './dead-letters.ts';
import type { AuditEntry, InboxRow, NewAudit, RequestResult } from './ports.ts';

interface Around {
  readonly at: number;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly live: LiveWorkflow | undefined;
}

export function auditOf(row: InboxRow, result: RequestResult, { at, before, after, live }: Around): NewAudit {
  const { requestId, kind, workflow, by, actor, payload } = row;
  const step = payload['step'];
  const project = live?.source.project;
  return {
    at,
    requestId,
    kind,
    workflow,
    ...(project !== undefined && { project }),
    ...(typeof step === 'string' && { step }),
    by,
    ...(actor !== undefined && { actor }),
    asked: sha256(canonicalJson(payload)),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    result: result.status,
    ...(result.status === 'rejected' && { code: result.code }),
  };
}

/** `at`: ms since the epoch. */
export function discarding({ requestId, by, actor, ...asked }: Discard, at: number): NewAudit {
  const { project } = asked;
  return {
    at,
    requestId,
    kind: 'dead_letters_discard',
    ...(project !== undefined && { project }),
    ...('agent' in asked && asked.agent !== undefined && { agent: asked.agent }),
    by,
    ...(actor !== undefined && { actor }),
    asked: sha256(canonicalJson(asked as unknown as JsonValue)),
    result: 'begun',
  };
}

/** Everything up to `last` is forgotten. The hash before the first that is left is kept: what it says can be checked all the same. */
export function forgetting(last: Pick<AuditEntry, 'number' | 'hash'>, at: number): NewAudit {
  const left = { from: last.number + 1, before: last.hash };
  return {
    at,
    requestId: `forget-${left.from}`,
    kind: 'audit_forget',
    by: 'the engine',
    asked: sha256(canonicalJson(left)),
    left,
    result: 'applied',
  };
}

/** Looks through a chain that is read in pages, from the first entry that there is. */
export class ChainCheck {
  #first: AuditEntry | undefined;
  #last: AuditEntry | undefined;
  /** The first follows from what was forgotten before it, as an entry of the chain says. */
  #isBeginning = false;

  get last(): AuditEntry | undefined {
    return this.#last;
  }

  /** How many there are. */
  get entries(): number {
    return this.#first === undefined || this.#last === undefined
      ? 0
      : this.#last.number - this.#first.number + 1;
  }

  /** Number of the first entry that is wrong; undefined: none of these. */
  take(page: readonly AuditEntry[]): number | undefined {
    const [first] = page;
    const isStart = this.#first === undefined;
    if (isStart) this.#first = first;
    const [before, rest] =
      isStart && first !== undefined && first.number > 1 ? [first, page.slice(1)] : [this.#last, page];
    const broken = brokenAt(rest, before);
    this.#isBeginning ||= page.some(({ left }) => left !== undefined && this.#follows(left));
    this.#last = page.at(-1) ?? this.#last;
    return broken;
  }

  /** Once all were taken: number of the first, where nothing says that the log begins with it. */
  end(): number | undefined {
    const number = this.#first?.number ?? 1;
    return number === 1 || this.#isBeginning ? undefined : number;
  }

  #follows({ from, before }: NonNullable<NewAudit['left']>): boolean {
    if (this.#first === undefined || from !== this.#first.number) return false;
    return brokenAt([this.#first], { number: from - 1, hash: before }) === undefined;
  }
}

/** Of the first entry. */
const NOTHING = '0'.repeat(64);

/** `last`: the entry before it; undefined: it is the first. */
export function chained(entry: NewAudit, last: Pick<AuditEntry, 'number' | 'hash'> | undefined): AuditEntry {
  const numbered = { ...entry, number: (last?.number ?? 0) + 1 };
  const text = canonicalJson(numbered as unknown as JsonValue);
  return { ...numbered, hash: sha256(`${last?.hash ?? NOTHING}\n${text}`) };
}

/** Number of the first entry that does not follow from the one before it; undefined: all do. */
export function brokenAt(
  entries: readonly AuditEntry[],
  last: Pick<AuditEntry, 'number' | 'hash'> | undefined,
): number | undefined {
  let before = last;
  for (const { hash, number, ...entry } of entries) {
    const expected = chained(entry, before);
    if (expected.hash !== hash || expected.number !== number) return number;
    before = { hash, number };
  }
  return undefined;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
