// A store that several engines share: one of them works, the others stand by until its lease runs out.
// Belongs here: the order of opening: keys, lease, store. Does not belong here: the lease itself (store/mariadb/lease.ts), what an
// engine is made of (embedded.ts).
import { createHmac, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openEngineKeys } from './agents/keys.ts';
import { EngineError } from './base/errors.ts';
import type { SharedStoreSettings, Standing } from './cli/host.ts';
import { readKeyFile } from './store/key-file.ts';
import { claimKeys, readKeyCheck } from './store/mariadb/key-check.ts';
import { Lease } from './store/mariadb/lease.ts';
import { openMariadbStore } from './store/mariadb/store.ts';
import type { OpenedStore } from './store/state-directory.ts';

export interface SharedStore extends OpenedStore {
  /** Resolves once another engine has taken over. */
  readonly lost: Promise<EngineError>;
}

/** Rejects with EngineError `key_missing` where `keys` are not those of the store, and when `standing.signal` is given. */
export async function openSharedStore(
  { url, caFile, leaseTime }: SharedStoreSettings,
  directory: string,
  owner: string,
  standing: Standing,
): Promise<SharedStore> {
  const store = await openMariadbStore({ url, ...(caFile !== undefined && { caFile }) });
  try {
    const { connections } = store;
    const key = await sharedKey(path.join(directory, 'keys'), await readKeyCheck(connections));
    await claimKeys(connections, key.check, path.join(directory, 'keys'));
    const lease = new Lease(connections, {
      owner: `${owner}:${randomUUID()}`,
      ...(leaseTime !== undefined && { time: leaseTime }),
      pause: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
      onWait: standing.onWait,
      onTrouble: standing.onTrouble,
    });
    await lease.wait(standing.signal);
    const close = async (): Promise<void> => {
      await lease.release();
      await store.close();
    };
    return { store, key: key.bytes, close, lost: lease.lost };
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

/** The keys of the first engine are everybody's: what one sealed or signed the next one opens, and agents trust one root. */
async function sharedKey(
  keys: string,
  check: string,
): Promise<{ readonly bytes: Uint8Array; readonly check: string }> {
  const isFirst = check === '';
  const [own, set] = ['engine.key', 'key-set.json'].map(name => path.join(keys, name));
  if (!isFirst && (!existsSync(own as string) || !existsSync(set as string))) throw keysMissing(keys);
  const bytes = readKeyFile(own as string, isFirst);
  const { rootKeyText } = await openEngineKeys(keys);
  return { bytes, check: createHmac('sha256', bytes).update(rootKeyText).digest('hex') };
}

const keysMissing = (keys: string): EngineError =>
  new EngineError(
    'key_missing',
    `The store is of engines whose keys are not in ${keys}.`,
    'Copy the folder keys from the state directory of an engine that works on it, with its owner and modes.',
  );
