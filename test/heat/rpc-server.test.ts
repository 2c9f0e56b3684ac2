// The RPC server with a real client of oslo.messaging at the other end of a real broker.
// Belongs here: what a Python caller sees. Does not belong here: bytes (envelope.test.ts), what the methods do.
import { execFile } from 'node:child_process';
import { expect } from 'chai';
import { brokersOf } from '../../agent-protocol/amqp/brokers.ts';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { EngineError } from '../../engine/base/errors.ts';
import type { JsonValue } from '../../engine/base/json.ts';
import { Link } from '../../engine/bus/link.ts';
import { type Endpoint, RpcServer } from '../../engine/heat/rpc-server.ts';
import { adviceOn } from '../../engine/heat/side.ts';
import { rpcMapping, rpcTopology } from '../../engine/heat/topology.ts';
import { systemClock } from '../../engine/runtime/clock.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { inProject } from '../support/project.ts';
import { type Services, services } from '../support/services.ts';

type Call = readonly ['call' | 'cast', string, object, object];
type Answer = readonly ['result', JsonValue] | readonly ['error', string, string | null, string];

const found = services('the RPC server with a client of oslo.messaging');
if (found !== undefined) {
  describe('the RPC server with a client of oslo.messaging', function () {
    this.timeout(60_000);
    const noted: JsonValue[] = [];
    let release: () => void = () => undefined;
    const endpoint: Endpoint = {
      version: '1.3',
      methods: {
        echo: async ({ args, context }) => ({ args, user: context.userId, project: context.projectId }),
        note: async ({ args }) => {
          noted.push(args);
          release();
          return null;
        },
        refuse: async () => {
          throw new EngineError('not_found', "There is no workflow 'x'.", 'List them.');
        },
        break: async () => {
          throw new TypeError('undefined is not a function');
        },
        slow: ({ args }) => {
          release();
          return new Promise(resolve => setTimeout(() => resolve('slept'), Number(args['seconds']) * 1_000));
        },
      },
    };
    const target = (durable: boolean) => ({
      exchange: durable ? 'rpc-durable' : 'rpc-test',
      topic: `topic${process.pid}${durable ? 'd' : ''}`,
      server: 'one',
      durable,
      autoDelete: false,
      quorum: durable,
    });
    const open: (() => Promise<void>)[] = [];

    async function serve(durable = false): Promise<Link<Uint8Array>> {
      const url = (found as Services).openrc['MURANO_WORKFLOW_TRANSPORT_URL'] as string;
      const { topology, queues } = rpcTopology(target(durable));
      const link = new Link<Uint8Array>({
        transport: amqpTransport({ brokers: brokersOf(url), mapping: rpcMapping, random: () => 0 }),
        login: { user: '', password: '', name: 'rpc test' },
        clock: systemClock,
        random: () => 0,
        topology: () => topology,
      });
      const server = new RpcServer({ link, queues, endpoint, clock: systemClock, log: silentLog });
      await link.start();
      await server.start();
      open.push(async () => {
        await server.close();
        await link.close();
      });
      return link;
    }

    afterEach(async () => {
      for (const close of open.splice(0)) await close();
      noted.length = 0;
    });

    function python(calls: readonly Call[]): Promise<readonly Answer[]> {
      const { exchange, topic } = target(false);
      const url = ((found as Services).openrc['MURANO_WORKFLOW_TRANSPORT_URL'] as string).replace(
        'amqp',
        'rabbit',
      );
      return new Promise((resolve, reject) => {
        const script = inProject('test/heat/oslo_client.py');
        const child = execFile('/usr/bin/python3', [script, url, exchange, topic], (error, stdout, stderr) =>
          error === null
            ? resolve(JSON.parse(stdout) as Answer[])
            : reject(new Error(stderr, { cause: error })),
        );
        child.stdin?.end(JSON.stringify(calls));
      });
    }

    it('answers calls, also those to this server by its name, and takes casts', async () => {
      await serve();
      const heard = new Promise<void>(resolve => {
        release = resolve;
      });
      const answers = await python([
        ['call', 'echo', { text: 'é', list: [1, null, true] }, {}],
        ['call', 'echo', {}, { server: 'one' }],
        ['cast', 'note', { n: 1 }, {}],
        ['cast', 'note', { n: 2 }, { fanout: true }],
      ]);
      expect(answers[0]).to.deep.equal([
        'result',
        { args: { text: 'é', list: [1, null, true] }, user: 'u1', project: 'p1' },
      ]);
      expect(answers[1]).to.deep.equal(['result', { args: {}, user: 'u1', project: 'p1' }]);
      await heard;
    });

    it('raises our errors by the name of their class, and those of oslo under their own', async () => {
      await serve();
      const answers = await python([
        ['call', 'refuse', {}, {}],
        ['call', 'break', {}, {}],
        ['call', 'nothing', {}, {}],
        ['call', 'echo', {}, { version: '1.9' }],
        ['call', 'echo', {}, { version: '1.1' }],
      ]);
      expect(answers.map(answer => answer.slice(0, 3))).to.deep.equal([
        ['error', 'RemoteError', 'NotFound'],
        ['error', 'RemoteError', 'Internal'],
        ['error', 'RemoteError', 'NoSuchMethod'],
        ['error', 'RemoteError', 'UnsupportedVersion'],
        ['result', { args: {}, user: 'u1', project: 'p1' }],
      ]);
      expect(answers[0]?.[3]).to.include("There is no workflow 'x'. List them.");
    });

    it('beats while it works, so that a caller that monitors its call does not give up', async () => {
      await serve();
      const [slow] = await python([
        ['call', 'slow', { seconds: 4 }, { timeout: 20, call_monitor_timeout: 2 }],
      ]);
      expect(slow).to.deep.equal(['result', 'slept']);
    });

    it('answers what runs when it is closed, and leaves what comes then to the next', async () => {
      await serve();
      const begun = new Promise<void>(resolve => {
        release = resolve;
      });
      const asked = python([
        ['call', 'slow', { seconds: 1 }, {}],
        ['call', 'echo', { of: 'the next' }, {}],
      ]);
      await begun;
      await open.splice(0)[0]?.();
      await serve();
      expect(await asked).to.deep.equal([
        ['result', 'slept'],
        ['result', { args: { of: 'the next' }, user: 'u1', project: 'p1' }],
      ]);
    });

    it('runs a request that came twice once', async () => {
      const link = await serve();
      const message = { method: 'note', args: { n: 'once' }, version: '1.0', _unique_id: 'a'.repeat(32) };
      const body = Buffer.from(
        JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) }),
      );
      const { exchange, topic } = target(false);
      for (const key of ['first', 'second'])
        await link.send({ key, exchange, routingKey: topic, message: body });
      await python([['call', 'echo', {}, {}]]);
      expect(noted).to.deep.equal([{ n: 'once' }]);
    });

    it('drops what is no request and goes on', async () => {
      const link = await serve();
      const { exchange, topic } = target(false);
      await link.send({ key: 'x', exchange, routingKey: topic, message: Buffer.from('noise') });
      expect((await python([['call', 'echo', {}, {}]]))[0]?.[0]).to.equal('result');
    });

    it('says which setting differs when the exchange was declared otherwise', async () => {
      await serve();
      const url = (found as Services).openrc['MURANO_WORKFLOW_TRANSPORT_URL'] as string;
      const { topology } = rpcTopology({ ...target(false), durable: true });
      const transport = amqpTransport({ brokers: brokersOf(url), mapping: rpcMapping, random: () => 0 });
      const connection = await transport.connect({ user: '', password: '', name: 'other flags' });
      const thrown = await connection.declare(topology).then(
        () => '',
        (error: unknown) => String(error),
      );
      await connection.close();
      expect(adviceOn(thrown)).to.equal(
        ". It exists with durable false, not true: set heat.amqp_durable_queues as Heat's own is.",
      );
      expect(adviceOn('getaddrinfo ENOTFOUND')).to.equal('');
    });

    it('goes on through hostile requests and a flood of two thousand casts', async () => {
      const link = await serve();
      const { exchange, topic } = target(false);
      const post = (key: string, message: object): Promise<void> => {
        const body = {
          'oslo.version': '2.0',
          'oslo.message': JSON.stringify({ version: '1.0', ...message }),
        };
        return link.send({ key, exchange, routingKey: topic, message: Buffer.from(JSON.stringify(body)) });
      };
      const deep: unknown = JSON.parse('['.repeat(3_000) + ']'.repeat(3_000));
      await post('deep', { method: 'note', args: { deep } });
      await post('proto', { method: '__proto__', args: {} });
      await post('dead', { method: 'echo', args: {}, _msg_id: 'i', _reply_q: 'reply_gone' });
      await post('long', { method: 'echo', args: {}, _msg_id: 'i', _reply_q: 'r'.repeat(300) });
      const casts = Array.from({ length: 2_000 }, (_, n) =>
        post(`cast${n}`, { method: 'note', args: { n } }),
      );
      await Promise.all(casts);
      expect((await python([['call', 'echo', {}, {}]]))[0]?.[0]).to.equal('result');
      expect(noted).to.have.length(2_000);
    });

    it('declares durable and replicated queues where the cloud is set up so', async () => {
      const link = await serve(true);
      expect(link.connected).to.equal(true);
    });
  });
}
