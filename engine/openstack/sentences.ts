// What an OpenStack service says went wrong, in its own words.
// Belongs here: where the services put their sentence. Does not belong here: what follows from it.
import { LIMITS } from '../base/limits.ts';

/**
 * Undefined when the answer has none. Keystone and Heat: `{error: {message}}`; Nova, Cinder: `{badRequest: {message}}`;
 * Neutron: `{NeutronError: {message}}`; others: `{message}` or `{errors: [{detail}]}`.
 */
export function sentenceOf({ text }: { readonly text: string }): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return sentenceIn(value);
}

/** The same of a body that is read already. */
export function sentenceIn(value: unknown): string | undefined {
  const found = KEYS.map(key => textUnder(key, value, 3)).find(text => text !== undefined);
  return found === undefined ? undefined : clip(found.replace(/\s+/g, ' ').trim());
}

/** The best first: a title says little. */
const KEYS = ['message', 'detail', 'faultstring', 'title'] as const;

function textUnder(key: string, value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null || depth === 0) return undefined;
  const map = value as { readonly [key: string]: unknown };
  const text = map[key];
  if (typeof text === 'string' && text !== '') return text;
  const inner = Object.values(map).map(item => textUnder(key, item, depth - 1));
  return inner.find(found => found !== undefined);
}

const clip = (text: string): string =>
  text.length <= LIMITS.errorText / 2 ? text : `${text.slice(0, LIMITS.errorText / 2 - 1)}…`;
