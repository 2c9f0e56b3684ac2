// A RabbitMQ of the benchmark's own, with a user for each agent; and the raw exchange that ours is compared with.
// Belongs here: bringing it up, ways to it, timing at the agents' edge. Does not belong here: figures (amqp.ts).
import path from 'node:path';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { wireMapping } from '../../agent-protocol/amqp/wire.ts';
import { hashPassword } from '../../agent-protocol/password-hash.ts';
import type { Connection, Login, Transport, WireMessage } from '../../agent-protocol/transport.ts';
import { rabbitmqUsers } from '../../engine/broker/rabbitmq-users.ts';
import type { AgentsBroker } from '../support/agents-broker.ts';
import { type OwnBroker, startOwnBroker } from '../support/own-broker.ts';
import type { BenchWay } from './agents.ts';

export interface AmqpLab {
  readonly own: OwnBroker;
  readonly transport: Transport;
  readonly engine: Login;
  /** Makes the users of these agents, and how the world reaches the broker as them. */
  wayFor(agents: readonly string[], forAgents?: Transport): Promise<BenchWay>;
}

const PASSWORD = 'secret';

export async function openAmqpLab(directory: string): Promise<AmqpLab> {
  const own = await startOwnBroker(path.join(directory, 'broker'));
  const { broker } = own.found;
  const transport = amqpTransport({ brokers: [broker], mapping: wireMapping, random: () => 0 });
  const engine = { user: 'guest', password: 'guest', name: 'bench' };
  return {
    own,
    transport,
    engine,
    async wayFor(agents, forAgents) {
      await admitAll(own.found, agents);
      return {
        transport,
        ...(forAgents !== undefined && { forAgents }),
        engine,
        queueKind: 'classic',
        loginOf: agent => ({ user: `agent.${agent}`, password: PASSWORD, name: agent }),
      };
    },
  };
}

async function admitAll({ management, broker }: AgentsBroker, agents: readonly string[]): Promise<void> {
  const hash = hashPassword(PASSWORD, Buffer.from([1, 2, 3, 4]));
  const records = agents.map(agent => ({ agent, enrolmentHash: hash, agentHash: hash }));
  await rabbitmqUsers(management, broker.vhost).restore(records);
}

/** The same transport, which tells when an agent's end of a script leaves and when a command reaches it. */
export function timedTransport(
  transport: Transport,
  told: { ended(at: number): void; commanded(at: number): void },
): Transport {
  const has = ({ body }: WireMessage, kind: string): boolean =>
    Buffer.from(body.subarray(0, 400)).includes(`"kind":"${kind}"`);
  return {
    async connect(login) {
      const connection = await transport.connect(login);
      const timed: Connection = {
        publish(exchange, routingKey, message) {
          if (has(message, 'finished')) told.ended(performance.now());
          return connection.publish(exchange, routingKey, message);
        },
        consume: (queue, prefetch, deliver) =>
          connection.consume(queue, prefetch, delivery => {
            if (has(delivery.message, 'command')) told.commanded(performance.now());
            deliver(delivery);
          }),
        declare: topology => connection.declare(topology),
        closed: connection.closed,
        onBlocked: listener => connection.onBlocked(listener),
        close: () => connection.close(),
      };
      return timed;
    },
  };
}

const BYTES = 600;
const rawMessage = (): WireMessage => ({
  body: Buffer.alloc(BYTES, 'm'),
  messageId: 'raw',
  headers: { key: 'raw', signature: Buffer.alloc(64) },
});

/** So many raw identities, each with a connection and a queue of its own, that answer each message with one. */
export class RawFan {
  readonly #connections: readonly Connection[];
  readonly #engine: Connection;
  #left = 0;
  #done = (): void => undefined;

  private constructor(engine: Connection, connections: readonly Connection[]) {
    this.#engine = engine;
    this.#connections = connections;
  }

  static async open({ transport, engine }: AmqpLab, identities: number): Promise<RawFan> {
    const sender = await transport.connect(engine);
    const names = Array.from({ length: identities }, (_, index) => `raw.${index}`);
    await sender.declare({
      exchanges: [{ name: 'raw-answers', type: 'topic' }],
      queues: [...names, 'raw-answers'].map(name => ({ name, kind: 'classic' })),
      bindings: [{ exchange: 'raw-answers', queue: 'raw-answers', routingKey: '#' }],
    });
    const connections: Connection[] = [];
    for (const name of names) {
      const connection = await transport.connect({ ...engine, name });
      connections.push(connection);
      await connection.consume(name, 32, delivery => {
        delivery.ack();
        // Of the last one nobody waits for the confirm.
        connection.publish('raw-answers', name, rawMessage()).catch(() => undefined);
      });
    }
    const fan = new RawFan(sender, connections);
    await sender.consume('raw-answers', 500, delivery => {
      delivery.ack();
      fan.#left -= 1;
      if (fan.#left === 0) fan.#done();
    });
    return fan;
  }

  /** One message to each and one answer from each. */
  async round(): Promise<number> {
    const count = this.#connections.length;
    this.#left = count;
    const answered = new Promise<void>(resolve => {
      this.#done = resolve;
    });
    await Promise.all(
      Array.from({ length: count }, (_, index) => this.#engine.publish('', `raw.${index}`, rawMessage())),
    );
    await answered;
    return count;
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map(connection => connection.close()));
    await this.#engine.close();
  }
}
