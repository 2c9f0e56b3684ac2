// An engine as a service: the store, Heat at the other end of the control bus, and agents on a broker of their own.
// Belongs here: naming these adapters together, their order. Does not belong here: what they do, settings (cli/settings.ts).
import { readFile } from 'node:fs/promises';
import { openAgentBus, reachOf } from './agent-broker.ts';
import { EngineError, errorText } from './base/errors.ts';
import type { EngineSettings, Service, SharedStoreSettings, Standing } from './cli/host.ts';
import { openWays } from './drivers/web/ways.ts';
import { owner, startEngine, type Started } from './embedded.ts';
import { openHeatSide, readBrokers } from './heat/side.ts';
import { systemClock } from './runtime/clock.ts';
import { openSharedStore } from './shared-store.ts';
import { connections } from './store/mariadb/connection.ts';

/**
 * Resolves after the first try to reach the broker; while that is away it is tried again and again. With a shared store it first
 * waits until no other engine works on it.
 */
export async function serve(settings: EngineSettings, standing: Standing): Promise<Service> {
  const { caFile, ...heat } = settings.heat;
  const ca = caFile === undefined ? {} : { ca: await readAuthorities(caFile) };
  const bus = await openAgentBus(settings);
  const places =
    bus === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'broker', bus, reach: await reachOf(settings) } as const);
  const engine = await startOn(settings, places, standing);
  try {
    const around = { clock: systemClock, log: engine.log, random: Math.random };
    const side = await openHeatSide(engine.api, { ...heat, ...ca }, around);
    engine.also('the control bus', () => side.close());
    const { serving, away } = side;
    return { ...engine, serving, ...(away !== undefined && { away }) };
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

/** An engine, and why it ended: what ended itself, or that another one has taken over. */
async function startOn(
  settings: EngineSettings,
  places: Parameters<typeof startEngine>[2],
  standing: Standing,
): Promise<Started> {
  const { store, stateDirectory } = settings;
  if (store === undefined) return startEngine(stateDirectory, settings, places);
  let lost: Promise<EngineError | undefined> = Promise.resolve(undefined);
  const open = async (directory: string): ReturnType<typeof openSharedStore> => {
    const shared = await openSharedStore(store, directory, owner(), standing);
    ({ lost } = shared);
    return shared;
  };
  const engine = await startEngine(stateDirectory, settings, places, open);
  return { ...engine, ended: Promise.race([engine.ended, lost]) };
}

async function checkStore({ url, caFile }: SharedStoreSettings): Promise<void> {
  const { pool } = await connections({ url, ...(caFile !== undefined && { caFile }) });
  await pool.end();
}

/** EngineError `usage` for a URL or a file that cannot be used. */
export async function checkServing(settings: EngineSettings): Promise<void> {
  const { heat, egress, openstack, store } = settings;
  if (store !== undefined) await checkStore(store);
  await openWays(egress ?? { allow: [] });
  readBrokers(heat.transportUrl);
  if (heat.caFile !== undefined) await readAuthorities(heat.caFile);
  if (openstack?.caFile !== undefined) await readAuthorities(openstack.caFile, 'openstack.ca_file');
  await openAgentBus(settings);
}

async function readAuthorities(file: string, key = 'heat.ca_file'): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw new EngineError(
      'usage',
      `The file of certificate authorities cannot be read: ${errorText(thrown)}`,
      `Set ${key} to a file of PEM certificates.`,
    );
  }
}
