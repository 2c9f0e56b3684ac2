// The agent's connection: kept up with pauses that grow and are drawn at random, hello first, everything signed.
// Belongs here: connecting, signing, verifying, judging, publishing. Does not belong here: what messages lead to.
import { randomBytes } from 'node:crypto';
import { decode, encode } from '../codec.ts';
import type { Trust } from '../enrolment/trust.ts';
import type { RefusedMessage } from '../judging.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import type { FromAgent, FromEngine } from '../messages.ts';
import { sign } from '../signing.ts';
import { News } from './news.ts';
import type { SigningKey } from '../signing.ts';
import { Patience } from '../patience.ts';
import { agentKey, commandQueue, FROM_AGENTS, TransportError } from '../transport.ts';
import type { AgentKey, Connection, Delivery, Login, Transport, WireMessage } from '../transport.ts';

export interface LinkContext {
  readonly agent: string;
  readonly key: SigningKey;
  readonly trust: Trust;
  readonly transport: Transport;
  readonly login: Login;
  readonly reconnectMs: number;
  readonly reconnectMaxMs: number;
  readonly resendMs: number;
  connected(nonce: string): void;
  disconnected(): void;
  /** Resolves to the hello of this connection, after `connected` took effect. */
  hello(nonce: string): FromAgent;
  welcomed(): boolean;
  received(message: FromEngine, token: number): void;
  log(text: string): void;
}

/** Live output pieces that may wait for the broker; more are left out. */
const MOST_OUTPUT = 16;

export class Link {
  readonly #context: LinkContext;
  readonly #deliveries = new Map<number, Delivery>();
  #connection: Connection | undefined;
  #nonce = '';
  #token = 0;
  #outputs = 0;
  #stopping = false;
  readonly #patience = new Patience();
  /** Since when the broker refuses to store what it is sent over this connection, ms. */
  #refusedSince: number | undefined;
  #pause: { readonly timer: NodeJS.Timeout; readonly resolve: () => void } | undefined;
  readonly #running: Promise<void>;
  readonly #news = new News(message => this.#connection && this.#sendNow(this.#connection, message));
  /** Deliveries refused: bad signature, unknown kind, wrong shape. */
  refused = 0;

  constructor(context: LinkContext) {
    this.#context = context;
    this.#running = this.#run();
  }

