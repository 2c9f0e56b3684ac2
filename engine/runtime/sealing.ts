// What of a request is hidden, sealed before it is stored: its place in what is stored is taken by a reference.
// Belongs here: references, and which values get one. Does not belong here: the cipher (secrets.ts), who says what is hidden (definitions).
import { readCredential } from '../base/credential.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { NewSecret } from './ports.ts';
import type { Vault } from './secrets.ts';

export interface SealedRight {
  readonly payload: { readonly credential?: string };
  readonly secrets: readonly NewSecret[];
}

export const NO_RIGHT: SealedRight = { payload: {}, secrets: [] };

/** Judged again, for it may have come from outside. EngineError `usage`. */
export function sealCredential(vault: Vault, workflow: string, given: JsonObject | undefined): SealedRight {
  if (given === undefined) return NO_RIGHT;
  const credential = readCredential(given) as JsonObject;
  const place = `${workflow}/credential`;
  const ref = `${place}/${vault.fingerprint(place, credential)}`;
  return { payload: { credential: ref }, secrets: [vault.seal(ref, credential)] };
}

/** The reference holds a keyed fingerprint of the value: equal requests stay equal, and nothing can be read from it. */
export function sealValues(
  vault: Vault,
  place: string,
  values: JsonObject,
  hidden: (name: string) => boolean,
): { readonly values: JsonObject; readonly secrets: readonly NewSecret[] } {
  const secrets: NewSecret[] = [];
  const sealed = Object.entries(values).map(([name, value]): [string, JsonValue] => {
    if (!hidden(name)) return [name, value];
    const ref = `${place}/${name}/${vault.fingerprint(place, value)}`;
    secrets.push(vault.seal(ref, value));
    return [name, { $secret: ref }];
  });
  return { values: Object.fromEntries(sealed), secrets };
}
