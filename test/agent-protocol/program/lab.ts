// The program `murano-workflow-agent` as a process, on a real broker, with a clerk that enrols it and an engine that talks.
// Belongs here: starting, watching and ending such processes. Does not belong here: what they should do.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { amqpTransport } from '../../../agent-protocol/amqp/transport.ts';
import type { Broker } from '../../../agent-protocol/amqp/brokers.ts';
import { placeOf } from '../../../agent-protocol/amqp/brokers.ts';
import { wireMapping } from '../../../agent-protocol/amqp/wire.ts';
import type { AgentConfig } from '../../../agent-protocol/enrolment/config.ts';
import { encodeConfig } from '../../../agent-protocol/enrolment/config.ts';
import type { Task } from '../../../agent-protocol/messages.ts';
import { newSigningKey } from '../../../agent-protocol/signing.ts';
import type { Transport } from '../../../agent-protocol/transport.ts';
import { engineTopology } from '../../../engine/agents/topology.ts';
import { rabbitmqUsers } from '../../../engine/broker/rabbitmq-users.ts';
import { type AgentsBroker, makeVhost, type TestVhost } from '../../support/agents-broker.ts';
import { inProject } from '../../support/project.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { Clerk, SERVER } from '../enrolment/clerk.ts';
import { FakeEngine } from '../fake-engine.ts';

/** Command and arguments of the program as compiled; a bundle or an executable has another. */
export const COMPILED = [process.execPath, inProject('dist', 'agent-protocol', 'program', 'main.js')];

export const bash = (text: string): Task => ({
  kind: 'script',
  interpreter: 'bash',
  text,
  inputs: {},
  reboots: 0,
});

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class ProgramLab {
  readonly found: AgentsBroker;
  readonly vhost: TestVhost;
  readonly clerk: Clerk;
  readonly engine: FakeEngine;
  readonly directory: string;
  readonly configFile: string;
  /** In the place of the machine's console. */
  readonly consoleFile: string;
  #processes: ChildProcess[] = [];

  private constructor(found: AgentsBroker, vhost: TestVhost, directory: string) {
    this.found = found;
    this.vhost = vhost;
    this.directory = path.join(directory, 'state');
    this.configFile = path.join(directory, 'agent.json');
    this.consoleFile = path.join(directory, 'console');
    const agent = `${vhost.name}-a3f1`;
    const transport = this.#asEngine({ ...found.broker, vhost: vhost.name });
    const signing = newSigningKey();
    this.clerk = new Clerk({
      agent,
      transport,
      login: { ...vhost.engine, name: 'clerk' },
      users: rabbitmqUsers(found.management, vhost.name),
      urls: [placeOf({ ...found.broker, vhost: vhost.name })],
    });
    this.clerk.signing = signing;
    this.clerk.keys = this.clerk.keySet(1, signing);
    this.engine = new FakeEngine(agent, transport, signing);
    this.clerk.refuse = ({ signingKey }) => {
      this.engine.trust(signingKey);
      return undefined;
    };
  }

  static async open(found: AgentsBroker): Promise<ProgramLab> {
    const lab = new ProgramLab(found, await makeVhost(found), await temporaryDirectory());
    await lab.clerk.open('enrols');
    await lab.engine.start(engineTopology([lab.clerk.agent]));
    await lab.configure({});
    return lab;
  }

  #asEngine(broker: Broker): Transport {
    const { engine } = this.vhost;
    const transport = amqpTransport({ brokers: [broker], mapping: wireMapping, random: () => 0 });
    return { connect: login => transport.connect({ ...engine, name: login.name }) };
  }

  async configure(changes: Partial<AgentConfig>): Promise<void> {
    await writeFile(this.configFile, encodeConfig({ ...this.clerk.config, server: SERVER, ...changes }));
  }

  /** Starts the program; `ended` resolves with its exit code and all it wrote. */
  start(command: readonly string[] = COMPILED, ...more: string[]): Program {
    const [file = '', ...args] = command;
    const files = ['--config', this.configFile, '--state-directory', this.directory];
    const none = ['--policy', path.join(this.directory, 'policy.json')];
    const screen = ['--console', this.consoleFile];
    const child = spawn(file, [...args, ...files, ...none, ...screen, ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#processes.push(child);
    return new Program(child);
  }

  /** Starts it; resolves when the engine has heard its hello. */
  async begin(command: readonly string[] = COMPILED, ...more: string[]): Promise<Program> {
    const hellos = (): number => this.engine.heard.filter(({ kind }) => kind === 'hello').length;
    const before = hellos();
    const program = this.start(command, ...more);
    await this.engine.until(() => hellos() > before || undefined);
    return program;
  }

  /** The broker's name of this user's connection; the broker lists it some seconds after it is open. */
  async connectionOf(user: string): Promise<string> {
    const place = `/vhosts/${this.vhost.name}/connections?columns=name,user`;
    for (;;) {
      const list = (await this.found.management.list(place)) as { name: string; user: string }[];
      const found = list.find(one => one.user === user);
      if (found !== undefined) return found.name;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  /** What stands on the machine's console, without the program's name before each line. */
  console(): readonly string[] {
    const text = readFileSync(this.consoleFile, { encoding: 'utf8', flag: 'a+' });
    return text.split('\r\n').map(line => line.replace(/^murano-workflow-agent: /, ''));
  }

  log(): string {
    return readFileSync(path.join(this.directory, 'agent.log'), 'utf8');
  }

  async close(): Promise<void> {
    for (const child of this.#processes) if (child.exitCode === null) child.kill('SIGKILL');
    await this.engine.stop();
    await this.clerk.close();
    await this.clerk.users.remove(this.clerk.agent);
    await this.vhost.remove();
  }
}

export class Program {
  readonly ended: Promise<Ended>;
  readonly child: ChildProcess;
  #output = '';
  #look: (() => void)[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString('utf8');
        for (const look of this.#look.splice(0)) look();
      });
    this.ended = new Promise(resolve => {
      child.once('close', code => resolve({ code, output: this.#output }));
    });
  }

  /** Resolves when the program has written what matches. */
  async wrote(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) await new Promise<void>(resolve => this.#look.push(resolve));
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}
