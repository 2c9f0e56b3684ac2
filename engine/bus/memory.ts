// `memory://`: a broker in the engine's own process that behaves as RabbitMQ does, with hooks for every fault.
// Belongs here: putting it together, faults, what tests look at. Does not belong here: routing (memory-exchanges.ts),
// the wire (memory-connection.ts), permissions (memory-users.ts), queue order (memory-queue.ts).
//
// | RabbitMQ                                        | here                                                        |
// |-------------------------------------------------|-------------------------------------------------------------|
// | several channels in a connection                | one; a channel error closes the connection                  |
// | direct and headers exchanges, transient ones    | topic, fanout and the default exchange, all durable         |
// | transactions, priorities, TTL, length limits    | left out                                                    |
// | delivery limit n: n + 1 deliveries (quorum)     | n deliveries; `amqp://` sets x-delivery-limit to n - 1      |
// | dead-lettering adds `x-death` headers           | `died` with each delivery, without a time; no cycle check   |
// | consumer_timeout, heartbeats, frame sizes, TLS  | left out: a connection ends by `cut`, `stop`, `wipe`        |
// | disk: durable messages survive a restart        | queues live as long as the broker object; `wipe` empties it |
// | a close waits while publishers are blocked      | a close then cuts at once                                   |
// | unbinding, deleting exchanges                   | left out; `deleteQueue` is a hook                           |
import {
  TransportError,
  type Login,
  type Transport,
  type WireMessage,
} from '../../agent-protocol/transport.ts';
import { immediateScheduler } from './clock.ts';
import {
  MemoryConnection,
  type ConnectionHost,
  type PublishContext,
  type Scheduler,
} from './memory-connection.ts';
import { MemoryExchanges, type BrokerCounts } from './memory-exchanges.ts';
import { MemoryUsers, type MemoryUser } from './memory-users.ts';

export type { PublishContext, Scheduler } from './memory-connection.ts';
export type { MemoryUser } from './memory-users.ts';

/** What goes wrong with one publish. */
export type PublishFault =
  /** The connection is lost before, or after, the broker stored it; either way no confirm arrives. */
  | { readonly kind: 'cut_before' }
  | { readonly kind: 'cut_after' }
  /** Stored, and its confirm never sent. */
  | { readonly kind: 'no_confirm' }
  /** Confirmed, and lost: a power cut of the broker's node. */
  | { readonly kind: 'lose' }
  | { readonly kind: 'nack' }
  | { readonly kind: 'duplicate'; readonly copies?: number }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Overtakes everything that waits in its queues. */
  | { readonly kind: 'front' };

export interface MemoryBrokerOptions {
  /** Who may log in and what they may; absent: anybody may do anything. */
  readonly users?: { readonly [name: string]: MemoryUser };
  /** Decides when each frame is carried out; default: one `setImmediate` each. */
  readonly scheduler?: Scheduler;
  /** Asked once per publish that would be stored; undefined: all goes well. */
  readonly fault?: (context: PublishContext) => PublishFault | undefined;
  /** Sees every message that the broker is given: the tests' ear on the wire. */
  readonly onPublish?: (context: PublishContext) => void;
}

export interface MemoryBroker {
  readonly transport: Transport;
  readonly counts: Readonly<BrokerCounts>;
  /** Cuts the connections that the filter picks (all without one); returns how many. Queues survive. */
  cut(why: string, which?: (login: Login) => boolean): number;
  /** No connection lives or can be made until `start`. Queues and messages survive. */
  stop(why: string): void;
  start(): void;
  /** Cuts all, and comes back with no queue, exchange, binding or message. Users stay. */
  wipe(why: string): void;
  block(reason: string): void;
  unblock(): void;
  setUser(name: string, user: MemoryUser): void;
  /** Closes the user's connections at once: that is revocation. */
  removeUser(name: string): void;
  user(name: string): MemoryUser | undefined;
  userNames(): readonly string[];
  deleteQueue(name: string): void;
  queues(): readonly string[];
  depth(
    queue: string,
  ): { readonly ready: number; readonly unsettled: number; readonly consumers: number } | undefined;
  /** Deliveries of a queue's messages beyond the first of each: what a broker may count against them. */
  redelivered(queue: string): number;
  /** Messages ready in a queue, first to last. */
  peek(queue: string): readonly { readonly message: WireMessage; readonly routingKey: string }[];
  connections(): readonly Login[];
}

/** A new, empty broker; nothing of it outlives the object. */
export function memoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  return new Broker(options);
}

