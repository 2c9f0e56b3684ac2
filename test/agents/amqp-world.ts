// The engine's side of the agents on a real RabbitMQ: bus, watch, drivers, and agents with users of their own.
// Belongs here: putting that together and taking it down. Does not belong here: what happens to it (tests), the broker
// in the process (world.ts).
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type RunningAgent, startAgent } from '../../agent-protocol/agent/agent.ts';
import type { Broker } from '../../agent-protocol/amqp/brokers.ts';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { wireMapping } from '../../agent-protocol/amqp/wire.ts';
import { hashPassword } from '../../agent-protocol/password-hash.ts';
import type { Transport } from '../../agent-protocol/transport.ts';
import { Book } from '../../engine/agents/book.ts';
import { memoryDirectory } from '../../engine/agents/directory.ts';
import { newEngineKeys } from '../../engine/agents/keys.ts';
import { Letters } from '../../engine/agents/letters/letters.ts';
import { LetterReader } from '../../engine/agents/letters/reader.ts';
import type { Alarm } from '../../engine/agents/ports.ts';
import { createAgentSide } from '../../engine/agents/side.ts';
import { Watch } from '../../engine/agents/watch.ts';
import { rabbitmqBus } from '../../engine/broker/agent-bus.ts';
import type { BrokerRecord } from '../../engine/broker/ports.ts';
import type { LinkState } from '../../engine/bus/link.ts';
import { createDrivers } from '../../engine/drivers/index.ts';
import { NO_CHILDREN } from '../support/drivers.ts';
import { systemClock } from '../../engine/runtime/clock.ts';
import type { Clock } from '../../engine/runtime/ports.ts';
import type { AgentsBroker } from '../support/agents-broker.ts';
import { RecordingSink } from './world.ts';
import { NO_CLOUDS } from '../support/clouds.ts';

let worlds = 0;

export interface AmqpWorldOptions {
  /** Over TLS. */
  readonly secure?: boolean;
  /** Of the watch; absent: the system's. */
  readonly clock?: Clock;
  readonly queueKind?: 'classic' | 'quorum';
  /** Nodes of the broker; absent: the one that was found. */
  readonly hosts?: readonly Broker[];
}

/** On a vhost that nobody has made, with an engine's user that nobody has made. Connected and open. */
export async function makeAmqpWorld(
  found: AgentsBroker,
  directory: string,
  { secure = false, clock = systemClock, queueKind = 'classic', hosts }: AmqpWorldOptions = {},
) {
  const name = `world-${process.pid}-${(worlds += 1)}`;
  const place = secure ? found.secure : found.broker;
  const own = { vhost: name, user: `engine-${name}`, password: 'secret' };
  const broker: Broker = { ...place, ...own };
  const brokers = (hosts ?? [place]).map(host => ({ ...host, ...own }));
  const bus = rabbitmqBus({
    brokers,
    management: { url: found.managementUrl, user: 'guest', password: 'guest' },
    queueKind,
    name,
    random: () => 0,
    ...(secure && { ca: caOf(found) }),
  });
  const records = new Map<string, BrokerRecord>();
  const logged: string[] = [];
  const say = (text: string): void => void logged.push(text);
  const states: LinkState[] = [];
  const alarms: Alarm[] = [];
  const sink = new RecordingSink();
  const letters = new Letters(new Book());
  const watch = new Watch({
    bus,
    records: () => [...records.values()],
    deadLetters: () => letters.size,
    clock,
    log: { info: say, warn: say, error: say },
  });
  const keys = newEngineKeys();
  const memory = memoryDirectory();
  const vault = { seal: (ref: string) => Buffer.from(ref) };
  const side = createAgentSide({
    transport: bus.transport,
    login: bus.login,
    queueKind: bus.queueKind,
    clock: systemClock,
    random: () => 0,
    keys,
    directory: memory,
    sink,
    vault,
    term: () => 7,
    onAlarm: alarm => alarms.push(alarm),
    onRefused: (...told) => reader.refused(...told),
    onLink: state => {
      states.push(state);
      watch.link(state);
    },
  });
  const seal = (ref: string) => ({ ref, sealed: vault.seal(ref) });
  const drivers = createDrivers({
    ...side,
    clock: systemClock,
    sink,
    term: () => 7,
    seal,
    children: NO_CHILDREN,
    clouds: NO_CLOUDS,
  });
  watch.begin(side);
  await side.connect();
  await side.open();
  const log = { info: say, warn: say, error: say };
  const reading = { letters, keys, directory: memory, link: side.link, clock: systemClock, log };
  const reader = new LetterReader({ ...reading, projectOf: async () => undefined });
  await reader.start();

  const agents: RunningAgent[] = [];
  const passwordOf = (agent: string): string => `password of ${agent}`;
  const transport: Transport = amqpTransport({
    brokers,
    mapping: wireMapping,
    random: () => 0,
  });

  /** Its users are made, and it is recorded; it does not run. */
  async function admit(agent: string): Promise<void> {
    const hash = hashPassword(passwordOf(agent), randomBytes(4));
    records.set(agent, { agent, enrolmentHash: hash, agentHash: hash });
    // Recorded before its users are made (U1).
    await memory.expect(agent);
    await bus.users.createEnrolment(agent, hash);
    await bus.users.admit(agent, hash);
    await side.link.declare(side.topology());
  }

  /** A real agent with a user of its own; `through`: another way to the broker. */
  async function begin(agent: string, through: Transport = transport): Promise<RunningAgent> {
    if (!records.has(agent)) await admit(agent);
    const running = await startAgent({
      directory: path.join(directory, agent),
      agent,
      transport: through,
      login: { user: `agent.${agent}`, password: passwordOf(agent), name: agent },
      engineKeys: [keys.signing.publicKey],
      reconnectMs: 20,
      reconnectMaxMs: 1_000,
      resendMs: 300,
      killGraceMs: 100,
      pipeGraceMs: 100,
      minimumFreeBytes: 0,
      log: say,
    });
    agents.push(running);
    await side.register({ id: agent, ...running.identity });
    return running;
  }

  async function close(): Promise<void> {
    await Promise.all(agents.map(agent => agent.stop()));
    await Promise.all(Object.values(drivers).map(driver => driver.close()));
    await reader.close();
    await side.close();
    await watch.close();
    for (const agent of records.keys()) await bus.users.remove(agent);
    await found.management.call('DELETE', `/vhosts/${name}`);
    await found.management.call('DELETE', `/users/${broker.user}`);
  }

  return {
    name,
    broker,
    bus,
    records,
    logged,
    states,
    alarms,
    sink,
    watch,
    keys,
    letters,
    side,
    drivers,
    transport,
    passwordOf,
    admit,
    begin,
    close,
  };
}

export type AmqpWorld = Awaited<ReturnType<typeof makeAmqpWorld>>;

export const caOf = (found: AgentsBroker): string => readFileSync(found.caFile, 'utf8');

/** Resolves once the condition holds; looks every few milliseconds, and not for ever: on a busy machine a broker is long away, and pauses between attempts have grown. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: () => string,
): Promise<void> {
  for (let looks = 0; !(await condition()); looks += 1) {
    if (looks > 60_000) throw new Error(`waited in vain for ${what()}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
