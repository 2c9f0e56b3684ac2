// The vault: hidden values are sealed before they reach the store and opened only for whoever executes them (rule P9).
// Belongs here: sealing, opening, and the keyed hash by which two hidden values are compared.
// Does not belong here: the key's file (store/key-file.ts), sealing for an agent (agent-protocol/).
//
// Sealed form: 1 byte version (1), 12 bytes nonce, 16 bytes tag, ciphertext of the value's JSON. AES-256-GCM with the
// reference as additional data: a sealed value moved under another reference does not open.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { EngineError } from '../base/errors.ts';
import { canonicalJson, type JsonValue } from '../base/json.ts';
import type { NewSecret } from './ports.ts';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

export interface Vault {
  readonly seal: (ref: string, value: JsonValue) => NewSecret;
  /** EngineError `key_missing` when it was sealed under another key, or damaged. */
  readonly open: (ref: string, sealed: Uint8Array) => JsonValue;
  /** 32 hex digits, equal for equal values under the same key and purpose; tells nothing about the value without the key. */
  readonly fingerprint: (purpose: string, value: JsonValue) => string;
}

/** A vault under a master key of 32 bytes. `random` gives nonces; replaced only by models. */
export function vault(masterKey: Uint8Array, random: (bytes: number) => Uint8Array = randomBytes): Vault {
  if (masterKey.length !== 32) {
    throw new EngineError(
      'key_missing',
      'The key does not have 32 bytes.',
      'Restore the key file from its backup.',
    );
  }
  const sealingKey = derive(masterKey, 'seal');
  const hashingKey = derive(masterKey, 'fingerprint');
  return {
    seal: (ref, value) => ({ ref, sealed: seal(sealingKey, ref, value, random(NONCE_BYTES)) }),
    open: (ref, sealed) => open(sealingKey, ref, sealed),
    fingerprint: (purpose, value) =>
      createHmac('sha256', hashingKey)
        .update(`${purpose}\0${canonicalJson(value)}`)
        .digest('hex')
        .slice(0, 32),
  };
}

function derive(masterKey: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `murano-workflow/${use}`, 32));
}

function seal(key: Buffer, ref: string, value: JsonValue, nonce: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(ref));
  const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([Uint8Array.of(VERSION), nonce, cipher.getAuthTag(), text]);
}

function open(key: Buffer, ref: string, sealed: Uint8Array): JsonValue {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) throw unopened(ref, 'its form is unknown');
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const tag = sealed.subarray(1 + NONCE_BYTES, HEAD_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(ref)).setAuthTag(tag);
  try {
    const text = Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as JsonValue;
  } catch {
    throw unopened(ref, 'it was sealed under another key, or it is damaged');
  }
}

function unopened(ref: string, why: string): EngineError {
  return new EngineError(
    'key_missing',
    `The hidden value ${ref} cannot be opened: ${why}.`,
    'Restore the key file that belongs to this state directory.',
  );
}
