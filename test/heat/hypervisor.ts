// What the fake driver of Nova leaves out: a machine for each server, started from the user data that Nova keeps for it, switched off when
// Nova has the server no more.
// Belongs here: looking at Nova, starting and ending. Does not belong here: what a machine is (support/machines.ts).
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Machine } from '../support/machines.ts';
import type { Services } from '../support/services.ts';
import { login } from './openstack.ts';

const LOOK_MS = 200;
/** Of Nova's API: the first that shows the actions of a server that was deleted. */
const VERSION = '2.21';
const USER_DATA = 'OS-EXT-SRV-ATTR:user_data';

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly userData: string;
}

/** A machine whose server is gone. */
export interface Ended {
  readonly name: string;
  readonly id: string;
  /** What still ran on it besides its agent. */
  readonly running: readonly string[];
  /** When Nova was asked to delete it, ms since the epoch, cut to the second. */
  readonly askedAt: number;
}

export class Hypervisor {
  readonly #openrc: Services['openrc'];
  readonly #directory: string;
  readonly #prefix: string;
  readonly #machines = new Map<string, { readonly server: Server; readonly machine: Machine }>();
  /** Of servers that Nova has no more, in the order in which they went. */
  readonly ended: Ended[] = [];
  #login: ReturnType<typeof login> | undefined;
  #working: Promise<void> | undefined;
  #closing = false;
  #failure: unknown;

  /** For the servers whose name begins with `prefix`; machines get a folder each in `directory`. */
  constructor({ openrc }: Services, directory: string, prefix: string) {
    this.#openrc = { ...openrc, OS_USERNAME: 'admin', OS_PROJECT_NAME: 'admin' };
    this.#directory = directory;
    this.#prefix = prefix;
  }

  start(): void {
    this.#working = this.#work().catch((thrown: unknown) => {
      this.#failure = thrown;
    });
  }

  /** Switches every machine off. Rejects when it could not do its work. */
  async stop(): Promise<void> {
    this.#closing = true;
    await this.#working;
    await Promise.all([...this.#machines.values()].map(({ machine }) => machine.powerOff()));
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Machines that run, with the servers that they are. */
  get machines(): readonly { readonly server: Server; readonly machine: Machine }[] {
    return [...this.#machines.values()];
  }

  /** As Nova keeps them, their user data as they were given. */
  async servers(): Promise<readonly Server[]> {
    const query = `/servers/detail?all_tenants=1&name=^${this.#prefix}`;
    const { servers } = (await this.#ask(query)) as { readonly servers: readonly Shown[] };
    return servers.map(({ id, name, status, [USER_DATA]: data }) => ({
      id,
      name,
      status,
      userData: Buffer.from(data ?? '', 'base64').toString('utf8'),
    }));
  }

  /** Resolves when each of Nova's servers has its machine and no other has one. */
  async caughtUp(): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const servers = (await this.servers()).map(({ id }) => id).toSorted();
      const running = [...this.#machines.keys()].toSorted();
      if (servers.join() === running.join()) return;
      await delay(LOOK_MS);
    }
  }

  async #askedAt({ id }: Server): Promise<number> {
    const { instanceActions: actions } = (await this.#ask(`/servers/${id}/os-instance-actions`)) as {
      readonly instanceActions: readonly { readonly action: string; readonly start_time: string }[];
    };
    const start = actions.find(({ action }) => action === 'delete')?.start_time ?? '';
    return Date.parse(`${start}Z`);
  }

  async #ask(query: string): Promise<unknown> {
    const { token, url } = await (this.#login ??= login(this.#openrc, 'compute'));
    const headers = { 'x-auth-token': token, 'x-openstack-nova-api-version': VERSION };
    const answer = await fetch(`${url}${query}`, { headers });
    if (!answer.ok) throw new Error(`Nova answers ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  async #work(): Promise<void> {
    while (!this.#closing) {
      const servers = await this.servers();
      for (const server of servers) if (server.status === 'ACTIVE') await this.#boot(server);
      for (const { server } of this.machines)
        if (!servers.some(({ id }) => id === server.id)) await this.#end(server);
      await delay(LOOK_MS);
    }
  }

  async #boot(server: Server): Promise<void> {
    if (this.#machines.has(server.id)) return;
    const machine = await Machine.start(path.join(this.#directory, server.id), server.id, server.userData);
    this.#machines.set(server.id, { server, machine });
  }

  async #end(server: Server): Promise<void> {
    const machine = this.#machines.get(server.id)?.machine;
    if (machine === undefined) return;
    const running = machine.running();
    await machine.powerOff();
    this.#machines.delete(server.id);
    const { name, id } = server;
    this.ended.push({ name, id, running, askedAt: await this.#askedAt(server) });
  }
}

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly [USER_DATA]?: string | null;
}
