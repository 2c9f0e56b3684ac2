// RabbitMQ as a transport: the transport suite against a real broker, each test in a vhost of its own.
// Belongs here: the lab that makes, cuts, wipes and blocks it. Does not belong here: the suite (conformance.ts).
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { brokersOf } from '../../agent-protocol/amqp/brokers.ts';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { wireMapping } from '../../agent-protocol/amqp/wire.ts';
import { type Services, services } from '../support/services.ts';
import { exercise, refusal, type TransportLab } from './conformance.ts';

const run = promisify(execFile);
const PASSWORD = 'secret';

/** The HTTP API of the broker: a call takes milliseconds, one of rabbitmqctl a second. */
class Management {
  readonly #url: string;

  constructor({ openrc }: Services) {
    this.#url = openrc['RABBIT_HTTP_URL'] as string;
  }

  async call(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok && answer.status !== 404) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' || answer.status === 404 ? undefined : JSON.parse(text);
  }

  async makeVhost(name: string): Promise<void> {
    await this.call('PUT', `/vhosts/${name}`, {});
    for (const user of ['guest', `admin-${name}`]) {
      await this.call('PUT', `/permissions/${name}/${user}`, { configure: '.*', write: '.*', read: '.*' });
    }
    const limited = `limited-${name}`;
    await this.call('PUT', `/permissions/${name}/${limited}`, {
      configure: '^$',
      write: '^talk$',
      read: '^own$',
    });
    await this.call('PUT', `/topic-permissions/${name}/${limited}`, {
      exchange: 'talk',
      write: '^own\\.(result|hello)$',
      read: '^$',
    });
  }

  async makeUsers(name: string): Promise<void> {
    for (const user of [`admin-${name}`, `limited-${name}`]) {
      await this.call('PUT', `/users/${user}`, { password: PASSWORD, tags: '' });
    }
  }
}

/** The script in its own folder: the one on the PATH becomes another user, who does not have the cookie. */
async function rabbitmqctl({ openrc }: Services, command: string): Promise<void> {
  const script = `. ${openrc['RABBIT_ENV']} && /usr/lib/rabbitmq/bin/rabbitmqctl -n "$RABBITMQ_NODENAME" ${command}`;
  await run('bash', ['-c', script]);
}

/** Sets how much memory it may use, and waits until its alarms are as they follow from that. */
const watermark = (share: string, alarms: string): string =>
  `vm_memory_monitor:set_vm_memory_high_watermark(${share}), ` +
  `(fun Look() -> case rabbit_alarm:get_alarms() of ${alarms} -> ok; _ -> timer:sleep(20), Look() end end)().`;

