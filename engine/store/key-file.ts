// The key under which hidden values are sealed: a file beside the database's directory, never in it.
// Belongs here: making it once, with mode 0600 and synced, and reading it back. Does not belong here: sealing (runtime/secrets.ts).
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { EngineError } from '../base/errors.ts';

const HEAD = 'murano-workflow-key-1 ';

/**
 * The 32 bytes of the key. Makes the file when it is absent and `mayCreate`: false when there is a database already,
 * whose hidden values a new key could not open. EngineError `key_missing`.
 */
export function readKeyFile(file: string, mayCreate: boolean): Uint8Array {
  const text = textOf(file) ?? (mayCreate ? makeKeyFile(file) : undefined);
  if (text === undefined) throw missing(file, 'is missing, though there is a database that needs it');
  checkMode(file);
  const key = text.startsWith(HEAD) ? Buffer.from(text.slice(HEAD.length).trim(), 'hex') : Buffer.alloc(0);
  if (key.length !== 32) throw missing(file, 'does not hold a key');
  return key;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw missing(file, `cannot be read (${(thrown as Error).message})`);
  }
}

/** Whole or not at all, and never over another: written aside, synced, then linked into place. */
function makeKeyFile(file: string): string {
  const text = `${HEAD}${randomBytes(32).toString('hex')}\n`;
  const aside = `${file}.${process.pid}`;
  const handle = openSync(aside, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(aside, file);
  } finally {
    rmSync(aside);
  }
  syncDirectory(path.dirname(file));
  return text;
}

function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function checkMode(file: string): void {
  if (process.platform === 'win32' || (statSync(file).mode & 0o077) === 0) return;
  throw new EngineError(
    'key_missing',
    `${file} can be read by others than its owner.`,
    `Run: chmod 600 ${file}`,
  );
}

function missing(file: string, why: string): EngineError {
  return new EngineError(
    'key_missing',
    `The key file ${file} ${why}.`,
    'Restore it from the backup of the state directory; without it hidden values cannot be opened.',
  );
}
