// The MariaDB store: for engines of which one works while others stand by, and for a database that is a cluster.
// Belongs here: the Store port over SQL. Does not belong here: connections, the commit (commit.ts), who is active (lease.ts).
import { EngineError } from '../../base/errors.ts';
import type { WorkflowRecord } from '../../machine/types.ts';
import type { Counts, WorkflowFilter, WorkflowPage } from '../../runtime/operator-api.ts';
import type {
  AuditEntry,
  AuditFilter,
  DefinitionDocument,
  InboxRow,
  KeptRecord,
  LogEntry,
  NewAudit,
  NewSecret,
  RecordChange,
  RequestResult,
  Store,
  StoredWorkflow,
} from '../../runtime/ports.ts';
import { LAST } from '../last.ts';
import { auditEntry, auditQuery, COUNTS, countsOf, PAGE_COLUMNS, pageOf, pageQuery } from '../lists.ts';
import {
  fenced,
  groupSteps,
  inboxRow,
  keptRecord,
  logEntry,
  record,
  type Row,
  seatedIn,
  seatText,
  stored,
} from '../rows.ts';
import { type Batch, commit, writeAudit } from './commit.ts';
import { type Asks, type Connections, connections, type MariadbPlace } from './connection.ts';
import { storeError } from './errors.ts';
import { migrate } from './schema.ts';

/** Workflows read at once during recovery. */
const LOAD_BATCH = 200;

const SQL = {
  acquire: 'UPDATE engine SET term = term + 1, owner = ? WHERE id = 1',
  engine: 'SELECT term, commit_seq FROM engine WHERE id = 1',
  submit:
    'INSERT INTO inbox (request_id, workflow, kind, payload, `by`, at, definition, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE ordinal = ordinal',
  result: 'SELECT result FROM inbox WHERE request_id = ?',
  pending:
    'SELECT request_id, workflow, kind, payload, `by`, at, actor FROM inbox WHERE done = 0 ORDER BY ordinal LIMIT ?',
  addDefinition: 'INSERT INTO definition VALUES (?, ?) ON DUPLICATE KEY UPDATE digest = digest',
  addSecret: 'INSERT INTO secret VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE ref = ref',
  live: 'SELECT id FROM workflow WHERE live = 1 ORDER BY ordinal',
  load: `SELECT w.ordinal, w.source, w.record, ${LAST} FROM workflow w WHERE w.id = ?`,
  steps: 'SELECT number, record FROM step WHERE workflow = ? ORDER BY number',
  loadLive: `SELECT w.ordinal, w.source, w.record, ${LAST} FROM workflow w WHERE w.live = 1 AND w.ordinal > ? ORDER BY w.ordinal LIMIT ${LOAD_BATCH}`,
  liveSteps: `SELECT s.workflow, s.number, s.record FROM workflow w JOIN step s ON s.workflow = w.ordinal
    WHERE w.live = 1 AND w.ordinal > ? AND w.ordinal <= ? ORDER BY s.workflow, s.number`,
  list: `SELECT w.record, ${LAST} FROM workflow w WHERE w.ordinal >
    coalesce((SELECT ordinal FROM workflow WHERE id = ?), (SELECT ordinal FROM tombstone WHERE id = ?), 0)
    ORDER BY w.ordinal LIMIT ?`,
  definition: 'SELECT document FROM definition WHERE digest = ?',
  // Found in the text first: few workflows hold it, and only those are read.
  seating: 'SELECT id, source FROM workflow WHERE INSTR(source, ?) > 0 ORDER BY ordinal',
  secret: 'SELECT sealed FROM secret WHERE ref = ?',
  tombstone: 'SELECT 1 AS buried FROM tombstone WHERE id = ?',
  events: `SELECT e.seq, e.at, e.change FROM event e JOIN workflow w ON w.ordinal = e.workflow
    WHERE w.id = ? AND e.seq > ? ORDER BY e.seq LIMIT ?`,
  records: 'SELECT kind, id, value, sealed FROM kept ORDER BY kind, id',
  fenceKept: 'UPDATE engine SET kept_seq = kept_seq + 1 WHERE id = 1 AND term = ?',
  keep: 'INSERT INTO kept VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value), sealed = VALUES(sealed)',
  unkeep: 'DELETE FROM kept WHERE kind = ? AND id = ?',
} as const;

