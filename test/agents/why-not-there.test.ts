// Why an agent is not there, each reason really brought about: what `murano-workflow agents` says, and what stands on the console
// of its VM, which alone sees the way to the broker.
// Belongs here: one test for each reason. Does not belong here: the order of reasons (overview.test.ts).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { type AgentConfig, decodeConfig, encodeConfig } from '../../agent-protocol/enrolment/config.ts';
import { rabbitmqBus } from '../../engine/broker/agent-bus.ts';
import { startEngine, type Started } from '../../engine/embedded.ts';
import type { AgentView } from '../../engine/runtime/api.ts';
import { agentsBroker } from '../support/agents-broker.ts';
import { inProject } from '../support/project.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { caOf, eventually } from './amqp-world.ts';
import { server } from './enrolment-world.ts';

const found = agentsBroker('why an agent is not there');
const PROGRAM = inProject('dist', 'agent-protocol', 'program', 'main.js');

if (found !== undefined) {
  describe('murano-workflow agents, and the console of a VM, say of an agent', function () {
    this.timeout(60_000);
    const name = `why-${process.pid}`;
    const broker = { ...found.broker, vhost: name, user: `engine-${name}`, password: 'secret' };
    const asGiven = `amqp://${broker.host}:${broker.port}/${name}`;
    const agents: string[] = [];
    const children: ChildProcess[] = [];
    let engine: Started;
    let directory: string;
    let agent: string;
    let given: AgentConfig;

    const administer = (request: object) =>
      engine.api.administer({ ...request, by: 'test' } as Parameters<typeof engine.api.administer>[0]);

    const configOf = async (): Promise<AgentConfig> => {
      const { user_data: text } = await administer({ kind: 'user_data', agent });
      const content = /content: (\S+)/.exec(String(JSON.stringify(text)).replaceAll('\\n', '\n'))?.[1] ?? '';
      const decoded = decodeConfig(Buffer.from(content, 'base64'));
      if ('refused' in decoded) throw new Error(decoded.refused);
      return { ...decoded.config, server: server(1) };
    };

    beforeEach(async () => {
      directory = await temporaryDirectory();
      const bus = rabbitmqBus({
        brokers: [broker],
        management: { url: found.managementUrl, user: 'guest', password: 'guest' },
        queueKind: 'classic',
        name,
        random: () => 0,
      });
      const options = { logLevel: 'info', logToStderr: false } as const;
      const place = path.join(directory, 'engine');
      engine = await startEngine(place, options, { kind: 'broker', bus, reach: { urls: [asGiven] } });
      agent = `${name}-${agents.length}`;
      agents.push(agent);
      await administer({
        kind: 'create_agent',
        agent,
        name: 'vm',
        format: 'cloud-init',
        reenrolment: 'approval',
      });
      const member = { kind: 'put_member', member: 'm', agent, server: server(1), name: 'vm' };
      await administer({ ...member, onLeave: 'undo', leaveTimeout: 1_000 });
      given = await configOf();
    });

    afterEach(async () => {
      await Promise.all(children.splice(0).map(end));
      await administer({ kind: 'delete_agent', agent }).catch(() => undefined);
      await engine.close();
      await found.management.call('DELETE', `/vhosts/${name}`);
      await found.management.call('DELETE', `/users/${broker.user}`);
      for (const user of [`agent.${agent}`, `enrol.${agent}`])
        await found.management.call('DELETE', `/users/${user}`);
    });

    /** As the VM's service manager does it, with this configuration. */
    async function boot(changes: Partial<AgentConfig> = {}): Promise<ChildProcess> {
      const at = (file: string): string => path.join(directory, file);
      await writeFile(at('agent.json'), encodeConfig({ ...given, ...changes }));
      const files = ['--config', at('agent.json'), '--state-directory', at('vm'), '--policy', at('none')];
      const args = [PROGRAM, ...files, '--console', at('console')];
      const child = spawn(process.execPath, args, { stdio: 'ignore' });
      children.push(child);
      return child;
    }

    async function end(child: ChildProcess): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }

    const view = async (): Promise<AgentView> => {
      const one = (await engine.api.agents()).agents.find(({ id }) => id === agent);
      if (one === undefined) throw new Error(`${agent} is not on the list`);
      return one;
    };
    const says = async (reason: RegExp): Promise<void> => {
      let last: AgentView | undefined;
      await eventually(
        async () => reason.test((last = await view()).reason ?? ''),
        () => `${reason}, not ${JSON.stringify(last)}`,
      );
    };
    const onConsole = async (line: RegExp): Promise<void> => {
      let text = '';
      await eventually(
        async () => {
          text = await readFile(path.join(directory, 'console'), 'utf8').catch(() => '');
          return line.test(text);
        },
        () => `${line} on the console, not ${text}`,
      );
    };
    /** Once what was wrong is mended and the machine booted again, it is there. */
    const mended = async (): Promise<void> => {
      await Promise.all(children.splice(0).map(end));
      await boot();
      await eventually(
        async () => (await view()).state === 'online',
        () => 'the agent to be there',
      );
      expect(await view()).to.not.have.property('reason');
    };
    const NEVER = /^it has never logged in at amqp:.*what its first look at name, port, TLS and login found/;

    it('A27: that never came, that it never logged in', async () => {
      await says(NEVER);
      expect(await view()).to.include({ state: 'never_seen' });
    });

    it('A27: whose VM finds no address for the broker: DNS', async () => {
      await boot({ broker: { urls: [`amqp://nowhere.invalid:5672/${name}`] } });
      await onConsole(/does not reach its broker: nowhere\.invalid has no address .*Look at the VM's DNS/);
      await says(NEVER);
      await mended();
    });

    it('A27: whose VM reaches no port: TCP', async () => {
      const closed = createServer().listen(0, '127.0.0.1');
      await once(closed, 'listening');
      const { port } = closed.address() as AddressInfo;
      closed.close();
      await once(closed, 'close');
      await boot({ broker: { urls: [`amqp://127.0.0.1:${port}/${name}`] } });
      await onConsole(
        new RegExp(`does not reach its broker: 127\\.0\\.0\\.1 port ${port} cannot be reached`),
      );
      await says(NEVER);
      await mended();
    });

    it('A27: whose VM does not believe the certificate: TLS', async () => {
      const urls = [`amqps://${found.secure.host}:${found.secure.port}/${name}`];
      const child = await boot({ broker: { urls } });
      await onConsole(/does not reach its broker: The certificate of \S+ is not believed .*broker\.ca/);
      await says(NEVER);
      await end(child);
      given = { ...given, broker: { urls, ca: caOf(found) } };
      await mended();
    });

    it('A27: whose login the broker refuses: login', async () => {
      await boot({ enrol: { ...given.enrol, password: 'a-wrong-password-0123' } });
      await onConsole(
        /does not reach its broker: .* refuses the user 'enrol\.\S+': .*wrong name or password/,
      );
      await says(NEVER);
      await mended();
    });

    it('A27: that is refused its enrolment: why, and what to do', async () => {
      await boot({ server: server(2) });
      await onConsole(/is refused its enrolment \(other_server\)/);
      await says(
        /^the engine refuses its enrolment \(other_server\): It is not on the server that the agent's member names$/,
      );
      await mended();
    });

    it('that was there: when it was heard last, and that it has no connection', async () => {
      const child = await boot();
      await eventually(
        async () => (await view()).state === 'online',
        () => 'the agent to be there',
      );
      const { lastSeen } = await view();
      expect(lastSeen).to.be.a('number');
      await end(child);
      await says(
        /^it has no connection to amqp:.*: its VM is off, or the network between is$|connection is gone/,
      );
      expect(await view()).to.include({ state: 'offline', lastSeen });
    });
  });
}
