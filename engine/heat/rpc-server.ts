// An RPC server as oslo.messaging's: requests of a topic in, answers to the callers' own queues out.
// Belongs here: at most once, beats, bounds, the order of ack and work. Does not belong here: which methods there are
// (methods.ts), bytes (envelope.ts), reconnecting (bus/link.ts).
//
// R1. A request is acked before its method is run (as oslo does): at most once. Callers repeat under a request id of theirs.
// R2. At most CALLS methods run at once; what comes then stays unacked at the broker and is not lost with us.
// R3. Every call is answered, with a result or a failure, whatever the method throws; a cast never is.
// R4. An answer whose caller is gone is dropped; one that the broker did not confirm is sent again on the next connection.
import { randomUUID } from 'node:crypto';
import type { Delivery } from '../../agent-protocol/transport.ts';
import { errorText } from '../base/errors.ts';
import type { JsonValue } from '../base/json.ts';
import type { Link } from '../bus/link.ts';
import type { Clock } from '../runtime/ports.ts';
import type { Log } from '../runtime/log.ts';
import {
  decodeRequest,
  encodeBeat,
  encodeFailure,
  encodeResult,
  type ReplyAddress,
  type RpcRequest,
} from './envelope.ts';
import { failureOf, noSuchMethod, unsupportedVersion } from './failures.ts';

/** What is served: the highest version, and its methods. A method throws EngineError for what its caller did wrong. */
export interface Endpoint {
  readonly version: string;
  readonly methods: { readonly [name: string]: (request: RpcRequest) => Promise<JsonValue> };
}

export interface RpcServerOptions {
  readonly link: Link<Uint8Array>;
  readonly queues: readonly string[];
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds that a closing server waits for its last answers. */
const GRACE = 2_000;
/** Methods at once. */
const CALLS = 64;
/** Requests remembered, to know a copy when it comes. */
const REMEMBERED = 10_000;

export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: Delivery<Uint8Array>[] = [];
  readonly #seen = new Set<string>();
  #closed = false;

  constructor(options: RpcServerOptions) {
    this.#options = options;
  }

  /** Reads the queues from now on, on this and every later connection. */
  async start(): Promise<void> {
    const { link, queues } = this.#options;
    for (const queue of queues) await link.read(queue, CALLS, delivery => this.#take(delivery));
  }

  /** What runs is finished and answered, if the broker takes it within GRACE; what came meanwhile stays at the broker. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    const { clock } = this.#options;
    let stop: () => void = () => undefined;
    const late = new Promise<void>(resolve => {
      stop = clock.at(clock.now() + GRACE, resolve);
    });
    await Promise.race([Promise.all(this.#running), late]);
    stop();
  }

  #take(delivery: Delivery<Uint8Array>): void {
    this.#waiting.push(delivery);
    this.#next();
  }

  #next(): void {
    while (!this.#closed && this.#running.size < CALLS) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) return;
      delivery.ack();
      const running = this.#handle(delivery.message)
        .catch((thrown: unknown) => {
          this.#options.log.error(`A message on the control bus was dropped: ${errorText(thrown)}`);
        })
        .then(() => {
          this.#running.delete(running);
          this.#next();
        });
      this.#running.add(running);
    }
  }

  async #handle(body: Uint8Array): Promise<void> {
    const decoded = decodeRequest(body);
    if ('refused' in decoded) {
      this.#options.log.warn(`A message on the control bus was dropped: ${decoded.refused}.`);
      return;
    }
    const { request } = decoded;
    if (this.#isCopy(request)) return;
    const answer = await this.#run(request);
    if (request.reply !== undefined) await this.#send(request.reply, answer);
  }

  /** A client that is not sure of its publish sends it again. */
  #isCopy({ uniqueId }: RpcRequest): boolean {
    if (uniqueId === undefined) return false;
    if (this.#seen.has(uniqueId)) return true;
    this.#seen.add(uniqueId);
    const [oldest] = this.#seen;
    if (this.#seen.size > REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
    return false;
  }

  async #run(request: RpcRequest): Promise<Answer> {
    const { endpoint, log } = this.#options;
    const { method, version } = request;
    const serve = Object.hasOwn(endpoint.methods, method) ? endpoint.methods[method] : undefined;
    if (serve === undefined || request.namespace !== undefined) return { failure: noSuchMethod(method) };
    if (!isServed(version, endpoint.version)) return { failure: unsupportedVersion(version, method) };
    const stopBeats = request.reply === undefined ? () => undefined : this.#beat(request.reply);
    try {
      return { result: await serve(request) };
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.class === 'Internal') log.error(`${method}: ${errorText(thrown)}`);
      return { failure };
    } finally {
      stopBeats();
    }
  }

  #beat(reply: ReplyAddress): () => void {
    const { monitor } = reply;
    if (monitor === null || monitor <= 0) return () => undefined;
    const { clock, link } = this.#options;
    let cancel: () => void = () => undefined;
    const schedule = (): void => {
      cancel = clock.at(clock.now() + (monitor * 1_000) / 2, () => {
        const message = encodeBeat(reply, unique());
        void link.send(letter(`${reply.id}/beat`, reply.queue, message)).catch(() => undefined);
        schedule();
      });
    };
    schedule();
    return () => cancel();
  }

  async #send(reply: ReplyAddress, answer: Answer): Promise<void> {
    const message =
      'failure' in answer
        ? encodeFailure(reply, answer.failure, unique())
        : encodeResult(reply, answer.result, unique());
    try {
      await this.#options.link.send(letter(reply.id, reply.queue, message));
    } catch (thrown) {
      this.#options.log.info(`An answer was dropped, its caller is gone: ${errorText(thrown)}`);
    }
  }
}

type Answer = { readonly result: JsonValue } | { readonly failure: ReturnType<typeof failureOf> };

const letter = (key: string, queue: string, message: Uint8Array) =>
  ({ key, exchange: '', routingKey: queue, message, optional: true }) as const;

const unique = (): string => randomUUID().replaceAll('-', '');

/** Same major version, and not a later minor one than ours. */
function isServed(asked: string, served: string): boolean {
  const [askedMajor, askedMinor = '0'] = asked.split('.');
  const [servedMajor, servedMinor = '0'] = served.split('.');
  return askedMajor === servedMajor && Number(askedMinor) <= Number(servedMinor);
}