  /**
   * Publishes while connected; what is lost is told again after the next welcome. `soon`: within a moment, unless
   * something later is said of the same command before.
   */
  send(message: FromAgent, soon = false): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (soon) return this.#news.hold(message);
    this.#news.overtake(message);
    this.#sendNow(connection, message);
  }

  #sendNow(connection: Connection, message: FromAgent): void {
    this.#publish(connection, message, 'result').catch((error: unknown) =>
      this.#context.log(`Agent ${this.#context.agent}: ${message.kind} was not sent: ${String(error)}`),
    );
  }

  /** Says hello again; on another connection than the nonce's it has been said already. */
  hello(nonce: string): void {
    if (this.#connection === undefined || nonce !== this.#nonce) return;
    this.#publish(this.#connection, this.#context.hello(nonce), 'hello').catch(() => undefined);
  }

  /** False when it was left out. */
  sendOutput(message: FromAgent): boolean {
    const connection = this.#connection;
    if (connection === undefined || this.#outputs >= MOST_OUTPUT) return false;
    this.#news.tell(message);
    this.#outputs += 1;
    const done = (): void => {
      this.#outputs -= 1;
    };
    this.#publish(connection, message, 'output').then(done, done);
    return true;
  }

  ack(token: number): void {
    this.#deliveries.get(token)?.ack();
    this.#deliveries.delete(token);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#pause !== undefined) {
      clearTimeout(this.#pause.timer);
      this.#pause.resolve();
    }
    this.#news.tellAll();
    await this.#connection?.close().catch(() => undefined);
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping) {
      try {
        const connection = await this.#context.transport.connect(this.#context.login);
        const began = performance.now();
        await this.#serve(connection);
        // One that lasted was a good one; one that is closed at once is not tried in a tight loop.
        failures = performance.now() - began > this.#context.reconnectMaxMs ? 0 : failures + 1;
      } catch (error) {
        if (this.#stopping) break;
        failures += 1;
        this.#context.log(`Agent ${this.#context.agent}: no connection: ${String(error)}`);
      }
      if (!this.#stopping) await this.#wait(this.#pauseAfter(failures));
    }
  }

  #pauseAfter(failures: number): number {
    const longest = Math.min(
      this.#context.reconnectMaxMs,
      this.#context.reconnectMs * 2 ** Math.min(failures - 1, 16),
    );
    return longest * (0.5 + Math.random() / 2);
  }

  #wait(duration: number): Promise<void> {
    return new Promise(resolve => {
      this.#pause = { resolve, timer: setTimeout(resolve, duration) };
    });
  }

  async #serve(connection: Connection): Promise<void> {
    const nonce = randomBytes(12).toString('hex');
    let repeat: NodeJS.Timeout | undefined;
    try {
      if (this.#stopping) return;
      this.#connection = connection;
      this.#nonce = nonce;
      this.#refusedSince = undefined;
      this.#context.connected(nonce);
      await this.#publishHello(connection, nonce);
      repeat = setInterval(() => this.#repeatHello(connection, nonce), this.#context.resendMs);
      await connection.consume(commandQueue(this.#context.agent), LIMITS.prefetch, delivery =>
        this.#receive(delivery),
      );
      const why = await connection.closed;
      if (!this.#stopping) this.#context.log(`Agent ${this.#context.agent}: connection closed: ${why}`);
    } finally {
      clearInterval(repeat);
      this.#connection = undefined;
      this.#news.drop();
      this.#deliveries.clear();
      this.#context.disconnected();
      await connection.close().catch(() => undefined);
    }
  }

  async #publishHello(connection: Connection, nonce: string): Promise<void> {
    await Promise.race([
      this.#publish(connection, this.#context.hello(nonce), 'hello'),
      connection.closed.then(why => Promise.reject(new Error(`closed before the hello was taken: ${why}`))),
    ]);
  }

  /** An engine that was away, or did not know this agent yet, is greeted again until it answers. */
  #repeatHello(connection: Connection, nonce: string): void {
    if (this.#context.welcomed()) return;
    this.#publish(connection, this.#context.hello(nonce), 'hello').catch(() => undefined);
  }

  async #publish(connection: Connection, message: FromAgent, key: AgentKey): Promise<void> {
    const { agent } = this.#context;
    const body = encode(message);
    const headers = sign(this.#context.key, 'from_agent', agent, body);
    const messageId = randomBytes(12).toString('hex');
    const sent = connection.publish(FROM_AGENTS, agentKey(agent, key), { body, messageId, headers });
    await sent.then(
      () => this.#stored(),
      (error: unknown) => this.#notStored(connection, error),
    );
  }

  #stored(): void {
    if (this.#refusedSince !== undefined) this.#patience.restore();
    this.#refusedSince = undefined;
  }

  /** What is refused for long is tried over another connection. */
  #notStored(connection: Connection, error: unknown): never {
    if (error instanceof TransportError && error.reason === 'nacked') {
      const now = performance.now();
      this.#refusedSince ??= now;
      if (this.#patience.ends(this.#refusedSince, now)) void connection.close();
    }
    throw error;
  }

  #receive(delivery: Delivery): void {
    const decoded = this.#judge(delivery.message);
    if ('refused' in decoded) return this.#refuse(delivery, decoded.refused);
    this.#token += 1;
    this.#deliveries.set(this.#token, delivery);
    this.#context.received(decoded.message, this.#token);
  }

  /** A message that brings a key set is read before it is believed: the set says by whom it may be signed. */
  #judge(message: WireMessage): { readonly message: FromEngine } | RefusedMessage {
    const { agent, trust } = this.#context;
    const verdict = trust.verify('from_engine', agent, message);
    const decoded = decode(message.body, 'from_engine');
    const keys = 'message' in decoded && 'keys' in decoded.message ? decoded.message.keys : undefined;
    const last = keys === undefined ? verdict : trust.verify('from_engine', agent, message, keys);
    return last.kind === 'refused' ? { refused: last.reason } : decoded;
  }

  /** To the dead letters, once: never back into the queue (B8). */
  #refuse(delivery: Delivery, reason: string): void {
    this.refused += 1;
    delivery.nack({ requeue: false });
    this.#context.log(`Agent ${this.#context.agent}: refused a message: ${reason}`);
  }
}
