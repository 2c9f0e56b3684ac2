// Fits a value to a declared type: coerces as HOT would, checks schema and constraints, gives the encoded form.
// Belongs here: types of inputs, defaults and outputs. Does not belong here: which inputs there are (inputs.ts).
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { brokenConstraint, notOfType } from './constraints.ts';
import { escapeTag, exactInteger, parseJsonText } from './json-text.ts';
import { pointerTo } from './positions.ts';
import type { Constraint, ParameterSchema, ParameterType } from './types.ts';

export interface Shape {
  readonly type: ParameterType;
  readonly constraints: readonly Constraint[];
  readonly schema?: ParameterSchema;
  readonly default?: JsonValue;
}

/** What is wrong with a value, and at which pointer inside it. Sentences never quote a value: it may be hidden. */
export interface Misfit {
  readonly at: string;
  readonly message: string;
}

const TRUE = new Set(['t', 'true', 'on', 'y', 'yes', '1']);
const FALSE = new Set(['f', 'false', 'off', 'n', 'no', '0']);
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** The value in the encoded form of base/json.ts; undefined when misfits were noted. `value` is plain user JSON. */
export function fitValue(
  shape: Shape,
  value: JsonValue,
  at: string,
  misfits: Misfit[],
): JsonValue | undefined {
  const typed = ofType(shape.type, value);
  if (typed === undefined) {
    misfits.push({ at, message: notOfType(shape.type, value) });
    return undefined;
  }
  const before = misfits.length;
  const fitted = shape.schema === undefined ? typed : fitSchema(shape.schema, typed, at, misfits);
  for (const constraint of shape.constraints) {
    const broken = brokenConstraint(constraint, fitted);
    if (broken !== undefined) misfits.push({ at, message: broken });
  }
  return misfits.length > before ? undefined : fitted;
}

function ofType(type: ParameterType, value: JsonValue): JsonValue | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'number' ? String(value) : typeof value === 'string' ? value : undefined;
    case 'number':
      return asNumber(value);
    case 'integer':
      return asInteger(value);
    case 'boolean':
      return asBoolean(value);
    case 'list':
      return asList(value);
    case 'map':
      return asMap(value);
    default:
      return type satisfies never;
  }
}

function asNumber(value: JsonValue): number | undefined {
  const number =
    typeof value === 'string' && NUMBER.test(value.trim()) && value.length < 400 ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function asInteger(value: JsonValue): JsonValue | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  return typeof value === 'string' ? exactInteger(value.trim()) : undefined;
}

function asBoolean(value: JsonValue): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const word = String(value).trim().toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

/** As HOT: a list, its JSON text, or values with commas between them. */
function asList(value: JsonValue): JsonValue | undefined {
  if (Array.isArray(value)) return encodeUserValue(value as readonly JsonValue[]);
  if (typeof value !== 'string') return undefined;
  if (!value.trimStart().startsWith('['))
    return value.trim() === '' ? [] : value.split(',').map(item => item.trim());
  const parsed = parseJsonText(value);
  return Array.isArray(parsed) ? parsed : undefined;
}

function asMap(value: JsonValue): JsonValue | undefined {
  if (isObject(value)) return encodeUserValue(value);
  const parsed = typeof value === 'string' ? parseJsonText(value) : undefined;
  return isObject(parsed) ? parsed : undefined;
}

/** User JSON in encoded form: nothing in it can be taken for a tag, and absent things are absent, not null. */
export function encodeUserValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(encodeUserValue);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return escapeTag(Object.fromEntries(entries.map(([key, item]) => [key, encodeUserValue(item)])));
}

/** Takes a `$literal` off again: a schema judges what the user wrote. */
function plainMap(value: JsonObject): JsonObject {
  const inner = Object.keys(value).length === 1 ? value['$literal'] : undefined;
  return isObject(inner) ? inner : value;
}

function fitSchema(schema: ParameterSchema, value: JsonValue, at: string, misfits: Misfit[]): JsonValue {
  if ('items' in schema) return fitItems(schema.items, value, at, misfits);
  if (!isObject(value)) return value;
  const map = plainMap(value);
  const fitted: [string, JsonValue][] = [];
  for (const key of Object.keys(map)) {
    if (!schema.keys.has(key)) {
      misfits.push({
        at: pointerTo(at, key),
        message: `its schema has no such key; known are ${[...schema.keys.keys()].join(', ').slice(0, 500)}`,
      });
    }
  }
  for (const [key, shape] of schema.keys) {
    const given = Object.hasOwn(map, key) ? map[key] : shape.default;
    const place = pointerTo(at, key);
    if (given === undefined)
      misfits.push({ at: place, message: 'it is missing, and its schema has no default for it' });
    const one = given === undefined ? undefined : fitValue(shape, given, place, misfits);
    if (one !== undefined) fitted.push([key, one]);
  }
  return escapeTag(Object.fromEntries(fitted));
}

function fitItems(shape: Shape, value: JsonValue, at: string, misfits: Misfit[]): JsonValue {
  if (!Array.isArray(value)) return value;
  const items = (value as readonly JsonValue[]).map((item, index) =>
    fitValue(shape, item, pointerTo(at, index), misfits),
  );
  return items.filter(item => item !== undefined);
}

/** Bounded before anything walks it: hostile nesting must not exhaust the stack. */
export function isShallow(value: JsonValue, levels: number): boolean {
  if (levels < 0) return false;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).every(item => isShallow(item, levels - 1));
  return !isObject(value) || Object.values(value).every(item => isShallow(item, levels - 1));
}
