// The port over RabbitMQ: users, rules and permissions by its management API, in the vhost of the agents.
// Belongs here: which calls, in which order. Does not belong here: the API's shapes (definitions.ts), one call
// (management.ts), rights (rights.ts).
//
// Users belong to the whole broker, not to a vhost: what is swept is found by its rights in our vhost, so that two
// engines with a vhost each may share a broker.
import { setTimeout as pause } from 'node:timers/promises';
import { commandQueue, enrolmentQueue } from '../../agent-protocol/transport.ts';
import { EngineError } from '../base/errors.ts';
import { importsOf, isMap, isPresent, type Present, presentOf, type WantedUser } from './definitions.ts';
import { checkHash } from './hashes.ts';
import type { Management } from './management.ts';
import type { BrokerRecord, BrokerUsers } from './ports.ts';
import { agentOf, agentRights, agentUser, enrolmentRights, enrolmentUser } from './rights.ts';

/** Users of one import: some hundred bytes each. */
const IMPORTED_AT_ONCE = 1_000;
const IMPORT_TRIES = 4;
/** Milliseconds; longer after each try. */
const IMPORT_PAUSE = 100;

export function rabbitmqUsers(management: Management, vhost: string): BrokerUsers {
  return new RabbitmqUsers(management, vhost);
}

class RabbitmqUsers implements BrokerUsers {
  readonly #management: Management;
  readonly #vhost: string;

  constructor(management: Management, vhost: string) {
    this.#management = management;
    this.#vhost = vhost;
  }

  async createEnrolment(agent: string, passwordHash: string): Promise<void> {
    await this.#import([{ rights: enrolmentRights(agent), passwordHash }]);
  }

  async admit(agent: string, passwordHash: string): Promise<void> {
    const rights = agentRights(agent);
    checkHash(rights.user, passwordHash);
    const present = await this.#management.call('GET', userPath(rights.user));
    if (isMap(present) && present['password_hash'] !== passwordHash) await this.revoke(agent);
    await this.#import([{ rights, passwordHash }]);
  }

  async revoke(agent: string): Promise<void> {
    await this.#management.call('DELETE', userPath(agentUser(agent)));
  }

  async remove(agent: string): Promise<void> {
    for (const user of [agentUser(agent), enrolmentUser(agent)])
      await this.#management.call('DELETE', userPath(user));
    for (const queue of [commandQueue(agent), enrolmentQueue(agent)])
      await this.#management.call('DELETE', `/queues/${this.#encodedVhost}/${encodeURIComponent(queue)}`);
  }

  async restore(records: readonly BrokerRecord[]): Promise<readonly string[]> {
    const present = await this.#present();
    const missing = records.flatMap(wantedOf).filter(wanted => !isPresent(present, wanted));
    // Logged in with a password that is no longer the right one, it would stay.
    for (const { rights, passwordHash } of missing) {
      const hash = present.hashes.get(rights.user);
      if (hash !== undefined && hash !== passwordHash)
        await this.#management.call('DELETE', userPath(rights.user));
    }
    await this.#import(missing);
    return missing.map(({ rights }) => rights.user);
  }

  async sweep(known: (agent: string) => boolean): Promise<readonly string[]> {
    const { permissions, rules } = await this.#present();
    const queues = await this.#management.list(
      `/queues/${this.#encodedVhost}?columns=name&disable_stats=true`,
    );
    const names = [...permissions.keys(), ...rules.keys(), ...queues.filter(isMap).map(({ name }) => name)];
    const agents = new Set(
      names
        .map(name => (typeof name === 'string' ? agentOf(name) : undefined))
        .filter(agent => agent !== undefined),
    );
    const left = [...agents].filter(agent => !known(agent));
    for (const agent of left) await this.remove(agent);
    return left;
  }

  async #present(): Promise<Present> {
    const [users, permissions, rules] = await Promise.all([
      this.#management.list('/users'),
      this.#management.list(`/vhosts/${this.#encodedVhost}/permissions`),
      this.#management.list(`/vhosts/${this.#encodedVhost}/topic-permissions`),
    ]);
    return presentOf(users, permissions, rules);
  }

  async #import(wanted: readonly WantedUser[]): Promise<void> {
    for (const { rights, passwordHash } of wanted) checkHash(rights.user, passwordHash);
    for (let from = 0; from < wanted.length; from += IMPORTED_AT_ONCE) {
      const some = wanted.slice(from, from + IMPORTED_AT_ONCE);
      for (const definitions of importsOf(this.#vhost, some)) await this.#take(definitions);
    }
  }

  /** The broker refuses an import at times that comes while it does something else with users; the next it takes. */
  async #take(definitions: object): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return void (await this.#management.call('POST', '/definitions', definitions));
      } catch (thrown) {
        const isRefused = thrown instanceof EngineError && thrown.code === 'transport_refused';
        if (!isRefused || tries === IMPORT_TRIES) throw thrown;
        await pause(IMPORT_PAUSE * tries);
      }
    }
  }

  get #encodedVhost(): string {
    return encodeURIComponent(this.#vhost);
  }
}

function wantedOf({ agent, enrolmentHash, agentHash }: BrokerRecord): readonly WantedUser[] {
  return [
    { rights: enrolmentRights(agent), passwordHash: enrolmentHash },
    ...(agentHash === undefined ? [] : [{ rights: agentRights(agent), passwordHash: agentHash }]),
  ];
}

const userPath = (user: string): string => `/users/${encodeURIComponent(user)}`;
