// The functions of a template that need nobody but the template.
// Belongs here: arguments, resolved → a value, or what is wrong with them. Does not belong here: walking a template, and what reads
// parameters, files and conditions (resolve.ts).
//
// Texts are made as Heat makes them: of a list or map as Python writes JSON, of a yes or no as Python writes that.
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';

/** Undefined: these are no arguments for it. */
export type HotFunction = (args: JsonValue) => JsonValue | undefined;

export const FUNCTIONS: { readonly [name: string]: { readonly call: HotFunction; readonly takes: string } } =
  {
    str_replace: { call: replaced(), takes: 'a map of `template`, a text, and `params`, a map' },
    str_replace_strict: {
      call: replaced({ all: true }),
      takes: 'a map of `template`, a text that has all of the params in it, and `params`, a map',
    },
    str_replace_vstrict: {
      call: replaced({ all: true, filled: true }),
      takes: 'a map of `template`, a text that has all of the params in it, and `params`, none of them empty',
    },
    list_join: { call: joined, takes: 'a list of a separator, and lists of texts, maps or lists' },
    list_concat: { call: args => concatenated(args), takes: 'a list of lists' },
    list_concat_unique: { call: args => concatenated(args)?.filter(isFirst), takes: 'a list of lists' },
    map_merge: { call: merged, takes: 'a list of maps' },
    str_split: { call: split, takes: 'a list of a separator, a text and perhaps an index' },
  };

function replaced({ all = false, filled = false } = {}): HotFunction {
  return args => {
    if (!isObject(args)) return undefined;
    const { template, params } = args;
    if (typeof template !== 'string' || !isObject(params)) return undefined;
    const keys = Object.keys(params).sort(
      (one, other) => other.length - one.length || (one < other ? -1 : 1),
    );
    if (keys.includes('')) return undefined;
    if (all && !keys.every(key => template.includes(key))) return undefined;
    if (filled && !keys.every(key => textOf(params[key] ?? null) !== '')) return undefined;
    return replaceIn(template, keys, params);
  };
}

/** The longest key first; what took a key's place is not looked at again. */
function replaceIn(text: string, [key, ...rest]: readonly string[], params: JsonObject): string {
  if (key === undefined) return text;
  const pieces = text.split(key).map(piece => replaceIn(piece, rest, params));
  return pieces.join(textOf(params[key] ?? null));
}

function joined(args: JsonValue): JsonValue | undefined {
  if (!Array.isArray(args)) return undefined;
  const [separator, ...lists] = args as readonly JsonValue[];
  if (typeof separator !== 'string' || lists.length === 0) return undefined;
  const items = concatenated(lists.filter(list => list !== null && list !== ''));
  if (items?.every(item => item === null || typeof item === 'string' || typeof item === 'object') !== true)
    return undefined;
  return items.map(textOf).join(separator);
}

function concatenated(args: JsonValue): readonly JsonValue[] | undefined {
  if (!Array.isArray(args)) return undefined;
  const lists = (args as readonly JsonValue[]).map(item => item ?? []);
  return lists.every(item => Array.isArray(item)) ? lists.flat() : undefined;
}

const isFirst = (item: JsonValue, index: number, all: readonly JsonValue[]): boolean =>
  all.findIndex(other => textOf(other) === textOf(item)) === index;

function merged(args: JsonValue): JsonValue | undefined {
  if (!Array.isArray(args)) return undefined;
  const maps = (args as readonly JsonValue[]).map(item => item ?? {});
  return maps.every(item => isObject(item)) ? Object.assign({}, ...maps) : undefined;
}

function split(args: JsonValue): JsonValue | undefined {
  if (!Array.isArray(args) || args.length < 2) return undefined;
  const [separator, text, index] = args as readonly JsonValue[];
  if (text === null) return null;
  if (typeof separator !== 'string' || separator === '' || typeof text !== 'string') return undefined;
  const parts = text.split(separator);
  return index === undefined ? parts : parts.at(Number(index));
}

/** As Heat puts a value into a text. */
export function textOf(value: JsonValue): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? String(value) : pythonJson(value);
}

/** Keys in order, a blank after each comma and colon, nothing beyond ASCII. */
function pythonJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (!isObject(value)) return inAscii(JSON.stringify(value));
  const pairs = Object.keys(value)
    .sort()
    .map(key => `${inAscii(JSON.stringify(key))}: ${pythonJson(value[key] as JsonValue)}`);
  return `{${pairs.join(', ')}}`;
}

const inAscii = (text: string): string =>
  text.replace(/[\u007f-\uffff]/g, one => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
