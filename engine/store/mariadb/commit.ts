// The hot path of the MariaDB store: one transaction for the changes of many workflows.
// Belongs here: the commit, opened by the fencing write. Does not belong here: reads (store.ts), retries (runtime/).
//
// C1  The fencing write is the first statement after BEGIN and changes exactly one row, or nothing is written. It is a
//     write: a cluster (Galera) certifies no reads, and an owner that is stale may have read its term before.
// C2  Steps, events and secrets of a whole batch are one INSERT of many rows each, in the order of the workflows.
import type { Change, StepRecord } from '../../machine/types.ts';
import { chained } from '../../runtime/audit.ts';
import {
  definitionsOf,
  type NewAudit,
  type Store,
  type WorkflowCommit,
  type WorkflowSource,
} from '../../runtime/ports.ts';
import { isLive } from '../../runtime/status.ts';
import { AUDIT, auditRow, changing, lastEntry, lasting, naming } from '../lists.ts';
import { buriedWorkflow, changeText, fenced, known, unknownWorkflow } from '../rows.ts';
import type { Asks, Connections } from './connection.ts';

export type Batch = Parameters<Store['commit']>[0];

const SQL = {
  fence: 'UPDATE engine SET commit_seq = commit_seq + 1 WHERE id = 1 AND term = ? AND commit_seq = ?',
  find: 'SELECT id, ordinal FROM workflow WHERE id IN (?)',
  buried: 'SELECT 1 AS buried FROM tombstone WHERE id = ?',
  create: `INSERT INTO workflow (id, live, definition, source, record, status, waiting, failure, project, stack, child, resource)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  source: 'UPDATE workflow SET definition = ?, source = ?, resource = ? WHERE ordinal = ?',
  record: 'UPDATE workflow SET live = ?, record = ?, status = ?, waiting = ?, failure = ? WHERE ordinal = ?',
  steps: 'INSERT INTO step VALUES ? ON DUPLICATE KEY UPDATE record = VALUES(record)',
  events: 'INSERT INTO event VALUES ?',
  secrets: 'INSERT INTO secret VALUES ? ON DUPLICATE KEY UPDATE sealed = VALUES(sealed)',
  result: `UPDATE inbox SET result = ?, done = 1, payload = '{}' WHERE request_id = ?`,
  eraseSteps: 'DELETE FROM step WHERE workflow = ?',
  eraseEvents: 'DELETE FROM event WHERE workflow = ?',
  eraseSecrets: 'DELETE FROM secret WHERE workflow = ?',
  eraseWorkflow: 'DELETE FROM workflow WHERE ordinal = ?',
  bury: 'INSERT INTO tombstone VALUES (?, ?) ON DUPLICATE KEY UPDATE id = VALUES(id)',
  uses: 'SELECT digest FROM definition_use WHERE workflow = ?',
  use: 'INSERT INTO definition_use VALUES (?, ?)',
  unuse: 'DELETE FROM definition_use WHERE workflow = ? AND digest = ?',
  eraseDefinition: `DELETE FROM definition WHERE digest = ?
    AND NOT EXISTS (SELECT 1 FROM definition_use u WHERE u.digest = ?)
    AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.definition = ? AND i.done = 0)`,
} as const;

/** Characters of the rows of one INSERT; the server takes packets of 16 MiB unless it was told otherwise. */
const INSERT_LENGTH = 2_000_000;

/** EngineError `fenced`, `commit_unknown`, `store_failed`, `store_full`; but for `commit_unknown` nothing was written. */
export async function commit(connections: Connections, batch: Batch, term: number): Promise<void> {
  await connections.transaction(async connection => {
    if ((await connection.run(SQL.fence, term, batch.commitSeq)) !== 1) throw fenced(connections.where, term);
    for (const distinct of runsOf(batch.workflows)) await new Writing(connection).write(distinct);
  });
}

/** The same in order, cut where a workflow comes a second time: its rows must follow each other. */
function runsOf(commits: readonly WorkflowCommit[]): readonly (readonly WorkflowCommit[])[] {
  const runs: WorkflowCommit[][] = [];
  for (const one of commits) {
    const last = runs.at(-1);
    if (last === undefined || last.some(({ id }) => id === one.id)) runs.push([one]);
    else last.push(one);
  }
  return runs;
}

type Rows = (readonly (string | number | Uint8Array)[])[];

/** Writes workflows of which each comes once. */
class Writing {
  readonly #connection: Asks;
  readonly #steps: Rows = [];
  readonly #events: Rows = [];
  readonly #secrets: Rows = [];

  constructor(connection: Asks) {
    this.#connection = connection;
  }

  async write(commits: readonly WorkflowCommit[]): Promise<void> {
    const found = await this.#connection.rows(
      SQL.find,
      commits.map(({ id }) => id),
    );
    const ordinals = new Map(found.map(row => [row['id'] as string, row['ordinal'] as number]));
    for (const one of commits) this.#gather(one, await this.#workflow(one, ordinals.get(one.id)));
    await this.#insert(SQL.steps, this.#steps);
    await this.#insert(SQL.events, this.#events);
    await this.#insert(SQL.secrets, this.#secrets);
    for (const one of commits) await this.#end(one);
  }

  /** The row of the workflow itself; its number, where it has one. */
  async #workflow(commit: WorkflowCommit, ordinal: number | undefined): Promise<number | undefined> {
    const { id, source, record, outlook } = commit;
    if (source !== undefined && ordinal === undefined) return this.#create(commit, source);
    if (source !== undefined && ordinal !== undefined) await this.#replace(source, ordinal);
    if (record !== undefined)
      await this.#connection.run(
        SQL.record,
        Number(isLive(record)),
        JSON.stringify(record),
        ...changing(record, outlook),
        known(id, ordinal),
      );
    return ordinal;
  }

  async #create({ id, record, outlook }: WorkflowCommit, source: WorkflowSource): Promise<number> {
    if (record === undefined) throw unknownWorkflow(id);
    if ((await this.#connection.rows(SQL.buried, id)).length > 0) throw buriedWorkflow(id);
    const own = [
      id,
      Number(isLive(record)),
      source.definition,
      JSON.stringify(source),
      JSON.stringify(record),
    ];
    await this.#connection.run(SQL.create, ...own, ...changing(record, outlook), ...lasting(source));
    const [made] = await this.#connection.rows(SQL.find, [id]);
    const ordinal = made?.['ordinal'] as number;
    await this.#use(ordinal, definitionsOf(source));
    return ordinal;
  }

  async #replace(source: WorkflowSource, ordinal: number): Promise<void> {
    const own = [source.definition, JSON.stringify(source), naming(source)];
    await this.#connection.run(SQL.source, ...own, ordinal);
    await this.#use(ordinal, definitionsOf(source));
    await this.#connection.run(SQL.eraseSteps, ordinal);
  }

  /** What nobody uses any more goes. */
  async #use(ordinal: number, digests: readonly string[]): Promise<void> {
    const rows = await this.#connection.rows(SQL.uses, ordinal);
    const before = rows.map(row => row['digest'] as string);
    for (const digest of digests)
      if (!before.includes(digest)) await this.#connection.run(SQL.use, ordinal, digest);
    for (const digest of before.filter(one => !digests.includes(one))) {
      await this.#connection.run(SQL.unuse, ordinal, digest);
      await this.#connection.run(SQL.eraseDefinition, digest, digest, digest);
    }
  }

  #gather({ id, steps, log, secrets }: WorkflowCommit, ordinal: number | undefined): void {
    const texts = new Map<StepRecord, string>();
    for (const { number, record } of steps) {
      const text = JSON.stringify(record);
      texts.set(record, text);
      this.#steps.push([known(id, ordinal), number, text]);
    }
    const textOf = (change: Change): string => changeText(change, texts);
    for (const { seq, at, change } of log) this.#events.push([known(id, ordinal), seq, at, textOf(change)]);
    for (const { ref, sealed } of secrets) this.#secrets.push([ref, id, Buffer.from(sealed)]);
  }

  async #insert(sql: string, rows: Rows): Promise<void> {
    for (const part of inParts(rows)) await this.#connection.run(sql, part);
  }

  async #end({ id, requests, erase }: WorkflowCommit): Promise<void> {
    for (const { requestId, result, audit } of requests) {
      await this.#connection.run(SQL.result, JSON.stringify(result), requestId);
      await writeAudit(this.#connection, audit);
    }
    if (erase !== true) return;
    const [row] = await this.#connection.rows(SQL.find, [id]);
    const ordinal = row?.['ordinal'] as number | undefined;
    if (ordinal !== undefined) {
      await this.#use(ordinal, []);
      for (const sql of [SQL.eraseSteps, SQL.eraseEvents, SQL.eraseWorkflow])
        await this.#connection.run(sql, ordinal);
    }
    await this.#connection.run(SQL.eraseSecrets, id);
    await this.#connection.run(SQL.bury, id, ordinal ?? 0);
  }
}

/** Within the transaction of its effect. */
export async function writeAudit(connection: Asks, audit: NewAudit): Promise<void> {
  const last = lastEntry((await connection.rows(AUDIT.last))[0]);
  await connection.run(AUDIT.write, ...auditRow(chained(audit, last)));
  if (audit.left) await connection.run(AUDIT.forget, audit.left.from);
}

function inParts(rows: Rows): readonly Rows[] {
  const parts: Rows[] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const own = row.reduce<number>((sum, value) => sum + (typeof value === 'number' ? 20 : value.length), 0);
    if (length + own > INSERT_LENGTH) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(row);
    length += own;
  }
  return parts;
}
