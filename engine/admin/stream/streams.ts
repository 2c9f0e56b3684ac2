// All streams that are open: how many there may be, and their end with the endpoint.
// Belongs here: counting, closing, asking again who reads. Does not belong here: one stream's wire (event-stream.ts).
import type { ServerResponse } from 'node:http';
import { EngineError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { EventStream, type StreamTimes } from './event-stream.ts';

export class Streams {
  readonly #times: StreamTimes;
  readonly #open = new Set<EventStream>();

  constructor(times: Partial<StreamTimes> = {}) {
    this.#times = { heartbeat: 15_000, stall: LIMITS.adminStallMs, ...times };
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Runs `work` with a stream until it is over. `welcome`: whether the client may still read, asked with every heartbeat: what
   * it authenticated with may have been revoked. EngineError `limit_exceeded` when too many are open.
   */
  async run(
    response: ServerResponse,
    welcome: () => Promise<boolean>,
    work: (stream: EventStream) => Promise<void>,
  ): Promise<void> {
    if (this.#open.size >= LIMITS.adminStreams) throw tooMany();
    const stream = new EventStream(response, this.#times);
    this.#open.add(stream);
    try {
      stream.open(() => void check(stream, welcome));
      await work(stream);
    } finally {
      this.#open.delete(stream);
      stream.end('stopped');
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const stream of this.#open) stream.end('stopped');
  }
}

/** Who cannot be asked for at present stays. */
async function check(stream: EventStream, welcome: () => Promise<boolean>): Promise<void> {
  const isWelcome = await welcome().catch(() => true);
  if (!isWelcome) stream.end('unauthenticated');
}

const tooMany = (): EngineError =>
  new EngineError(
    'limit_exceeded',
    `${LIMITS.adminStreams} streams are open already.`,
    'Close some, or ask for pages instead.',
  );
