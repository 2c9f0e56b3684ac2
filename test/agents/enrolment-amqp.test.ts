// A whole engine with the agents' RabbitMQ, and a VM that has nothing but its user data.
// Belongs here: that all of it is put together. Does not belong here: the rules of enrolment (enrolment.test.ts).
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { brokersOf } from '../../agent-protocol/amqp/brokers.ts';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { wireMapping } from '../../agent-protocol/amqp/wire.ts';
import { startEnrolledAgent } from '../../agent-protocol/agent/enrolled.ts';
import type { RunningAgent } from '../../agent-protocol/agent/agent.ts';
import { type AgentConfig, decodeConfig } from '../../agent-protocol/enrolment/config.ts';
import { rabbitmqBus } from '../../engine/broker/agent-bus.ts';
import { startEngine, type Started } from '../../engine/embedded.ts';
import { agentsBroker } from '../support/agents-broker.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { eventually } from './amqp-world.ts';
import { server } from './enrolment-world.ts';

const found = agentsBroker('enrolment over RabbitMQ');

if (found !== undefined) {
  describe('enrolment over RabbitMQ', () => {
    const name = `enrolment-${process.pid}`;
    const agent = `${name}-vm`;
    const broker = { ...found.broker, vhost: name, user: `engine-${name}`, password: 'secret' };
    const management = { url: found.managementUrl, user: 'guest', password: 'guest' };
    let engine: Started;
    let directory: string;
    let vm: RunningAgent | undefined;
    const logged: string[] = [];

    const open = async (): Promise<void> => {
      const bus = rabbitmqBus({ brokers: [broker], management, queueKind: 'classic', name, random: () => 0 });
      const reach = { urls: [`amqp://${broker.host}:${broker.port}/${name}`] };
      const options = { logLevel: 'info', logToStderr: false } as const;
      engine = await startEngine(directory, options, { kind: 'broker', bus, reach });
    };
    const administer = (request: object) =>
      engine.api.administer({ ...request, by: 'test' } as Parameters<typeof engine.api.administer>[0]);
    const config = async (): Promise<AgentConfig> => {
      const { user_data: text } = await administer({ kind: 'user_data', agent });
      const content = /content: (\S+)/.exec(JSON.stringify(text).replaceAll('\\n', '\n'))?.[1] ?? '';
      const decoded = decodeConfig(Buffer.from(content, 'base64'));
      if ('refused' in decoded) throw new Error(decoded.refused);
      return decoded.config;
    };
    const boot = async (): Promise<void> => {
      const given = await config();
      const brokers = given.broker.urls.flatMap(url => [...brokersOf(url)]);
      vm = await startEnrolledAgent({
        directory: path.join(directory, 'vm'),
        config: given,
        transport: amqpTransport({ brokers, mapping: wireMapping, random: () => 0 }),
        server: async () => server(1),
        reconnectMs: 20,
        resendMs: 300,
        minimumFreeBytes: 0,
        log: text => logged.push(text),
      });
    };
    const isOnline = async (): Promise<boolean> =>
      (await engine.api.agents()).agents.some(one => one.id === agent && one.state === 'online');

    before(async () => {
      directory = await temporaryDirectory();
    });
    afterEach(async () => {
      await vm?.stop();
      await administer({ kind: 'delete_agent', agent }).catch(() => undefined);
      await engine.close();
      await found.management.call('DELETE', `/vhosts/${name}`);
      await found.management.call('DELETE', `/users/${broker.user}`);
    });

    it('from user data to the first hello; over a restart of the engine, a rotation and its own removal', async () => {
      await open();
      const format = { format: 'cloud-init', reenrolment: 'approval' };
      await administer({ kind: 'create_agent', agent, name: 'vm', ...format });
      const first = await administer({ kind: 'user_data', agent });
      await boot();
      await eventually(isOnline, () => 'the agent');
      const member = { kind: 'put_member', member: 'm', agent, server: server(1), name: 'vm' };
      await administer({ ...member, onLeave: 'undo', leaveTimeout: 1_000 });
      expect(await administer({ kind: 'show_agent', agent })).to.include({
        state: 'enrolled',
        server: server(1),
        member_server: server(1),
      });
      await engine.close();
      await open();
      await eventually(isOnline, () => 'the agent after a restart of the engine');
      await administer({ kind: 'rotate_keys', drop: true });
      expect(await administer({ kind: 'user_data', agent })).to.deep.equal(first);
      const { token, enrol } = await config();
      const state = await Promise.all(
        (await readdir(directory))
          .filter(one => one.startsWith('engine.'))
          .map(one => readFile(path.join(directory, one)).catch(() => '')),
      );
      for (const secret of [token, enrol.password]) expect(state.map(String).join('')).to.not.contain(secret);
      expect(await administer({ kind: 'delete_member', member: 'm' })).to.deep.equal({ gone: true });
      await vm?.stop();
      vm = undefined;
      await administer({ kind: 'delete_agent', agent });
      const users = JSON.stringify(await found.management.call('GET', '/users'));
      expect(users).to.not.contain(agent);
    });
  });
}
