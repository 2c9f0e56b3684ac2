// What travels over the local socket: one JSON object per line, both ways.
// Belongs here: frames, the bound of a line, errors as data. Does not belong here: sockets (server.ts, client.ts),
// the shape of requests (requests.ts).
//
//   → {"id":1,"method":"list","params":[]}          ← {"id":1,"result":[…]} or {"id":1,"error":{code,message,next}}
//   → {"id":2,"method":"follow","params":["wf"]}    ← {"id":2,"item":{…}} … then {"id":2,"result":null} or an error
//   → {"id":2,"method":"stop"}                      ends the follow with that id
import type { Socket } from 'node:net';
import { EngineError, ERROR_CODES, type ErrorCode, errorText } from '../base/errors.ts';

/** Bytes of one line: a definition with all its files, with room for the quoting. */
export const LINE_BYTES = 16 * 1024 * 1024;

export interface Frame {
  readonly id: number;
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly item?: unknown;
  readonly error?: WireError;
}

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly next: string;
  readonly details?: unknown;
}

export function toWire(thrown: unknown): WireError {
  if (!(thrown instanceof EngineError)) {
    return { code: 'internal', message: errorText(thrown), next: 'Look at the log of the engine.' };
  }
  const { code, message, next, details } = thrown;
  return { code, message, next, ...(details === undefined ? {} : { details }) };
}

/** A code that this side does not know, from a newer engine, becomes `internal`. */
export function fromWire(error: WireError): EngineError {
  const code = Object.hasOwn(ERROR_CODES, error.code) ? (error.code as ErrorCode) : 'internal';
  return new EngineError(code, error.message, error.next, { details: error.details });
}

export function send(socket: Socket, frame: Frame): void {
  if (socket.writable) socket.write(`${JSON.stringify(frame)}\n`);
}

/** Calls `deliver` for each frame; `refuse` once, with why, when the other side sends anything else. */
export function onFrames(
  socket: Socket,
  deliver: (frame: Frame) => void,
  refuse: (why: string) => void,
): void {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let refused = false;
  const stop = (why: string): void => {
    refused = true;
    refuse(why);
  };
  socket.on('data', (chunk: Buffer) => {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0 && !refused; end = rest.indexOf(10)) {
      const frame = decode(Buffer.concat([...pieces, rest.subarray(0, end)]));
      pieces = [];
      bytes = 0;
      rest = rest.subarray(end + 1);
      if (frame === undefined) stop('a line is not a message of this protocol');
      else deliver(frame);
    }
    bytes += rest.length;
    if (rest.length > 0) pieces.push(rest);
    if (bytes > LINE_BYTES && !refused) stop(`a line is longer than ${LINE_BYTES} bytes`);
  });
}

function decode(line: Buffer): Frame | undefined {
  try {
    const frame = JSON.parse(line.toString('utf8')) as Partial<Frame> | null;
    return typeof frame === 'object' && frame !== null && Number.isSafeInteger(frame.id)
      ? (frame as Frame)
      : undefined;
  } catch {
    return undefined;
  }
}
