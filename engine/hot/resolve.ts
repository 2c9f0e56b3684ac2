// What a value of a template comes to: its functions carried out, as far as that needs nobody but the template.
// Belongs here: the walk, parameters and files. Does not belong here: functions of their arguments alone (functions.ts), conditions (conditions.ts).
//
// What hangs on a stack (`get_attr`, `get_resource`) or needs a language of its own (`yaql`) is open, and so is everything around it.
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { pointerTo } from '../definition/positions.ts';
import { type Call, listOf, onlyKey, wordOf, wordsFor } from './calls.ts';
import { Conditions } from './conditions.ts';
import { FUNCTIONS } from './functions.ts';
import { Open, opened, type Resolved } from './open.ts';
import type { HotText } from './text.ts';

/** Functions of Heat that are not carried out here. */
const OF_HEAT = new Set([
  'get_attr',
  'get_resource',
  'repeat',
  'resource_facade',
  'digest',
  'map_replace',
  'yaql',
  'filter',
  'contains',
  'make_url',
]);

export interface Sources {
  readonly template: HotText;
  readonly parameters: ReadonlyMap<string, Resolved>;
  /** Contents by the names that `get_file` gives them. */
  readonly files: ReadonlyMap<string, string>;
}

type Own = (args: JsonValue, at: string) => Resolved | undefined;

export class Resolver {
  readonly #sources: Sources;
  readonly #conditions: Conditions;
  readonly #own: { readonly [name: string]: Own };

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#conditions = new Conditions(sources.template, (value, at) => this.resolve(value, at));
    this.#own = {
      get_param: (args, at) => this.#parameter(args, at),
      get_file: (args, at) => this.#file(args, at),
      if: (args, at) => this.#either(args, at),
    };
  }

  /** `at`: its pointer in the template. What is wrong with it is said there, and it is open. */
  resolve(value: JsonValue, at: string): Resolved {
    return this.#mentioned(value, at) ?? null;
  }

  /** Undefined: an `if` without another value leaves it out, as if it were not written. */
  #mentioned(value: JsonValue, at: string): Resolved | undefined {
    if (Array.isArray(value)) return this.#list(value as readonly JsonValue[], at);
    if (!isObject(value)) return value;
    const called = functionIn(value);
    if (called === undefined) return this.#map(value, at);
    const { name, args } = called;
    const inner = pointerTo(at, name);
    const own = this.#own[name];
    if (own !== undefined) return own(args, inner);
    return OF_HEAT.has(name) ? new Open([wordsFor(called)]) : this.#call(name, args, inner);
  }

  #list(items: readonly JsonValue[], at: string): Resolved {
    const values = items.flatMap((item, index) => {
      const value = this.#mentioned(item, pointerTo(at, index));
      return value === undefined ? [] : [{ value }];
    });
    const all = values.map(({ value }) => value);
    return opened(all) ?? (all as JsonValue[]);
  }

  #map(map: JsonObject, at: string): Resolved {
    const pairs = Object.entries(map).flatMap(([key, written]) => {
      const value = this.#mentioned(written, pointerTo(at, key));
      return value === undefined ? [] : [[key, value] as const];
    });
    return opened(pairs.map(([, value]) => value)) ?? (Object.fromEntries(pairs) as JsonObject);
  }

  #call(name: string, args: JsonValue, at: string): Resolved {
    const given = this.resolve(args, at);
    if (given instanceof Open) return given;
    const found = FUNCTIONS[name]?.call(given);
    return (
      found ?? (found === null ? null : this.#wrong(name, at, FUNCTIONS[name]?.takes ?? 'something else'))
    );
  }

  #wrong(name: string, at: string, takes: string): Open {
    this.#sources.template.say('wrong_value', at, `${name} takes ${takes}.`);
    return new Open([name]);
  }

  /** The value, or what the path leads to in it; a path that leads nowhere is empty text, as for Heat. */
  #parameter(args: JsonValue, at: string): Resolved {
    const given = this.resolve(args, at);
    if (given instanceof Open) return given;
    const [name, ...path] = listOf(given) ?? [given];
    if (typeof name !== 'string')
      return this.#wrong('get_param', at, 'the name of a parameter, or a list that begins with it');
    const { template, parameters } = this.#sources;
    const found = parameters.get(name);
    if (found !== undefined) return found instanceof Open ? found : along(found, path);
    const known = [...parameters.keys()];
    template.say('unknown_name', at, `The template has no parameter '${name}'.`, { near: { name, known } });
    return new Open([`get_param ${name}`]);
  }

  #file(args: JsonValue, at: string): Resolved {
    const name = this.resolve(args, at);
    if (name instanceof Open) return name;
    if (typeof name !== 'string') return this.#wrong('get_file', at, 'the name of a file');
    const found = this.#sources.files.get(name);
    if (found !== undefined) return found;
    if (isElsewhere(name)) return new Open([`get_file ${name}`]);
    const hint = 'Names of files are relative to the template.';
    this.#sources.template.say('missing_file', at, `There is no file '${name}'.`, { hint });
    return new Open([`get_file ${name}`]);
  }

  #either(args: JsonValue, at: string): Resolved | undefined {
    const [condition, one, other] = listOf(args) ?? [];
    if (condition === undefined || one === undefined)
      return this.#wrong('if', at, 'a list of a condition, a value, and perhaps another');
    const holds = this.condition(condition, pointerTo(at, 0));
    if (holds instanceof Open) return holds;
    if (holds) return this.#mentioned(one, pointerTo(at, 1));
    return other === undefined ? undefined : this.#mentioned(other, pointerTo(at, 2));
  }

  condition(value: JsonValue, at: string): boolean | Open {
    return this.#conditions.holds(value, at);
  }
}

/** Names that `get_file` gives in it, at any depth; those that are made of parameters are not among them. */
export function filesIn(value: JsonValue): readonly string[] {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).flatMap(filesIn);
  if (!isObject(value)) return [];
  const called = functionIn(value);
  if (called?.name === 'get_file') return typeof called.args === 'string' ? [called.args] : [];
  return Object.values(value).flatMap(filesIn);
}

/** A name that leads to another machine: nobody reads it here. */
export const isElsewhere = (name: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(name);

/** Whether the value as a whole is made by a function. */
export const isMade = (value: JsonValue): boolean => isObject(value) && functionIn(value) !== undefined;

/** As Heat tells a call from a map: by its one key. */
function functionIn(map: JsonObject): Call | undefined {
  const called = onlyKey(map);
  return called !== undefined && isCall(called.name) ? called : undefined;
}

const OWN = new Set(['get_param', 'get_file', 'if']);
const isCall = (name: string): boolean =>
  OWN.has(name) || OF_HEAT.has(name) || Object.hasOwn(FUNCTIONS, name);

function along(value: JsonValue, path: readonly JsonValue[]): JsonValue {
  let found: JsonValue | undefined = value;
  for (const key of path) {
    const word = wordOf(key) ?? '';
    if (Array.isArray(found)) found = (found as readonly JsonValue[])[Number(word)];
    else if (isObject(found) && Object.hasOwn(found, word)) found = found[word];
    else return '';
  }
  return found ?? '';
}
