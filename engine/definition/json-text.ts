// JSON text -> encoded value, without losing what a double cannot hold.
// Belongs here: one strict parser that keeps 64-bit integers exact. Does not belong here: types of outputs.
import { type JsonObject, type JsonValue, TAGS } from '../base/json.ts';

const TOKEN =
  /[ \t\r\n]*(?:([{}[\]:,])|("(?:[^"\\\n\r]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null))/y;
const DEEPEST = 64;

/** The value in the encoded form of base/json.ts, or undefined when the text is no JSON. */
export function parseJsonText(text: string): JsonValue | undefined {
  try {
    return new JsonReader(text).read();
  } catch (thrown) {
    if (thrown instanceof NotJson || thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

/** An integer beyond a double's exactness is tagged; undefined when it is beyond 64 bits. */
export function exactInteger(text: string): JsonValue | undefined {
  if (!/^[-+]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  if (value !== BigInt.asIntN(64, value)) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number === 0 ? 0 : number;
  return { $integer: value.toString() };
}

/** A user's own map that would be taken for a tag is wrapped, so that nobody can smuggle one in. */
export function escapeTag(map: JsonObject): JsonObject {
  const keys = Object.keys(map);
  return keys.length === 1 && TAGS.some(tag => tag === keys[0]) ? { $literal: map } : map;
}

class NotJson extends Error {}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): JsonValue {
    const value = this.#value(this.#token(), 0);
    if (/[^ \t\r\n]/.test(this.#text.slice(this.#at))) throw new NotJson();
    return value;
  }

  #token(): string {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) throw new NotJson();
    this.#at = TOKEN.lastIndex;
    return match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
  }

  #value(token: string, depth: number): JsonValue {
    if (depth > DEEPEST) throw new NotJson();
    if (token === '{') return this.#map(depth);
    if (token === '[') return this.#list(depth);
    if (token.startsWith('"')) return JSON.parse(token) as string;
    if (/^[-\d]/.test(token)) return numeric(token);
    if (token === 'true') return true;
    if (token === 'false') return false;
    if (token === 'null') return null;
    throw new NotJson();
  }

  #list(depth: number): JsonValue {
    const items: JsonValue[] = [];
    let token = this.#token();
    if (token === ']') return items;
    for (;;) {
      items.push(this.#value(token, depth + 1));
      const next = this.#token();
      if (next === ']') return items;
      if (next !== ',') throw new NotJson();
      token = this.#token();
    }
  }

  #map(depth: number): JsonValue {
    const entries = new Map<string, JsonValue>();
    let token = this.#token();
    if (token === '}') return {};
    for (;;) {
      if (!token.startsWith('"') || this.#token() !== ':') throw new NotJson();
      const value = this.#value(this.#token(), depth + 1);
      entries.set(JSON.parse(token) as string, value);
      const next = this.#token();
      if (next === '}')
        return escapeTag(Object.fromEntries([...entries].filter(([, item]) => item !== null)));
      if (next !== ',') throw new NotJson();
      token = this.#token();
    }
  }
}

function numeric(token: string): JsonValue {
  if (/^-?\d+$/.test(token)) {
    const exact = exactInteger(token);
    if (exact !== undefined) return exact;
  }
  const number = Number(token);
  if (!Number.isFinite(number)) throw new NotJson();
  return number === 0 ? 0 : number;
}
