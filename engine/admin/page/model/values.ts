// Values of inputs and outputs as people may see them: hidden ones hidden.
// Belongs here: a value as text. Does not belong here: where it is shown (ui/).
import type { JsonObject, JsonValue } from '../../../base/json.ts';
import { isObject, tagOf } from '../../../base/json.ts';

export const HIDDEN = '•••••• (hidden)';

export interface Shown {
  readonly name: string;
  readonly text: string;
  readonly hidden: boolean;
}

/** In the order of their names. */
export function shownValues(values: JsonObject | undefined): readonly Shown[] {
  return Object.entries(values ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, ...textOf(value) }));
}

const textOf = (value: JsonValue): Pick<Shown, 'text' | 'hidden'> => ({
  text: written(plainOf(value)),
  hidden: hides(value),
});

/** Characters that a map or a list may have on one line. */
const SHORT = 40;

function written(value: JsonValue): string {
  if (typeof value === 'string') return value;
  const text = JSON.stringify(value);
  return text.length <= SHORT ? text : JSON.stringify(value, undefined, 1);
}

function hides(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some(hides);
  if (!isObject(value)) return false;
  return tagOf(value) === '$secret' || Object.values(ownOf(value)).some(hides);
}

/** A map of a user's that looks like a tag is none; the values inside it may be. */
const ownOf = (value: JsonObject): JsonObject =>
  tagOf(value) === '$literal' ? (value['$literal'] as JsonObject) : value;

/** Tagged values as what they stand for. */
function plainOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(item => plainOf(item as JsonValue));
  if (!isObject(value)) return value;
  switch (tagOf(value)) {
    case '$secret':
      return HIDDEN;
    case '$concat':
      return (value['$concat'] as readonly JsonValue[]).map(part => written(plainOf(part))).join('');
    case '$integer':
      return written(value['$integer'] ?? '');
    case '$literal':
    case undefined:
      return Object.fromEntries(Object.entries(ownOf(value)).map(([name, own]) => [name, plainOf(own)]));
  }
}
