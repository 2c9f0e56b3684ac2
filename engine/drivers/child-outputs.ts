// What a step gets of what its child gives.
// Belongs here: the child's outputs → those that the step declares. Does not belong here: when the child has ended
// (workflow-driver.ts).
import { effectKey, type EffectId } from '../base/ids.ts';
import { isObject, tagOf, type JsonObject, type JsonValue } from '../base/json.ts';
import type { Command, Outcome, RawOutput } from '../machine/types.ts';
import type { DriverContext, NewSecret } from '../runtime/ports.ts';
import { reveal } from './reveal.ts';

/** What the step declares of what the child gives; hidden values sealed anew, for they outlive the child's own. */
export async function outputsOf(
  id: EffectId,
  wanted: Command['outputs'],
  given: JsonObject,
  context: DriverContext,
  seal: (ref: string, value: JsonValue) => NewSecret,
): Promise<{ readonly outcome: Outcome; readonly secrets: readonly NewSecret[] }> {
  const outputs: { [name: string]: RawOutput } = {};
  const secrets: NewSecret[] = [];
  for (const { name, hidden } of wanted) {
    const value = given[name];
    if (value === undefined) continue;
    if (!hidden)
      outputs[name] = holdsInteger(value) ? { text: exactText(value) } : { json: await plain(value) };
    else {
      const ref = `child/${effectKey(id)}/${name}`;
      outputs[name] = { secret: ref };
      secrets.push(seal(ref, await reveal(value, one => context.secret(one))));
    }
  }
  return { outcome: { kind: 'succeeded', outputs }, secrets };
}

/** Without the tags: nothing is hidden in it. */
const plain = (value: JsonValue): Promise<JsonValue> =>
  reveal(value, ref => Promise.reject(new Error(`${ref} is hidden`)));

function holdsInteger(value: JsonValue): boolean {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some(holdsInteger);
  if (!isObject(value)) return false;
  return tagOf(value) === '$integer' || Object.values(value).some(holdsInteger);
}

/** JSON text in which integers beyond what JSON's numbers hold keep all their digits. */
function exactText(value: JsonValue): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(exactText).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const tag = tagOf(value);
  if (tag === '$integer') return value['$integer'] as string;
  const inner = tag === '$literal' ? (value['$literal'] as JsonObject) : value;
  const pairs = Object.entries(inner).map(([key, item]) => `${JSON.stringify(key)}:${exactText(item)}`);
  return `{${pairs.join(',')}}`;
}
