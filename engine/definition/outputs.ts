// Judges what a state's action gave: each declared output in its type, or one sentence why not.
// Belongs here: raw outputs -> typed ones. Does not belong here: collecting them (agent), storing them (machine/).
import { isObject, type JsonObject, type JsonValue, jsonBytes, secretRefs, tagOf } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { fitValue, isShallow, type Misfit } from './values.ts';
import { parseJsonText } from './json-text.ts';
import type { State, StateOutput } from './types.ts';

/** As the machine has it: a file's text, a JSON value, one in the encoded form, or a hidden one stored under a reference. */
export type GivenOutput =
  | { readonly text: string }
  | { readonly encoded: JsonValue }
  | { readonly json: JsonValue }
  | { readonly secret: string };

export interface ReadOutputs {
  readonly outputs?: JsonObject;
  readonly problem?: string;
}

/**
 * The state's outputs, typed and in the encoded form of base/json.ts. Undeclared ones are left out. A missing or
 * mistyped one gives a sentence that names state and output; sentences never quote a value.
 */
export function readOutputs(state: State, raw: { readonly [name: string]: GivenOutput }): ReadOutputs {
  return collect(state, output => {
    const given = Object.hasOwn(raw, output.name) ? raw[output.name] : undefined;
    return given === undefined ? undefined : readOne(output, given);
  });
}

/** The same for values that the engine made itself (`set`): already encoded, hidden parts as references. */
export function readEncodedOutputs(state: State, values: JsonObject): ReadOutputs {
  return collect(state, output => {
    const value = Object.hasOwn(values, output.name) ? values[output.name] : undefined;
    return value === undefined || value === null ? undefined : readEncoded(output, value);
  });
}

type One = { readonly value: JsonValue } | { readonly wrong: string };

function collect(state: State, read: (output: StateOutput) => One | undefined): ReadOutputs {
  const outputs: [string, JsonValue][] = [];
  for (const output of state.outputs.values()) {
    const one = read(output);
    const whose = `The output '${output.name}' of ${state.entity}.${state.name}`;
    if (one === undefined && !output.optional)
      return { problem: `${whose} is missing; it is not declared optional.` };
    if (one === undefined) continue;
    if ('wrong' in one) return { problem: `${whose} cannot be used: ${one.wrong}.` };
    outputs.push([output.name, one.value]);
  }
  const all = Object.fromEntries(outputs);
  const bytes = jsonBytes(all);
  if (bytes <= LIMITS.stepOutputsBytes) return { outputs: all };
  return {
    problem: `The outputs of ${state.entity}.${state.name} have ${bytes} bytes; at most ${LIMITS.stepOutputsBytes} may be.`,
  };
}

function readOne(output: StateOutput, given: GivenOutput): One | undefined {
  if ('secret' in given)
    return output.hidden
      ? { value: { $secret: given.secret } }
      : { wrong: 'it holds a hidden value, but is not declared hidden' };
  if (output.hidden) return { wrong: 'it is hidden, but it came in clear' };
  if ('encoded' in given) return given.encoded === null ? undefined : readEncoded(output, given.encoded);
  if ('text' in given) return readText(output, given.text);
  if (given.json === null) return undefined;
  if (!isShallow(given.json, LIMITS.definitionDepth))
    return { wrong: `it is nested deeper than ${LIMITS.definitionDepth} levels` };
  if (output.type === 'string' && typeof given.json !== 'string')
    return { wrong: 'it must be of type string' };
  return fit(output, given.json);
}

/** A script ends its text with a newline, which nobody means. */
function readText(output: StateOutput, text: string): One {
  if (Buffer.byteLength(text, 'utf8') > LIMITS.stepOutputsBytes)
    return { wrong: `it has more than ${LIMITS.stepOutputsBytes} bytes` };
  const value = text.replace(/\r?\n$/, '');
  switch (output.type) {
    case 'string':
      return fit(output, value);
    case 'number':
    case 'integer':
      return fit(output, value.trim());
    case 'boolean':
      return /^(?:true|false)$/i.test(value.trim())
        ? fit(output, value.trim())
        : { wrong: 'it must be true or false' };
    case 'list':
    case 'map':
      return readStructure(output, value);
    default:
      return output.type satisfies never;
  }
}

function readStructure(output: StateOutput, text: string): One {
  const parsed = parseJsonText(text);
  const fits =
    output.type === 'list'
      ? Array.isArray(parsed)
      : isObject(parsed) && !['$integer'].includes(tagOf(parsed) ?? '');
  return fits ? fit(output, text) : { wrong: `it must be a ${output.type} written as JSON` };
}

function fit(output: StateOutput, value: JsonValue): One {
  const misfits: Misfit[] = [];
  const fitted = fitValue(output, value, '', misfits);
  const [first] = misfits;
  if (first !== undefined)
    return { wrong: first.at === '' ? first.message : `at ${first.at} ${first.message}` };
  return fitted === undefined ? { wrong: `it must be of type ${output.type}` } : { value: fitted };
}

/** What holds a hidden value can't be judged further; it may stand only where hidden is declared. */
function readEncoded(output: StateOutput, value: JsonValue): One {
  if (secretRefs(value).length > 0)
    return output.hidden ? { value } : { wrong: 'it holds a hidden value, but is not declared hidden' };
  if (tagOf(value) === '$integer')
    return output.type === 'integer' ? { value } : { wrong: `it must be of type ${output.type}` };
  if (output.type === 'string' && typeof value !== 'string') return { wrong: 'it must be of type string' };
  const one = fit(output, decoded(value));
  return 'wrong' in one ? one : { value: isObject(value) || Array.isArray(value) ? value : one.value };
}

/** Encoded value as plain JSON, large integers as text: what types and constraints are judged on. */
function decoded(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(decoded);
  if (!isObject(value)) return value;
  const tag = tagOf(value);
  if (tag === '$integer') return value['$integer'] ?? null;
  const inner = tag === '$literal' ? (value['$literal'] as JsonObject) : value;
  return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, decoded(item)]));
}
