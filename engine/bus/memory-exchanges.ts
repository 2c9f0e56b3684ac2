// What the in-process broker keeps: exchanges, queues and bindings, and the way of a message through them.
// Belongs here: declaring, routing, dead-lettering. Does not belong here: permissions (memory-users.ts), connections
// (memory-connection.ts), faults (memory.ts).
import type { Death, Topology, WireMessage } from '../../agent-protocol/transport.ts';
import { MemoryQueue, type QueueSpec, type StoredMessage } from './memory-queue.ts';
import { topicMatches } from './topic.ts';

type ExchangeSpec = Topology['exchanges'][number];

/** Why the broker closes a channel, in RabbitMQ's words and with its reply code. */
export class ChannelError extends Error {
  readonly code: 403 | 404 | 406;

  constructor(code: 403 | 404 | 406, message: string) {
    super(message);
    this.code = code;
  }
}

export interface BrokerCounts {
  published: number;
  returned: number;
  deadLettered: number;
  /** Dead messages of queues without a dead-letter exchange, or whose exchange is gone or bound to nothing. */
  dropped: number;
}

export class MemoryExchanges {
  readonly queues = new Map<string, MemoryQueue>();
  readonly counts: BrokerCounts = { published: 0, returned: 0, deadLettered: 0, dropped: 0 };
  readonly #exchanges = new Map<string, ExchangeSpec>();
  #bindings: Topology['bindings'][number][] = [];

  /** Creates what is missing; the same again changes nothing; the same name with other properties is an error. */
  declare(topology: Topology): void {
    for (const exchange of topology.exchanges) this.#declareExchange(exchange);
    for (const queue of topology.queues) this.#declareQueue(queue);
    for (const binding of topology.bindings) this.#bind(binding);
  }

  queue(name: string): MemoryQueue {
    const queue = this.queues.get(name);
    if (queue === undefined) throw new ChannelError(404, `NOT_FOUND - no queue '${name}' in vhost '/'`);
    return queue;
  }

  /** The exchange's type; `''` is the default exchange, which routes to the queue that the key names. */
  exchangeType(name: string): 'topic' | 'fanout' | 'default' {
    if (name === '') return 'default';
    const exchange = this.#exchanges.get(name);
    if (exchange === undefined) throw new ChannelError(404, `NOT_FOUND - no exchange '${name}' in vhost '/'`);
    return exchange.type;
  }

  /** Queues that a message goes to, each once. */
  targets(exchange: string, routingKey: string): MemoryQueue[] {
    const type = this.exchangeType(exchange);
    const names = new Set<string>(type === 'default' ? [routingKey] : []);
    for (const binding of this.#bindings) {
      if (binding.exchange !== exchange) continue;
      if (type === 'fanout' || topicMatches(binding.routingKey, routingKey)) names.add(binding.queue);
    }
    return [...names].flatMap(name => this.queues.get(name) ?? []);
  }

  /** As `targets`; an exchange that is gone has none. */
  targetsIfAny(exchange: string, routingKey: string): MemoryQueue[] {
    return exchange === '' || this.#exchanges.has(exchange) ? this.targets(exchange, routingKey) : [];
  }

  /** Back to its place, or to the dead letters once its deliveries are used up. */
  giveBack(queue: MemoryQueue, stored: StoredMessage): void {
    if (!queue.giveBack(stored)) this.bury(queue, stored, 'delivery_limit');
  }

  /** Sends a message to the queue's dead-letter exchange under its own key; without one it is dropped. */
  bury(queue: MemoryQueue, stored: StoredMessage, why: Death['why'] = 'rejected'): void {
    queue.settle(stored);
    const targets = this.#deadLetterQueues(queue.spec, stored.routingKey);
    this.counts[targets.length === 0 ? 'dropped' : 'deadLettered'] += 1;
    for (const target of targets) target.putDead(stored, { queue: queue.spec.name, why });
  }

  deleteQueue(name: string): void {
    this.queues.delete(name);
    this.#bindings = this.#bindings.filter(binding => binding.queue !== name);
  }

  clear(): void {
    this.queues.clear();
    this.#exchanges.clear();
    this.#bindings = [];
  }

  #deadLetterQueues(spec: QueueSpec, routingKey: string): MemoryQueue[] {
    const exchange = spec.deadLetterExchange;
    return exchange === undefined ? [] : this.targetsIfAny(exchange, routingKey);
  }

  #declareExchange(wanted: ExchangeSpec): void {
    const known = this.#exchanges.get(wanted.name);
    if (known !== undefined && known.type !== wanted.type) {
      throw new ChannelError(406, inequivalent('type', 'exchange', wanted.name, wanted.type, known.type));
    }
    this.#exchanges.set(wanted.name, wanted);
  }

  #declareQueue(wanted: QueueSpec): void {
    const known = this.queues.get(wanted.name)?.spec;
    if (known === undefined) {
      this.queues.set(wanted.name, new MemoryQueue(wanted));
      return;
    }
    for (const [property, argument] of QUEUE_ARGUMENTS) {
      if (known[property] === wanted[property]) continue;
      throw new ChannelError(
        406,
        inequivalent(argument, 'queue', wanted.name, wanted[property], known[property]),
      );
    }
  }

  #bind(wanted: Topology['bindings'][number]): void {
    this.exchangeType(wanted.exchange);
    this.queue(wanted.queue);
    const known = this.#bindings.some(
      one =>
        one.exchange === wanted.exchange &&
        one.queue === wanted.queue &&
        one.routingKey === wanted.routingKey,
    );
    if (!known) this.#bindings.push(wanted);
  }
}

const QUEUE_ARGUMENTS = [
  ['deadLetterExchange', 'x-dead-letter-exchange'],
  ['deliveryLimit', 'x-delivery-limit'],
] as const;

function inequivalent(
  what: string,
  kind: string,
  name: string,
  wanted?: string | number,
  known?: string | number,
): string {
  return (
    `PRECONDITION_FAILED - inequivalent arg '${what}' for ${kind} '${name}' in vhost '/': ` +
    `received '${wanted ?? 'none'}' but current is '${known ?? 'none'}'`
  );
}

/** A copy that later writes to the caller's buffers cannot change. */
export function copyOf(message: WireMessage): WireMessage {
  return {
    body: new Uint8Array(message.body),
    messageId: message.messageId,
    headers: { key: message.headers.key, signature: new Uint8Array(message.headers.signature) },
  };
}
