// Whether an engine has the keys of the others that share the database.
// Belongs here: the mark of the first engine, and the comparison. Does not belong here: keys themselves.
import { EngineError } from '../../base/errors.ts';
import type { Connections } from './connection.ts';

const SQL = {
  read: 'SELECT key_check FROM engine WHERE id = 1',
  claim: `UPDATE engine SET key_check = ? WHERE id = 1 AND key_check = ''`,
} as const;

/** Empty before the first engine. */
export async function readKeyCheck(connections: Connections): Promise<string> {
  return String((await connections.rows(SQL.read))[0]?.['key_check'] ?? '');
}

/** Leaves the mark of the first engine. EngineError `key_missing` where it is another's. `check`: tells keys apart, tells nothing of them. */
export async function claimKeys(connections: Connections, check: string, keys: string): Promise<void> {
  await connections.run(SQL.claim, check);
  if ((await readKeyCheck(connections)) === check) return;
  throw new EngineError(
    'key_missing',
    `The keys in ${keys} are not those of the engines that work on ${connections.where}.`,
    'Copy the folder keys from the state directory of one of them; what stands there now opens nothing of that store.',
  );
}
