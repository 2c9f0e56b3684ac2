// The SQLite store: one file in WAL mode, one connection, synchronous commits.
// Belongs here: the Store port over SQL. Does not belong here: opening and its checks (open.ts), the commit (commit.ts),
// who may open it (lock.ts).
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
import { fenced, groupSteps, inboxRow, logEntry, record, seatedIn, seatText, stored } from '../rows.ts';
import { type Batch, committer, inTransaction } from './commit.ts';
import type { Database, Statement } from './driver.ts';
import { storeError } from './errors.ts';
import { type Opened, openChecked } from './open.ts';
import { LAST } from '../last.ts';
import { Lists } from './lists.ts';
import { Records } from './records.ts';

/** Workflows read at once during recovery. */
const LOAD_BATCH = 200;

const SQL = {
  acquire: 'UPDATE engine SET term = term + 1, owner = ? WHERE id = 1',
  engine: 'SELECT term, commit_seq FROM engine WHERE id = 1',
  submit:
    'INSERT INTO inbox (request_id, workflow, kind, payload, "by", at, definition, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  result: 'SELECT result FROM inbox WHERE request_id = ?',
  pending: 'SELECT * FROM inbox WHERE result IS NULL ORDER BY ordinal LIMIT ?',
  addDefinition: 'INSERT INTO definition VALUES (?, ?) ON CONFLICT DO NOTHING',
  addSecret: 'INSERT INTO secret VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  live: 'SELECT id FROM workflow WHERE live = 1 ORDER BY ordinal',
  load: `SELECT w.ordinal, w.source, w.record, ${LAST} FROM workflow w WHERE w.id = ?`,
  steps: 'SELECT number, record FROM step WHERE workflow = ? ORDER BY number',
  loadLive: `SELECT w.ordinal, w.source, w.record, ${LAST} FROM workflow w WHERE w.live = 1 AND w.ordinal > ? ORDER BY w.ordinal LIMIT ${LOAD_BATCH}`,
  liveSteps: `SELECT s.workflow, s.number, s.record FROM workflow w JOIN step s ON s.workflow = w.ordinal
    WHERE w.live = 1 AND w.ordinal > ? AND w.ordinal <= ? ORDER BY s.workflow, s.number`,
  list: `SELECT w.record, ${LAST} FROM workflow w WHERE w.ordinal >
    coalesce((SELECT ordinal FROM workflow WHERE id = ?1), (SELECT ordinal FROM tombstone WHERE id = ?1), 0)
    ORDER BY w.ordinal LIMIT ?2`,
  // Found in the text first: few workflows hold it, and only those are read.
  seating: 'SELECT id, source FROM workflow WHERE instr(source, ?) > 0 ORDER BY ordinal',
  secret: 'SELECT sealed FROM secret WHERE ref = ?',
  tombstone: 'SELECT 1 AS buried FROM tombstone WHERE id = ?',
  events: `SELECT e.seq, e.at, e.change FROM event e JOIN workflow w ON w.ordinal = e.workflow
    WHERE w.id = ? AND e.seq > ? ORDER BY e.seq LIMIT ?`,
} as const;

export interface SqliteOptions {
  /** Told of every statement that is run; tests count them. */
  readonly observe?: (sql: string) => void;
  /** statfs type of a directory; replaced in tests. */
  readonly fileSystem?: (directory: string) => number;
  /** Upper bound of the file in SQLite's pages (4 KiB); beyond it every commit fails `store_full`. */
  readonly maxPages?: number;
  /** Looks through the whole file for damage first, if it is not too large for that. */
  readonly check?: boolean;
}

/**
 * Opens the file, creating it when absent, checks it and brings its schema up to date.
 * Throws EngineError `store_unsafe`, `store_newer`, `store_full`, `store_failed`.
 */