/** Connects, and brings the schema up to date. Throws EngineError `usage`, `store_failed`, `store_newer`. */
export async function openMariadbStore(place: MariadbPlace): Promise<MariadbStore> {
  const opened = await connections(place);
  try {
    await migrate(opened);
    return new MariadbStore(opened);
  } catch (thrown) {
    await opened.pool.end();
    throw storeError(thrown, opened.where);
  }
}

export class MariadbStore implements Store {
  readonly #connections: Connections;
  #term = -1;
  #open = true;

  constructor(opened: Connections) {
    this.#connections = opened;
  }

  /** For what has to do with the same database: the lease, the check of the key. */
  get connections(): Connections {
    if (!this.#open) throw closed(this.#connections.where);
    return this.#connections;
  }

  async acquire(owner: string): Promise<{ readonly term: number }> {
    const term = await this.connections.transaction(async connection => {
      await connection.run(SQL.acquire, owner);
      return (await engineRow(connection)).term;
    });
    this.#term = term;
    return { term };
  }

  async commit(batch: Batch): Promise<void> {
    await commit(this.connections, batch, this.#term);
  }

  async committed(): Promise<number> {
    const { term, commitSeq } = await engineRow(this.connections);
    if (term !== this.#term) throw fenced(this.#connections.where, this.#term);
    return commitSeq;
  }

  async submit(
    row: InboxRow,
    definition?: DefinitionDocument,
    secrets: readonly NewSecret[] = [],
  ): Promise<RequestResult | 'accepted'> {
    const before = await this.result(row.requestId);
    if (before !== undefined) return before;
    await this.connections.transaction(connection => insert(connection, row, definition, secrets));
    return (await this.result(row.requestId)) ?? 'accepted';
  }

  async pending(limit: number): Promise<readonly InboxRow[]> {
    return (await this.connections.rows(SQL.pending, limit)).map(inboxRow);
  }

  async result(requestId: string): Promise<RequestResult | 'accepted' | undefined> {
    const [row] = await this.connections.rows(SQL.result, requestId);
    if (row === undefined) return undefined;
    return row['result'] === null ? 'accepted' : (JSON.parse(row['result'] as string) as RequestResult);
  }

  async live(): Promise<readonly string[]> {
    return (await this.connections.rows(SQL.live)).map(row => row['id'] as string);
  }

  async list({
    limit,
    after = '',
  }: {
    readonly limit: number;
    readonly after?: string;
  }): Promise<readonly WorkflowRecord[]> {
    return (await this.connections.rows(SQL.list, after, after, limit)).map(record);
  }

  async page(filter: WorkflowFilter): Promise<WorkflowPage> {
    const kinds = filter.children === true ? ([0, 1] as const) : ([0] as const);
    const rows: Row[] = [];
    for (const child of kinds) {
      const { index, where, values } = pageQuery(filter, child);
      const sql = `SELECT ${PAGE_COLUMNS}, ${LAST} FROM workflow w FORCE INDEX (${index}) WHERE ${where}`;
      rows.push(...(await this.connections.rows(sql, ...values)));
    }
    return pageOf(rows, filter.limit);
  }

  async counts(): Promise<Counts> {
    const status = await this.connections.rows(COUNTS.status);
    return countsOf(status, await this.connections.rows(COUNTS.waiting));
  }

  async audit(filter: AuditFilter): Promise<readonly AuditEntry[]> {
    const { where, values } = auditQuery(filter);
    const sql = `SELECT number, entry, hash FROM audit WHERE ${where}`;
    return (await this.connections.rows(sql, ...values)).map(auditEntry);
  }

  async auditChain(after: number, limit: number): Promise<readonly AuditEntry[]> {
    const sql = 'SELECT number, entry, hash FROM audit WHERE number > ? ORDER BY number LIMIT ?';
    return (await this.connections.rows(sql, after, limit)).map(auditEntry);
  }

  async load(id: string): Promise<StoredWorkflow | undefined> {
    return this.connections.readOnly(async connection => {
      const [row] = await connection.rows(SQL.load, id);
      return row && stored(row, await connection.rows(SQL.steps, row['ordinal'] as number));
    });
  }

  async seating(agent: string): Promise<readonly string[]> {
    return seatedIn(await this.connections.rows(SQL.seating, seatText(agent)), agent);
  }

  async *loadLive(): AsyncIterable<readonly StoredWorkflow[]> {
    for (let after = 0; ; ) {
      const { rows, steps, last } = await this.#livePage(after);
      if (last === undefined) return;
      yield rows.map(row => stored(row, steps.get(row['ordinal'] as number) ?? []));
      after = last;
    }
  }

  async #livePage(after: number) {
    return this.connections.readOnly(async connection => {
      const rows = await connection.rows(SQL.loadLive, after);
      const last = rows.at(-1)?.['ordinal'] as number | undefined;
      const steps = last === undefined ? [] : await connection.rows(SQL.liveSteps, after, last);
      return { rows, steps: groupSteps(steps), last };
    });
  }

  async definition(digest: string): Promise<DefinitionDocument | undefined> {
    const [row] = await this.connections.rows(SQL.definition, digest);
    return row && (JSON.parse(row['document'] as string) as DefinitionDocument);
  }

  async events(id: string, after: number, limit: number): Promise<readonly LogEntry[]> {
    return (await this.connections.rows(SQL.events, id, after, limit)).map(logEntry);
  }

  async secret(ref: string): Promise<Uint8Array | undefined> {
    const [row] = await this.connections.rows(SQL.secret, ref);
    return row?.['sealed'] as Uint8Array | undefined;
  }

  async tombstone(id: string): Promise<boolean> {
    return (await this.connections.rows(SQL.tombstone, id)).length > 0;
  }

  async records(): Promise<readonly KeptRecord[]> {
    return (await this.connections.rows(SQL.records)).map(keptRecord);
  }

  async keep(changes: readonly RecordChange[], audit: readonly NewAudit[] = []): Promise<void> {
    const { where } = this.connections;
    await this.connections.transaction(async connection => {
      if ((await connection.run(SQL.fenceKept, this.#term)) !== 1) throw fenced(where, this.#term);
      for (const { kind, id, ...rest } of changes) {
        if (rest.value === undefined) await connection.run(SQL.unkeep, kind, id);
        else await connection.run(SQL.keep, kind, id, JSON.stringify(rest.value), sealedOf(rest));
      }
      for (const entry of audit) await writeAudit(connection, entry);
    });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#connections.pool.end();
  }
}

const sealedOf = ({ sealed }: { readonly sealed?: Uint8Array }): Buffer | null =>
  sealed === undefined ? null : Buffer.from(sealed);

async function engineRow(
  connection: Pick<Asks, 'rows'>,
): Promise<{ readonly term: number; readonly commitSeq: number }> {
  const [row] = await connection.rows(SQL.engine);
  return { term: Number(row?.['term']), commitSeq: Number(row?.['commit_seq']) };
}

async function insert(
  connection: Asks,
  { requestId, workflow, kind, payload, by, at, actor }: InboxRow,
  definition: DefinitionDocument | undefined,
  secrets: readonly NewSecret[],
): Promise<void> {
  const digest = definition?.digest ?? null;
  const who = actor === undefined ? null : JSON.stringify(actor);
  const row = [requestId, workflow, kind, JSON.stringify(payload), by, at, digest, who];
  if ((await connection.run(SQL.submit, ...row)) === 0) return;
  if (definition !== undefined)
    await connection.run(SQL.addDefinition, definition.digest, JSON.stringify(definition));
  for (const { ref, sealed } of secrets)
    await connection.run(SQL.addSecret, ref, workflow, Buffer.from(sealed));
}

const closed = (where: string): EngineError =>
  new EngineError('store_failed', `The store ${where} is closed.`, 'Open it again.');
