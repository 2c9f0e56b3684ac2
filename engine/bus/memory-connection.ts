// One connection of the in-process broker: both ends and the wire between them, in which frames keep their order.
// Belongs here: frames, confirms, settling, closing, blocking. Does not belong here: routing (memory-exchanges.ts),
// permissions (memory-users.ts), which faults happen (memory.ts).
//
// C1. Frames of one direction are carried out in the order sent, each in a task of its own from the scheduler.
// C2. A cut loses every frame on the way, in both directions; unsettled messages go back to their queues at once.
// C3. A channel error closes the connection, as `Connection` has one channel; frames sent before it still arrive.
import {
  TransportError,
  type Connection,
  type Delivery,
  type Login,
  type Topology,
  type WireMessage,
} from '../../agent-protocol/transport.ts';
import { ChannelError, copyOf, type MemoryExchanges } from './memory-exchanges.ts';
import type { MemoryQueue, QueueConsumer, StoredMessage } from './memory-queue.ts';
import type { MemoryUsers } from './memory-users.ts';

/** Runs tasks later, never within the call. A simulation gives its own and so decides every order. */
export interface Scheduler {
  soon(task: () => void): void;
  after(milliseconds: number, task: () => void): void;
}

export interface PublishContext {
  readonly user: string;
  readonly connection: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly message: WireMessage;
}

/** The broker as a connection sees it. */
export interface ConnectionHost {
  readonly exchanges: MemoryExchanges;
  readonly users: MemoryUsers;
  readonly scheduler: Scheduler;
  blocked(): string | undefined;
  /** Stores a message as the faults of this broker have it; answers with how the publish ends, or never. */
  accept(context: PublishContext, from: MemoryConnection, answer: (error?: TransportError) => void): void;
  forget(connection: MemoryConnection): void;
}

interface Frame {
  readonly publish: boolean;
  carryOut(): void;
}

interface Waiting {
  resolve(): void;
  reject(error: TransportError): void;
}

interface Consumption {
  readonly queue: MemoryQueue;
  readonly consumer: QueueConsumer;
}

export class MemoryConnection implements Connection {
  readonly login: Login;
  readonly closed: Promise<string>;
  readonly #host: ConnectionHost;
  readonly #waiting = new Set<Waiting>();
  readonly #consumptions = new Set<Consumption>();
  readonly #blockedListeners: ((reason: string | undefined) => void)[] = [];
  #up: Frame[] = [];
  #down: (() => void)[] = [];
  #upScheduled = false;
  #downScheduled = false;
  #toldBlocked = false;
  #serverOpen = true;
  #lostBecause: string | undefined;
  #announceClosed: (why: string) => void = () => undefined;

  constructor(login: Login, host: ConnectionHost) {
    this.login = login;
    this.#host = host;
    this.closed = new Promise(resolve => {
      this.#announceClosed = resolve;
    });
  }

