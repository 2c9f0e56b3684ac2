// The engine's lasting link to the broker: connects again, declares again, consumes again, sends again.
// Belongs here: what outlives a connection (outbox, consumers, topology). Does not belong here: what messages mean
// (engine/agents/), which broker it is (memory.ts; RabbitMQ's transport).
//
// L1. What `send` took is sent until it is confirmed, refused, withdrawn or replaced under the same key; in order.
// L2. A message that comes back unroutable is sent again after its topology was declared, MAX_RETURNS times, unless it is optional.
// L3. At most WINDOW publishes are unconfirmed; the rest wait here, bounded by what the callers hold.
// L4. What the broker refuses to store for long (patience.ts) is tried over another connection.
import { Patience } from '../../agent-protocol/patience.ts';
import {
  TransportError,
  type Connection,
  type Delivery,
  type Login,
  type Topology,
  type Transport,
  type WireMessage,
} from '../../agent-protocol/transport.ts';
import { EngineError, errorText } from '../base/errors.ts';
import type { Clock } from '../runtime/ports.ts';

export interface LinkOptions<Message = WireMessage> {
  readonly transport: Transport<Message>;
  readonly login: Login;
  readonly clock: Clock;
  /** In [0, 1): spreads reconnects of many engines. */
  readonly random: () => number;
  /** Everything the engine needs to find; asked anew at each connection. */
  readonly topology: () => Topology;
  readonly onState?: (state: LinkState) => void;
  /** After each publish: ms until the broker confirmed it; or why it did not. */
  readonly onPublished?: (took: number, failure?: TransportError['reason']) => void;
}

/** Shown to operators as the reason of waiting. */
export type LinkState =
  | { readonly kind: 'connected' }
  | { readonly kind: 'blocked'; readonly reason: string }
  | { readonly kind: 'down'; readonly reason: string };

export interface Letter<Message = WireMessage> {
  /** A later letter under the same key replaces one that was not sent yet. */
  readonly key: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly message: Message;
  /** Declared when the broker returns the letter. */
  readonly topology?: Topology;
  /** True: nobody is to be made to take it; when no queue does, it is refused at once. */
  readonly optional?: boolean;
  /** Sent at most once per call: lost with the connection. For what its receiver asks for again. */
  readonly once?: boolean;
}

interface Sending<Message> {
  readonly letter: Letter<Message>;
  /** Connection on which it was published, until that one is lost. */
  on?: Connection<Message>;
  returns: number;
  /** Why the broker did not take it the last time; it is tried again. */
  stuck: string | undefined;
  /** Since when the broker refuses to store it over this connection, ms. */
  refusedSince?: number;
  resolve(): void;
  reject(error: Error): void;
}

interface Reader<Message> {
  readonly queue: string;
  readonly prefetch: number;
  readonly deliver: (delivery: Delivery<Message>) => void;
}

const WINDOW = 500;
const MAX_RETURNS = 5;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

