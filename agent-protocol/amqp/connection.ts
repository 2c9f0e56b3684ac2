// One AMQP 0-9-1 connection with one channel in confirm mode, by amqplib, behind the interface of transport.ts.
// Belongs here: what RabbitMQ says turned into what `Connection` promises. Does not belong here: which brokers there are
// (brokers.ts), connecting again (engine/bus/link.ts), what messages mean.
//
// A1. A channel error ends the connection, as `Connection` has one channel: the publish or request that it is about is
//     rejected with the broker's words, everything else that is open with `closed`.
// A2. A queue that is deleted under its consumer ends the connection too: whoever connects again declares it again.
// A3. Nothing that the library throws or emits leaves this file but as a TransportError.
import { TLSSocket } from 'node:tls';
import type { ChannelModel, ConfirmChannel, ConsumeMessage, Message, Options } from 'amqplib';
import { type Connection, type Delivery, type Topology, TransportError } from '../transport.ts';
import { deathOf } from './death.ts';
import { declareOn } from './declare.ts';
import { end } from './ending.ts';

/** How messages of one kind look in AMQP. */
export interface Mapping<Content> {
  toAmqp(message: Content): { readonly body: Uint8Array; readonly properties: Options.Publish };
  fromAmqp(message: ConsumeMessage): Content;
}

interface Publishing {
  readonly exchange: string;
  readonly routingKey: string;
  returned: boolean;
  readonly resolve: () => void;
  readonly reject: (error: TransportError) => void;
}

export class AmqpConnection<Content> implements Connection<Content> {
  readonly closed: Promise<string>;
  readonly certificateEnds?: number;
  readonly #model: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #mapping: Mapping<Content>;
  /** In the order published; by the number under which each went out. */
  readonly #publishing = new Map<string, Publishing>();
  readonly #asking = new Set<(error: TransportError) => void>();
  readonly #blockedListeners: ((reason: string | undefined) => void)[] = [];
  #published = 0;
  #lostBecause: string | undefined;
  #announce: (why: string) => void = () => undefined;

