// Opening the file: the self check that refuses what would lose data, then the schema.
// Belongs here: pragmas, kind of file, kind of file system. Does not belong here: rows (store.ts, commit.ts).
import { existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { EngineError } from '../../base/errors.ts';
import { type Database, openDatabase } from './driver.ts';
import { storeError } from './errors.ts';
import { APPLICATION_ID, migrate, queries, SCHEMA_VERSION, type Tables } from './schema.ts';
import type { Kysely } from 'kysely';

/** statfs(2) types on which SQLite's locks and shared memory cannot be trusted. FUSE may be local, so it passes. */
export const NETWORK_FILE_SYSTEMS: { readonly [type: number]: string } = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x5346414f: 'AFS',
  0x00c36400: 'CephFS',
};

export interface Opened {
  readonly database: Database;
  readonly queries: Kysely<Tables>;
}

/** Opens, checks and migrates. Throws `store_unsafe`, `store_newer`, `store_full` or `store_failed`; then it is closed again. */
export async function openChecked(
  file: string,
  fileSystem: (directory: string) => number = fileSystemType,
  check = false,
): Promise<Opened> {
  refuseNetworkFileSystem(file, fileSystem);
  let database: Database | undefined;
  try {
    database = openDatabase(file);
    configure(database, file);
    const current = checkKind(database, file);
    if (check) refuseDamage(database, file);
    const cold = queries(database);
    if (current < SCHEMA_VERSION) await migrate(cold);
    return { database, queries: cold };
  } catch (thrown) {
    database?.close();
    throw storeError(thrown, file);
  }
}

function configure(database: Database, file: string): void {
  database.exec('PRAGMA busy_timeout = 2000');
  const mode = pragma(database, 'journal_mode = WAL');
  if (mode !== 'wal') throw unsafe(file, `journal_mode is '${String(mode)}' and cannot be set to 'wal'`);
  database.exec('PRAGMA synchronous = FULL');
  database.exec('PRAGMA foreign_keys = ON');
  const synchronous = pragma(database, 'synchronous');
  if (synchronous !== 2)
    throw unsafe(file, `synchronous is ${String(synchronous)} and cannot be set to FULL`);
}

/** Larger files are not read through at every start: their damage shows when the page is used. */
const CHECKED_BYTES = 256 * 1024 * 1024;

/** Before anything is decided on it: a damaged page may else be met in the middle of a workflow. */
function refuseDamage(database: Database, file: string): void {
  if (statSync(file).size > CHECKED_BYTES) return;
  const found = pragma(database, 'quick_check(1)');
  if (found === 'ok') return;
  throw new EngineError(
    'store_unsafe',
    `${file} is damaged (${String(found)}).`,
    'Keep a copy of the file, and restore the last backup of the state directory.',
  );
}

/** The schema's version; 0 for a new, empty file. */
function checkKind(database: Database, file: string): number {
  const application = Number(pragma(database, 'application_id'));
  const version = Number(pragma(database, 'user_version'));
  const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_master').get()?.['n']);
  if (application !== APPLICATION_ID && tables > 0 && (application !== 0 || !halfMigrated(database))) {
    throw new EngineError(
      'store_unsafe',
      `${file} is a SQLite file of another program.`,
      'Name another state directory; nothing was changed in this file.',
    );
  }
  if (version <= SCHEMA_VERSION) return version;
  throw new EngineError(
    'store_newer',
    `${file} has schema ${version}; this engine knows schemas up to ${SCHEMA_VERSION}.`,
    'Start the newer murano-workflow that wrote it, or restore a backup from before the upgrade.',
  );
}

/** kysely makes its own two tables before the first migration: a kill between leaves just those. */
function halfMigrated(database: Database): boolean {
  const names = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
  return names.every(row => String(row['name']).startsWith('kysely_migration'));
}

function pragma(database: Database, text: string): unknown {
  const row = database.prepare(`PRAGMA ${text}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

function refuseNetworkFileSystem(file: string, fileSystem: (directory: string) => number): void {
  const kind = file.startsWith('\\\\')
    ? 'SMB'
    : NETWORK_FILE_SYSTEMS[fileSystem(path.dirname(path.resolve(file)))];
  if (kind !== undefined)
    throw unsafe(file, `it stands on a network file system (${kind}), whose locks SQLite cannot trust`);
}

/** 0 when it cannot be told: on systems other than Linux, or for a directory that does not exist. */
function fileSystemType(directory: string): number {
  return process.platform === 'linux' && existsSync(directory) ? statfsSync(directory).type : 0;
}

function unsafe(file: string, why: string): EngineError {
  return new EngineError(
    'store_unsafe',
    `${file} would not be safe: ${why}.`,
    'Put the state directory on a local file system such as ext4, xfs, APFS or NTFS.',
  );
}
