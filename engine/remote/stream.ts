// A workflow followed over HTTP: server-sent events that go on where they were cut.
// Belongs here: reading the stream, coming again. Does not belong here: single requests (exchange.ts, client.ts).
//
// T1 What was told has a number; a connection that was cut is opened again behind the last one, so nothing is missing or told twice.
// T2 An engine that stays away for GIVE_UP_MS ends the following with why.
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '../base/errors.ts';
import type { Happening } from '../runtime/api.ts';
import { errorOf, type Exchange, refusalIn } from './exchange.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const GIVE_UP_MS = 120_000;
/** Of silence: an engine says that it lives more often. */
const SILENCE_MS = 60_000;

interface Event {
  readonly name: string;
  readonly id?: string;
  readonly data: string;
}

type Over = 'gone' | 'again';

export class Following {
  /** Resolves once the stream has begun, or cannot. */
  readonly opened: Promise<void>;
  readonly #exchange: Exchange;
  readonly #path: string;
  readonly #signal: AbortSignal;
  readonly #items: Happening[] = [];
  #last: string | undefined;
  #over: { readonly error?: unknown } | undefined;
  #wake = (): void => undefined;
  #tellOpened = (): void => undefined;

  constructor(exchange: Exchange, path: string, signal: AbortSignal) {
    this.#exchange = exchange;
    this.#path = path;
    this.#signal = signal;
    this.opened = new Promise(resolve => (this.#tellOpened = resolve));
    signal.addEventListener('abort', () => this.#end({}), { once: true });
    if (signal.aborted) this.#end({});
    else
      void this.#run().then(
        () => this.#end({}),
        (error: unknown) => this.#end({ error }),
      );
  }

  /** Once; ends with the signal or the workflow, and rejects with why it cannot be followed any more. */
  async *happenings(): AsyncGenerator<Happening> {
    for (;;) {
      yield* this.#items.splice(0);
      if (this.#over?.error !== undefined && !this.#signal.aborted) throw this.#over.error;
      if (this.#over !== undefined) return;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
        if (this.#items.length > 0 || this.#over !== undefined) resolve();
      });
    }
  }

  #end(how: { readonly error?: unknown }): void {
    this.#over ??= how;
    this.#tellOpened();
    this.#wake();
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    let away = 0;
    while (!this.#signal.aborted) {
      const told = this.#last;
      const failure = await this.#once().catch((thrown: unknown) => thrown);
      if (failure === 'gone' || this.#signal.aborted) return;
      if (failure instanceof EngineError && (failure.code !== 'transport_closed' || away >= GIVE_UP_MS))
        throw failure;
      const isNew = this.#last !== told;
      pause = isNew ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
      away = isNew ? 0 : away + pause;
      await delay(pause, undefined, { signal: this.#signal }).catch(() => undefined);
    }
  }

  async #once(): Promise<Over> {
    const response = await this.#exchange.open({
      method: 'GET',
      path: this.#path,
      headers: {
        accept: 'text/event-stream',
        ...(this.#last !== undefined && { 'last-event-id': this.#last }),
      },
      signal: this.#signal,
      patience: SILENCE_MS,
    });
    const { statusCode: status = 0, headers } = response;
    if (status !== 200) {
      const refusal = refusalIn({ status, headers, text: await this.#exchange.read(response) });
      // It was there when it was first followed: it has gone meanwhile.
      if (status === 404 && this.#last !== undefined) return 'gone';
      throw refusal ? errorOf(refusal, this.#exchange.place) : new Error(`status ${status}`);
    }
    if (this.#last !== undefined) this.#tellOpened();
    try {
      for await (const event of eventsIn(response)) if (this.#take(event) === 'gone') return 'gone';
    } catch {
      // The connection was cut.
    }
    return 'again';
  }

  #take({ name, id, data }: Event): Over | undefined {
    if (id !== undefined) this.#last = id;
    if (name === 'begin') this.#tellOpened();
    else if (name === 'end')
      return (JSON.parse(data) as { readonly why: string }).why === 'gone' ? 'gone' : 'again';
    else this.#items.push(JSON.parse(data) as Happening);
    this.#wake();
    return undefined;
  }
}

/** As WHATWG HTML has it, 9.2.6, of what this server sends: fields in lines, events ended by an empty one. */
async function* eventsIn(response: IncomingMessage): AsyncGenerator<Event> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(block: string): Event | undefined {
  const fields = new Map(
    block.split('\n').map(line => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')] as const;
    }),
  );
  const [name, id, data] = ['event', 'id', 'data'].map(key => fields.get(key));
  return name === undefined || data === undefined
    ? undefined
    : { name, data, ...(id !== undefined && { id }) };
}
