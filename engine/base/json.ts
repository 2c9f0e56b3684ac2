// The values that travel through the engine, and their one textual form.
// Belongs here: JSON types, the tags that carry what JSON cannot (secrets, 64-bit integers), canonical text.
// Does not belong here: parsing of user YAML (definition/), evaluation (definition/expressions/).

export type JsonPrimitive = string | number | boolean | null;
export type JsonValue = JsonPrimitive | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * A map with exactly one of these keys is not a user's map but a tagged value:
 * - `{"$secret": ref}`: a hidden value, kept by reference; only drivers may resolve it (rule P9).
 * - `{"$concat": [string | {"$secret": ref}, ...]}`: text with holes, filled by drivers just before sealing.
 * - `{"$integer": "9007199254740993"}`: an integer outside ±(2^53 − 1), in decimal.
 * - `{"$literal": {...}}`: a user's own map that would otherwise look like a tag.
 */
export const TAGS = ['$secret', '$concat', '$integer', '$literal'] as const;
export type Tag = (typeof TAGS)[number];

/** The tag of a tagged value, or undefined for any other value. */
export function tagOf(value: JsonValue | undefined): Tag | undefined {
  if (!isObject(value)) return undefined;
  const keys = Object.keys(value);
  const only = keys.length === 1 ? keys[0] : undefined;
  return TAGS.find(tag => tag === only);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text with sorted keys and no spaces: equal values give equal text, so it can be hashed and compared. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item as JsonValue)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const pairs = Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonicalJson(value[key] as JsonValue)}`);
  return `{${pairs.join(',')}}`;
}

/** Bytes of the value's JSON text in UTF-8; what every size limit is measured in. */
export function jsonBytes(value: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(value), 'utf8');
}

/** Every secret reference inside the value, in order of appearance, each once. */
export function secretRefs(value: JsonValue): string[] {
  const found = new Set<string>();
  const visit = (item: JsonValue): void => {
    if (Array.isArray(item)) return item.forEach(visit);
    if (!isObject(item)) return;
    const tag = tagOf(item);
    if (tag === '$secret') found.add(item['$secret'] as string);
    // What a user wrote to look like a tag is none; the values inside it may be.
    else if (tag === '$literal') Object.values((item['$literal'] ?? {}) as JsonObject).forEach(visit);
    else Object.values(item).forEach(visit);
  };
  visit(value);
  return [...found];
}
