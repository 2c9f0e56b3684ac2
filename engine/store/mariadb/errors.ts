// What MariaDB's errors mean for the engine, as EngineErrors that say what to do.
// Belongs here: the mapping. Does not belong here: retrying (runtime/), what the statements were.
import { EngineError, errorText } from '../../base/errors.ts';

/** Such as `ER_DUP_ENTRY` or `ECONNREFUSED`; empty when it is no error of the driver. */
export function mariadbCode(thrown: unknown): string {
  const code =
    typeof thrown === 'object' && thrown !== null ? (thrown as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

const FULL = new Set(['ER_DISK_FULL', 'ER_RECORD_FILE_FULL', 'ER_OUT_OF_RESOURCES']);
const REFUSED = new Set([
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_BAD_DB_ERROR',
]);
/** The server has taken the transaction back: two nodes of a cluster, or two transactions, met at one row. */
const TAKEN_BACK = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT']);

/** An EngineError for anything thrown while the store worked; EngineErrors pass unchanged. `where`: without a password. */
export function storeError(thrown: unknown, where: string): EngineError {
  if (thrown instanceof EngineError) return thrown;
  const text = errorText(thrown);
  const options = { cause: thrown };
  const code = mariadbCode(thrown);
  if (thrown instanceof SyntaxError)
    return new EngineError(
      'store_unsafe',
      `${where} holds what this engine did not write (${text}).`,
      'Stop the engine, keep a copy of the database, and restore its last backup.',
      options,
    );
  if (FULL.has(code))
    return new EngineError(
      'store_full',
      `The disk of ${where} is full (${text}).`,
      'Free space there; the engine goes on by itself and nothing is lost.',
      options,
    );
  const next = REFUSED.has(code)
    ? 'Check store.connection in the settings, and what that user may do in that database.'
    : 'The engine tries again; see whether the database server runs and can be reached.';
  return new EngineError('store_failed', `${where} refused or did not answer: ${text}`, next, options);
}

/** After a COMMIT that failed: unknown, unless the server says that it took the transaction back. */
export function commitError(thrown: unknown, where: string): EngineError {
  if (TAKEN_BACK.has(mariadbCode(thrown)) || FULL.has(mariadbCode(thrown))) return storeError(thrown, where);
  return new EngineError(
    'commit_unknown',
    `The commit to ${where} failed at its end: ${errorText(thrown)}`,
    'The engine asks the store whether it happened.',
    { cause: thrown },
  );
}
