// Logins and permissions of the in-process broker, with RabbitMQ's rules: patterns on names, topic rules on keys.
// Belongs here: who may what. Does not belong here: what happens then (memory-connection.ts).
import { matchesHash } from '../../agent-protocol/password-hash.ts';
import { TransportError, type Login, type Topology } from '../../agent-protocol/transport.ts';
import { ChannelError } from './memory-exchanges.ts';

/** Patterns are matched anywhere in the name, as RabbitMQ does: anchor them. */
export interface MemoryUser {
  readonly password?: string;
  /** Instead of the password: its salted hash, as RabbitMQ keeps it. */
  readonly passwordHash?: string;
  /** Absent: everything is allowed. */
  readonly permissions?: {
    readonly configure: RegExp;
    readonly read: RegExp;
    readonly write: RegExp;
    /** Routing keys per topic exchange. An exchange without a rule lets every key pass: so does RabbitMQ. */
    readonly topics?: { readonly [exchange: string]: RegExp };
  };
  /** RabbitMQ's `max-connections` of a user. */
  readonly maxConnections?: number;
}

/** Users by name; undefined lets everybody in with every right, for tests that are about something else. */
export class MemoryUsers {
  readonly #users: Map<string, MemoryUser> | undefined;

  constructor(users: { readonly [name: string]: MemoryUser } | undefined) {
    this.#users = users === undefined ? undefined : new Map(Object.entries(users));
  }

  set(name: string, user: MemoryUser): void {
    this.#known().set(name, user);
  }

  get(name: string): MemoryUser | undefined {
    return this.#known().get(name);
  }

  names(): readonly string[] {
    return [...this.#known().keys()];
  }

  remove(name: string): void {
    this.#known().delete(name);
  }

  /** Throws TransportError `refused` for a wrong login or one connection too many. */
  admit(login: Login, connections: number): void {
    if (this.#users === undefined) return;
    const user = this.#users.get(login.user);
    if (user === undefined || !isPassword(user, login.password)) {
      throw new TransportError('refused', `ACCESS_REFUSED - login of user '${login.user}' was refused`);
    }
    if (user.maxConnections !== undefined && connections >= user.maxConnections) {
      const limit = `connection limit of user '${login.user}' (${user.maxConnections}) is reached`;
      throw new TransportError('refused', `NOT_ALLOWED - ${limit}`);
    }
  }

  /** Throws ChannelError 403 when the user may not. */
  check(user: string, right: 'configure' | 'read' | 'write', kind: 'queue' | 'exchange', name: string): void {
    const resource = kind === 'exchange' && name === '' ? 'amq.default' : name;
    const permissions = this.#users?.get(user)?.permissions;
    if (permissions === undefined || permissions[right].test(resource)) return;
    const refused = `${right} access to ${kind} '${resource}' in vhost '/' refused for user '${user}'`;
    throw new ChannelError(403, `ACCESS_REFUSED - ${refused}`);
  }

  /** Throws ChannelError 403 when a topic rule of the user forbids the key. */
  checkTopic(user: string, exchange: string, routingKey: string): void {
    const rule = this.#users?.get(user)?.permissions?.topics?.[exchange];
    if (rule === undefined || rule.test(routingKey)) return;
    const refused = `write access to topic '${routingKey}' in exchange '${exchange}' in vhost '/' refused for user '${user}'`;
    throw new ChannelError(403, `ACCESS_REFUSED - ${refused}`);
  }

  checkTopology(user: string, topology: Topology): void {
    for (const { name } of topology.exchanges) this.check(user, 'configure', 'exchange', name);
    for (const queue of topology.queues) {
      this.check(user, 'configure', 'queue', queue.name);
      if (queue.deadLetterExchange === undefined) continue;
      this.check(user, 'read', 'queue', queue.name);
      this.check(user, 'write', 'exchange', queue.deadLetterExchange);
    }
    for (const binding of topology.bindings) {
      this.check(user, 'write', 'queue', binding.queue);
      this.check(user, 'read', 'exchange', binding.exchange);
    }
  }

  #known(): Map<string, MemoryUser> {
    if (this.#users === undefined)
      throw new Error('this broker was made without users: give `users` to memoryBroker()');
    return this.#users;
  }
}

const isPassword = ({ password, passwordHash }: MemoryUser, given: string): boolean =>
  passwordHash === undefined ? password === given : matchesHash(given, passwordHash);
