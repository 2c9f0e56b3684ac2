// The state directory: one engine's database, key, lock and socket, opened in the order that is safe.
// Belongs here: the layout (docs/operating.md describes it). Does not belong here: what is in each file.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EngineError, errorText } from '../base/errors.ts';
import type { Store } from '../runtime/ports.ts';
import { readKeyFile } from './key-file.ts';
import { type Lock, takeLock } from './sqlite/lock.ts';
import { openSqliteStore } from './sqlite/store.ts';

export interface OpenedStore {
  readonly store: Store;
  /** Master key for `vault`. */
  readonly key: Uint8Array;
  close(): Promise<void>;
}

export interface StateDirectory extends OpenedStore {
  /** Where this engine is to listen. */
  readonly socket: string;
  /** Closes the store, then lets the lock go. */
  close(): Promise<void>;
}

/** Longest path of a Unix domain socket on the systems that allow least, with its final zero byte. */
const SOCKET_PATH = 103;

/**
 * Locks and opens the directory, making it when absent.
 * EngineError `store_locked` (another engine has it), `key_missing`, or what `openSqliteStore` throws.
 * @param now ms since the epoch, for the note on who holds the lock
 * @param open opens a store elsewhere, once the directory is locked; absent: the store is a file in it
 */
export async function openStateDirectory(
  directory: string,
  now: number,
  open: (directory: string) => Promise<OpenedStore> = ownStore,
): Promise<StateDirectory> {
  makePrivate(directory);
  const socket = socketPath(directory);
  const lock = takeLock(directory, { pid: process.pid, startedAt: now, socket });
  try {
    const opened = await open(directory);
    const close = async (): Promise<void> => {
      await opened.close();
      lock.release();
    };
    return { ...opened, socket, close };
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

async function ownStore(directory: string): Promise<OpenedStore> {
  const file = path.join(directory, 'engine.db');
  const key = readKeyFile(path.join(directory, 'keys', 'engine.key'), !existsSync(file));
  const store = await openSqliteStore(file, { check: true });
  return { store, key, close: () => store.close() };
}

function makePrivate(directory: string): void {
  try {
    makePath(path.resolve(directory));
    makePath(path.resolve(directory, 'keys'));
  } catch (thrown) {
    throw new EngineError(
      'store_failed',
      `The state directory ${directory} cannot be made: ${errorText(thrown)}.`,
      'Name a directory that you may write to.',
    );
  }
}

/** One level at a time: Node's own recursive mkdir never returns where a file system answers ENOENT, as /proc does. */
function makePath(directory: string): void {
  if (existsSync(directory)) return;
  makePath(path.dirname(directory));
  mkdirSync(directory, { mode: 0o700 });
}

/**
 * Beside the database; where that path is too long for a socket, in a private directory under the system's temporary
 * one; on Windows a named pipe. The same for the same directory, always.
 */
export function socketPath(directory: string): string {
  const full = path.resolve(directory);
  const name = createHash('sha256').update(full).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\murano-workflow-${name}`;
  const beside = path.join(full, 'engine.sock');
  if (Buffer.byteLength(beside) <= SOCKET_PATH) return beside;
  return path.join(privateTemporary(), `${name}.sock`);
}

function privateTemporary(): string {
  const user = process.getuid?.() ?? 0;
  const directory = path.join(tmpdir(), `murano-workflow-${user}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (statSync(directory).uid === user) {
    chmodSync(directory, 0o700);
    return directory;
  }
  throw new EngineError(
    'store_unsafe',
    `${directory} belongs to another user.`,
    'Use a state directory with a shorter path, so that its socket fits into it.',
  );
}

/** Everything that an engine puts into a state directory. */
const OURS = /^(engine\.(db|db-wal|db-shm|db-journal|json|log|sock)|engine\d*\.log|keys|agents)$/;

/** Leaves no trace of an empty state directory; what is not ours stays, and the directory with it. */
export async function removeState(directory: string, now: number): Promise<void> {
  let lock: Lock;
  try {
    lock = takeLock(directory, { pid: process.pid, startedAt: now, socket: '' });
  } catch {
    // Somebody has just started another engine here.
    return;
  }
  const ours = (await readdir(directory)).filter(name => OURS.test(name));
  // Killed in between, it must not leave a database whose key is gone: no engine would start on it again.
  const order = (name: string): number => (name === 'keys' ? 2 : name.startsWith('engine.db') ? 1 : 0);
  for (const name of ours.sort((one, other) => order(one) - order(other)))
    await rm(path.join(directory, name), { recursive: true, force: true });
  lock.release();
  for (const name of await readdir(directory)) {
    if (name.startsWith('engine.lock')) await rm(path.join(directory, name), { force: true });
  }
  // Fails when something else is in it: then it is somebody's.
  await rmdir(directory).catch(() => undefined);
}
