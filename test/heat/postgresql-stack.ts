// The example docs/examples/postgresql-heat as a suite has it: its stack by Heat's own command, an engine, and machines for its servers.
// Belongs here: doing and looking. Does not belong here: what is expected (postgresql.test.ts).
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { decodeConfig } from '../../agent-protocol/enrolment/config.ts';
import { freePortRange, postgresql, serverUser } from '../examples/postgresql-machine.ts';
import { agentsBrokerOf } from '../support/agents-broker.ts';
import { configurationIn } from '../support/machines.ts';
import { replicates } from '../support/postgresql.ts';
import { inProject } from '../support/project.ts';
import type { Services } from '../support/services.ts';
import { Hypervisor, type Server } from './hypervisor.ts';
import type { Stack } from './openstack.ts';
import { type HeatSuite, heatSuite } from './suite.ts';

const run = promisify(execFile);
const EXAMPLE = inProject('docs', 'examples', 'postgresql-heat');
/** Members that a test may ask for. */
const MOST = 5;

export interface Undone {
  readonly step: string;
  readonly at: number;
}

export class PostgresqlStack {
  readonly name: string;
  readonly suite: HeatSuite;
  readonly hypervisor: Hypervisor;
  readonly passwords = { admin: password(), replication: password(), application: password() };
  port = 0;
  readonly #services: Services;
  readonly #machines: string;
  /** Last entry of the workflow's log that was looked at. */
  #seen = 0;
  /** Server's name → its agent, of all that there were. */
  readonly #agents = new Map<string, string>();

