// A whole engine for one real agent, over a RabbitMQ of the test's own.
// Belongs here: opening it. Does not belong here: what is asked of it (main.ts).
import { rabbitmqBus } from '../../engine/broker/agent-bus.ts';
import { startEngine, type Started } from '../../engine/embedded.ts';
import type { AgentsBroker } from '../support/agents-broker.ts';

const VHOST = 'agents';

/** `host`: as the agent's machine calls this one. `directory`: of the engine's own. */
export function openEngine(found: AgentsBroker, host: string, directory: string): Promise<Started> {
  const broker = { ...found.broker, vhost: VHOST, user: 'engine', password: 'secret' };
  const bus = rabbitmqBus({
    brokers: [broker],
    management: { url: found.managementUrl, user: 'guest', password: 'guest' },
    queueKind: 'classic',
    name: 'engine',
    random: Math.random,
  });
  const reach = { urls: [`amqp://${host}:${broker.port}/${VHOST}`] };
  return startEngine(directory, { logLevel: 'info', logToStderr: false }, { kind: 'broker', bus, reach });
}
