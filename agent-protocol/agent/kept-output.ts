// Output on disk, bounded: the head of a stream and its last two pieces, in files named by their offset.
// Belongs here: writing (the supervisor) and reading (the agent) of these files. node: imports only.
// Does not belong here: masking (masking.ts), sending (output.ts).
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

export type StreamName = 'stdout' | 'stderr';

/** Writes a stream's bytes; never throws: what a full disk does not take is left out. */
export class KeptOutput {
  readonly #directory: string;
  readonly #stream: StreamName;
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly #pieces: number[] = [];
  #descriptor: number | undefined;
  #room = 0;
  /** Bytes of the stream so far, kept or not. */
  total = 0;

  constructor(directory: string, stream: StreamName, headBytes: number, tailBytes: number) {
    this.#directory = directory;
    this.#stream = stream;
    this.#headBytes = headBytes;
    this.#tailBytes = tailBytes;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#room === 0) this.#nextPiece();
      const part = bytes.subarray(at, at + this.#room);
      this.#put(part);
      at += part.length;
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #put(part: Uint8Array): void {
    try {
      if (this.#descriptor !== undefined) writeSync(this.#descriptor, part);
      this.#room -= part.length;
    } catch {
      // The disk is full: this piece ends here, and the next one's name tells where it goes on.
      this.close();
      this.#room = 0;
    }
    this.total += part.length;
    if (this.#descriptor === undefined) this.#room = 0;
  }

  #nextPiece(): void {
    this.close();
    this.#room = this.total === 0 ? this.#headBytes : this.#tailBytes;
    if (this.#pieces.length > 2) this.#remove(this.#pieces.splice(1, 1)[0] as number);
    try {
      this.#descriptor = openSync(this.#file(this.total), 'a', 0o600);
      if (this.#pieces.at(-1) !== this.total) this.#pieces.push(this.total);
    } catch {
      this.#descriptor = undefined;
    }
  }

  #remove(offset: number): void {
    rmSync(this.#file(offset), { force: true });
  }

  #file(offset: number): string {
    return path.join(this.#directory, `${this.#stream}.${offset}`);
  }
}

/** Offsets of the kept pieces of a stream, in order. */
function piecesOf(directory: string, stream: StreamName): number[] {
  try {
    return readdirSync(directory)
      .filter(name => name.startsWith(`${stream}.`))
      .map(name => Number(name.slice(stream.length + 1)))
      .filter(offset => Number.isSafeInteger(offset))
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

export interface ReadPiece {
  readonly bytes: Buffer;
  /** Where these bytes begin in the stream; above what was asked for when some were not kept. */
  readonly offset: number;
}

/** The next bytes at or after `from`, at most `most`; undefined when there are none yet. */
export function readKept(
  directory: string,
  stream: StreamName,
  from: number,
  most: number,
): ReadPiece | undefined {
  for (const piece of piecesOf(directory, stream)) {
    const offset = Math.max(from, piece);
    const bytes = readAt(path.join(directory, `${stream}.${piece}`), offset - piece, most);
    if (bytes.length > 0) return { bytes, offset };
  }
  return undefined;
}

/** Up to the last `most` bytes of what was kept of a stream without a gap. */
export function readTail(directory: string, stream: StreamName, most: number): Buffer {
  let parts: Buffer[] = [];
  let end = -1;
  for (const piece of piecesOf(directory, stream)) {
    const bytes = readWhole(path.join(directory, `${stream}.${piece}`));
    parts = piece === end ? [...parts, bytes] : [bytes];
    end = piece + bytes.length;
  }
  return Buffer.concat(parts).subarray(-most);
}

function readAt(file: string, position: number, most: number): Buffer {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(most);
      return buffer.subarray(0, readSync(descriptor, buffer, 0, most, position));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

function readWhole(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
