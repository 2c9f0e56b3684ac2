// The agents' broker, opened from the settings of a serving engine.
// Belongs here: judging these settings, the files they name. Does not belong here: the broker itself (engine/broker/),
// reading settings (engine/cli/).
import { lookup } from 'node:dns/promises';
import { type Broker, brokersOf, placeOf } from '../agent-protocol/amqp/brokers.ts';
import { EngineError, errorText } from './base/errors.ts';
import type { Reach } from './agent-accounts.ts';
import { type AgentBus, rabbitmqBus } from './broker/agent-bus.ts';
import type { EngineSettings } from './cli/host.ts';
import { owner } from './embedded.ts';
import { readAuthorities } from './runtime/authorities.ts';

/** Undefined where the settings name no agents' broker. EngineError `usage` for settings that can never work. */
export async function openAgentBus(settings: EngineSettings): Promise<AgentBus | undefined> {
  const { agents, heat } = settings;
  if (agents === undefined) return undefined;
  const brokers = readUrl('agents.transport_url', agents.transportUrl);
  readUrl('agents.agent_url', agents.agentUrl);
  const management = readManagement(agents.managementUrl);
  if (!agents.allowSharedBroker && heat !== undefined)
    await refuseShared(brokers, readUrl('heat.transport_url', heat.transportUrl));
  const ca = agents.caFile === undefined ? undefined : await readAuthorities(agents.caFile, 'agents.ca_file');
  return rabbitmqBus({
    brokers,
    management,
    queueKind: agents.queueKind,
    name: `murano-workflow engine ${owner()}`,
    random: Math.random,
    ...(ca === undefined ? {} : { ca }),
  });
}

/** What user data tells of the broker; only with `agents` in the settings. */
export async function reachOf({ agents }: EngineSettings): Promise<Reach> {
  if (agents === undefined) throw new TypeError('the settings name no broker of agents');
  const ca = agents.caFile === undefined ? undefined : await readAuthorities(agents.caFile, 'agents.ca_file');
  return { urls: [agents.agentUrl], ...(ca === undefined ? {} : { ca }) };
}

function readUrl(setting: string, url: string): readonly Broker[] {
  try {
    return brokersOf(url);
  } catch (thrown) {
    throw new EngineError('usage', `${setting} cannot be used. ${errorText(thrown)}`, SEE);
  }
}

function readManagement(text: string): {
  readonly url: string;
  readonly user: string;
  readonly password: string;
} {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username === '')
    throw new EngineError(
      'usage',
      'agents.management_url cannot be used: it is not http://USER:PASSWORD@HOST:PORT or https://….',
      SEE,
    );
  return {
    url: url.origin,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

/**
 * An engine that makes users needs the broker's administrator, who may do everything in every vhost of it; and whoever
 * takes over a VM has a login. So neither belongs on the broker of the cloud itself.
 */
async function refuseShared(own: readonly Broker[], cloud: readonly Broker[]): Promise<void> {
  const places = new Set((await Promise.all(cloud.map(addressesOf))).flat());
  for (const broker of own) {
    const shared = (await addressesOf(broker)).some(address => places.has(address));
    if (!shared) continue;
    throw new EngineError(
      'usage',
      `agents.transport_url names ${placeOf({ ...broker, vhost: '/' })}, the cloud's own broker (heat.transport_url): the engine would be its administrator, and every VM have a login on it.`,
      'Give the agents a broker of their own; or accept that, with agents.allow_shared_broker: true.',
    );
  }
}

/** As written, and as resolved where that is possible: one host may have several names. */
async function addressesOf({ host, port }: Broker): Promise<readonly string[]> {
  const resolved = await lookup(host, { all: true }).catch(() => []);
  return [host, ...resolved.map(({ address }) => address)].map(one => `${one.toLowerCase()}:${port}`);
}

const SEE = 'docs/reference/settings.md shows how it is written.';