class Broker implements MemoryBroker, ConnectionHost {
  readonly exchanges = new MemoryExchanges();
  readonly users: MemoryUsers;
  readonly scheduler: Scheduler;
  readonly transport: Transport = { connect: login => this.#connect(login) };
  readonly #options: MemoryBrokerOptions;
  readonly #connections = new Set<MemoryConnection>();
  #stopped: string | undefined;
  #blocked: string | undefined;

  constructor(options: MemoryBrokerOptions) {
    this.#options = options;
    this.users = new MemoryUsers(options.users);
    this.scheduler = options.scheduler ?? immediateScheduler;
  }

  get counts(): BrokerCounts {
    return { ...this.exchanges.counts };
  }

  cut(why: string, which: (login: Login) => boolean = () => true): number {
    const chosen = [...this.#connections].filter(connection => which(connection.login));
    for (const connection of chosen) connection.cut(why);
    return chosen.length;
  }

  stop(why: string): void {
    this.#stopped = why;
    this.cut(why);
  }

  start(): void {
    this.#stopped = undefined;
  }

  wipe(why: string): void {
    this.cut(why);
    this.exchanges.clear();
  }

  block(reason: string): void {
    this.#blocked = reason;
  }

  unblock(): void {
    this.#blocked = undefined;
    for (const connection of this.#connections) connection.unblock();
  }

  blocked(): string | undefined {
    return this.#blocked;
  }

  setUser(name: string, user: MemoryUser): void {
    this.users.set(name, user);
  }

  removeUser(name: string): void {
    this.users.remove(name);
    this.cut(`CONNECTION_FORCED - user '${name}' is deleted`, login => login.user === name);
  }

  user(name: string): MemoryUser | undefined {
    return this.users.get(name);
  }

  userNames(): readonly string[] {
    return this.users.names();
  }

  deleteQueue(name: string): void {
    const queue = this.exchanges.queues.get(name);
    if (queue === undefined) return;
    this.exchanges.deleteQueue(name);
    const consuming = [...this.#connections].filter(connection => connection.consumes(queue));
    for (const connection of consuming) connection.cut(`the queue '${name}' it consumed was deleted`);
  }

  queues(): readonly string[] {
    return [...this.exchanges.queues.keys()];
  }

  depth(queue: string): { ready: number; unsettled: number; consumers: number } | undefined {
    return this.exchanges.queues.get(queue)?.depth;
  }

  redelivered(queue: string): number {
    return this.exchanges.queues.get(queue)?.redelivered ?? 0;
  }

  peek(queue: string): readonly { message: WireMessage; routingKey: string }[] {
    return this.exchanges.queues.get(queue)?.ready() ?? [];
  }

  connections(): readonly Login[] {
    return [...this.#connections].map(connection => connection.login);
  }

  forget(connection: MemoryConnection): void {
    this.#connections.delete(connection);
  }

  accept(context: PublishContext, from: MemoryConnection, answer: (error?: TransportError) => void): void {
    this.#options.onPublish?.(context);
    this.exchanges.counts.published += 1;
    const fault = this.#options.fault?.(context);
    if (fault?.kind === 'cut_before') return from.cut('the connection was lost while publishing');
    if (fault?.kind === 'nack')
      return answer(new TransportError('nacked', 'the broker could not store the message'));
    if (fault?.kind === 'lose') return answer();
    if (this.exchanges.targets(context.exchange, context.routingKey).length === 0)
      return this.#return(context, answer);
    this.#store(context, fault);
    if (fault?.kind === 'cut_after') return from.cut('the connection was lost before the confirm');
    if (fault?.kind !== 'no_confirm') answer();
  }

  #return({ exchange, routingKey }: PublishContext, answer: (error?: TransportError) => void): void {
    this.exchanges.counts.returned += 1;
    const place =
      exchange === '' ? `no queue '${routingKey}'` : `exchange '${exchange}', key '${routingKey}'`;
    answer(new TransportError('returned', `NO_ROUTE - the message was returned: ${place}`));
  }

  #store(context: PublishContext, fault: PublishFault | undefined): void {
    const put = (): void => {
      for (const queue of this.exchanges.targetsIfAny(context.exchange, context.routingKey)) {
        queue.put(context.message, context.exchange, context.routingKey, fault?.kind === 'front');
      }
    };
    if (fault?.kind === 'delay') return this.scheduler.after(fault.milliseconds, put);
    put();
    const copies = fault?.kind === 'duplicate' ? (fault.copies ?? 1) : 0;
    for (let copy = 0; copy < copies; copy += 1) put();
  }

  #connect(login: Login): Promise<MemoryConnection> {
    return new Promise((resolve, reject) => {
      this.scheduler.soon(() => {
        try {
          resolve(this.#open(login));
        } catch (thrown) {
          reject(thrown as Error);
        }
      });
    });
  }

  #open(login: Login): MemoryConnection {
    if (this.#stopped !== undefined) {
      throw new TransportError('unreachable', `the broker cannot be reached: ${this.#stopped}`);
    }
    const own = [...this.#connections].filter(connection => connection.login.user === login.user);
    this.users.admit(login, own.length);
    const connection = new MemoryConnection(login, this);
    this.#connections.add(connection);
    return connection;
  }
}