  /** To be made within a `describe`. */
  constructor(services: Services, name: string) {
    this.name = name;
    this.#services = services;
    this.suite = heatSuite(services, 'heat-postgresql', { lasting: [name], agentsVhost: name });
    this.#machines = path.join(this.suite.directory, 'machines');
    this.hypervisor = new Hypervisor(services, this.#machines, `${name}-db-`);
    before(() => this.#open());
    after(() => this.hypervisor.stop());
  }

  /** Where members have their folders. */
  get disks(): string {
    return path.join(this.suite.directory, 'disks', 'servers');
  }

  async create(): Promise<void> {
    const given = {
      image: 'empty',
      flavor: 'tiny',
      network: 'none',
      first_port: this.port,
      base_directory: this.disks,
      postgresql,
      node: process.execPath,
      run_as: serverUser,
      admin_password: this.passwords.admin,
      replication_password: this.passwords.replication,
      application_password: this.passwords.application,
    };
    await this.#openstack('create', '-t', 'cluster.yaml', ...parameters(given), this.name);
  }

  async update(changed: object): Promise<void> {
    await this.#openstack('update', '--existing', ...parameters(changed), this.name);
  }

  /** Why Heat does not take it. */
  async refused(changed: object): Promise<string> {
    return this.update(changed).then(
      () => 'it was taken',
      (thrown: unknown) => (thrown as { stderr: string }).stderr,
    );
  }

  delete = async (): Promise<void> => {
    await this.#openstack('delete', '--yes', this.name);
    expect(await this.suite.heat.settled(this.name)).to.equal(undefined);
    await this.hypervisor.caughtUp();
  };

  /** Once nothing of it is in progress, and every server has its machine. */
  async settled(): Promise<Stack> {
    const stack = await this.suite.heat.settled(this.name);
    if (stack === undefined) throw new Error('the stack is gone');
    await this.hypervisor.caughtUp();
    for (const { server } of this.hypervisor.machines) this.#agents.set(server.name, agentOf(server));
    return stack;
  }

  outputs = async (): Promise<Record<string, unknown>> => {
    const { outputs = [] } = await this.suite.heat.show(this.name);
    return Object.fromEntries(outputs.map(({ output_key, output_value }) => [output_key, output_value]));
  };

  /** Names and ids of the servers that have a machine now. */
  servers(): readonly string[] {
    return this.hypervisor.machines.map(({ server: { name, id } }) => `${name} ${id}`).toSorted();
  }

  /** Steps that began and steps that were undone since this was asked last. */
  async whatHappened(): Promise<{ readonly begun: readonly string[]; readonly undone: readonly Undone[] }> {
    const { physical_resource_id: id } = await this.suite.heat.resource(this.name, 'cluster');
    const entries = await this.suite.engine.entries(id, this.#seen);
    this.#seen = entries.at(-1)?.seq ?? this.#seen;
    const steps = entries.flatMap(({ at, change }) =>
      change.kind === 'step' && change.from !== change.record.status
        ? [{ step: change.step, at, status: change.record.status }]
        : [],
    );
    return {
      begun: steps.filter(({ status }) => status === 'running').map(({ step }) => step),
      undone: steps.filter(({ status }) => status === 'undone').map(({ step, at }) => ({ step, at })),
    };
  }

  /** A row that is written now on one member is read on others, past engine and agents. */
  async replicates(primary: number, standbys: readonly number[]): Promise<void> {
    const of = (index: number) => ({ port: this.port + index, password: this.passwords.application });
    await replicates(of(primary), standbys.map(of), randomBytes(8).toString('hex'));
  }

  /** Member → what ran on its machine, besides the agent, when its server was gone. */
  ranAtTheEnd(): Record<string, readonly string[]> {
    const { ended } = this.hypervisor;
    return Object.fromEntries(ended.map(({ name, running }) => [name.slice(this.name.length + 1), running]));
  }

  /** `name` was undone, nothing ran there any more, and only then Nova was asked to delete its server. */
  showsOrder(name: string, steps: string, undone: readonly Undone[]): void {
    const server = this.hypervisor.ended.find(one => one.name === `${this.name}-${name}`);
    expect(server?.running, `what ran on ${name} when its server went`).to.deep.equal([]);
    const times = undone.filter(({ step }) => step.startsWith(steps)).map(({ at }) => at);
    expect(times, `what was undone on ${name}`).to.have.length.above(0);
    // Nova tells the second.
    expect(Math.max(...times), `${name} was undone first`).to.be.lessThan((server?.askedAt ?? 0) + 1_000);
  }

  /** No user and no queue of these members' agents at the broker. */
  async hasNothingOf(members: readonly number[]): Promise<void> {
    const { management } = agentsBrokerOf(this.#services);
    const names = async (what: string): Promise<string[]> =>
      ((await management.call('GET', what)) as { readonly name: string }[]).map(({ name }) => name);
    const there = [...(await names('/users')), ...(await names(`/queues/${this.name}`))];
    for (const member of members) {
      const agent = this.#agents.get(`${this.name}-db-${member}`);
      expect(agent, `db-${member} had an agent`).to.be.a('string');
      expect(there.filter(name => name.includes(agent ?? ''))).to.deep.equal([]);
    }
  }

  async #open(): Promise<void> {
    const disks = path.dirname(this.disks);
    mkdirSync(disks);
    // Servers run as another user, who must be able to pass.
    for (const place of [this.suite.directory, disks]) chmodSync(place, 0o711);
    this.port = await freePortRange(MOST);
    this.hypervisor.start();
  }

  async #openstack(...words: readonly string[]): Promise<void> {
    const env = { ...this.#services.openrc, PATH: '/usr/bin:/bin', HOME: this.suite.directory };
    await run('/usr/bin/openstack', ['stack', ...words], { cwd: EXAMPLE, env });
  }
}

function agentOf({ userData }: Server): string {
  const decoded = decodeConfig(configurationIn(userData));
  if ('refused' in decoded) throw new Error(decoded.refused);
  return decoded.config.agent;
}

const password = (): string => randomBytes(12).toString('hex');
const parameters = (given: object): string[] =>
  Object.entries(given).flatMap(([name, value]) => ['--parameter', `${name}=${value}`]);
