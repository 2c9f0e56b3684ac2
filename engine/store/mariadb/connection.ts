// Connections to MariaDB: their settings, one query, one transaction.
// Belongs here: the pool, what every session is told, the order BEGIN, work, COMMIT. Does not belong here: SQL of the store.
import {
  createPool,
  type Pool,
  type PoolConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import { EngineError } from '../../base/errors.ts';
import { readAuthorities } from '../../runtime/authorities.ts';
import type { Row } from '../rows.ts';
import { commitError, mariadbCode, storeError } from './errors.ts';

/** Where the database is. */
export interface MariadbPlace {
  /** `mysql://USER:PASSWORD@HOST:PORT/DATABASE`; `mysql+pymysql://` and `mariadb://` are read as well. */
  readonly url: string;
  /** PEM certificates of the authorities to believe: then the connection is by TLS. */
  readonly caFile?: string;
}

/** Values of a statement; a list of lists is the rows of one INSERT. */
export type Values = readonly (string | number | Uint8Array | null | readonly unknown[])[];

/** One connection, or any of the pool. */
export interface Asks {
  rows(sql: string, ...values: Values): Promise<readonly Row[]>;
  /** Rows that the statement changed; a row that was as wanted already does not count. */
  run(sql: string, ...values: Values): Promise<number>;
}

/** Connections that are open at once; commits take one, what is read others. */
const CONNECTIONS = 8;
/** Milliseconds until a server that does not answer counts as away. */
const CONNECT_TIMEOUT = 5_000;

/**
 * Strict, and with backslashes as escapes, on which the driver relies whatever the server's default is. A cluster (Galera) is told
 * to read what was committed on its other nodes; other servers do not know that variable.
 */
const SESSION = [
  `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', tx_isolation = 'REPEATABLE-READ', innodb_lock_wait_timeout = 10`,
  'SET SESSION wsrep_sync_wait = 1',
];
const UNKNOWN_VARIABLE = 'ER_UNKNOWN_SYSTEM_VARIABLE';

export class Connections implements Asks {
  /** `HOST:PORT/DATABASE`, for messages. */
  readonly where: string;
  readonly pool: Pool;
  readonly #ready = new WeakSet<object>();

  constructor(where: string, pool: Pool) {
    this.where = where;
    this.pool = pool;
  }

  rows = (sql: string, ...values: Values): Promise<readonly Row[]> =>
    this.use(connection => connection.rows(sql, ...values));

  run = (sql: string, ...values: Values): Promise<number> =>
    this.use(connection => connection.run(sql, ...values));

  /** Throws EngineError. */
  async use<Result>(work: (connection: Asks) => Promise<Result>): Promise<Result> {
    const connection = await this.#take();
    try {
      return await work(asks(connection));
    } catch (thrown) {
      throw storeError(thrown, this.where);
    } finally {
      connection.release();
    }
  }

  /** What `work` reads is of one moment. */
  readOnly<Result>(work: (connection: Asks) => Promise<Result>): Promise<Result> {
    return this.#between('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY', work);
  }

  /** All or nothing; `commit_unknown` when the answer to COMMIT was lost. */
  transaction<Result>(work: (connection: Asks) => Promise<Result>): Promise<Result> {
    return this.#between('START TRANSACTION', work);
  }

  async #between<Result>(begin: string, work: (connection: Asks) => Promise<Result>): Promise<Result> {
    const connection = await this.#take();
    let result: Result;
    try {
      await connection.query(begin);
      result = await work(asks(connection));
    } catch (thrown) {
      await this.#giveUp(connection);
      throw storeError(thrown, this.where);
    }
    try {
      await connection.query('COMMIT');
    } catch (thrown) {
      await this.#giveUp(connection);
      throw commitError(thrown, this.where);
    }
    connection.release();
    return result;
  }

  async #take(): Promise<PoolConnection> {
    try {
      const connection = await this.pool.getConnection();
      await this.#prepare(connection);
      return connection;
    } catch (thrown) {
      throw storeError(thrown, this.where);
    }
  }

  async #prepare(connection: PoolConnection): Promise<void> {
    if (this.#ready.has(connection.connection)) return;
    try {
      for (const statement of SESSION)
        await connection.query(statement).catch((thrown: unknown) => {
          if (mariadbCode(thrown) !== UNKNOWN_VARIABLE) throw thrown;
        });
    } catch (thrown) {
      connection.destroy();
      throw thrown;
    }
    this.#ready.add(connection.connection);
  }

  /** A connection whose transaction cannot be taken back is closed: then the server does so itself. */
  async #giveUp(connection: PoolConnection): Promise<void> {
    try {
      await connection.query('ROLLBACK');
      connection.release();
    } catch {
      connection.destroy();
    }
  }
}

const asks = (connection: PoolConnection): Asks => ({
  rows: async (sql, ...values) =>
    (await connection.query<RowDataPacket[]>(sql, [...values]))[0] as readonly Row[],
  run: async (sql, ...values) => (await connection.query<ResultSetHeader>(sql, [...values]))[0].affectedRows,
});

/** Connects to nothing yet. EngineError `usage` for a URL or a file that cannot be used. */
export async function connections(place: MariadbPlace): Promise<Connections> {
  const { host, port, user, password, database } = parsed(place.url);
  const pool = createPool({
    host,
    port,
    user,
    password,
    database,
    charset: 'utf8mb4_bin',
    connectionLimit: CONNECTIONS,
    connectTimeout: CONNECT_TIMEOUT,
    supportBigNumbers: true,
    flags: ['-FOUND_ROWS'],
    ...(place.caFile !== undefined && { ssl: { ca: await readAuthorities(place.caFile, 'store.ca_file') } }),
  });
  return new Connections(`${host}:${port}/${database}`, pool);
}

function parsed(text: string) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const database = decodeURIComponent(url?.pathname.slice(1) ?? '');
  if (!url || !/^(mysql|mariadb)(\+\w+)?:$/.test(url.protocol) || url.hostname === '' || database === '')
    throw new EngineError(
      'usage',
      'store.connection is no address of a MariaDB database.',
      'Write it as mysql://USER:PASSWORD@HOST:3306/DATABASE.',
    );
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 3306),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
  };
}
