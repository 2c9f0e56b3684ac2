// Judging bytes off a wire or a disk before anything believes them: size, depth, JSON, then a shape.
// Belongs here: that order, and the few texts that many shapes share. Does not belong here: the shape of any message
// (codec.ts, enrolment/), combinators (shapes.ts).
import { AGENT_LIMITS as LIMITS } from './limits.ts';
import { type Check, text } from './shapes.ts';

/** Why a message is refused: one sentence, naming the field; holds no value of the message. */
export interface RefusedMessage {
  readonly refused: string;
}

export const id = text(LIMITS.idLength, /^[A-Za-z0-9][A-Za-z0-9_-]*$/);
export const base64 = (most: number): Check => text(most, /^[A-Za-z0-9+/]*={0,2}$/);
export const sentence = text(LIMITS.sentenceLength);
export const opaque = text(128, /^[\x21-\x7e]+$/);

/** Judges bytes as JSON of one shape: size, depth, what JSON cannot safely hold, then the shape. Never throws. */
export function judge(bytes: Uint8Array, shape: Check): { readonly value: unknown } | RefusedMessage {
  if (bytes.length > LIMITS.messageBytes) {
    return { refused: `has ${bytes.length} bytes, at most ${LIMITS.messageBytes} are allowed` };
  }
  if (tooDeep(bytes)) return { refused: `nests deeper than ${LIMITS.messageDepth}` };
  const value = parse(bytes);
  if (value === REFUSED) return { refused: 'is not UTF-8 JSON' };
  const unsafe = unsafePart(value);
  if (unsafe !== undefined) return { refused: unsafe };
  const problem = shape(value);
  return problem === undefined ? { value } : { refused: `message${problem}` };
}

const REFUSED = Symbol('refused');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return REFUSED;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside strings before anything is parsed. */
function tooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === 0x5b || byte === 0x7b) depth += 1;
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    if (depth > LIMITS.messageDepth) return true;
  }
  return false;
}

/** `__proto__` as a key, or a number that JSON text can write but no double can hold (1e400). */
function unsafePart(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'holds a number out of range';
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, '__proto__')) return 'holds the key __proto__';
  for (const item of Object.values(value)) {
    const problem = unsafePart(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
