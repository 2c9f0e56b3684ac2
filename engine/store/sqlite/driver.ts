// The few calls that this store makes to SQLite, over node:sqlite where the runtime has it and libsql below that.
// Belongs here: the port, its two implementations, the difference between their values and errors.
// Does not belong here: SQL, pragmas (open.ts), what an error means for the engine (errors.ts).
import { createRequire } from 'node:module';

export type SqlValue = string | number | Uint8Array | null;
export type SqlRow = { readonly [column: string]: SqlValue };

export interface Statement {
  /** Rows changed. */
  readonly run: (...parameters: SqlValue[]) => number;
  readonly get: (...parameters: SqlValue[]) => SqlRow | undefined;
  readonly all: (...parameters: SqlValue[]) => SqlRow[];
  /** True when it returns rows. */
  readonly reader: boolean;
}

/** One connection. Everything is synchronous; what is thrown carries SQLite's extended code where known. */
export interface Database {
  readonly library: 'node:sqlite' | 'libsql';
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** Closing twice is closing once: kysely closes the connection that it was given. */
  close(): void;
}

/** What node:sqlite and libsql have in common; node's own types come only with @types/node 22. */
interface ForeignStatement {
  run(...parameters: unknown[]): { readonly changes: number | bigint };
  get(...parameters: unknown[]): unknown;
  all(...parameters: unknown[]): unknown[];
}
interface ForeignDatabase {
  exec(sql: string): void;
  prepare(sql: string): ForeignStatement;
  close(): void;
}
type ForeignConstructor = new (file: string) => ForeignDatabase;

const require = createRequire(import.meta.url);

/** Opens the file, creating it when absent. Throws the library's own error. */
export function openDatabase(file: string): Database {
  const found = library();
  const database = new found.constructor(file);
  let open = true;
  return {
    library: found.name,
    exec: sql => database.exec(sql),
    prepare: sql => wrap(database.prepare(sql), sql),
    close: () => {
      if (open) database.close();
      open = false;
    },
  };
}

let chosen: { readonly name: Database['library']; readonly constructor: ForeignConstructor } | undefined;

function library(): NonNullable<typeof chosen> {
  chosen ??= builtIn() ?? { name: 'libsql', constructor: require('libsql') as ForeignConstructor };
  return chosen;
}

/** node:sqlite, present without a flag from Node 22.13 on. */
function builtIn(): typeof chosen {
  try {
    const load = (): unknown => require('node:sqlite');
    const module = withoutItsWarning(load) as { readonly DatabaseSync: ForeignConstructor };
    return { name: 'node:sqlite', constructor: module.DatabaseSync };
  } catch {
    return undefined;
  }
}

/** Node 22 calls it experimental at its first use, before every command's own words. The conformance suite says what we need of it. */
function withoutItsWarning<Value>(load: () => Value): Value {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function wrap(statement: ForeignStatement, sql: string): Statement {
  return {
    reader: /^\s*(select|pragma|with|explain)\b|\breturning\b/i.test(sql),
    run: (...parameters) => Number(statement.run(...parameters).changes),
    get: (...parameters) => {
      const row = statement.get(...parameters);
      return row === undefined ? undefined : clean(row as Record<string, unknown>);
    },
    all: (...parameters) => statement.all(...parameters).map(row => clean(row as Record<string, unknown>)),
  };
}

/** libsql adds `_metadata` to single rows and gives blobs as ArrayBuffer; node:sqlite gives Uint8Array. */
function clean(row: Record<string, unknown>): SqlRow {
  if ('_metadata' in row) delete row['_metadata'];
  for (const key in row)
    if (row[key] instanceof ArrayBuffer) row[key] = new Uint8Array(row[key] as ArrayBuffer);
  return row as SqlRow;
}
