// EngineApi over the local socket of an engine that runs in another process.
// Belongs here: the client side of protocol.ts. Does not belong here: finding the socket (store/state-directory.ts).
import { createConnection, type Socket } from 'node:net';
import { EngineError, errorText } from '../base/errors.ts';
import type { AgentRequest } from '../runtime/agents-api.ts';
import type { DeadLetterFilter, Discard } from '../runtime/dead-letters.ts';
import type { ActRequest, CreateRequest, EngineApi, Happening, PlanRequest } from '../runtime/api.ts';
import { type Frame, fromWire, onFrames, send } from './protocol.ts';

export interface ControlClient extends EngineApi {
  close(): Promise<void>;
}

interface Waiting {
  item(item: unknown): void;
  done(result: unknown): void;
  failed(error: EngineError): void;
}

/** Milliseconds of silence after which an engine that is only asked to look something up counts as stopped. */
const PATIENCE = 15_000;

/** Connects to a running engine. EngineError `transport_closed` when nobody listens there. */
export async function connectControl(path: string, patience = PATIENCE): Promise<ControlClient> {
  const socket = await connected(path);
  return new Client(socket, path, patience);
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', error => reject(unreachable(path, errorText(error))));
  });
}

class Client implements ControlClient {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #patience: number;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #closed = false;

  constructor(socket: Socket, path: string, patience: number) {
    this.#patience = patience;
    this.#socket = socket;
    this.#path = path;
    onFrames(
      socket,
      frame => this.#deliver(frame),
      why => socket.destroy(new Error(why)),
    );
    socket.on('error', () => {});
    socket.on('close', () => this.#lost());
  }

  create(request: CreateRequest): ReturnType<EngineApi['create']> {
    return this.#ask('create', request) as ReturnType<EngineApi['create']>;
  }

  act(request: ActRequest): ReturnType<EngineApi['act']> {
    return this.#ask('act', request) as ReturnType<EngineApi['act']>;
  }

  rehearse(request: ActRequest): ReturnType<EngineApi['rehearse']> {
    return this.#look('rehearse', request) as ReturnType<EngineApi['rehearse']>;
  }

  plan(request: PlanRequest): ReturnType<EngineApi['plan']> {
    return this.#look('plan', request) as ReturnType<EngineApi['plan']>;
  }

  list(): ReturnType<EngineApi['list']> {
    return this.#look('list') as ReturnType<EngineApi['list']>;
  }

  ofStack(name: string): ReturnType<EngineApi['ofStack']> {
    return this.#look('ofStack', name) as ReturnType<EngineApi['ofStack']>;
  }

  workflow(id: string): ReturnType<EngineApi['workflow']> {
    return this.#look('workflow', id) as ReturnType<EngineApi['workflow']>;
  }

  explain(id: string, step?: string): ReturnType<EngineApi['explain']> {
    const params = step === undefined ? [id] : [id, step];
    return this.#look('explain', ...params) as ReturnType<EngineApi['explain']>;
  }

  graph(id: string): ReturnType<EngineApi['graph']> {
    return this.#look('graph', id) as ReturnType<EngineApi['graph']>;
  }

  outline(id: string): ReturnType<EngineApi['outline']> {
    return this.#look('outline', id) as ReturnType<EngineApi['outline']>;
  }

  timeline(id: string): ReturnType<EngineApi['timeline']> {
    return this.#look('timeline', id) as ReturnType<EngineApi['timeline']>;
  }

  administer(request: AgentRequest): ReturnType<EngineApi['administer']> {
    return this.#ask('administer', request) as ReturnType<EngineApi['administer']>;
  }

  agents(): ReturnType<EngineApi['agents']> {
    return this.#look('agents') as ReturnType<EngineApi['agents']>;
  }

  deadLetters(filter: DeadLetterFilter): ReturnType<EngineApi['deadLetters']> {
    return this.#look('deadLetters', filter) as ReturnType<EngineApi['deadLetters']>;
  }

  discardDeadLetters(request: Discard): ReturnType<EngineApi['discardDeadLetters']> {
    return this.#ask('discardDeadLetters', request) as ReturnType<EngineApi['discardDeadLetters']>;
  }

  events(id: string, after: number, limit: number): ReturnType<EngineApi['events']> {
    return this.#look('events', id, after, limit) as ReturnType<EngineApi['events']>;
  }

  /** Follows from this call on; ends with the signal, with the workflow, or, rejecting, with the connection. */
  follow(workflow: string, signal: AbortSignal): AsyncIterable<Happening> {
    const items: Happening[] = [];
    let over: { readonly error?: EngineError } | undefined;
    let wake = (): void => {};
    const end = (how: { readonly error?: EngineError }): void => {
      over ??= how;
      wake();
    };
    const id = this.#call('follow', [workflow], {
      item: item => {
        items.push(item as Happening);
        wake();
      },
      done: () => end({}),
      failed: error => end({ error }),
    });
    const stop = (): void => {
      this.#waiting.delete(id);
      send(this.#socket, { id, method: 'stop' });
      end({});
    };
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();

    async function* read(): AsyncGenerator<Happening> {
      try {
        for (;;) {
          for (let item = items.shift(); item !== undefined; item = items.shift()) yield item;
          if (over?.error !== undefined) throw over.error;
          if (over !== undefined) return;
          await new Promise<void>(resolve => {
            wake = resolve;
          });
        }
      } finally {
        signal.removeEventListener('abort', stop);
        if (over === undefined) stop();
      }
    }
    return read();
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      if (this.#closed) return resolve();
      this.#socket.once('close', () => resolve());
      this.#socket.destroy();
    });
  }

  #ask(method: string, ...params: unknown[]): Promise<unknown> {
    return new Promise((done, failed) => {
      this.#call(method, params, { item: () => {}, done, failed });
    });
  }

  /** As `#ask`, for what a living engine answers at once. */
  async #look(method: string, ...params: unknown[]): Promise<unknown> {
    let silence: NodeJS.Timeout | undefined;
    const silent = new Promise<never>((_, reject) => {
      silence = setTimeout(() => reject(mute(this.#path, this.#patience)), this.#patience);
    });
    try {
      return await Promise.race([this.#ask(method, ...params), silent]);
    } finally {
      clearTimeout(silence);
    }
  }

  #call(method: string, params: readonly unknown[], waiting: Waiting): number {
    const id = this.#next++;
    if (this.#closed) {
      waiting.failed(unreachable(this.#path, 'the connection is closed'));
      return id;
    }
    this.#waiting.set(id, waiting);
    send(this.#socket, { id, method, params });
    return id;
  }

  #deliver({ id, result, item, error }: Frame): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (item !== undefined) return waiting.item(item);
    this.#waiting.delete(id);
    if (error === undefined) waiting.done(result);
    else waiting.failed(fromWire(error));
  }

  #lost(): void {
    this.#closed = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const each of waiting) each.failed(unreachable(this.#path, 'the engine closed the connection'));
  }
}

function mute(path: string, patience: number): EngineError {
  return new EngineError(
    'transport_closed',
    `The engine at ${path} has not answered for ${patience / 1_000} s.`,
    'Its process is stopped (Ctrl-Z: continue it with `fg`), or its disk or machine is overloaded.',
  );
}

function unreachable(path: string, why: string): EngineError {
  return new EngineError(
    'transport_closed',
    `The engine at ${path} does not answer: ${why}.`,
    'Start the engine, or ask again: requests that it accepted are kept and answered by their id.',
  );
}
