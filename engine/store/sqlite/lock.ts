// One engine per state directory: a lock that the operating system holds for us and lets go when we die.
// Belongs here: taking it, and saying who has it. Does not belong here: the fence, which is safe even without it.
//
// The lock is SQLite's exclusive lock on a file of its own (`engine.lock`), held as long as the process lives: after
// kill -9 the kernel frees it, and a reused process id means nothing. Nobody may open that file by other means: closing
// any handle to it would drop the lock. Who holds it is written to `engine.json` beside it, for messages only.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EngineError } from '../../base/errors.ts';
import { type Database, openDatabase } from './driver.ts';
import { sqliteCode, storeError } from './errors.ts';

export interface Holder {
  readonly pid: number;
  /** Ms since the epoch. */
  readonly startedAt: number;
  /** Where the running engine listens. */
  readonly socket: string;
}

export interface Lock {
  release(): void;
}

/** Takes the lock, or throws `store_locked` naming the process that has it and the socket to reach it. */
export function takeLock(directory: string, holder: Holder): Lock {
  const database = lockedDatabase(directory);
  const file = path.join(directory, 'engine.json');
  writeFileSync(`${file}.new`, JSON.stringify(holder));
  renameSync(`${file}.new`, file);
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      rmSync(file, { force: true });
      database.exec('ROLLBACK');
      database.close();
    },
  };
}

/** Who wrote that it holds the lock; it may be dead since. */
export function readHolder(directory: string): Holder | undefined {
  try {
    const read = JSON.parse(readFileSync(path.join(directory, 'engine.json'), 'utf8')) as Partial<Holder>;
    const { pid, startedAt, socket } = read;
    if (typeof pid !== 'number' || typeof startedAt !== 'number' || typeof socket !== 'string')
      return undefined;
    return { pid, startedAt, socket };
  } catch {
    return undefined;
  }
}

/** True while a process holds the lock. */
export function isLocked(directory: string): boolean {
  try {
    const database = lockedDatabase(directory);
    database.exec('ROLLBACK');
    database.close();
    return false;
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'store_locked') return true;
    throw thrown;
  }
}

function lockedDatabase(directory: string): Database {
  const file = path.join(directory, 'engine.lock');
  let database: Database | undefined;
  try {
    database = openDatabase(file);
    database.exec('PRAGMA busy_timeout = 0');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (thrown) {
    database?.close();
    const code = sqliteCode(thrown);
    throw code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED' ? locked(directory) : storeError(thrown, file);
  }
}

function locked(directory: string): EngineError {
  const holder = readHolder(directory);
  const who = holder === undefined ? 'another engine' : `the engine with process id ${holder.pid}`;
  const where = holder === undefined ? '' : ` at ${holder.socket}`;
  return new EngineError(
    'store_locked',
    `${directory} is in use by ${who}.`,
    `Send your requests to that engine: its socket${where} answers them. Or stop it first.`,
    { details: holder },
  );
}
