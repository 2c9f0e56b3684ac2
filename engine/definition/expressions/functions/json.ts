// JSON text to values and back.
// Belongs here: toJson, fromJson, exact 64-bit integers in text. Does not belong here: the bridge (values.ts).
import { LIMITS } from '../../../base/limits.ts';
import type { JsonValue } from '../../../base/json.ts';
import { ValueError, celJson, toCel } from '../values.ts';
import type { HostFunction } from './host.ts';
import { checkText } from './host.ts';

export const JSON_TEXT: readonly HostFunction[] = [
  {
    signature: 'toJson(dyn): string',
    run: (value: unknown) => checkText(celJson(value), 'the result of toJson()'),
  },
  { signature: 'fromJson(string): dyn', run: fromJson },
];

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Integers too long for a double are kept exact. */
function fromJson(text: string): unknown {
  checkText(text, 'the text given to fromJson()');
  if (depthOf(text) > LIMITS.expressionDepth) {
    throw new ValueError(
      `limit: the JSON given to fromJson() is nested deeper than ${LIMITS.expressionDepth}`,
    );
  }
  return toCel(plain(parse(text)));
}

function parse(text: string): JsonValue {
  try {
    JSON.parse(text);
    const exact = text.replace(TOKENS, token =>
      isLong(token) ? JSON.stringify({ $integer: token }) : token,
    );
    return JSON.parse(exact) as JsonValue;
  } catch {
    throw new ValueError('fromJson() was given a text that is not JSON');
  }
}

function isLong(token: string): boolean {
  return /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token));
}

/** Only integers are tags in JSON text: a map that looks like a hidden value is the text's own. */
function plain(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(item => plain(item as JsonValue));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, plain(item)] as const);
  const [only] = entries;
  if (entries.length !== 1 || only === undefined) return Object.fromEntries(entries);
  if (only[0] === '$integer' && typeof only[1] === 'string' && /^-?\d{16,}$/.test(only[1]))
    return { $integer: only[1] };
  return only[0].startsWith('$') ? { $literal: Object.fromEntries(entries) } : Object.fromEntries(entries);
}

/** Levels of brackets outside strings; looked at before anything walks the value. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text.replace(TOKENS, '')) {
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
