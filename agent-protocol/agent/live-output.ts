// Live output of one running script: read from its kept files, masked, bounded by rate and by bytes.
// Belongs here: what is sent and what is left out. Does not belong here: the tails of the result (results.ts).
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import type { Output } from '../messages.ts';
import { readKept } from './kept-output.ts';
import type { StreamName } from './kept-output.ts';
import type { Masker } from './masking.ts';

export type OutputPiece = Pick<Output, 'stream' | 'text' | 'offset' | 'skipped'>;

/** Follows both streams of a run's directory. `now`: monotonic milliseconds. */
export class LiveOutput {
  readonly #directory: string;
  readonly #send: (piece: OutputPiece) => boolean;
  readonly #streams: Follower[];

  /** `send` returns false when it cannot take more now: the piece counts as skipped. */
  constructor(directory: string, masker: Masker, send: (piece: OutputPiece) => boolean) {
    this.#directory = directory;
    this.#send = send;
    this.#streams = [new Follower('stdout', masker), new Follower('stderr', masker)];
  }

  /** Sends what is new, within the rate; true when something was left for later. */
  poll(now: number): boolean {
    return this.#streams.map(stream => stream.poll(this.#directory, now, this.#send)).includes(true);
  }

  /** Sends what the rate still allows, and what was held back for masking. */
  finish(now: number): void {
    for (const stream of this.#streams) {
      stream.poll(this.#directory, now, this.#send);
      stream.finish(this.#send);
    }
  }
}

class Follower {
  readonly #stream: StreamName;
  readonly #masked: ReturnType<Masker['stream']>;
  readonly #decoder = new TextDecoder('utf-8');
  #next = 0;
  #told = 0;
  #budget: number = LIMITS.liveBytesPerSecond;
  #total = 0;
  #filledAt: number | undefined;

  constructor(stream: StreamName, masker: Masker) {
    this.#stream = stream;
    this.#masked = masker.stream();
  }

  poll(directory: string, now: number, send: (piece: OutputPiece) => boolean): boolean {
    this.#refill(now);
    while (this.#total < LIMITS.liveTotalBytes) {
      if (this.#budget <= 0) return true;
      const most = Math.min(LIMITS.liveBytes, this.#budget);
      const read = readKept(directory, this.#stream, this.#next, most);
      if (read === undefined) return false;
      this.#budget -= read.bytes.length;
      this.#total += read.bytes.length;
      this.#next = read.offset + read.bytes.length;
      this.#tell(this.#masked.push(this.#decoder.decode(read.bytes, { stream: true })), read.offset, send);
    }
    return false;
  }

  finish(send: (piece: OutputPiece) => boolean): void {
    const rest = this.#masked.push(this.#decoder.decode()) + this.#masked.end();
    this.#tell(rest, this.#next, send);
  }

  #tell(text: string, offset: number, send: (piece: OutputPiece) => boolean): void {
    if (text === '') return;
    const skipped = Math.max(0, offset - this.#told);
    if (send({ stream: this.#stream, text, offset, skipped })) this.#told = this.#next;
  }

  #refill(now: number): void {
    const passed = this.#filledAt === undefined ? 0 : now - this.#filledAt;
    this.#filledAt = now;
    this.#budget = Math.min(
      LIMITS.liveBytesPerSecond,
      this.#budget + (passed * LIMITS.liveBytesPerSecond) / 1000,
    );
    this.#budget = Math.floor(this.#budget);
  }
}
