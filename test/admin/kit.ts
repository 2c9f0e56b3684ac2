// The operator's endpoint over a real engine, on a port of loopback, and a client of it.
// Belongs here: building and ending it, asking. Does not belong here: expectations.
import { type Authenticator } from '../../engine/admin/auth/types.ts';
import { nobodyAsked } from '../../engine/admin/auth/local.ts';
import { addGauges, Metrics } from '../../engine/admin/metrics/metrics.ts';
import { openAdmin, type Listening } from '../../engine/admin/server.ts';
import type { StreamTimes } from '../../engine/admin/stream/event-stream.ts';
import { Streams } from '../../engine/admin/stream/streams.ts';
import { NO_TRAFFIC, type Operating } from '../../engine/runtime/operator-api.ts';
import { operating, operatorViews } from '../../engine/runtime/operator-views.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { World } from '../runtime/kit.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // Judged by each test; `any` is banned, and an answer may be anything.
  readonly body: { readonly [key: string]: unknown };
}

export interface Given {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: object | string;
}

/** One event of a stream. */
export interface Sent {
  readonly event: string;
  readonly id?: string;
  readonly data: { readonly [key: string]: unknown };
}

export class Desk {
  readonly world: World;
  readonly streams: Streams;
  readonly metrics = new Metrics();
  /** What has gone between engine and agents. */
  traffic: Operating['traffic'] = () => NO_TRAFFIC;
  #ends: (() => void)[] = [];
  #listening: Listening | undefined;

  constructor(world = new World(), times: Partial<StreamTimes> = {}) {
    this.world = world;
    this.streams = new Streams(times);
  }

  async open(auth: Authenticator = nobodyAsked): Promise<this> {
    const { engine, service } = this.world;
    await engine.start();
    const ready = async (): Promise<boolean> =>
      engine.owned().then(
        () => true,
        () => false,
      );
    const parts = { api: service, views: operatorViews(engine, service), streams: this.streams, ready, auth };
    const { registry } = this.metrics;
    this.#ends = [
      engine.observers.add(this.metrics),
      addGauges(
        registry,
        service,
        operating(engine, service, () => this.traffic()),
      ),
    ];
    this.#listening = await openAdmin(
      { host: '127.0.0.1', port: 0 },
      { ...parts, metrics: registry, log: silentLog },
    );
    return this;
  }

  get url(): string {
    return this.#listening?.url ?? '';
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end();
    await this.#listening?.close();
    await this.world.engine.stop();
  }

  /** With the header that a change needs where nobody authenticates. */
  async ask(path: string, { method = 'GET', headers = {}, body }: Given = {}): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'X-Requested-With': 'test',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : { text }) as Answered['body'],
    };
  }

  /** Events as they come; ends with the stream, or with the signal. */
  async *events(path: string, signal: AbortSignal, headers: Given['headers'] = {}): AsyncGenerator<Sent> {
    const response = await fetch(`${this.url}${path}`, {
      signal,
      headers: { Accept: 'text/event-stream', ...headers },
    });
    if (response.body === null || response.status !== 200) throw new Error(`status ${response.status}`);
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = rest.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) if (!block.startsWith(':')) yield readEvent(block);
    }
  }
}

function readEvent(block: string): Sent {
  const fields = new Map(
    block.split('\n').map(line => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
  const id = fields.get('id');
  return {
    event: fields.get('event') ?? '',
    ...(id !== undefined && { id }),
    data: JSON.parse(fields.get('data') ?? '{}') as Sent['data'],
  };
}
