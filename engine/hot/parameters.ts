// Values of a template's parameters: given by hand, by an environment, or by default.
// Belongs here: which of them holds, and its type, as Heat has them. Does not belong here: constraints, which Heat judges.
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { pointerTo } from '../definition/positions.ts';
import { wordOf } from './calls.ts';
import { textOf } from './functions.ts';
import { Open, type Resolved } from './open.ts';
import { type HotText, section } from './text.ts';

export interface GivenParameters {
  /** By name, as written: `--parameter name=value`. */
  readonly words: { readonly [name: string]: string };
  /** Later ones win over earlier ones. */
  readonly environments: readonly HotText[];
  /** Heat's own, such as `OS::stack_name`. */
  readonly pseudo: JsonObject;
}

const PSEUDO = ['OS::stack_name', 'OS::stack_id', 'OS::project_id'] as const;

/** Every parameter that there is. What is wrong is said in the text where it stands; `unknown`: words that name none. */
export function parametersOf(
  template: HotText,
  given: GivenParameters,
): { readonly values: ReadonlyMap<string, Resolved>; readonly unknown: readonly string[] } {
  const declared = section(template, 'parameters');
  const values = new Map<string, Resolved>(
    PSEUDO.map(name => [name, given.pseudo[name] ?? new Open([`get_param ${name}`])]),
  );
  for (const [name, declaration] of Object.entries(declared))
    values.set(name, valueOf(template, name, isObject(declaration) ? declaration : {}, given));
  checkNames(given.environments, declared);
  return { values, unknown: Object.keys(given.words).filter(name => !Object.hasOwn(declared, name)) };
}

/** `parameter_defaults` may name what this template does not have. */
function checkNames(environments: readonly HotText[], declared: JsonObject): void {
  for (const text of environments)
    for (const name of Object.keys(section(text, 'parameters')))
      if (!Object.hasOwn(declared, name))
        text.say('unknown_name', pointerTo('/parameters', name), `The template has no parameter '${name}'.`, {
          near: { name, known: Object.keys(declared) },
          key: true,
        });
}

/** A value and where it stands, for what is wrong with it. */
interface Candidate {
  readonly value: JsonValue;
  readonly wrong: (message: string) => void;
}

function valueOf(template: HotText, name: string, declaration: JsonObject, given: GivenParameters): Resolved {
  const found = candidate(template, name, declaration, given);
  if (found === undefined) return new Open([`get_param ${name}, which has no value here`]);
  const type = wordOf(declaration['type']) ?? '';
  const read = READ[type] ?? asItIs;
  const value = read(found.value);
  if (value !== undefined) return value;
  found.wrong(`'${name}' is of type ${type}, and this is none.`);
  return new Open([`get_param ${name}`]);
}

/** The one that holds: by hand, by the newest environment, by an environment's default, by the template's. */
function candidate(
  template: HotText,
  name: string,
  declaration: JsonObject,
  { words, environments }: GivenParameters,
): Candidate | undefined {
  if (Object.hasOwn(words, name)) {
    const wrong = (message: string): void =>
      template.say('wrong_value', pointerTo('/parameters', name), message, {
        hint: `It was given as --parameter ${name}=….`,
      });
    return { value: words[name] as string, wrong };
  }
  const newestFirst = environments.toReversed();
  for (const key of ['parameters', 'parameter_defaults'])
    for (const text of newestFirst) {
      const found = standing(text, section(text, key), `/${key}`, name);
      if (found !== undefined) return found;
    }
  return standing(template, declaration, pointerTo('/parameters', name), 'default');
}

function standing(text: HotText, map: JsonObject, at: string, key: string): Candidate | undefined {
  const value = map[key];
  if (value === undefined || value === null) return undefined;
  const pointer = pointerTo(at, key);
  text.ask(pointer);
  return { value, wrong: message => text.say('wrong_value', pointer, message) };
}

type Read = (value: JsonValue) => JsonValue | undefined;

const asItIs: Read = value => value;

const number: Read = value => {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  return Number.isFinite(Number(value)) ? Number(value) : undefined;
};

const YES = ['1', 't', 'true', 'on', 'y', 'yes'];
const NO = ['0', 'f', 'false', 'off', 'n', 'no'];

const boolean: Read = value => {
  const word = textOf(value).trim().toLowerCase();
  if (YES.includes(word)) return true;
  return NO.includes(word) ? false : undefined;
};

const list: Read = value => {
  if (Array.isArray(value)) return value.map(textOf);
  if (typeof value !== 'string') return undefined;
  return value === '' ? [] : value.split(',');
};

const json: Read = value => {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as JsonValue;
  } catch {
    return undefined;
  }
};

/** By the types of HOT. */
const READ: { readonly [type: string]: Read } = {
  string: value => (isObject(value) || Array.isArray(value) ? undefined : textOf(value)),
  number,
  boolean,
  comma_delimited_list: list,
  json,
};