  publish(exchange: string, routingKey: string, message: WireMessage): Promise<void> {
    const { user, name } = this.login;
    const context = { user, connection: name, exchange, routingKey, message: copyOf(message) };
    return this.#ask(true, (succeed, fail) => {
      this.#checkPublish(exchange, routingKey);
      this.#host.accept(context, this, error => this.#toClient(() => (error ? fail(error) : succeed())));
    });
  }

  async consume(
    queue: string,
    prefetch: number,
    deliver: (delivery: Delivery) => void,
  ): Promise<{ cancel(): Promise<void> }> {
    let consumption: Consumption | undefined;
    await this.#ask(false, succeed => {
      this.#host.users.check(this.login.user, 'read', 'queue', queue);
      const found = this.#host.exchanges.queue(queue);
      this.#toClient(succeed);
      consumption = this.#attach(found, prefetch, deliver);
    });
    return { cancel: () => this.#cancel(consumption as Consumption) };
  }

  declare(topology: Topology): Promise<void> {
    return this.#ask(false, succeed => {
      this.#host.users.checkTopology(this.login.user, topology);
      this.#host.exchanges.declare(topology);
      this.#toClient(succeed);
    });
  }

  onBlocked(listener: (reason: string | undefined) => void): void {
    this.#blockedListeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#stalled()) this.cut('closed while the broker blocked publishers');
    else {
      this.#toServer(false, () => {
        this.#endServer();
        this.#toClient(() => this.#lose('closed by the client'));
      });
    }
    await this.closed;
  }

  /** The network or the broker is gone: nothing on the way arrives. */
  cut(why: string): void {
    this.#endServer();
    this.#up = [];
    this.#down = [];
    this.#host.scheduler.soon(() => this.#lose(why));
  }

  /** The broker lets publishers go on. */
  unblock(): void {
    if (this.#toldBlocked) this.#tellBlocked(undefined);
    this.#scheduleUp();
  }

  /** Whether it consumes the queue: such a connection ends when the queue is deleted. */
  consumes(queue: MemoryQueue): boolean {
    return [...this.#consumptions].some(one => one.queue === queue);
  }

  // ---------------------------------------------------------------- requests

  #ask(
    publish: boolean,
    serve: (succeed: () => void, fail: (error: TransportError) => void) => void,
  ): Promise<void> {
    if (this.#lostBecause !== undefined) return Promise.reject(closedError(this.#lostBecause));
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { resolve, reject };
      this.#waiting.add(waiting);
      const succeed = (): void => void (this.#waiting.delete(waiting) && resolve());
      const fail = (error: TransportError): void => void (this.#waiting.delete(waiting) && reject(error));
      this.#toServer(publish, () => this.#guard(() => serve(succeed, fail), fail));
    });
  }

  /** Carries out a request; a channel error fails it and closes the connection. */
  #guard(serve: () => void, fail: (error: TransportError) => void): void {
    try {
      serve();
    } catch (thrown) {
      if (!(thrown instanceof ChannelError)) throw thrown;
      this.#endServer();
      this.#toClient(() => {
        fail(new TransportError(thrown.code === 403 ? 'refused' : 'closed', thrown.message));
        this.#lose(thrown.message);
      });
    }
  }

  #checkPublish(exchange: string, routingKey: string): void {
    this.#host.users.check(this.login.user, 'write', 'exchange', exchange);
    const type = this.#host.exchanges.exchangeType(exchange);
    if (type === 'topic') this.#host.users.checkTopic(this.login.user, exchange, routingKey);
  }

  // ---------------------------------------------------------------- deliveries

  #attach(queue: MemoryQueue, prefetch: number, deliver: (delivery: Delivery) => void): Consumption {
    const consumer: QueueConsumer = {
      prefetch,
      unsettled: new Set(),
      deliver: stored => {
        const redelivered = stored.deliveries > 1;
        this.#toClient(() => deliver(this.#delivery(consumption, stored, redelivered)));
      },
    };
    const consumption = { queue, consumer };
    this.#consumptions.add(consumption);
    queue.attach(consumer);
    return consumption;
  }

  #delivery(consumption: Consumption, stored: StoredMessage, redelivered: boolean): Delivery {
    const settle = (how: 'ack' | 'requeue' | 'bury'): void => {
      this.#toServer(false, () =>
        this.#guard(
          () => this.#settle(consumption, stored, how),
          () => undefined,
        ),
      );
    };
    return {
      message: copyOf(stored.message),
      routingKey: stored.routingKey,
      redelivered,
      ...(stored.died && { died: stored.died }),
      ack: () => settle('ack'),
      nack: ({ requeue }) => settle(requeue ? 'requeue' : 'bury'),
    };
  }

  #settle({ queue, consumer }: Consumption, stored: StoredMessage, how: 'ack' | 'requeue' | 'bury'): void {
    if (!consumer.unsettled.delete(stored)) {
      throw new ChannelError(406, 'PRECONDITION_FAILED - unknown delivery tag: it was settled before');
    }
    if (how === 'ack') queue.settle(stored);
    else if (how === 'bury') this.#host.exchanges.bury(queue, stored);
    else this.#host.exchanges.giveBack(queue, stored);
    queue.dispatch();
  }

  #cancel({ queue, consumer }: Consumption): Promise<void> {
    return this.#ask(false, succeed => {
      queue.detach(consumer);
      this.#toClient(succeed);
    });
  }

  // ---------------------------------------------------------------- the wire

  #toServer(publish: boolean, carryOut: () => void): void {
    if (!this.#serverOpen) return;
    this.#up.push({ publish, carryOut });
    this.#scheduleUp();
  }

  #scheduleUp(): void {
    if (this.#upScheduled || this.#up.length === 0) return;
    this.#upScheduled = true;
    this.#host.scheduler.soon(() => {
      this.#upScheduled = false;
      if (this.#stalled()) return this.#toldBlocked ? undefined : this.#tellBlocked(this.#host.blocked());
      this.#up.shift()?.carryOut();
      this.#scheduleUp();
    });
  }

  #toClient(carryOut: () => void): void {
    this.#down.push(carryOut);
    this.#scheduleDown();
  }

  #scheduleDown(): void {
    if (this.#downScheduled || this.#down.length === 0) return;
    this.#downScheduled = true;
    this.#host.scheduler.soon(() => {
      this.#downScheduled = false;
      const frame = this.#down.shift();
      this.#scheduleDown();
      frame?.();
    });
  }

  /** A publish at the head while the broker is short of memory: it reads nothing more from this connection. */
  #stalled(): boolean {
    return this.#host.blocked() !== undefined && this.#up[0]?.publish === true;
  }

  #tellBlocked(reason: string | undefined): void {
    this.#toldBlocked = reason !== undefined;
    this.#toClient(() => this.#blockedListeners.forEach(listener => listener(reason)));
  }

  // ---------------------------------------------------------------- the end

  /** The broker's half ends: its consumers leave, then what they held goes back to where it was. */
  #endServer(): void {
    if (!this.#serverOpen) return;
    this.#serverOpen = false;
    this.#up = [];
    this.#host.forget(this);
    for (const { queue, consumer } of this.#consumptions) queue.detach(consumer);
    for (const { queue, consumer } of this.#consumptions) {
      for (const stored of consumer.unsettled) this.#host.exchanges.giveBack(queue, stored);
      consumer.unsettled.clear();
      queue.dispatch();
    }
    this.#consumptions.clear();
  }

  #lose(why: string): void {
    if (this.#lostBecause !== undefined) return;
    this.#lostBecause = why;
    this.#down = [];
    for (const waiting of this.#waiting) waiting.reject(closedError(why));
    this.#waiting.clear();
    this.#announceClosed(why);
  }
}

const closedError = (why: string): TransportError =>
  new TransportError('closed', `the connection to the broker is closed: ${why}`);