export class Link<Message = WireMessage> {
  readonly #options: LinkOptions<Message>;
  readonly #readers = new Set<Reader<Message>>();
  readonly #outbox = new Map<string, Sending<Message>>();
  readonly #patience = new Patience();
  #connection: Connection<Message> | undefined;
  #certificateEnds: number | undefined;
  #unconfirmed = 0;
  #pause = FIRST_PAUSE;
  #cancelRetry: () => void = () => undefined;
  #closed = false;
  #connecting: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions<Message>) {
    this.#options = options;
  }

  /** Resolves after the first try to connect, successful or not; goes on trying until `close`. */
  start(): Promise<void> {
    this.#connecting = this.#connect();
    return this.#connecting;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** As of the connection that there is, or was last. */
  get certificateEnds(): number | undefined {
    return this.#certificateEnds;
  }

  /** Letters not confirmed yet. */
  get waiting(): number {
    return this.#outbox.size;
  }

  /**
   * Resolves when the broker confirmed it; that may take as long as the broker is away. Rejects with EngineError
   * `transport_refused` (no permission, or no queue takes it) or `transport_closed` (withdrawn, replaced, closed,
   * or a `once` letter whose connection was lost).
   */
  send(letter: Letter<Message>): Promise<void> {
    if (this.#closed || (letter.once === true && this.#connection === undefined)) {
      return Promise.reject(closed(letter, 'there is no connection'));
    }
    this.withdraw(letter.key, 'replaced by a newer one');
    return new Promise((resolve, reject) => {
      this.#outbox.set(letter.key, { letter, returns: 0, stuck: undefined, resolve, reject });
      this.#flush();
    });
  }

  /** Stops sending what is not confirmed yet. */
  withdraw(key: string, why = 'withdrawn'): void {
    const sending = this.#outbox.get(key);
    if (sending === undefined) return;
    this.#outbox.delete(key);
    sending.reject(closed(sending.letter, why));
  }

  /** Why a letter that is tried again and again was not taken the last time, as a clause; undefined: it was not refused. */
  stuck(key: string): string | undefined {
    return this.#outbox.get(key)?.stuck;
  }

  /** Reads the queue on this and every later connection. Resolves when the first reading has begun, if connected. */
  async read(queue: string, prefetch: number, deliver: (delivery: Delivery<Message>) => void): Promise<void> {
    const reader = { queue, prefetch, deliver };
    this.#readers.add(reader);
    await this.#connection?.consume(queue, prefetch, deliver).catch(() => undefined);
  }

  /** Declares now, if connected; a later connection declares what `topology()` says. */
  async declare(topology: Topology): Promise<void> {
    await this.#connection?.declare(topology).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    await this.#connecting;
    for (const key of this.#outbox.keys()) this.withdraw(key, 'the engine is stopping');
    await this.#connection?.close();
  }

  // ---------------------------------------------------------------- connecting

  async #connect(): Promise<void> {
    try {
      const connection = await this.#options.transport.connect(this.#options.login);
      void connection.closed.then(why => this.#lost(connection, why));
      connection.onBlocked(reason => this.#tellBlocked(reason));
      await connection.declare(this.#options.topology());
      for (const one of this.#readers) await connection.consume(one.queue, one.prefetch, one.deliver);
      await this.#ready(connection);
    } catch (thrown) {
      this.#retry(errorText(thrown));
    }
  }

  async #ready(connection: Connection<Message>): Promise<void> {
    if (this.#closed) return connection.close();
    this.#connection = connection;
    this.#certificateEnds = connection.certificateEnds;
    this.#pause = FIRST_PAUSE;
    this.#options.onState?.({ kind: 'connected' });
    this.#flush();
  }

  #lost(connection: Connection<Message>, why: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#unconfirmed = 0;
    for (const sending of this.#outbox.values()) {
      delete sending.on;
      delete sending.refusedSince;
      if (sending.letter.once === true) this.withdraw(sending.letter.key, `the connection was lost: ${why}`);
    }
    this.#retry(why);
  }

  #retry(why: string): void {
    if (this.#closed) return;
    this.#options.onState?.({ kind: 'down', reason: why });
    this.#cancelRetry();
    const pause = this.#pause * (0.5 + this.#options.random() / 2);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.#cancelRetry = this.#options.clock.at(this.#options.clock.now() + pause, () => {
      this.#connecting = this.#connect();
    });
  }

  #tellBlocked(reason: string | undefined): void {
    this.#options.onState?.(reason === undefined ? { kind: 'connected' } : { kind: 'blocked', reason });
  }

  // ---------------------------------------------------------------- sending

  #flush(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    for (const sending of this.#outbox.values()) {
      if (this.#unconfirmed >= WINDOW) return;
      if (sending.on === undefined) void this.#publish(connection, sending);
    }
  }

  async #publish(connection: Connection<Message>, sending: Sending<Message>): Promise<void> {
    const { exchange, routingKey, message } = sending.letter;
    const since = this.#options.clock.now();
    sending.on = connection;
    this.#unconfirmed += 1;
    const error = await connection.publish(exchange, routingKey, message).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    this.#options.onPublished?.(this.#options.clock.now() - since, reasonOf(error));
    // A refusal also ends the connection; sent again it would end the next one.
    if (error instanceof TransportError && error.reason === 'refused') this.#refuse(sending, error);
    if (this.#connection !== connection) return;
    this.#unconfirmed -= 1;
    if (error === undefined) this.#stored(sending);
    else await this.#failed(connection, sending, error);
    this.#flush();
  }

  #stored(sending: Sending<Message>): void {
    if (sending.refusedSince !== undefined) this.#patience.restore();
    this.#settle(sending);
  }

  #settle(sending: Sending<Message>, error?: Error): void {
    if (this.#outbox.get(sending.letter.key) === sending) this.#outbox.delete(sending.letter.key);
    if (error === undefined) sending.resolve();
    else sending.reject(error);
  }

  #refuse(sending: Sending<Message>, thrown: unknown): void {
    this.#settle(sending, refused(sending.letter, errorText(thrown)));
  }

  async #failed(connection: Connection<Message>, sending: Sending<Message>, thrown: unknown): Promise<void> {
    const reason = reasonOf(thrown) ?? 'closed';
    sending.stuck = REFUSED[reason]?.(sending.letter);
    if (reason === 'nacked') return this.#refused(connection, sending);
    if (reason === 'returned') {
      sending.returns += 1;
      if (sending.returns > MAX_RETURNS || sending.letter.optional === true)
        return this.#refuse(sending, thrown);
      await connection.declare(sending.letter.topology ?? this.#options.topology()).catch(() => undefined);
    }
    delete sending.on;
  }

  /** The broker could not store it. */
  #refused(connection: Connection<Message>, sending: Sending<Message>): void {
    const now = this.#options.clock.now();
    sending.refusedSince ??= now;
    if (!this.#patience.ends(sending.refusedSince, now)) return this.#later(sending);
    this.#lost(connection, `it did not store messages for '${sending.letter.routingKey}'`);
    void connection.close();
  }

  /** Not at once again. */
  #later(sending: Sending<Message>): void {
    this.#options.clock.at(this.#options.clock.now() + FIRST_PAUSE, () => {
      delete sending.on;
      this.#flush();
    });
  }
}

const reasonOf = (thrown: unknown): TransportError['reason'] | undefined =>
  thrown === undefined ? undefined : thrown instanceof TransportError ? thrown.reason : 'closed';

/** Clauses: what a letter that is tried again met. */
const REFUSED: { readonly [reason in TransportError['reason']]?: (letter: Letter<unknown>) => string } = {
  nacked: ({ routingKey }) =>
    `the broker does not take it into the queue '${routingKey}', which is full or may not grow by a policy`,
  returned: ({ routingKey }) => `the broker has no queue '${routingKey}' for it`,
};

function closed(letter: Letter<unknown>, why: string): EngineError {
  return new EngineError(
    'transport_closed',
    `The message for '${letter.routingKey}' was not sent: ${why}.`,
    'Nothing is lost: it is sent again when the connection to the broker is back.',
  );
}

function refused(letter: Letter<unknown>, why: string): EngineError {
  return new EngineError(
    'transport_refused',
    `The broker does not take the message for '${letter.routingKey}': ${why}.`,
    "Check the permissions of the engine's broker user, and policies that delete queues.",
  );
}
