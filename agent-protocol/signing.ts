// Detached Ed25519 signatures over a message's bytes as they are, in both directions.
// Belongs here: what exactly is signed, key ids, reading keys. Does not belong here: which keys are trusted
// (agents: the key ring given at start; engine: the enrolled key of each agent).
//
// Signed bytes: `murano-workflow/agent-message/<version>\0<direction>\0<agent id>\0` + body. So a message cannot be
// turned round, sent to another agent, or taken for something else that the same key signed.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Direction } from './codec.ts';
import { PROTOCOL_VERSION } from './messages.ts';
import type { WireMessage } from './transport.ts';

/** A private key with the id that goes into every message's header. */
export interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Trusted public keys by id. */
export type KeyRing = ReadonlyMap<string, KeyObject>;

/** What a signature is for; part of what is signed. The last three are of enrolment/. */
export type Purpose = Direction | 'enrolment' | 'enrolment_answer' | 'key_set';

export type Verdict = { readonly kind: 'valid' } | { readonly kind: 'refused'; readonly reason: string };

export function newSigningKey(): SigningKey {
  return asSigningKey(generateKeyPairSync('ed25519').privateKey);
}

/** From PKCS#8 PEM, or a KeyObject. Throws when it is not an Ed25519 private key. */
export function asSigningKey(key: KeyObject | string): SigningKey {
  const privateKey = typeof key === 'string' ? createPrivateKey(key) : key;
  if (privateKey.asymmetricKeyType !== 'ed25519' || privateKey.type !== 'private') {
    throw new TypeError('A signing key must be an Ed25519 private key.');
  }
  const publicKey = createPublicKey(privateKey);
  return { id: keyId(publicKey), privateKey, publicKey };
}

/** Fingerprint: base64url of the SHA-256 of the key's SPKI bytes. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

/** SPKI in base64: the form in which public keys travel and are stored. */
export function publicKeyText(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

/** Reads `publicKeyText` back; undefined when it is not a key of that type. */
export function readPublicKey(text: string, type: 'ed25519' | 'x25519'): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === type ? key : undefined;
  } catch {
    return undefined;
  }
}

export function keyRing(keys: readonly KeyObject[]): KeyRing {
  return new Map(keys.map(key => [keyId(key), key]));
}

/** The headers of a wire message whose body this key signs. */
export function sign(
  key: SigningKey,
  direction: Purpose,
  agent: string,
  body: Uint8Array,
): WireMessage['headers'] {
  return { key: key.id, signature: signBytes(null, signedBytes(direction, agent, body), key.privateKey) };
}

/** Whether a key of the ring signed exactly this body for this direction and agent. Never throws. */
export function verify(
  ring: KeyRing,
  direction: Purpose,
  agent: string,
  message: Pick<WireMessage, 'body' | 'headers'>,
): Verdict {
  const { key: id, signature } = message.headers;
  const key = ring.get(id);
  if (key === undefined) return refuse('signed by a key that is not trusted');
  if (!(signature instanceof Uint8Array) || signature.length !== 64)
    return refuse('has no Ed25519 signature');
  try {
    const valid = verifyBytes(null, signedBytes(direction, agent, message.body), key, signature);
    return valid ? { kind: 'valid' } : refuse('signature does not fit');
  } catch {
    return refuse('signature cannot be checked');
  }
}

const refuse = (reason: string): Verdict => ({ kind: 'refused', reason });

function signedBytes(direction: Purpose, agent: string, body: Uint8Array): Buffer {
  const domain = `murano-workflow/agent-message/${PROTOCOL_VERSION}\0${direction}\0${agent}\0`;
  return Buffer.concat([Buffer.from(domain, 'utf8'), body]);
}
