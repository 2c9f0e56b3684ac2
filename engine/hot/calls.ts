// How a call of a function is told from a map, and what is said of one.
// Belongs here: the form of calls. Does not belong here: which functions there are and what they do.
import type { JsonObject, JsonValue } from '../base/json.ts';

export interface Call {
  readonly name: string;
  readonly args: JsonValue;
}

/** A map with one key, as calls are; which keys are functions, others say. */
export function onlyKey(map: JsonObject): Call | undefined {
  const [name, more] = Object.keys(map);
  return name === undefined || more !== undefined ? undefined : { name, args: map[name] ?? null };
}

/** A text or number as text; undefined for all else. */
export const wordOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

export const listOf = (value: JsonValue): readonly JsonValue[] | undefined =>
  Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;

/** `get_attr db, member`; of other functions the name alone. */
export function wordsFor({ name, args }: Call): string {
  const words = (listOf(args) ?? [args]).map(wordOf);
  return name.startsWith('get_') && words.every(word => word !== undefined)
    ? `${name} ${words.join(', ')}`
    : name;
}
