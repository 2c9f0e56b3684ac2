// An engine as a service: the store, Heat at the other end of the control bus, and agents on a broker of their own.
// Belongs here: naming these adapters together, their order. Does not belong here: what they do, settings (cli/settings.ts).
import { checkAdmin, openAdminSide } from './admin-side.ts';
import { openAgentBus, reachOf } from './agent-broker.ts';
import type { EngineError } from './base/errors.ts';
import type { EngineSettings, Service, SharedStoreSettings, Standing } from './cli/host.ts';
import { openWays } from './drivers/web/ways.ts';
import { owner, startEngine, type Started } from './embedded.ts';
import { openHeatSide, readBrokers } from './heat/side.ts';
import { readAuthorities } from './runtime/authorities.ts';
import { systemClock } from './runtime/clock.ts';
import { openSharedStore } from './shared-store.ts';
import { connections } from './store/mariadb/connection.ts';

/**
 * Resolves after the first try to reach the broker; while that is away it is tried again and again. With a shared store it first
 * waits until no other engine works on it.
 */
export async function serve(settings: EngineSettings, standing: Standing): Promise<Service> {
  const heat = settings.heat && (await heatSide(settings.heat));
  const bus = await openAgentBus(settings);
  const places =
    bus === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'broker', bus, reach: await reachOf(settings) } as const);
  const engine = await startOn(settings, places, standing);
  try {
    const around = { clock: systemClock, log: engine.log, random: Math.random };
    const side = heat && (await openHeatSide(engine.api, heat, around));
    if (side !== undefined) engine.also('the control bus', () => side.close());
    const admin = await openFor(engine, settings);
    const { keepAudit } = settings;
    const end = keepAudit === undefined ? () => {} : engine.operating.retain(keepAudit, engine.log);
    engine.also('the bound of the audit log', async () => end());
    return { ...engine, ...(side && contactOf(side)), ...(admin !== undefined && { admin }) };
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

type HeatSide = Awaited<ReturnType<typeof openHeatSide>>;

const contactOf = ({ serving, away }: HeatSide): Pick<Service, 'serving' | 'away'> => ({
  serving,
  ...(away !== undefined && { away }),
});

async function heatSide({
  caFile,
  ...heat
}: NonNullable<EngineSettings['heat']>): Promise<Parameters<typeof openHeatSide>[1]> {
  return { ...heat, ...(caFile !== undefined && { ca: await readAuthorities(caFile, 'heat.ca_file') }) };
}

/** Where operators are answered; undefined: nowhere. */
async function openFor(engine: Started, { admin, openstack }: EngineSettings): Promise<string | undefined> {
  if (admin === undefined) return undefined;
  const side = await openAdminSide(admin, openstack ?? {}, engine);
  engine.also("the operator's endpoint", () => side.close());
  return side.url;
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
  const { heat, egress, openstack, store, admin } = settings;
  if (admin !== undefined) await checkAdmin(admin, openstack ?? {});
  if (store !== undefined) await checkStore(store);
  await openWays(egress ?? { allow: [] });
  if (heat !== undefined) readBrokers(heat.transportUrl);
  if (heat?.caFile !== undefined) await readAuthorities(heat.caFile, 'heat.ca_file');
  if (openstack?.caFile !== undefined) await readAuthorities(openstack.caFile, 'openstack.ca_file');
  await openAgentBus(settings);
}
