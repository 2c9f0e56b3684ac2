// The second show of `npm run demo:heat`: the PostgreSQL cluster on servers of Nova's fake driver, whose machines are namespaces here.
// Belongs here: the order of the show. Does not belong here: the example (docs/examples/postgresql-heat), machines (support/machines.ts),
// what it stands on (demo-stage.ts).
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePortRange, postgresql, serverUser } from '../examples/postgresql-machine.ts';
import { Hypervisor } from '../heat/hypervisor.ts';
import { agentsBrokerOf } from '../support/agents-broker.ts';
import { canHaveMachines } from '../support/machines.ts';
import { replicates } from '../support/postgresql.ts';
import type { Show, Stage } from './demo-stage.ts';

const STACK = 'postgresql';
const VHOST = 'demo-heat';
const MOST = 4;
const password = (): string => randomBytes(12).toString('hex');

export const servers: Show = {
  scripts: ['up.sh', 'nova.sh'],
  brings: 'two RabbitMQ, MariaDB, Keystone, Heat, Placement, Glance and Nova',
  missing: () =>
    canHaveMachines()
      ? undefined
      : 'This example plays servers by namespaces of this machine, and needs root on Linux for them. npm run demo:heat shows Heat without.',
  settings({ services: { openrc } }) {
    const transport = new URL(VHOST, openrc['AGENTS_TRANSPORT_URL']).href;
    return { agents: { transport_url: transport, management_url: openrc['AGENTS_MANAGEMENT_URL'] } };
  },
  async play(stage) {
    stage.atEnd(async () => {
      await agentsBrokerOf(stage.services).management.call('DELETE', `/vhosts/${VHOST}`);
    });
    const cluster = await Cluster.open(stage);
    stage.say(`
Three servers, each with an agent that is expected, in a ResourceGroup; then one workflow on all of them. Nova's driver is a fake
that starts no machine: this program takes each server's user data from Nova, and starts a machine for it here.`);
    await cluster.create();
    await stage.openstack(['server', 'list', '-c', 'Name', '-c', 'Status']);
    await stage.openstack(['stack', 'output', 'show', STACK, 'servers']);
    stage.say(`\n${await cluster.check(0, [1, 2])}`);
    stage.say('\nOne more: it joins the cluster that runs, and nothing is repeated for the others.');
    await cluster.update({ size: 4 });
    stage.say(`\n${await cluster.check(0, [1, 2, 3])}`);
    stage.say(
      '\nTwo less, of which the one with index 1: what was done on them is undone, then their servers go.',
    );
    await cluster.update({ size: 2, removed: 1 });
    stage.say(`\n${await cluster.check(0, [2])}`);
    stage.say('\nAll of it: undone while the servers are there.');
    await stage.openstack(['stack', 'delete', '--yes', '--wait', STACK]);
    await cluster.isGone();
    stage.say('Nothing is left: no server, no machine, no directory, no user at the broker.');
  },
};

class Cluster {
  readonly #stage: Stage;
  /** Away from the project: the servers' user must be able to pass. */
  readonly #directory: string;
  readonly #port: number;
  readonly #application = password();
  readonly #hypervisor: Hypervisor;

  static async open(stage: Stage): Promise<Cluster> {
    const cluster = new Cluster(stage, await freePortRange(MOST));
    cluster.#hypervisor.start();
    return cluster;
  }

  private constructor(stage: Stage, port: number) {
    this.#stage = stage;
    this.#port = port;
    this.#directory = path.join(tmpdir(), `murano-workflow-demo-heat-${process.pid}`);
    mkdirSync(this.#directory, { mode: 0o711 });
    chmodSync(this.#directory, 0o711);
    this.#hypervisor = new Hypervisor(stage.services, path.join(this.#directory, 'machines'), `${STACK}-db-`);
    stage.atEnd(async () => {
      await this.#hypervisor.stop();
      rmSync(this.#directory, { recursive: true, force: true });
    });
  }

  get #disks(): string {
    return path.join(this.#directory, 'servers');
  }

  create(): Promise<void> {
    const given = {
      image: 'empty',
      flavor: 'tiny',
      network: 'none',
      first_port: this.#port,
      base_directory: this.#disks,
      postgresql,
      node: process.execPath,
      run_as: serverUser,
      admin_password: password(),
      replication_password: password(),
      application_password: this.#application,
    };
    const words = ['stack', 'create', '-t', 'cluster.yaml', ...parameters(given)];
    return this.#stage.openstack([...words, '--wait', STACK]);
  }

  update(changed: object): Promise<void> {
    return this.#stage.openstack(['stack', 'update', '--existing', ...parameters(changed), '--wait', STACK]);
  }

  async check(primary: number, standbys: readonly number[]): Promise<string> {
    const of = (index: number) => ({ port: this.#port + index, password: this.#application });
    await replicates(of(primary), standbys.map(of), password());
    const names = standbys.map(index => `db-${index}`).join(', ');
    return `Checked from outside: a row written now on db-${primary} was read on ${names}.`;
  }

  /** Rejects when anything is left. */
  async isGone(): Promise<void> {
    await this.#hypervisor.caughtUp();
    if (existsSync(this.#disks)) throw new Error(`${this.#disks} is left`);
    const running = this.#hypervisor.ended.flatMap(one => one.running);
    if (running.length > 0) throw new Error(`What ran when its server went: ${running.join(', ')}`);
    const { management } = agentsBrokerOf(this.#stage.services);
    const users = (await management.call('GET', `/vhosts/${VHOST}/permissions`)) as { user: string }[];
    const left = users.filter(({ user }) => /^(agent|enrol)\./.test(user));
    if (left.length > 0) throw new Error(`Users are left: ${left.map(({ user }) => user).join(', ')}`);
  }
}

const parameters = (given: object): string[] =>
  Object.entries(given).flatMap(([name, value]) => ['--parameter', `${name}=${value}`]);