export async function openSqliteStore(file: string, options: SqliteOptions = {}): Promise<Store> {
  const opened = await openChecked(file, options.fileSystem, options.check);
  if (options.maxPages !== undefined) opened.database.exec(`PRAGMA max_page_count = ${options.maxPages}`);
  const observed = options.observe === undefined ? opened.database : watch(opened.database, options.observe);
  return new SqliteStore(file, { ...opened, database: observed });
}

type Statements = { readonly [Name in keyof typeof SQL]: Statement };

class SqliteStore implements Store {
  readonly #file: string;
  readonly #opened: Opened;
  readonly #statements: Statements;
  readonly #commit: (batch: Batch, term: number) => void;
  readonly #records: Records;
  readonly #lists: Lists;
  #term = -1;
  #open = true;

  constructor(file: string, opened: Opened) {
    this.#file = file;
    this.#opened = opened;
    this.#statements = Object.fromEntries(
      Object.entries(SQL).map(([name, text]) => [name, opened.database.prepare(text)]),
    ) as Statements;
    this.#commit = committer(opened.database, file);
    this.#records = new Records(opened.database, file);
    this.#lists = new Lists(opened.database);
  }

  async acquire(owner: string): Promise<{ readonly term: number }> {
    return this.#guard(() => {
      let term = 0;
      inTransaction(this.#opened.database, this.#file, () => {
        this.#statements.acquire.run(owner);
        term = this.#statements.engine.get()?.['term'] as number;
      });
      this.#term = term;
      return { term };
    });
  }

  async commit(batch: Batch): Promise<void> {
    this.#guard(() => this.#commit(batch, this.#term));
  }

  async committed(): Promise<number> {
    return this.#guard(() => {
      const row = this.#statements.engine.get();
      if (row === undefined || row['term'] !== this.#term) throw fenced(this.#file, this.#term);
      return row['commit_seq'] as number;
    });
  }

  async submit(
    row: InboxRow,
    definition?: DefinitionDocument,
    secrets: readonly NewSecret[] = [],
  ): Promise<RequestResult | 'accepted'> {
    return this.#guard(() => {
      const known = this.#result(row.requestId);
      if (known !== undefined) return known;
      inTransaction(this.#opened.database, this.#file, () => this.#insert(row, definition, secrets));
      return this.#result(row.requestId) ?? 'accepted';
    });
  }

  #insert(row: InboxRow, definition: DefinitionDocument | undefined, secrets: readonly NewSecret[]): void {
    const { submit, addDefinition, addSecret } = this.#statements;
    const payload = JSON.stringify(row.payload);
    const digest = definition?.digest ?? null;
    const actor = row.actor === undefined ? null : JSON.stringify(row.actor);
    const inserted = submit.run(
      row.requestId,
      row.workflow,
      row.kind,
      payload,
      row.by,
      row.at,
      digest,
      actor,
    );
    if (inserted === 0) return;
    if (definition !== undefined) addDefinition.run(definition.digest, JSON.stringify(definition));
    for (const secret of secrets) addSecret.run(secret.ref, row.workflow, secret.sealed);
  }

  async pending(limit: number): Promise<readonly InboxRow[]> {
    return this.#guard(() => this.#statements.pending.all(limit).map(inboxRow));
  }

  async result(requestId: string): Promise<RequestResult | 'accepted' | undefined> {
    return this.#guard(() => this.#result(requestId));
  }

  #result(requestId: string): RequestResult | 'accepted' | undefined {
    const row = this.#statements.result.get(requestId);
    if (row === undefined) return undefined;
    return row['result'] === null ? 'accepted' : (JSON.parse(row['result'] as string) as RequestResult);
  }

  async live(): Promise<readonly string[]> {
    return this.#guard(() => this.#statements.live.all().map(row => row['id'] as string));
  }

  async list(filter: {
    readonly limit: number;
    readonly after?: string;
  }): Promise<readonly WorkflowRecord[]> {
    return this.#guard(() => this.#statements.list.all(filter.after ?? '', filter.limit).map(record));
  }

  async page(filter: WorkflowFilter): Promise<WorkflowPage> {
    return this.#guard(() => this.#lists.page(filter));
  }

  async counts(): Promise<Counts> {
    return this.#guard(() => this.#lists.counts());
  }

  async audit(filter: AuditFilter): Promise<readonly AuditEntry[]> {
    return this.#guard(() => this.#lists.audit(filter));
  }

  async auditChain(after: number, limit: number): Promise<readonly AuditEntry[]> {
    return this.#guard(() => this.#lists.auditChain(after, limit));
  }

  async load(id: string): Promise<StoredWorkflow | undefined> {
    return this.#guard(() => {
      const row = this.#statements.load.get(id);
      return row === undefined
        ? undefined
        : stored(row, this.#statements.steps.all(row['ordinal'] as number));
    });
  }

  async seating(agent: string): Promise<readonly string[]> {
    return this.#guard(() => seatedIn(this.#statements.seating.all(seatText(agent)), agent));
  }

  async *loadLive(): AsyncIterable<readonly StoredWorkflow[]> {
    for (let after = 0; ; ) {
      const rows = this.#guard(() => this.#statements.loadLive.all(after));
      const last = rows.at(-1)?.['ordinal'] as number | undefined;
      if (last === undefined) return;
      yield this.#guard(() => {
        const steps = groupSteps(this.#statements.liveSteps.all(after, last));
        return rows.map(row => stored(row, steps.get(row['ordinal'] as number) ?? []));
      });
      after = last;
    }
  }

  async definition(digest: string): Promise<DefinitionDocument | undefined> {
    const row = await this.#cold(() =>
      this.#opened.queries
        .selectFrom('definition')
        .select('document')
        .where('digest', '=', digest)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : (JSON.parse(row.document) as DefinitionDocument);
  }

  async events(id: string, after: number, limit: number): Promise<readonly LogEntry[]> {
    return this.#guard(() => this.#statements.events.all(id, after, limit).map(logEntry));
  }

  async secret(ref: string): Promise<Uint8Array | undefined> {
    return this.#guard(() => this.#statements.secret.get(ref)?.['sealed'] as Uint8Array | undefined);
  }

  async tombstone(id: string): Promise<boolean> {
    return this.#guard(() => this.#statements.tombstone.get(id) !== undefined);
  }

  async records(): Promise<readonly KeptRecord[]> {
    return this.#guard(() => this.#records.all());
  }

  async keep(changes: readonly RecordChange[], audit: readonly NewAudit[] = []): Promise<void> {
    this.#guard(() => this.#records.keep(changes, audit, this.#term));
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#opened.queries.destroy();
    this.#opened.database.close();
  }

  #guard<Result>(work: () => Result): Result {
    if (!this.#open) throw closed(this.#file);
    try {
      return work();
    } catch (thrown) {
      throw storeError(thrown, this.#file);
    }
  }

  async #cold<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#open) throw closed(this.#file);
    try {
      return await work();
    } catch (thrown) {
      throw storeError(thrown, this.#file);
    }
  }
}

function closed(file: string): EngineError {
  return new EngineError('store_failed', `The store ${file} is closed.`, 'Open it again.');
}

/** The same connection, each run of a statement told to `observe`. */
function watch(database: Database, observe: (sql: string) => void): Database {
  return {
    library: database.library,
    close: () => database.close(),
    exec: sql => {
      observe(sql);
      database.exec(sql);
    },
    prepare: sql => {
      const statement = database.prepare(sql);
      const told = <Args extends unknown[], Result>(run: (...args: Args) => Result) => {
        return (...args: Args): Result => {
          observe(sql);
          return run(...args);
        };
      };
      return {
        reader: statement.reader,
        run: told(statement.run),
        get: told(statement.get),
        all: told(statement.all),
      };
    },
  };
}
