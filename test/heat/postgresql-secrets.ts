// The secrets of a stack of servers with agents, and every place in which Heat, Nova and the engine keep, show or send something of it.
// Belongs here: gathering both. Does not belong here: which place may hold which (postgresql.test.ts), reading places (canary/sinks.ts).
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeConfig } from '../../agent-protocol/enrolment/config.ts';
import { answersOf, Firehose, logsOf, type Sinks, tablesOf } from '../canary/sinks.ts';
import { configurationIn } from '../support/machines.ts';
import type { Services } from '../support/services.ts';
import type { PostgresqlStack } from './postgresql-stack.ts';

/** What is looked for: any of its forms. */
export type Secret = readonly string[];

export interface Secrets {
  /** What a machine enrols with: token and login. */
  readonly enrolment: readonly Secret[];
  /** What an agent logs in with from then on. */
  readonly agents: readonly Secret[];
  /** Of the databases. */
  readonly passwords: readonly Secret[];
}

export class Places {
  readonly #services: Services;
  readonly #stack: PostgresqlStack;
  readonly #firehose: Firehose;
  readonly #logs: () => Sinks;

  /** Sees what is logged and sent from `start` on. */
  constructor(services: Services, stack: PostgresqlStack) {
    this.#services = services;
    this.#stack = stack;
    this.#firehose = new Firehose(services);
    this.#logs = logsOf(services, 'heat', 'nova', 'keystone');
  }

  start = (): Promise<void> => this.#firehose.start();
  stop = (): Promise<void> => this.#firehose.stop();

  secrets(): Secrets {
    const { machines } = this.#stack.hypervisor;
    const agentOf = (home: string): Secret => {
      const file = readFileSync(path.join(home, 'state', 'broker.json'), 'utf8');
      return [(JSON.parse(file) as { readonly password: string }).password];
    };
    return {
      enrolment: machines.map(({ server }) => enrolmentIn(server.userData)),
      agents: machines.map(({ machine }) => agentOf(machine.home)),
      passwords: Object.values(this.#stack.passwords).map(password => [password]),
    };
  }

  /** Names of the places that hold one of these, sorted. */
  async holding(secrets: readonly Secret[]): Promise<readonly string[]> {
    const forms = secrets.flat();
    return [...(await this.#all())]
      .filter(([, text]) => forms.some(form => text.includes(form)))
      .map(([name]) => name)
      .toSorted();
  }

  #found: Promise<Sinks> | undefined;

  #all(): Promise<Sinks> {
    return (this.#found ??= this.#read());
  }

  async #read(): Promise<Sinks> {
    const { heat, engine, directory } = this.#stack.suite;
    const all: Sinks = new Map();
    const add = (sinks: Iterable<readonly [string, string]>): void => {
      for (const [name, text] of sinks) all.set(name, `${all.get(name) ?? ''}\n${text}`);
    };
    add(await answersOf(heat, this.#stack.name, ['members', 'cluster']));
    const group = await nested(this.#stack, this.#stack.name, 'members');
    add(await answersOf(heat, group, []));
    for (const { server } of this.#stack.hypervisor.machines) {
      const index = server.name.split('-').at(-1) ?? '';
      add(await answersOf(heat, await nested(this.#stack, group, index), ['agent', 'server', 'member']));
    }
    for (const database of ['heat', 'nova', 'nova_api', 'nova_cell0'])
      add(await tablesOf(this.#services, database));
    add(this.#logs());
    add(this.#firehose.sinks('murano_workflow'));
    add(filesIn(path.join(directory, 'state')));
    add([['output of the engine', engine.output]]);
    for (const { machine } of this.#stack.hypervisor.machines) add(logsIn(machine.home));
    return all;
  }
}

/** Token and login, as they are, as user data hold them, and as Nova keeps user data. */
function enrolmentIn(userData: string): Secret {
  const file = configurationIn(userData);
  const decoded = decodeConfig(file);
  if ('refused' in decoded) throw new Error(decoded.refused);
  const { token, enrol } = decoded.config;
  return [token, enrol.password, file.toString('base64'), Buffer.from(userData, 'utf8').toString('base64')];
}

/** Id of the stack behind a resource. */
async function nested({ suite }: PostgresqlStack, stack: string, resource: string): Promise<string> {
  return (await suite.heat.resource(stack, resource)).physical_resource_id;
}

const filesIn = (directory: string): Sinks =>
  new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => [
        `file of the engine: ${entry.name}`,
        readFileSync(path.join(entry.parentPath, entry.name), 'latin1'),
      ]),
  );

const logsIn = (home: string): Sinks =>
  new Map(
    ['output.log', 'console.log', 'state/agent.log'].map(name => [
      `log of an agent: ${name}`,
      readFileSync(path.join(home, name), 'utf8'),
    ]),
  );
