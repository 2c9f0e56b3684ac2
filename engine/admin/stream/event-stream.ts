// Server-sent events to one client: headers, events in order, heartbeats, and an end for who does not read.
// Belongs here: the wire (WHATWG HTML, 9.2) and back-pressure. Does not belong here: what is sent (workflow.ts, list.ts).
import type { ServerResponse } from 'node:http';

export interface StreamTimes {
  /** Milliseconds between two signs of life. */
  readonly heartbeat: number;
  /** Milliseconds for which a client may read nothing. */
  readonly stall: number;
}

/** Milliseconds that an event waits for others, and characters that are written at once. */
const GATHERING = 20;
const GATHERED = 64 * 1024;

/** Many clients watch the same: what is told to all of them is made into text once. */
const texts = new WeakMap<object, string>();

function textOf(data: object): string {
  const known = texts.get(data);
  if (known !== undefined) return known;
  const text = JSON.stringify(data);
  texts.set(data, text);
  return text;
}

export class EventStream {
  readonly #response: ServerResponse;
  readonly #times: StreamTimes;
  readonly #ended = new AbortController();
  /** Not written yet. */
  #gathered = '';
  #timer: NodeJS.Timeout | undefined;
  /** While what was written waits for the client to read. */
  #full: Promise<void> | undefined;

  constructor(response: ServerResponse, times: StreamTimes) {
    this.#response = response;
    this.#times = times;
    response.on('close', () => this.#ended.abort());
    response.on('error', () => this.#ended.abort());
  }

  /** Fires once nothing more can be sent. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** `beat`: called with every sign of life. */
  open(beat: () => void): void {
    this.#response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // Else a proxy before the engine would gather what is to be seen at once.
      'X-Accel-Buffering': 'no',
    });
    this.#response.flushHeaders();
    const timer = setInterval(() => {
      this.#response.write(':\n\n');
      beat();
    }, this.#times.heartbeat);
    this.signal.addEventListener(
      'abort',
      () => {
        clearInterval(timer);
        clearTimeout(this.#timer);
      },
      { once: true },
    );
  }

  /**
   * Events that come close together are written together. Resolves when the client can take more, or is gone. `id`: what it
   * sends back to go on from here.
   */
  async send(event: string, data: object, id?: string): Promise<void> {
    if (this.signal.aborted) return;
    const head = id === undefined ? '' : `id: ${id}\n`;
    this.#gathered += `${head}event: ${event}\ndata: ${textOf(data)}\n\n`;
    if (this.#gathered.length >= GATHERED) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHERING);
    await this.#full;
  }

  /** Says why, and closes. A browser's client would come again by itself: `end` tells it whether that makes sense. */
  end(why: 'gone' | 'behind' | 'stopped' | 'unauthenticated'): void {
    if (this.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#response.end(`${this.#gathered}event: end\ndata: ${JSON.stringify({ why })}\n\n`);
    this.#ended.abort();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#gathered;
    this.#gathered = '';
    if (this.signal.aborted || text === '' || this.#response.write(text)) return;
    this.#full ??= this.#drained().then(() => {
      this.#full = undefined;
    });
  }

  #drained(): Promise<void> {
    return new Promise(resolve => {
      const stalled = setTimeout(() => this.#response.destroy(), this.#times.stall);
      const done = (): void => {
        clearTimeout(stalled);
        this.#response.off('drain', done);
        this.signal.removeEventListener('abort', done);
        resolve();
      };
      this.#response.once('drain', done);
      this.signal.addEventListener('abort', done, { once: true });
    });
  }
}
