// The tables of the SQLite store, as migrations; each runs whole or not at all.
// Belongs here: the schema and its version. Does not belong here: reading and writing rows.
//
// `workflow.ordinal` is creation order and the short key of everything that hangs on a workflow. `live` is 1 while
// the status is not final. JSON stands as text; sealed values as blobs.
import {
  type DatabaseConnection,
  Kysely,
  type Migration,
  Migrator,
  type SqliteDatabase,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  sql,
} from 'kysely';
import { EngineError, errorText } from '../../base/errors.ts';
import { INDEXES } from '../lists.ts';
import type { Database, SqlValue } from './driver.ts';
import { sqliteCode } from './errors.ts';

/** `PRAGMA application_id`: "MuWf"; tells our files from any other SQLite file. */
export const APPLICATION_ID = 0x4d755766;
/** `PRAGMA user_version` of the newest schema below. */
export const SCHEMA_VERSION = 5;

/** The tables that cold queries name. */
export interface Tables {
  workflow: { ordinal: number; id: string; live: number; definition: string; source: string; record: string };
  event: { workflow: number; seq: number; at: number; change: string };
  definition: { digest: string; document: string };
  tombstone: { id: string; ordinal: number };
}

export const MIGRATIONS: { readonly [name: string]: Migration } = {
  '0001_first': {
    async up(db: Kysely<unknown>): Promise<void> {
      const statements = [
        `CREATE TABLE engine (id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL, commit_seq INTEGER NOT NULL, owner TEXT NOT NULL)`,
        `INSERT INTO engine VALUES (1, 0, 0, '')`,
        `CREATE TABLE workflow (ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, live INTEGER NOT NULL, definition TEXT NOT NULL, source TEXT NOT NULL, record TEXT NOT NULL)`,
        `CREATE INDEX workflow_live ON workflow (ordinal) WHERE live = 1`,
        `CREATE INDEX workflow_definition ON workflow (definition)`,
        `CREATE TABLE step (workflow INTEGER NOT NULL, number INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (workflow, number)) WITHOUT ROWID`,
        `CREATE TABLE event (workflow INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, change TEXT NOT NULL, PRIMARY KEY (workflow, seq)) WITHOUT ROWID`,
        `CREATE TABLE inbox (ordinal INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL, "by" TEXT NOT NULL, at INTEGER NOT NULL, definition TEXT, result TEXT)`,
        `CREATE INDEX inbox_pending ON inbox (ordinal) WHERE result IS NULL`,
        `CREATE TABLE definition (digest TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID`,
        `CREATE TABLE secret (ref TEXT PRIMARY KEY, workflow TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID`,
        `CREATE INDEX secret_workflow ON secret (workflow)`,
        `CREATE TABLE tombstone (id TEXT PRIMARY KEY, ordinal INTEGER NOT NULL) WITHOUT ROWID`,
        `PRAGMA application_id = ${APPLICATION_ID}`,
        `PRAGMA user_version = 1`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
  '0002_agents': {
    async up(db: Kysely<unknown>): Promise<void> {
      const statements = [
        `CREATE TABLE kept (kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, sealed BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID`,
        `PRAGMA user_version = 2`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
  /** A workflow needs the definitions of earlier generations too, as long as something done under them is left. */
  '0003_generations': {
    async up(db: Kysely<unknown>): Promise<void> {
      const statements = [
        `CREATE TABLE definition_use (workflow INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (workflow, digest)) WITHOUT ROWID`,
        `CREATE INDEX definition_use_digest ON definition_use (digest)`,
        `INSERT INTO definition_use SELECT ordinal, definition FROM workflow`,
        `PRAGMA user_version = 3`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
  /** Lists by filter, who asked, and what was asked. Of what was there no failure is told. */
  '0004_operators': {
    async up(db: Kysely<unknown>): Promise<void> {
      const column = (definition: string): string => `ALTER TABLE workflow ADD COLUMN ${definition}`;
      const statements = [
        ...['project', 'stack', 'status', 'waiting', 'failure'].map(name =>
          column(`${name} TEXT NOT NULL DEFAULT ''`),
        ),
        column('child INTEGER NOT NULL DEFAULT 0'),
        `UPDATE workflow SET project = substr(coalesce(json_extract(source, '$.project'), ''), 1, 255),
          stack = substr(json_extract(source, '$.stackName'), 1, 255), status = json_extract(record, '$.status'),
          child = json_extract(source, '$.parent') IS NOT NULL,
          waiting = CASE json_extract(record, '$.status') WHEN 'complete' THEN 'nothing' WHEN 'deleted' THEN 'nothing' WHEN 'held' THEN 'operator'
            WHEN 'failed' THEN 'operator' WHEN 'delete_failed' THEN 'operator' ELSE 'work' END`,
        ...Object.entries(INDEXES).map(
          ([name, columns]) => `CREATE INDEX ${name} ON workflow (${columns.join(', ')})`,
        ),
        `ALTER TABLE inbox ADD COLUMN actor TEXT`,
        `CREATE TABLE audit (number INTEGER PRIMARY KEY, workflow TEXT NOT NULL, project TEXT NOT NULL, entry TEXT NOT NULL, hash TEXT NOT NULL)`,
        `CREATE INDEX audit_workflow ON audit (workflow, number)`,
        `CREATE INDEX audit_project ON audit (project, number)`,
        `PRAGMA user_version = 4`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
  /** What a workflow's resource is called; of what was there nobody has said. */
  '0005_resource': {
    async up(db: Kysely<unknown>): Promise<void> {
      const statements = [
        `ALTER TABLE workflow ADD COLUMN resource TEXT NOT NULL DEFAULT ''`,
        `PRAGMA user_version = 5`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  },
};

/** SQLite does roll back DDL; kysely's adapter is merely careful about it. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

/** SQLite has rolled back by itself where the disk is full: the second ROLLBACK would hide why. */
class PatientDriver extends SqliteDriver {
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection).catch(() => undefined);
  }
}

class Dialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }
  override createDriver(): SqliteDriver {
    return new PatientDriver(this.#config);
  }
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/** kysely over the same connection; for migrations and cold queries only. Closing it closes the connection. */
export function queries(database: Database): Kysely<Tables> {
  const shape = {
    close: () => database.close(),
    prepare: (text: string) => {
      const statement = database.prepare(text);
      return {
        reader: statement.reader,
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as SqlValue[])),
        run: (parameters: readonly unknown[]) => ({
          changes: statement.run(...(parameters as SqlValue[])),
          lastInsertRowid: 0,
        }),
        iterate: (parameters: readonly unknown[]) =>
          statement.all(...(parameters as SqlValue[]))[Symbol.iterator](),
      };
    },
  };
  return new Kysely<Tables>({ dialect: new Dialect({ database: shape as unknown as SqliteDatabase }) });
}

/** Brings the schema up to date. A migration that was cut short leaves the file as it was. Throws SQLite's error, or `store_failed`. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (sqliteCode(error) !== '') throw error;
  throw new EngineError(
    'store_failed',
    `The store's schema could not be brought up to date: ${errorText(error)}`,
    'Nothing was changed; free space or mend the cause, then start again.',
    { cause: error },
  );
}
