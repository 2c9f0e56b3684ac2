// The engine's signing keys, as a numbered set that the root key signed: agents hold the root and learn the rest.
// Belongs here: the set, signing and judging it. Does not belong here: keeping it (engine/agents/; agent/trust-file.ts).
//
// KS1 Only the root's signature makes a set believed.
// KS2 A set of a lower number than the one held is refused: it may hold keys that were taken out since.
import type { KeyObject } from 'node:crypto';
import { base64, judge } from '../judging.ts';
import { type Check, integer, listOf, object, text } from '../shapes.ts';
import { type KeyRing, keyRing, readPublicKey, sign, type SigningKey, verify } from '../signing.ts';

/** Keys in one set: the one in use, those of other engines, and those of before the last rotations. */
const MOST_KEYS = 16;

export interface KeySet {
  /** Grows with every change. */
  readonly version: number;
  /** Ed25519 public keys (SPKI, base64) whose signatures count; engines sign with the first. */
  readonly keys: readonly string[];
}

/** As it travels: the set's JSON, and the root's signature over exactly these bytes. */
export interface SignedKeySet {
  readonly body: string;
  readonly signature: string;
}

/** A set that was believed, ready to verify with. */
export interface KnownKeySet {
  readonly version: number;
  readonly ring: KeyRing;
  readonly signed: SignedKeySet;
}

export const signedKeySet = object<SignedKeySet>({ body: text(4_096), signature: base64(88) });

const key: Check = value =>
  base64(128)(value) ??
  (readPublicKey(value as string, 'ed25519') ? undefined : ': is no Ed25519 public key');
const shape = object<KeySet>({
  version: integer(1, Number.MAX_SAFE_INTEGER),
  keys: value => (Array.isArray(value) && value.length === 0 ? ': is empty' : listOf(key, MOST_KEYS)(value)),
});

export function signKeySet(root: SigningKey, set: KeySet): SignedKeySet {
  const body = JSON.stringify({ version: set.version, keys: set.keys });
  const { signature } = sign(root, 'key_set', '', Buffer.from(body, 'utf8'));
  return { body, signature: Buffer.from(signature).toString('base64') };
}

/** `held`: the number of the set that is held; absent: none. Never throws. */
export function judgeKeySet(
  root: KeyObject,
  signed: SignedKeySet,
  held = 0,
): { readonly set: KnownKeySet } | { readonly refused: string } {
  const ring = keyRing([root]);
  const [rootId = ''] = ring.keys();
  const body = Buffer.from(signed.body, 'utf8');
  const headers = { key: rootId, signature: Buffer.from(signed.signature, 'base64') };
  if (verify(ring, 'key_set', '', { body, headers }).kind === 'refused')
    return { refused: 'brings a key set that the root key did not sign' };
  const verdict = judge(body, shape);
  if ('refused' in verdict) return { refused: `brings a key set that ${verdict.refused}` };
  const { version, keys } = verdict.value as KeySet;
  if (version < held) return { refused: `brings key set ${version}, and ${held} is known already` };
  const read = keys.map(text_ => readPublicKey(text_, 'ed25519')).filter(one => one !== undefined);
  return { set: { version, ring: keyRing(read), signed } };
}
