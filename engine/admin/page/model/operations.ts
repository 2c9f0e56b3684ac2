// Operations as a person asks for them: fields by the types of their inputs, what was typed as values, the command line.
// Belongs here: those. Does not belong here: whether one may begin (the engine says), the dialog (ui/operate-dialog.ts).
import type { JsonObject, JsonValue } from '../../../base/json.ts';
import type { InputView, OperationView } from '../../../runtime/operator-api.ts';
import { line, rawPairs } from './acts.ts';

/** What an operation is asked for with. */
export interface Operate {
  readonly kind: 'operate';
  readonly operation: string;
  /** By which it is known: the same twice is once. */
  readonly id: string;
  readonly inputs: JsonObject;
}

export type FieldKind = 'text' | 'secret' | 'number' | 'choice' | 'json';

/** `choice`: one of a few. */
export function fieldOf({ type, hidden, allowed }: InputView): FieldKind {
  if (hidden) return 'secret';
  if (type === 'list' || type === 'map') return 'json';
  if (allowed !== undefined || type === 'boolean') return 'choice';
  return type === 'string' ? 'text' : 'number';
}

/** Of a `choice`. */
export const choicesOf = ({ allowed, type }: InputView): readonly JsonValue[] =>
  allowed ?? (type === 'boolean' ? [true, false] : []);

export const choiceText = (value: JsonValue): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

/** What is said of an input beside its name: `Kept so often (integer, from 1 to 5; 3 if left out)`. */
export function inputWords(input: InputView): string {
  const { type, constraints, hidden, allowed, default: usual, description } = input;
  const bounds =
    allowed === undefined ? constraints : [`one of ${allowed.map(one => choiceText(one)).join(', ')}`];
  const known = [type, ...(hidden ? ['hidden'] : []), ...bounds].join(', ');
  const words =
    usual === undefined ? known : `${known}; ${usual === '' ? 'empty' : choiceText(usual)} if left out`;
  return description === '' ? words : `${description} (${words})`;
}

export type Read =
  | { readonly kind: 'left_out' }
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'wrong'; readonly says: string };

/** What does not fit a type in a way that only the engine can tell is sent as it is, and refused there in its own words. */
export function readField(input: InputView, typed: string): Read {
  if (typed === '') return input.required ? wrong(`${input.name} is required.`) : { kind: 'left_out' };
  switch (fieldOf(input)) {
    case 'choice': {
      const found = choicesOf(input).find(one => choiceText(one) === typed);
      return found === undefined
        ? wrong(`${input.name} is none of its values.`)
        : { kind: 'value', value: found };
    }
    case 'number':
      return numberOf(input, typed.trim());
    case 'json':
      return jsonOf(input, typed);
    case 'secret':
    case 'text':
      return { kind: 'value', value: typed };
  }
}

/** A whole number that is too large to be exact here travels as text. */
function numberOf({ name, type }: InputView, typed: string): Read {
  const value = Number(typed);
  if (typed === '' || !Number.isFinite(value)) return wrong(`${name} is to be a number.`);
  if (type === 'integer' && !/^-?\d+$/.test(typed)) return wrong(`${name} is to be a whole number.`);
  return { kind: 'value', value: type === 'integer' && !Number.isSafeInteger(value) ? typed : value };
}

/** A list may also be written as HOT's: `a,b`. */
function jsonOf({ name, type }: InputView, typed: string): Read {
  try {
    return { kind: 'value', value: JSON.parse(typed) as JsonValue };
  } catch {
    if (type === 'list' && !/^\s*[[{]/.test(typed)) return { kind: 'value', value: typed };
    return wrong(`${name} is to be JSON, such as ${type === 'list' ? '["a", "b"]' : '{"key": "value"}'}.`);
  }
}

const wrong = (says: string): Read => ({ kind: 'wrong', says });

/** All fields at once. `wrong`: of the first that cannot be sent. */
export function readFields(
  { inputs }: OperationView,
  typed: ReadonlyMap<string, string>,
): { readonly inputs: JsonObject; readonly wrong?: string } {
  const values: { [name: string]: JsonValue } = {};
  let first: string | undefined;
  for (const input of inputs) {
    const read = readField(input, typed.get(input.name) ?? '');
    if (read.kind === 'value') values[input.name] = read.value;
    else if (read.kind === 'wrong') first ??= read.says;
  }
  return { inputs: values, ...(first !== undefined && { wrong: first }) };
}

/** `murano-workflow operate prod failover --inputs to=db-1 --id night`. A hidden value is named as a file, never told. */
export function operateLine(
  workflow: string,
  operation: OperationView,
  inputs: JsonObject,
  id?: string,
): string {
  const hidden = new Set(operation.inputs.filter(one => one.hidden).map(({ name }) => name));
  const words = rawPairs('--inputs', inputs, hidden);
  return line('operate', workflow, operation.name, ...words, ...(id === undefined ? [] : ['--id', id]));
}

/** The same with a place for each input that must be given. */
export const operateSketch = (workflow: string, { name, inputs }: OperationView): string =>
  [
    line('operate', workflow, name),
    ...inputs
      .filter(one => one.required)
      .map((one, place) => `${place === 0 ? '--inputs ' : ''}${one.name}=…`),
  ].join(' ');
