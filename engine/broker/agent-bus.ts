// The agents' broker as the engine has it: the way in, its users, and what is seen of it.
// Belongs here: putting these together from settings, the engine's own place on a broker that has none.
// Does not belong here: reading settings (engine/cli/), agents' messages (engine/agents/), when it is mended (mender.ts).
import { randomBytes } from 'node:crypto';
import { type Broker, placeOf } from '../../agent-protocol/amqp/brokers.ts';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { wireMapping } from '../../agent-protocol/amqp/wire.ts';
import { hashPassword } from '../../agent-protocol/password-hash.ts';
import type { Login, Transport } from '../../agent-protocol/transport.ts';
import { Management } from './management.ts';
import type { BrokerUsers } from './ports.ts';
import { rabbitmqUsers } from './rabbitmq-users.ts';
import { type Survey, survey } from './survey.ts';

export interface AgentBusOptions {
  /** With the engine's own login and the agents' vhost; at least one. */
  readonly brokers: readonly Broker[];
  readonly management: {
    readonly url: string;
    /** With the tag administrator. */
    readonly user: string;
    readonly password: string;
  };
  /** PEM of the authorities to believe, for both. */
  readonly ca?: string;
  readonly queueKind: 'classic' | 'quorum';
  /** Shown in the broker's list of connections. */
  readonly name: string;
  readonly random: () => number;
}

export interface AgentBus {
  readonly transport: Transport;
  readonly login: Login;
  readonly users: BrokerUsers;
  readonly queueKind: 'classic' | 'quorum';
  /** Hosts and vhost, for people. */
  readonly place: string;
  /** Of the agents. */
  readonly vhost: string;
  /**
   * Makes the vhost and the engine's own user where the broker has them not, as one that came back empty; says what
   * it made. A user that is there keeps its password and rights. Rejects as `BrokerUsers`.
   */
  prepare(): Promise<readonly string[]>;
  /** Rejects as `BrokerUsers`. */
  survey(): Promise<Survey>;
  /** With all that it holds. Rejects as `BrokerUsers`. */
  removeQueue(name: string): Promise<void>;
}

/** Connects to nothing yet. */
export function rabbitmqBus(options: AgentBusOptions): AgentBus {
  const { brokers, ca, queueKind, name, random } = options;
  const [first] = brokers;
  if (first === undefined) throw new RangeError('an agent bus needs a broker');
  const trusted = ca === undefined ? {} : { ca };
  const management = new Management({ ...options.management, ...trusted });
  const tls = ca === undefined ? {} : { tls: { ca } };
  return {
    transport: amqpTransport({ brokers, mapping: wireMapping, random, ...tls }),
    login: { user: '', password: '', name },
    users: rabbitmqUsers(management, first.vhost),
    queueKind,
    place: brokers.map(placeOf).join(', '),
    vhost: first.vhost,
    prepare: () => prepare(management, first),
    survey: () => survey(management, first.vhost),
    async removeQueue(queue) {
      await management.call(
        'DELETE',
        `/queues/${encodeURIComponent(first.vhost)}/${encodeURIComponent(queue)}`,
      );
    },
  };
}

async function prepare(management: Management, broker: Broker): Promise<readonly string[]> {
  const vhost = encodeURIComponent(broker.vhost);
  const user = encodeURIComponent(broker.user);
  const made: string[] = [];
  if ((await management.call('GET', `/vhosts/${vhost}`)) === undefined) {
    await management.call('PUT', `/vhosts/${vhost}`, {});
    made.push(`the vhost '${broker.vhost}'`);
  }
  if ((await management.call('GET', `/users/${user}`)) === undefined) {
    const password_hash = hashPassword(broker.password, randomBytes(4));
    await management.call('PUT', `/users/${user}`, { password_hash, tags: '' });
    made.push(`the user '${broker.user}'`);
  }
  if ((await management.call('GET', `/permissions/${vhost}/${user}`)) === undefined) {
    await management.call('PUT', `/permissions/${vhost}/${user}`, EVERYTHING);
    made.push(`the rights of '${broker.user}'`);
  }
  return made;
}

const EVERYTHING = { configure: '.*', write: '.*', read: '.*' };
