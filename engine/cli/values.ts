// Words of the command line as values: inputs and outputs given as `name=value` or as a file.
// Belongs here: reading them. Does not belong here: judging them against the definition (the engine does).
import path from 'node:path';
import { load } from 'js-yaml';
import { EngineError, errorText } from '../base/errors.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import type { ParameterType } from '../definition/types.ts';
import { usageError } from './failure.ts';

/** Reads a file as text; rejects as node:fs does. */
export type ReadText = (file: string) => Promise<string>;
export type TypeOf = (name: string) => ParameterType | undefined;

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/;

/**
 * Later words win over earlier ones. `name=@file` takes the text of a file as the value, so that a password need not
 * stand in the list of processes; one line end at its end is no part of it. Values of unknown names stay text: the engine says what is wrong with them.
 */
export async function parseValues(
  words: readonly string[],
  option: '--inputs' | '--outputs' | '--data',
  typeOf: TypeOf,
  read: ReadText,
): Promise<JsonObject> {
  const values: { [name: string]: JsonValue } = {};
  for (const word of words) {
    const assignment = ASSIGNMENT.exec(word);
    if (assignment === null) Object.assign(values, await readMap(word, option, read));
    else values[assignment[1] as string] = await oneValue(assignment, option, typeOf, read);
  }
  return values;
}

async function oneValue(
  [, name = '', text = '']: readonly string[],
  option: string,
  typeOf: TypeOf,
  read: ReadText,
): Promise<JsonValue> {
  const given = text.startsWith('@') ? await textOf(text.slice(1), `${option} ${name}`, read) : text;
  return typedValue(given, typeOf(name), name, option);
}

/** The text as the type has it; what does not fit stays text, for the engine to refuse with the parameter's own words. */
function typedValue(text: string, type: ParameterType | undefined, name: string, option: string): JsonValue {
  switch (type) {
    case 'integer':
    case 'number':
      return /^-?\d/.test(text) && Number.isFinite(Number(text)) ? numberOf(text, type) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'list':
    case 'map':
      return parseYaml(text, `the value of ${option} ${name}`);
    case 'string':
    case undefined:
      return text;
  }
}

function numberOf(text: string, type: 'integer' | 'number'): JsonValue {
  const value = Number(text);
  const exact = type === 'number' || !/^-?\d+$/.test(text) || Number.isSafeInteger(value);
  return exact ? value : { $integer: BigInt(text).toString() };
}

const textOf = async (file: string, what: string, read: ReadText): Promise<string> =>
  (await readOrExplain(file, what, read)).replace(/\r?\n$/, '');

async function readMap(file: string, option: string, read: ReadText): Promise<JsonObject> {
  const value = parseYaml(await readOrExplain(file, option, read), file);
  if (isObject(value)) return value;
  throw usageError(
    `${file} is no map of names to values`,
    `Write it as YAML or JSON: 'name: value' on each line.`,
  );
}

async function readOrExplain(file: string, what: string, read: ReadText): Promise<string> {
  try {
    return await read(file);
  } catch (thrown) {
    throw usageError(
      `${what}: cannot read ${file}: ${reason(thrown)}`,
      `Give a file that exists, or name=value pairs such as ${what.split(' ')[0]} port=5432.`,
    );
  }
}

/** YAML or JSON as plain JSON values. */
export function parseYaml(text: string, what: string): JsonValue {
  try {
    return JSON.parse(JSON.stringify(load(text) ?? null)) as JsonValue;
  } catch (thrown) {
    throw usageError(
      `${what} is neither YAML nor JSON: ${errorText(thrown).split('\n')[0]}`,
      'Correct it and try again.',
    );
  }
}

/** What the system says, in words: the code's meaning without the syscall. */
export function reason(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | undefined)?.code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  return errorText(thrown);
}

/** `docs/hello.workflow.yaml` → `hello`; what cannot stand in a name becomes a dash. */
export function defaultName(file: string): string {
  const name = path
    .basename(file)
    .replace(/\.(ya?ml|json)$/i, '')
    .replace(/[._-]workflow$/i, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64);
  // `db/workflow.yaml` is named after its folder.
  if (name !== '' && name.toLowerCase() !== 'workflow') return name;
  const folder = path.basename(path.dirname(path.resolve(file)));
  if (folder === '' || /^workflow$/i.test(folder)) return 'workflow';
  return defaultName(`${folder}.yaml`);
}

export function noSuchFile(file: string, thrown: unknown): EngineError {
  return usageError(
    `cannot read ${file}: ${reason(thrown)}`,
    'Give the path of a workflow definition (YAML).',
  );
}
