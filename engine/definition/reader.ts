// Reads maps with known keys: each value is taken in the type it should have, or noted as a problem.
// Belongs here: the mechanics of reading, alike for every place. Does not belong here: any one place's keys.
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { durationMs, sizeBytes } from './durations.ts';
import { hasExpression } from './expression-marks.ts';
import { KEYS, type KeyPlace } from './keys.ts';
import { nearest } from './nearest.ts';
import { pointerTo } from './positions.ts';
import type { Report } from './report.ts';
import { keyMeant, unknownKey } from './unknown-keys.ts';
import { shown } from './yaml-scalars.ts';

/** A value and where it stands. */
export interface Node {
  readonly value: JsonValue;
  readonly at: string;
}

/** How a value is called in a sentence. */
export function typeName(value: JsonValue): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'a map';
  return typeof value === 'boolean' ? 'a boolean' : typeof value === 'number' ? 'a number' : 'text';
}

/** `a, b or c`. */
export function oneOf(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

/** "Quote it" where YAML made something else of what was meant as text. */
function quoteHint(value: JsonValue): { hint?: string } {
  return typeof value === 'number' || typeof value === 'boolean'
    ? { hint: `Quote it: '${String(value)}'.` }
    : {};
}

/** Entries of a map whose keys the author chooses; an empty value counts as an empty map. */
export function readEntries(
  report: Report,
  node: Node | undefined,
  what: string,
  limit: number,
): [string, Node][] {
  if (node === undefined || node.value === null) return [];
  if (!isObject(node.value)) {
    report.add('wrong_type', node.at, `${what} must be a map, not ${typeName(node.value)}.`, {
      hint: 'Give each entry a key of its own: its name.',
    });
    return [];
  }
  const { value, at } = node;
  const keys = Object.keys(value);
  if (keys.length > limit) {
    report.add('limit_exceeded', at, `${what} has ${keys.length} entries; at most ${limit} may be.`);
    return [];
  }
  return keys.map(key => [key, { value: value[key] ?? null, at: pointerTo(at, key) }]);
}

/** Items of a list; a single value counts as a list of one. */
export function readItems(report: Report, node: Node | undefined, what: string, limit: number): Node[] {
  if (node === undefined || node.value === null) return [];
  if (!Array.isArray(node.value)) return [node];
  const items = node.value as readonly JsonValue[];
  if (items.length > limit) {
    report.add('limit_exceeded', node.at, `${what} has ${items.length} items; at most ${limit} may be.`);
    return [];
  }
  return items.map((value, index) => ({ value, at: pointerTo(node.at, index) }));
}

/** A map with known keys, or undefined when it is none; unknown keys are noted. */
export function readMap(report: Report, node: Node, place: KeyPlace, what: string): Fields | undefined {
  const value = node.value ?? {};
  if (!isObject(value)) {
    report.add('wrong_type', node.at, `${what} must be a map, not ${typeName(node.value)}.`, {
      hint: longForm(place, node.value) ?? `Its keys are: ${KEYS[place].join(', ')}.`,
    });
    return undefined;
  }
  const known: readonly string[] = KEYS[place];
  const meant = new Map<string, string>();
  const unknown = Object.keys(value).filter(key => !known.includes(key));
  for (const key of unknown) {
    const guess = keyMeant(key, place, known);
    if (guess !== undefined && !Object.hasOwn(value, guess)) meant.set(guess, key);
    unknownKey(report, pointerTo(node.at, key), key, { what, place, known });
  }
  const isForeign = unknown.length > 0 && unknown.length === Object.keys(value).length;
  const hasStray = unknown.length > meant.size;
  return new Fields(report, value, node.at, what, { meant, isForeign, hasStray });
}

/** The key that an author leaves out who writes one value in place of a map. */
const MAIN_KEY: { readonly [place in KeyPlace]?: string } = {
  input: 'type',
  'state output': 'type',
  'workflow output': 'value',
  on_failure: 'then',
  retry: 'attempts',
  wait: 'for',
  signal: 'name',
  approval: 'message',
  'generated secret': 'length',
};

function longForm(place: KeyPlace, value: JsonValue): string | undefined {
  const key = MAIN_KEY[place];
  const isOne = typeof value === 'string' || typeof value === 'number';
  if (key === undefined || !isOne) return undefined;
  return `Write {${key}: ${typeof value === 'string' && value.includes('<%') ? `"${shown(value)}"` : shown(String(value))}}.`;
}

/** What was found while the keys were looked at. */
interface Guesses {
  /** Keys that are missing, and the misspelt ones read in their place, so that what is inside is judged too. */
  readonly meant: ReadonlyMap<string, string>;
  /** No key at all is known here: to say what is missing as well would be noise. */
  readonly isForeign: boolean;
  /** A key is unknown and nobody can guess it: what seems to be missing may stand there. */
  readonly hasStray: boolean;
}

export class Fields {
  readonly report: Report;
  readonly at: string;
  readonly what: string;
  readonly #value: JsonObject;
  readonly #meant: ReadonlyMap<string, string>;
  readonly #isForeign: boolean;
  readonly hasStray: boolean;

  constructor(report: Report, value: JsonObject, at: string, what: string, guesses: Guesses) {
    this.#meant = guesses.meant;
    this.#isForeign = guesses.isForeign;
    this.hasStray = guesses.hasStray;
    this.report = report;
    this.#value = value;
    this.at = at;
    this.what = what;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#value, key) || this.#meant.has(key);
  }

  get(key: string): Node | undefined {
    if (!this.has(key)) return undefined;
    return { value: this.#value[this.#meant.get(key) ?? key] ?? null, at: this.place(key) };
  }

  /** Pointer to the key as it is written. */
  place(key: string): string {
    return pointerTo(this.at, this.#meant.get(key) ?? key);
  }

  /** The node, or a problem when the key is missing or empty. */
  required(key: string, hint?: string): Node | undefined {
    const node = this.get(key);
    if (node !== undefined && node.value !== null) return node;
    if (this.#isForeign && node === undefined) return undefined;
    this.report.add(
      'missing_key',
      this.at,
      `${this.what} needs '${key}'.`,
      hint === undefined ? {} : { hint },
    );
    return undefined;
  }

  string(key: string): string | undefined {
    const node = this.get(key);
    return node && readText(this.report, node, `${key} of ${this.what}`);
  }

  boolean(key: string): boolean | undefined {
    const node = this.get(key);
    if (node === undefined || typeof node.value === 'boolean') return node?.value as boolean | undefined;
    const word = typeof node.value === 'string' ? node.value : '';
    const meant = /^(?:yes|true|on)$/i.test(word) ? 'true' : /^(?:no|false|off)$/i.test(word) ? 'false' : '';
    const hint = meant === '' ? {} : { hint: `Write ${meant}, without quotes.` };
    // To quote it, as is said of such a word elsewhere, would make it text.
    if (meant !== '') this.report.retract('yaml_ambiguous', node.at);
    this.#wrongType(node, `${key} of ${this.what} must be true or false`, hint);
    return undefined;
  }

  /** A whole number within bounds. */
  integer(key: string, min: number, max: number): number | undefined {
    const number = this.number(key, min, max);
    if (number === undefined || Number.isInteger(number)) return number;
    this.report.add('wrong_value', this.place(key), `${key} of ${this.what} must be a whole number.`);
    return undefined;
  }

  number(key: string, min: number, max: number): number | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    if (typeof node.value !== 'number') {
      this.#wrongType(node, `${key} of ${this.what} must be a number`);
      return undefined;
    }
    if (node.value >= min && node.value <= max) return node.value;
    const code = node.value > max ? 'limit_exceeded' : 'wrong_value';
    const range = max === Number.MAX_VALUE ? `${min} at least` : `${min} to ${max}`;
    this.report.add(code, node.at, `${key} of ${this.what} is ${node.value}; it must be ${range}.`);
    return undefined;
  }

  /** One of a closed list of words. */
  choice<T extends string>(key: string, words: readonly T[]): T | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    const word = words.find(candidate => candidate === node.value);
    if (word !== undefined) return word;
    if (typeof node.value === 'string') {
      const message = `${key} of ${this.what} is '${shown(node.value)}'; it must be ${oneOf(words)}.`;
      const guess = nearest(node.value, words);
      const hint = guess === undefined ? {} : { hint: `Did you mean '${guess}'?` };
      this.report.add('wrong_value', node.at, message, hint);
    } else this.#wrongType(node, `${key} of ${this.what} must be ${oneOf(words)}`);
    return undefined;
  }

  /** Milliseconds of a time with its unit. */
  duration(key: string, min = 0): number | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    const what = `${key} of ${this.what}`;
    if (typeof node.value === 'number') {
      const hint = `Write ${node.value}s or ${node.value}m.`;
      this.report.add('wrong_value', node.at, `${what} has no unit.`, { hint });
      return undefined;
    }
    const text = readText(this.report, node, what);
    return text === undefined ? undefined : this.#durationOf(text, node.at, what, min);
  }

  #durationOf(text: string, at: string, what: string, min: number): number | undefined {
    const ms = durationMs(text);
    if (ms === undefined) {
      this.report.add('wrong_value', at, `${what} is '${shown(text)}', which is no time.`, {
        hint: 'Write a time such as 30s, 15m or 1h30m.',
      });
    } else if (ms > LIMITS.durationMs) {
      this.report.add(
        'limit_exceeded',
        at,
        `${what} is ${text}; at most ${LIMITS.durationMs / 3_600_000}h may be.`,
      );
    } else if (ms < min) {
      this.report.add('wrong_value', at, `${what} is ${text}; it must be at least ${min / 1000}s.`);
    } else return ms;
    return undefined;
  }

  /** Bytes of a size with its unit. */
  size(key: string): number | undefined {
    const node = this.get(key);
    if (node === undefined) return undefined;
    const what = `${key} of ${this.what}`;
    const bytes = typeof node.value === 'string' ? sizeBytes(node.value) : undefined;
    if (bytes !== undefined) return bytes;
    this.report.add('wrong_value', node.at, `${what} is no size with a unit.`, {
      hint: 'Write a size such as 500MiB or 20GiB.',
    });
    return undefined;
  }

  #wrongType(node: Node, sentence: string, hint: { hint?: string } = {}): void {
    this.report.add('wrong_type', node.at, `${sentence}, not ${typeName(node.value)}.`, hint);
  }
}

/** Text, or a problem that says how to quote what YAML took for something else. */
export function readText(report: Report, node: Node, what: string, hint?: string): string | undefined {
  if (typeof node.value === 'string') return node.value;
  const advice = hint === undefined ? quoteHint(node.value) : { hint };
  report.add('wrong_type', node.at, `${what} must be text, not ${typeName(node.value)}.`, advice);
  return undefined;
}

/** Text that the graph is made of, so that it must stand there as it is. */
export function readName(report: Report, node: Node, what: string, hint?: string): string | undefined {
  const name = readText(report, node, what, hint);
  if (name === undefined || !hasExpression(name)) return name;
  report.add(
    'wrong_value',
    node.at,
    `${what} is '${shown(name)}', but no expression can stand here: it must be known before anything runs.`,
    { hint: "Write the name itself. For what depends on values there is 'condition'." },
  );
  return undefined;
}
