// One queue of the in-process broker: what is ready, what is out with a consumer, and in which order it comes back.
// Belongs here: order, prefetch, round robin, delivery counts. Does not belong here: routing (memory-exchanges.ts),
// connections (memory-connection.ts).
//
// Q1. A message is in exactly one place: ready, or out with one consumer, or gone (acked or dead-lettered).
// Q2. What comes back takes the place it had; it is marked as redelivered.
// Q3. A consumer never has more unsettled deliveries than its prefetch.
import type { Death, Topology, WireMessage } from '../../agent-protocol/transport.ts';

export type QueueSpec = Topology['queues'][number];

export interface StoredMessage {
  readonly message: WireMessage;
  readonly exchange: string;
  readonly routingKey: string;
  readonly died?: Death;
  position: number;
  deliveries: number;
}

/** Where a queue sends messages; a connection makes one per `consume`. */
export interface QueueConsumer {
  readonly prefetch: number;
  readonly unsettled: Set<StoredMessage>;
  deliver(stored: StoredMessage): void;
}

export class MemoryQueue {
  readonly spec: QueueSpec;
  readonly #ready: StoredMessage[] = [];
  /** Index of the first ready message: taking one must not move all others. */
  #head = 0;
  readonly #consumers: QueueConsumer[] = [];
  readonly #out = new Set<StoredMessage>();
  /** Deliveries of messages that had been delivered before. */
  redelivered = 0;
  #last = 0;
  #first = 0;

  constructor(spec: QueueSpec) {
    this.spec = spec;
  }

  /** Messages ready for delivery, first to last. */
  ready(): readonly StoredMessage[] {
    return this.#ready.slice(this.#head);
  }

  get depth(): { ready: number; unsettled: number; consumers: number } {
    const ready = this.#ready.length - this.#head;
    return { ready, unsettled: this.#out.size, consumers: this.#consumers.length };
  }

  /** At the end, or before everything else (`front`), which only an injected fault asks for. */
  put(message: WireMessage, exchange: string, routingKey: string, front = false): void {
    const position = front ? --this.#first : ++this.#last;
    this.#insert({ message, exchange, routingKey, position, deliveries: 0 });
    this.dispatch();
  }

  /** What died in another queue. */
  putDead({ message, exchange, routingKey }: StoredMessage, died: Death): void {
    this.#insert({ message, exchange, routingKey, died, position: ++this.#last, deliveries: 0 });
    this.dispatch();
  }

  attach(consumer: QueueConsumer): void {
    this.#consumers.push(consumer);
    this.dispatch();
  }

  /** Takes the consumer out of the round; what it holds stays out until it is settled or returned. */
  detach(consumer: QueueConsumer): void {
    const index = this.#consumers.indexOf(consumer);
    if (index >= 0) this.#consumers.splice(index, 1);
  }

  /** The message is gone: acked, or on its way to the dead letters. */
  settle(stored: StoredMessage): void {
    this.#out.delete(stored);
  }

  /** Puts a message back in its place; returns false when its deliveries are used up and it must be dead-lettered. */
  giveBack(stored: StoredMessage): boolean {
    this.#out.delete(stored);
    const limit = this.spec.deliveryLimit;
    if (limit !== undefined && stored.deliveries >= limit) return false;
    this.#insert(stored);
    return true;
  }

  /** Hands out what is ready while a consumer has room. */
  dispatch(): void {
    while (this.#head < this.#ready.length) {
      const consumer = this.#nextConsumer();
      if (consumer === undefined) return;
      const stored = this.#take();
      if (stored.deliveries > 0) this.redelivered += 1;
      stored.deliveries += 1;
      this.#out.add(stored);
      consumer.unsettled.add(stored);
      consumer.deliver(stored);
    }
  }

  #nextConsumer(): QueueConsumer | undefined {
    const index = this.#consumers.findIndex(one => one.prefetch === 0 || one.unsettled.size < one.prefetch);
    if (index < 0) return undefined;
    const [consumer] = this.#consumers.splice(index, 1);
    this.#consumers.push(consumer as QueueConsumer);
    return consumer;
  }

  #take(): StoredMessage {
    const stored = this.#ready[this.#head] as StoredMessage;
    this.#head += 1;
    if (this.#head > 1_000 && this.#head * 2 > this.#ready.length) {
      this.#ready.splice(0, this.#head);
      this.#head = 0;
    }
    return stored;
  }

  #insert(stored: StoredMessage): void {
    const last = this.#ready.at(-1);
    if (this.#head === this.#ready.length || last === undefined || last.position < stored.position) {
      this.#ready.push(stored);
      return;
    }
    let at = this.#head;
    while ((this.#ready[at] as StoredMessage).position < stored.position) at += 1;
    this.#ready.splice(at, 0, stored);
  }
}
