// Values as the agent gets them: tags of base/json.ts taken off, hidden values put in. Clear text lives only here.
// Belongs here: which values hold secrets, filling the holes. Does not belong here: sealing (render.ts), the store.
import { errorText } from '../base/errors.ts';
import { isObject, tagOf, type JsonValue } from '../base/json.ts';

/** Why a command cannot be rendered; said to the author of the definition or the operator. */
export class RenderFailure extends Error {}

/** Whether any part of the value is hidden: then all of it travels sealed. A literal map holds no tags. */
export function holdsSecret(value: JsonValue): boolean {
  return refsIn(value).size > 0;
}

/**
 * The clear value. `$concat` becomes text; `$integer` its decimal digits, as no JSON number holds it. Rejects with
 * RenderFailure, naming the reference and never a value, when a hidden value cannot be read.
 */
export async function reveal(
  value: JsonValue,
  read: (ref: string) => Promise<JsonValue>,
): Promise<JsonValue> {
  const secrets = new Map<string, JsonValue>();
  for (const ref of refsIn(value)) secrets.set(ref, await readSecret(ref, read));
  return fill(value, secrets);
}

/** Text as a script or a file would show the value: text as it is, anything else as JSON. */
export const asText = (value: JsonValue): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

async function readSecret(ref: string, read: (ref: string) => Promise<JsonValue>): Promise<JsonValue> {
  try {
    return await read(ref);
  } catch (thrown) {
    throw new RenderFailure(`The hidden value '${ref}' cannot be read: ${errorText(thrown)}`, {
      cause: thrown,
    });
  }
}

function refsIn(value: JsonValue, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) refsIn(item, found);
  if (!isObject(value)) return found;
  const tag = tagOf(value);
  if (tag === '$secret') found.add(value['$secret'] as string);
  else if (tag !== '$literal') for (const item of Object.values(value)) refsIn(item, found);
  return found;
}

function fill(value: JsonValue, secrets: ReadonlyMap<string, JsonValue>): JsonValue {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(item => fill(item, secrets));
  if (!isObject(value)) return value;
  const tag = tagOf(value);
  switch (tag) {
    case '$secret':
      return secrets.get(value['$secret'] as string) as JsonValue;
    case '$concat':
      return (value['$concat'] as readonly JsonValue[]).map(part => asText(fill(part, secrets))).join('');
    case '$integer':
    case '$literal':
      return value[tag] as JsonValue;
    case undefined:
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, secrets)]));
    default:
      return tag satisfies never;
  }
}
