// An engine as a service: the store, Heat at the other end of the control bus, and agents on a broker of their own.
// Belongs here: naming these adapters together, their order. Does not belong here: what they do, settings (cli/settings.ts).
import { readFile } from 'node:fs/promises';
import { openAgentBus, reachOf } from './agent-broker.ts';
import { EngineError, errorText } from './base/errors.ts';
import type { EngineSettings, Service } from './cli/host.ts';
import { openWays } from './drivers/web/ways.ts';
import { startEngine } from './embedded.ts';
import { openHeatSide, readBrokers } from './heat/side.ts';
import { systemClock } from './runtime/clock.ts';

/** Resolves after the first try to reach the broker; while that is away it is tried again and again. */
export async function serve(settings: EngineSettings): Promise<Service> {
  const { caFile, ...heat } = settings.heat;
  const ca = caFile === undefined ? {} : { ca: await readAuthorities(caFile) };
  const bus = await openAgentBus(settings);
  const places =
    bus === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'broker', bus, reach: await reachOf(settings) } as const);
  const engine = await startEngine(settings.stateDirectory, settings, places);
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

/** EngineError `usage` for a URL or a file that cannot be used. */
export async function checkServing(settings: EngineSettings): Promise<void> {
  const { heat, egress, openstack } = settings;
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
