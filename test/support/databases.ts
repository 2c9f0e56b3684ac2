// Databases of the real MariaDB that test/services/up.sh started: one for each test, gone after it.
// Belongs here: making and dropping them. Does not belong here: what a test does in one.
import { randomUUID } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { MariadbPlace } from '../../engine/store/mariadb/connection.ts';
import { services } from './services.ts';

export interface Databases {
  /** A new, empty one. */
  make(): Promise<MariadbPlace & { readonly name: string }>;
  /** Statements by another connection, such as an administrator's. */
  say(sql: string): Promise<readonly object[]>;
  /** Drops all that were made. */
  drop(): Promise<void>;
}

/** Undefined where the services are not up: then the suite is left out, and that is said. */
export function databases(suite: string): Databases | undefined {
  const url = services(suite)?.openrc['MARIADB_URL'];
  if (url === undefined) return undefined;
  const made: string[] = [];
  const say = async (sql: string): Promise<readonly object[]> => {
    const connection = await createConnection(url);
    try {
      const [rows] = await connection.query(sql);
      return Array.isArray(rows) ? (rows as object[]) : [];
    } finally {
      await connection.end();
    }
  };
  return {
    make: async () => {
      const name = `workflow_${randomUUID().replaceAll('-', '')}`;
      // The charset that a server had for long: the store must not lean on it.
      await say(`CREATE DATABASE ${name} CHARACTER SET latin1`);
      made.push(name);
      return { name, url: `${url}/${name}` };
    },
    say,
    drop: async () => {
      for (const name of made.splice(0)) await say(`DROP DATABASE IF EXISTS ${name}`);
    },
  };
}
