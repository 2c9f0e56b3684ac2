// The list of agents as it was kept before it stood in the store: a JSON file beside the keys.
// Belongs here: reading it once. Does not belong here: the directory (directory.ts).
import { readFile } from 'node:fs/promises';
import { EngineError } from '../base/errors.ts';
import { isObject, type JsonValue } from '../base/json.ts';
import { isRecord } from './directory.ts';
import type { AgentRecord } from './ports.ts';

const VERSION = 1;

/** Empty when there is none. Rejects with EngineError `store_failed` when it cannot be read or is no such list. */
export async function readOldList(file: string): Promise<readonly AgentRecord[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new EngineError(
      'store_failed',
      `The list of agents ${file} cannot be read.`,
      'Check its permissions.',
      {
        cause,
      },
    );
  }
  const records = judge(text);
  if (records !== undefined) return records;
  throw new EngineError(
    'store_failed',
    `${file} is not a list of agents of this version (${VERSION}).`,
    'Restore it from a backup, or move it away: then every agent has to be registered anew.',
  );
}

function judge(text: string): AgentRecord[] | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  if (!isObject(value) || value['version'] !== VERSION || !Array.isArray(value['agents'])) return undefined;
  const agents: readonly unknown[] = value['agents'];
  return agents.every(isRecord) ? [...agents] : undefined;
}
