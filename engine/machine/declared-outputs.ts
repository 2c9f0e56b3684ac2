// What an attempt wrote, judged against the outputs that its state declares.
// Belongs here: presence and types. Does not belong here: constraints of inputs (definition/).
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import type { State, StateOutput } from '../definition/types.ts';
import type { RawOutput } from './types.ts';

/** The declared outputs as typed values, or the sentence that says which one is wrong. Undeclared ones are dropped. */
export function readOutputs(
  state: State,
  raw: { readonly [name: string]: RawOutput },
): { readonly outputs: JsonObject } | { readonly problem: string } {
  const outputs: { [name: string]: JsonValue } = {};
  for (const output of state.outputs.values()) {
    const given = Object.hasOwn(raw, output.name) ? raw[output.name] : undefined;
    if (given === undefined) {
      if (output.optional) continue;
      return { problem: `Output '${output.name}' is missing.` };
    }
    const value = valueOf(output, given);
    if (value === undefined) return { problem: `Output '${output.name}' is not of type ${output.type}.` };
    outputs[output.name] = value;
  }
  return { outputs };
}

function valueOf(output: StateOutput, raw: RawOutput): JsonValue | undefined {
  if ('secret' in raw) return { $secret: raw.secret };
  if ('json' in raw) return isOfType(output, raw.json) ? raw.json : undefined;
  if (output.type === 'string') return raw.text;
  try {
    const value = JSON.parse(raw.text) as JsonValue;
    return isOfType(output, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isOfType({ type }: StateOutput, value: JsonValue): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'number':
      return typeof value === type;
    case 'integer':
      return Number.isSafeInteger(value);
    case 'list':
      return Array.isArray(value);
    case 'map':
      return isObject(value);
    default:
      return type satisfies never;
  }
}