/** Between a client and the broker on this port: passes everything on, until it is told to swallow what is open by then. */
async function openNetwork(to: number) {
  const sockets = new Set<Socket>();
  const server = createServer(client => {
    const onward = connectTcp(to, '127.0.0.1');
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    client.pipe(onward);
    onward.pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.resume();
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

let vhosts = 0;

async function rabbitLab(found: Services): Promise<TransportLab> {
  const management = new Management(found);
  const name = `test-${process.pid}-${(vhosts += 1)}`;
  await management.makeUsers(name);
  await management.makeVhost(name);
  const [broker] = brokersOf(found.openrc['MURANO_WORKFLOW_TRANSPORT_URL'] as string);
  if (broker === undefined) throw new Error('no broker in MURANO_WORKFLOW_TRANSPORT_URL');
  const brokers = [{ ...broker, vhost: name }];
  const transport = amqpTransport({ brokers, mapping: wireMapping, random: () => 0 });
  const login = (user: string) => ({
    user: `${user}-${name}`,
    password: PASSWORD,
    name: `${user} of ${name}`,
  });
  const control = (command: string) => rabbitmqctl(found, command);
  return {
    transport,
    admin: login('admin'),
    limited: login('limited'),
    cut: () => control(`close_all_connections --vhost ${name} test`),
    async wipe() {
      await management.call('DELETE', `/vhosts/${name}`);
      await management.makeVhost(name);
    },
    block: () => control(`eval '${watermark('0.00001', '[_ | _]')}'`),
    unblock: () => control(`eval '${watermark('0.6', '[]')}'`),
    async dispose() {
      await management.call('DELETE', `/vhosts/${name}`);
      for (const user of ['admin', 'limited']) await management.call('DELETE', `/users/${user}-${name}`);
    },
  };
}

const found = services('RabbitMQ as a transport');
if (found !== undefined) {
  exercise('amqp://', () => rabbitLab(found));

  describe('amqp:// with several brokers', () => {
    it('goes on to the next when one does not answer, and names each when none does', async () => {
      const [broker] = brokersOf(found.openrc['MURANO_WORKFLOW_TRANSPORT_URL'] as string);
      const dead = { ...broker, port: 1 } as NonNullable<typeof broker>;
      const login = { user: '', password: '', name: 'test' };
      const transport = (brokers: (typeof dead)[]) =>
        amqpTransport({ brokers, mapping: wireMapping, random: () => 0 });
      const connection = await transport([dead, broker as typeof dead]).connect(login);
      await connection.close();
      const error = await refusal(transport([dead, { ...dead, host: 'localhost' }]).connect(login));
      expect(error.reason).to.equal('unreachable');
      expect(error.message).to.match(/amqp:\/\/127.0.0.1:1: .*ECONNREFUSED.*; amqp:\/\/localhost:1: /);
    });

    it('goes on to the next when one refuses, and says that it was refused when none takes it', async () => {
      const [broker] = brokersOf(found.openrc['MURANO_WORKFLOW_TRANSPORT_URL'] as string);
      // As from a node on which the vhost is down.
      const lacking = { ...broker, vhost: 'not-there' } as NonNullable<typeof broker>;
      const login = { user: '', password: '', name: 'test' };
      const transport = (brokers: (typeof lacking)[]) =>
        amqpTransport({ brokers, mapping: wireMapping, random: () => 0 });
      const connection = await transport([lacking, broker as typeof lacking]).connect(login);
      await connection.close();
      const error = await refusal(transport([lacking, { ...lacking, port: 1 }]).connect(login));
      expect(error.reason).to.equal('refused');
      expect(error.message).to.include("NOT_ALLOWED, no right to vhost 'not-there'");
    });
  });

  describe('amqp:// through a network', () => {
    it('B13: that swallows everything and closes nothing: noticed on both sides, and what was not settled comes again', async () => {
      const [broker] = brokersOf(found.openrc['MURANO_WORKFLOW_TRANSPORT_URL'] as string);
      if (broker === undefined) throw new Error('no broker in MURANO_WORKFLOW_TRANSPORT_URL');
      const network = await openNetwork(broker.port);
      try {
        const brokers = [{ ...broker, port: network.port }];
        const transport = amqpTransport({ brokers, mapping: wireMapping, random: () => 0, heartbeat: 1 });
        const login = { user: '', password: '', name: 'test' };
        const topology = {
          exchanges: [],
          queues: [{ name: `half-open-${process.pid}`, kind: 'classic', expires: 60_000 }],
          bindings: [],
        } as const;
        const queue = topology.queues[0].name;
        const message = {
          body: Buffer.from('b'),
          messageId: 'm',
          headers: { key: 'k', signature: Buffer.alloc(64) },
        };
        const first = await transport.connect(login);
        await first.declare(topology);
        await first.publish('', queue, message);
        await new Promise<void>((resolve, reject) => {
          first.consume(queue, 1, () => resolve()).catch(reject);
        });
        network.swallow();
        const lost = refusal(first.publish('', queue, message));
        expect(await first.closed).to.match(/heartbeat/i);
        expect((await lost).reason).to.equal('closed');
        const second = await transport.connect(login);
        const again = await new Promise<boolean>((resolve, reject) => {
          second.consume(queue, 1, delivery => (delivery.ack(), resolve(delivery.redelivered))).catch(reject);
        });
        expect(again).to.equal(true);
        await second.close();
      } finally {
        await network.close();
      }
    }).timeout(60_000);

    it('that falls while a connection is being closed: the close is over all the same', async () => {
      const [broker] = brokersOf(found.openrc['MURANO_WORKFLOW_TRANSPORT_URL'] as string);
      if (broker === undefined) throw new Error('no broker in MURANO_WORKFLOW_TRANSPORT_URL');
      const network = await openNetwork(broker.port);
      const brokers = [{ ...broker, port: network.port }];
      const transport = amqpTransport({ brokers, mapping: wireMapping, random: () => 0 });
      const connection = await transport.connect({ user: '', password: '', name: 'test' });
      const closing = connection.close();
      // Before an answer can come.
      await network.close();
      await closing;
      expect(await connection.closed).to.be.a('string');
    });
  });
}