  constructor(model: ChannelModel, channel: ConfirmChannel, mapping: Mapping<Content>) {
    this.#model = model;
    this.#channel = channel;
    this.#mapping = mapping;
    const ends = certificateEndOf(model);
    if (ends !== undefined) this.certificateEnds = ends;
    this.closed = new Promise(resolve => {
      this.#announce = resolve;
    });
    model.on('error', (error: Error) => this.#lose(error.message));
    model.on('close', (error?: Error) => this.#lose(error?.message ?? 'the connection was closed'));
    model.on('blocked', (reason: string) => this.#tellBlocked(reason));
    model.on('unblocked', () => this.#tellBlocked(undefined));
    channel.on('error', (error: Error) => this.#fail(error));
    channel.on('close', () => setImmediate(() => this.#lose('the channel was closed')));
    channel.on('return', (message: Message) => this.#return(message));
  }

  publish(exchange: string, routingKey: string, message: Content): Promise<void> {
    if (this.#lostBecause !== undefined) return Promise.reject(closedError(this.#lostBecause));
    const { body, properties } = this.#mapping.toAmqp(message);
    this.#published += 1;
    const number = String(this.#published);
    return new Promise((resolve, reject) => {
      this.#publishing.set(number, { exchange, routingKey, returned: false, resolve, reject });
      const options = { ...properties, mandatory: true, correlationId: number };
      try {
        this.#channel.publish(exchange, routingKey, Buffer.from(body), options, (error: unknown) =>
          this.#settle(number, error),
        );
      } catch (thrown) {
        this.#publishing.delete(number);
        // On an open channel it is the message itself that cannot be said in AMQP; sent again it could not either.
        const reason = this.#lostBecause === undefined && !isClosedError(thrown) ? 'refused' : 'closed';
        reject(new TransportError(reason, textOf(thrown)));
      }
    });
  }

  async consume(
    queue: string,
    prefetch: number,
    deliver: (delivery: Delivery<Content>) => void,
  ): Promise<{ cancel(): Promise<void> }> {
    const { consumerTag } = await this.#ask(async () => {
      // Of each consumer, not of the channel (RabbitMQ's reading of `global: false`).
      await this.#channel.prefetch(prefetch, false);
      return this.#channel.consume(queue, message => this.#deliver(queue, message, deliver));
    });
    return { cancel: async () => void (await this.#ask(() => this.#channel.cancel(consumerTag))) };
  }

  declare(topology: Topology): Promise<void> {
    return this.#ask(() => declareOn(this.#channel, topology));
  }

  onBlocked(listener: (reason: string | undefined) => void): void {
    this.#blockedListeners.push(listener);
  }

  async close(): Promise<void> {
    // The channel first: its close comes after every ack and publish that was said on it.
    await end(this.#channel);
    await end(this.#model);
    this.#lose('closed by the client');
  }

  // ---------------------------------------------------------------- what the broker says

  #deliver(
    queue: string,
    message: ConsumeMessage | null,
    deliver: (delivery: Delivery<Content>) => void,
  ): void {
    if (message === null) return this.#end(`the queue '${queue}' was deleted, or its node is gone`);
    const died = deathOf(message.properties.headers);
    deliver({
      ...(died && { died }),
      message: this.#mapping.fromAmqp(message),
      routingKey: message.fields.routingKey,
      redelivered: message.fields.redelivered,
      ack: () => this.#tell(() => this.#channel.ack(message)),
      nack: ({ requeue }) => this.#tell(() => this.#channel.nack(message, false, requeue)),
    });
  }

  #return({ properties }: Message): void {
    const publishing = this.#publishing.get(String(properties.correlationId));
    if (publishing === undefined) return;
    publishing.returned = true;
  }

  /** The confirm of a message comes after its return. */
  #settle(number: string, error: unknown): void {
    const publishing = this.#publishing.get(number);
    if (publishing === undefined) return;
    this.#publishing.delete(number);
    const { exchange, routingKey, returned } = publishing;
    const place =
      exchange === '' ? `no queue '${routingKey}'` : `exchange '${exchange}', key '${routingKey}'`;
    if (error) {
      const nacked = error instanceof Error && error.message === 'message nacked';
      publishing.reject(new TransportError(nacked ? 'nacked' : 'closed', textOf(error)));
    } else if (returned) {
      publishing.reject(new TransportError('returned', `NO_ROUTE - the message was returned: ${place}`));
    } else publishing.resolve();
  }

  /** A channel error names what it is about; the library only knows that the channel is gone. */
  #fail(error: Error): void {
    const reason = /\b403\b|ACCESS[_-]REFUSED/.test(error.message) ? 'refused' : 'closed';
    const about = [...this.#publishing].find(([, { exchange, routingKey }]) =>
      isAbout(error.message, exchange, routingKey),
    );
    const failure = new TransportError(reason, error.message);
    if (about !== undefined) {
      this.#publishing.delete(about[0]);
      about[1].reject(failure);
    } else for (const reject of this.#asking) reject(failure);
    this.#end(error.message);
  }

  #end(why: string): void {
    this.#lose(why);
    void end(this.#model);
  }

  #lose(why: string): void {
    if (this.#lostBecause !== undefined) return;
    this.#lostBecause = why;
    for (const { reject } of this.#publishing.values()) reject(closedError(why));
    this.#publishing.clear();
    for (const reject of this.#asking) reject(closedError(why));
    this.#announce(why);
  }

  #tellBlocked(reason: string | undefined): void {
    for (const listener of this.#blockedListeners) listener(reason);
  }

  // ---------------------------------------------------------------- what we ask

  /** A request that the broker answers, or that ends with the connection. */
  #ask<Answer>(request: () => Promise<Answer>): Promise<Answer> {
    if (this.#lostBecause !== undefined) return Promise.reject(closedError(this.#lostBecause));
    return new Promise<Answer>((resolve, reject) => {
      this.#asking.add(reject);
      const done = (): void => void this.#asking.delete(reject);
      // Of a request that fails the channel says why: `#fail` rejects first, with the broker's words.
      request().then(resolve, (thrown: unknown) => {
        setImmediate(() => reject(asTransportError(thrown)));
      });
      void this.closed.then(done);
    });
  }

  /** Settling after the end has no effect: the message comes again. */
  #tell(settle: () => void): void {
    if (this.#lostBecause !== undefined) return;
    try {
      settle();
    } catch (thrown) {
      this.#end(textOf(thrown));
    }
  }
}

/** The library's types do not show the socket that it speaks through. */
function certificateEndOf({ connection }: ChannelModel): number | undefined {
  const { stream } = connection as unknown as { readonly stream?: unknown };
  if (!(stream instanceof TLSSocket)) return undefined;
  const ends = Date.parse(stream.getPeerCertificate().valid_to);
  return Number.isNaN(ends) ? undefined : ends;
}

const isClosedError = (thrown: unknown): boolean => /\b(closed|closing)\b/i.test(textOf(thrown));

/** `write access to exchange 'talk'`, `no exchange 'x'`, `access to topic 'k' in exchange 'talk'`. */
function isAbout(message: string, exchange: string, routingKey: string): boolean {
  if (!/\bexchange\b/.test(message)) return false;
  const topic = /to topic '([^']*)'/.exec(message)?.[1];
  if (topic !== undefined && topic !== routingKey) return false;
  return message.includes(`'${exchange === '' ? 'amq.default' : exchange}'`);
}

export const textOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

const asTransportError = (thrown: unknown): TransportError =>
  thrown instanceof TransportError ? thrown : new TransportError('closed', textOf(thrown));

const closedError = (why: string): TransportError =>
  new TransportError('closed', `the connection to the broker is closed: ${why}`);
