// What SQLite's errors mean for the engine, as EngineErrors that say what to do.
// Belongs here: the mapping, for both libraries. Does not belong here: retrying (runtime/loop.ts).
import { EngineError, errorText } from '../../base/errors.ts';

/** Primary result codes; node:sqlite gives the number as `errcode`, libsql the name as `code`. */
const NAMES: { readonly [code: number]: string } = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
};

/** Such as `SQLITE_FULL`, without the extended part; empty when it is not SQLite's error. */
export function sqliteCode(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return '';
  const { code, errcode, message } = thrown as { code?: unknown; errcode?: unknown; message?: unknown };
  if (typeof errcode === 'number') return NAMES[errcode & 0xff] ?? `SQLITE_${errcode}`;
  if (typeof code === 'string' && code.startsWith('SQLITE_')) return code.split('_').slice(0, 2).join('_');
  return typeof message === 'string' && message.startsWith('ConnectionFailed') ? 'SQLITE_CANTOPEN' : '';
}

/** An EngineError for anything thrown while the store worked on `file`; EngineErrors pass unchanged. */
export function storeError(thrown: unknown, file: string): EngineError {
  if (thrown instanceof EngineError) return thrown;
  const text = errorText(thrown);
  const options = { cause: thrown };
  // Rows hold JSON that this store has written.
  switch (thrown instanceof SyntaxError ? 'SQLITE_CORRUPT' : sqliteCode(thrown)) {
    case 'SQLITE_FULL':
      return new EngineError(
        'store_full',
        `The disk is full: ${file} could not grow.`,
        'Free space on that file system; the engine goes on by itself and nothing is lost.',
        options,
      );
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return new EngineError(
        'store_unsafe',
        `${file} is damaged or not a database of murano-workflow (${text}).`,
        'Stop the engine, keep a copy of the file, and restore the last backup of the state directory.',
        options,
      );
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
      return new EngineError(
        'store_failed',
        `${file} cannot be opened for writing (${text}).`,
        'Check that the directory exists and belongs to the user who runs the engine.',
        options,
      );
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new EngineError(
        'store_failed',
        `${file} is locked by another process (${text}).`,
        'Close the program that holds the file open, such as a database shell or a backup.',
        options,
      );
    default:
      return new EngineError(
        'store_failed',
        `The store ${file} failed: ${text}.`,
        'See the cause in the log; the engine tries again.',
        options,
      );
  }
}
