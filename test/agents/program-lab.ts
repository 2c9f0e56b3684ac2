// One agent as the program in its VM, on a real RabbitMQ, and a whole engine at the other end.
// Belongs here: putting them together, booting with what is wrong, ending. Does not belong here: what is expected of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type AgentConfig, decodeConfig, encodeConfig } from '../../agent-protocol/enrolment/config.ts';
import { rabbitmqBus } from '../../engine/broker/agent-bus.ts';
import { startEngine, type Started } from '../../engine/embedded.ts';
import type { AgentView } from '../../engine/runtime/api.ts';
import type { AgentsBroker } from '../support/agents-broker.ts';
import { inProject } from '../support/project.ts';
import { eventually } from './amqp-world.ts';
import { server } from './enrolment-world.ts';

const PROGRAM = inProject('dist', 'agent-protocol', 'program', 'main.js');
let labs = 0;

export class ProgramLab {
  /** Of the vhost, which is the lab's own. */
  readonly name = `lab-${process.pid}-${(labs += 1)}`;
  readonly agent = `${this.name}-0`;
  readonly found: AgentsBroker;
  readonly directory: string;
  /** As its user data says; what is changed here the next boot has. */
  given!: AgentConfig;
  readonly #children: ChildProcess[] = [];
  #engine: Started | undefined;

  constructor(found: AgentsBroker, directory: string) {
    this.found = found;
    this.directory = directory;
  }

  get engine(): Started {
    if (this.#engine === undefined) throw new Error('the engine does not run');
    return this.#engine;
  }

  get place(): string {
    return path.join(this.directory, 'engine');
  }

  /** The engine runs, and its agent is expected; no VM runs. */
  async open(): Promise<this> {
    const { broker, managementUrl } = this.found;
    const own = { ...broker, vhost: this.name, user: `engine-${this.name}`, password: 'secret' };
    const bus = rabbitmqBus({
      brokers: [own],
      management: { url: managementUrl, user: 'guest', password: 'guest' },
      queueKind: 'classic',
      name: this.name,
      random: () => 0,
    });
    const urls = [`amqp://${broker.host}:${broker.port}/${this.name}`];
    const options = { logLevel: 'info', logToStderr: false } as const;
    this.#engine = await startEngine(this.place, options, { kind: 'broker', bus, reach: { urls } });
    const { agent } = this;
    const created = {
      kind: 'create_agent',
      agent,
      name: 'vm',
      format: 'cloud-init',
      reenrolment: 'approval',
    };
    await this.#administer(created);
    const member = { kind: 'put_member', member: 'm', agent, server: server(1), name: 'vm' };
    await this.#administer({ ...member, onLeave: 'undo', leaveTimeout: 1_000 });
    this.given = await this.#config();
    return this;
  }

  #administer(request: object) {
    const asked = { ...request, by: 'test' } as Parameters<Started['api']['administer']>[0];
    return this.engine.api.administer(asked);
  }

  async #config(): Promise<AgentConfig> {
    const { user_data: text } = await this.#administer({ kind: 'user_data', agent: this.agent });
    const content = /content: (\S+)/.exec(String(JSON.stringify(text)).replaceAll('\\n', '\n'))?.[1] ?? '';
    const decoded = decodeConfig(Buffer.from(content, 'base64'));
    if ('refused' in decoded) throw new Error(decoded.refused);
    return { ...decoded.config, server: server(1) };
  }

  /** As the VM's service manager does it, with this configuration. */
  async boot(changes: Partial<AgentConfig> = {}): Promise<ChildProcess> {
    const at = (file: string): string => path.join(this.directory, file);
    await writeFile(at('agent.json'), encodeConfig({ ...this.given, ...changes }));
    const files = ['--config', at('agent.json'), '--state-directory', at('vm'), '--policy', at('none')];
    const args = [PROGRAM, ...files, '--console', at('console')];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    this.#children.push(child);
    return child;
  }

  async view(): Promise<AgentView> {
    const one = (await this.engine.api.agents()).agents.find(({ id }) => id === this.agent);
    if (one === undefined) throw new Error(`${this.agent} is not on the list`);
    return one;
  }

  async online(): Promise<void> {
    await eventually(
      async () => (await this.view()).state === 'online',
      () => 'the agent to be there',
    );
  }

  async onConsole(line: RegExp): Promise<void> {
    let text = '';
    await eventually(
      async () => {
        text = await readFile(path.join(this.directory, 'console'), 'utf8').catch(() => '');
        return line.test(text);
      },
      () => `${line} on the console, not ${text}`,
    );
  }

  /** Everything that was booted, at once. */
  async powerOff(): Promise<void> {
    await Promise.all(this.#children.splice(0).map(end));
  }

  async close(): Promise<void> {
    await this.powerOff();
    const { management } = this.found;
    await this.#administer({ kind: 'delete_agent', agent: this.agent }).catch(() => undefined);
    await this.engine.close();
    await management.call('DELETE', `/vhosts/${this.name}`);
    for (const user of [`engine-${this.name}`, `agent.${this.agent}`, `enrol.${this.agent}`])
      await management.call('DELETE', `/users/${user}`);
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
