// Values on the CEL side and their way in and out of the engine's JSON.
// Belongs here: the bridge and the classes of values JSON has no word for. Does not belong here: the library,
// what a name means (schema.ts).
//
// V1 An integral number of JSON is a BigInt on the CEL side, unless its type says `number`.
// V2 A null in a map is absent on the CEL side.
// V3 A hidden value is a Secret: nothing but its reference is ever in reach of an expression.
import type { JsonValue } from '../../base/json.ts';
import { isObject, tagOf } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { ValueType } from './types.ts';

/** What a function or the bridge refuses at evaluation; the message is a sentence for the author. */
export class ValueError extends Error {}

/** Text, or the reference of a hidden value. */
export type SecretPart = string | { readonly $secret: string };

/** A hidden value, or text made with one: strings and references in order. */
export class Secret {
  readonly parts: readonly SecretPart[];

  constructor(parts: readonly SecretPart[]) {
    this.parts = parts;
  }

  /** The text of both, one after the other. */
  static join(left: Secret | string, right: Secret | string): Secret {
    return new Secret(
      adjoin([left, right].flatMap(side => (typeof side === 'string' ? [side] : side.parts))),
    );
  }

  toJson(): JsonValue {
    const only = this.parts.length === 1 ? this.parts[0] : undefined;
    return only !== undefined && typeof only !== 'string' ? only : { $concat: [...this.parts] };
  }
}

/** The same text with neighbouring strings as one. */
export function adjoin(parts: readonly SecretPart[]): SecretPart[] {
  const result: SecretPart[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (typeof part === 'string' && typeof last === 'string') result[result.length - 1] = last + part;
    else if (part !== '') result.push(part);
  }
  return result;
}

const MAX_INT = 9223372036854775807n;
const MIN_INT = -9223372036854775808n;

/** From the engine's encoded JSON to a CEL value; `type` tells integers from numbers and knows hidden parts. */
export function toCel(value: JsonValue, type?: ValueType): unknown {
  if (typeof value === 'number') return number(value, type?.type);
  if (Array.isArray(value)) return list(value, type);
  if (!isObject(value)) return value;
  switch (tagOf(value)) {
    case '$secret':
      return new Secret([{ $secret: value['$secret'] as string }]);
    case '$concat':
      return new Secret(value['$concat'] as Secret['parts']);
    case '$integer':
      return integer(value['$integer'] as string);
    case '$literal':
      return map(value['$literal'] as JsonValue, type);
    case undefined:
      return map(value, type);
  }
}

/** A number beyond ±(2^53 − 1) has lost its exactness already, so it stays a number unless it is declared integer. */
function number(value: number, type: ValueType['type'] | undefined): unknown {
  const integral =
    type === 'integer' ? Number.isInteger(value) && Math.abs(value) < 2 ** 63 : Number.isSafeInteger(value);
  return type === 'number' || !integral ? value : BigInt(value);
}

function integer(text: string): bigint {
  const value = BigInt(text);
  if (value > MAX_INT || value < MIN_INT) throw new ValueError(`the integer ${text} does not fit 64 bits`);
  return value;
}

function list(value: readonly JsonValue[], type: ValueType | undefined): unknown[] {
  checkItems(value.length, 'a list that it reads');
  return value.map(item => toCel(item, type?.items));
}

function map(value: JsonValue, type: ValueType | undefined): unknown {
  const result: Record<string, unknown> = Object.create(null);
  const entries = Object.entries(value as Record<string, JsonValue>);
  checkItems(entries.length, 'a map that it reads');
  if (Object.hasOwn(value as object, 'constructor'))
    throw new ValueError("a map that it reads has the key 'constructor', which expressions cannot handle");
  for (const [key, item] of entries) if (item !== null) result[key] = toCel(item, type?.keys?.get(key));
  return result;
}

/** Refuses more items than expressions may handle. */
export function checkItems(count: number, what: string): void {
  if (count <= LIMITS.expressionItems) return;
  throw new ValueError(`${what} has ${count} items; expressions handle at most ${LIMITS.expressionItems}`);
}

/** From a CEL value to the engine's encoded JSON. Refuses what JSON cannot say and what is not a value. */
export function fromCel(value: unknown, depth = 0): JsonValue {
  if (depth > LIMITS.definitionDepth) throw new ValueError('the result is nested too deeply');
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return fromBigInt(value);
  if (typeof value === 'number') return finite(value);
  if (value instanceof Secret) return value.toJson();
  if (Array.isArray(value)) return value.map(item => fromCel(item, depth + 1));
  if (isPlainMap(value)) return fromMap(value, depth);
  throw new ValueError(`the result holds ${nameOf(value)}, which is no JSON value; write one of its fields`);
}

function fromBigInt(value: bigint): JsonValue {
  if (value > MAX_INT || value < MIN_INT) throw new ValueError(`the integer ${value} does not fit 64 bits`);
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : { $integer: value.toString() };
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new ValueError(`the result is ${value}, which is not a number that JSON can hold`);
}

function fromMap(value: object, depth: number): JsonValue {
  const result: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(result, key, {
      value: fromCel(item, depth + 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return escapeTags(result);
}

/** A user's map that looks like a tag, put under `$literal`; any other as it is. */
export function escapeTags(value: { readonly [key: string]: JsonValue }): JsonValue {
  return tagOf(value) === undefined ? value : { $literal: value };
}

/** Maps of CEL: bridged ones have no prototype, literals have Object's. */
export function isPlainMap(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function nameOf(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'describe' in value) return String(value.describe);
  if (value instanceof Uint8Array) return 'bytes';
  return typeof value === 'object' ? 'an optional or unfinished value' : `a ${typeof value}`;
}

/** Text of a value between other text: strings as they are, lists and maps as compact JSON with sorted keys. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return String(finite(value));
  if (value === null || value === undefined) throw new ValueError('the value is absent');
  return celJson(value);
}

/** Compact JSON with sorted keys, 64-bit integers exact. */
export function celJson(value: unknown, depth = 0): string {
  if (depth > LIMITS.expressionDepth) throw new ValueError('the value is nested too deeply for JSON text');
  if (value instanceof Secret) throw new ValueError('a hidden value cannot become JSON text');
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return JSON.stringify(finite(value));
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(item => celJson(item, depth + 1)).join(',')}]`;
  if (!isPlainMap(value)) throw new ValueError(`${nameOf(value)} cannot become JSON text`);
  const pairs = Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${celJson(value[key], depth + 1)}`);
  return `{${pairs.join(',')}}`;
}
