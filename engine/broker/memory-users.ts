// The port over the broker in the process: for tests, and for engines whose agents reach no other.
// Belongs here: that implementation. Does not belong here: rights (rights.ts), the broker (engine/bus/memory.ts).
import { commandQueue, enrolmentQueue, FROM_AGENTS } from '../../agent-protocol/transport.ts';
import type { MemoryBroker, MemoryUser } from '../bus/memory.ts';
import { checkHash } from './hashes.ts';
import type { BrokerRecord, BrokerUsers } from './ports.ts';
import {
  agentOf,
  agentRights,
  agentUser,
  enrolmentRights,
  enrolmentUser,
  MAX_CONNECTIONS,
  type Rights,
} from './rights.ts';

/** The broker must have been made with `users`, among them the engine's own. */
export function memoryBrokerUsers(broker: MemoryBroker): BrokerUsers {
  return new MemoryBrokerUsers(broker);
}

class MemoryBrokerUsers implements BrokerUsers {
  readonly #broker: MemoryBroker;

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
  }

  async createEnrolment(agent: string, passwordHash: string): Promise<void> {
    this.#set(enrolmentRights(agent), passwordHash);
  }

  async admit(agent: string, passwordHash: string): Promise<void> {
    const present = this.#broker.user(agentUser(agent));
    if (present !== undefined && present.passwordHash !== passwordHash) await this.revoke(agent);
    this.#set(agentRights(agent), passwordHash);
  }

  async revoke(agent: string): Promise<void> {
    this.#broker.removeUser(agentUser(agent));
  }

  async remove(agent: string): Promise<void> {
    for (const user of [agentUser(agent), enrolmentUser(agent)]) this.#broker.removeUser(user);
    for (const queue of [commandQueue(agent), enrolmentQueue(agent)]) this.#broker.deleteQueue(queue);
  }

  async restore(records: readonly BrokerRecord[]): Promise<readonly string[]> {
    const wanted = records.flatMap(({ agent, enrolmentHash, agentHash }) => [
      { rights: enrolmentRights(agent), hash: enrolmentHash },
      ...(agentHash === undefined ? [] : [{ rights: agentRights(agent), hash: agentHash }]),
    ]);
    const missing = wanted.filter(
      ({ rights, hash }) => this.#broker.user(rights.user)?.passwordHash !== hash,
    );
    for (const { rights, hash } of missing) this.#set(rights, hash);
    return missing.map(({ rights }) => rights.user);
  }

  async sweep(known: (agent: string) => boolean): Promise<readonly string[]> {
    const names = [...this.#broker.userNames(), ...this.#broker.queues()];
    const agents = new Set(names.map(agentOf).filter(agent => agent !== undefined));
    const left = [...agents].filter(agent => !known(agent));
    for (const agent of left) await this.remove(agent);
    return left;
  }

  #set(rights: Rights, passwordHash: string): void {
    checkHash(rights.user, passwordHash);
    this.#broker.setUser(rights.user, memoryUser(rights, passwordHash));
  }
}

const memoryUser = (rights: Rights, passwordHash: string): MemoryUser => ({
  passwordHash,
  maxConnections: MAX_CONNECTIONS,
  permissions: {
    configure: new RegExp(rights.configure),
    read: new RegExp(rights.read),
    write: new RegExp(rights.write),
    topics: { [FROM_AGENTS]: new RegExp(rights.keys) },
  },
});
