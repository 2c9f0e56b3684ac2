// Outputs from what a service answered: computed by the action's own expressions, or keys of its JSON body.
// Belongs here: their values, sealing hidden ones. Does not belong here: their types (the machine judges).
import { textsIn } from '../../../agent-protocol/agent/masking.ts';
import { EngineError } from '../../base/errors.ts';
import { effectKey, type EffectId } from '../../base/ids.ts';
import { isObject, type JsonObject, type JsonValue, tagOf } from '../../base/json.ts';
import { compileForResponse, evaluateForResponse } from '../../definition/expressions/index.ts';
import type { ResponseView } from '../../definition/expressions/types.ts';
import type { Command, RawOutput } from '../../machine/types.ts';
import type { NewSecret } from '../../runtime/ports.ts';
import { reveal } from '../reveal.ts';
import type { Sent } from './sent.ts';

export type Seal = (ref: string, value: JsonValue) => NewSecret;

export interface OutputsRead {
  readonly outputs: { readonly [name: string]: RawOutput };
  readonly secrets: readonly NewSecret[];
}

/** What the answer does not have is left out. Rejects with EngineError for what cannot be given. */
export async function readOutputs(
  id: EffectId,
  { outputs: declared }: Pick<Command, 'outputs'>,
  response: ResponseView,
  { holdsSent, sources }: Pick<Sent, 'holdsSent'> & { readonly sources: JsonObject },
  seal: Seal,
): Promise<OutputsRead> {
  const outputs: { [name: string]: RawOutput } = {};
  const secrets: NewSecret[] = [];
  for (const { name, hidden } of declared) {
    const value = valueOf(name, sources, response);
    if (value === undefined || value === null) continue;
    if (hidden) {
      const ref = `output/${effectKey(id)}/${name}`;
      outputs[name] = { secret: ref };
      secrets.push(seal(ref, await reveal(value, neverRead)));
    } else if ([...textsIn(value), JSON.stringify(value)].some(text => holdsSent(text)))
      throw showsSecret(name);
    else outputs[name] = { encoded: value };
  }
  return { outputs, secrets };
}

/** An answer holds no references. */
const neverRead = (): Promise<JsonValue> => Promise.reject(new Error('an answer holds no reference'));

function valueOf(name: string, sources: JsonObject, response: ResponseView): JsonValue | undefined {
  if (!Object.hasOwn(sources, name)) return keyOf(response.json, name);
  try {
    const template = compileForResponse(sources[name] as JsonValue, 'response', name);
    return evaluateForResponse(template, response);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const { details } = thrown;
    if (isObject(details) && details['absent'] === true) return undefined;
    throw thrown;
  }
}

function keyOf(json: JsonValue | undefined, name: string): JsonValue | undefined {
  if (!isObject(json)) return undefined;
  const tag = tagOf(json);
  const map = tag === '$literal' ? (json['$literal'] as JsonObject) : tag === undefined ? json : {};
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

function showsSecret(name: string): EngineError {
  return new EngineError(
    'expression_failed',
    `The output '${name}' holds a hidden value that was sent, and would show it.`,
    `Declare it: outputs: {${name}: {…, hidden: true}}.`,
  );
}
