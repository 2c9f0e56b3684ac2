// The agents' RabbitMQ that test/services started: a vhost with an engine's login for each test, and its management.
// Belongs here: finding it, making and removing vhosts. Does not belong here: what tests do with it, the cloud's broker.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Broker, brokersOf } from '../../agent-protocol/amqp/brokers.ts';
import { Management } from '../../engine/broker/management.ts';
import { needs } from './needs.ts';
import { type Services, services } from './services.ts';

const run = promisify(execFile);

export interface AgentsBroker {
  readonly broker: Broker;
  /** The same over TLS, by the name in its certificate. */
  readonly secure: Broker;
  readonly caFile: string;
  /** With the administrator's login. */
  readonly managementUrl: string;
  readonly management: Management;
  /** Runs rabbitmqctl on it; takes a second. */
  control(command: string): Promise<string>;
}

/** Undefined where it is not up: then the suite is left out, and that is said. */
export function agentsBroker(suite: string): AgentsBroker | undefined {
  const found = services(suite);
  if (found === undefined) return undefined;
  const there = found.openrc['AGENTS_TRANSPORT_URL'] !== undefined;
  if (!needs(there, suite, "the agents' RabbitMQ: test/services/up.sh starts it")) return undefined;
  return agentsBrokerOf(found);
}

export function agentsBrokerOf({ openrc }: Services): AgentsBroker {
  const of = (name: string): string => openrc[name] ?? '';
  const [broker] = brokersOf(of('AGENTS_TRANSPORT_URL'));
  const [secure] = brokersOf(of('AGENTS_TLS_URL'));
  if (broker === undefined || secure === undefined) throw new Error('openrc names no broker of the agents');
  const managementUrl = of('AGENTS_MANAGEMENT_URL');
  return {
    broker,
    secure,
    caFile: of('AGENTS_CA_FILE'),
    managementUrl,
    management: new Management({ url: managementUrl, user: 'guest', password: 'guest' }),
    async control(command) {
      // The script in its own folder: the one on the PATH becomes another user, who does not have the cookie.
      const script = `. ${of('AGENTS_RABBIT_ENV')} && /usr/lib/rabbitmq/bin/rabbitmqctl -n "$RABBITMQ_NODENAME" ${command}`;
      return (await run('bash', ['-c', script])).stdout;
    },
  };
}

export interface TestVhost {
  readonly name: string;
  readonly engine: { readonly user: string; readonly password: string };
  /** Takes away everything in it, and the rights of users; users stay. */
  empty(): Promise<void>;
  remove(): Promise<void>;
}

let vhosts = 0;

/** A vhost of its own, with a user `engine-…` who may do everything in it. */
export async function makeVhost({ management }: AgentsBroker): Promise<TestVhost> {
  const name = `test-${process.pid}-${(vhosts += 1)}`;
  const engine = { user: `engine-${name}`, password: 'secret' };
  await management.call('PUT', `/users/${engine.user}`, { password: engine.password, tags: '' });
  const make = async (): Promise<void> => {
    await management.call('PUT', `/vhosts/${name}`, {});
    for (const user of [engine.user, 'guest'])
      await management.call('PUT', `/permissions/${name}/${user}`, {
        configure: '.*',
        write: '.*',
        read: '.*',
      });
  };
  await make();
  return {
    name,
    engine,
    async empty() {
      await management.call('DELETE', `/vhosts/${name}`);
      await make();
    },
    async remove() {
      await management.call('DELETE', `/vhosts/${name}`);
      await management.call('DELETE', `/users/${engine.user}`);
    },
  };
}
