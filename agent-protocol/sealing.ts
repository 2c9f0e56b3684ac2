// Boxes that only one receiver can open, for one command: hidden inputs to the agent, hidden outputs to the engine.
// Belongs here: X25519 + HKDF-SHA-256 + AES-256-GCM and what a box is bound to. Does not belong here: what is hidden,
// secrets at rest.
//
// Key = HKDF(shared secret, salt = ephemeral ‖ receiver's public key, info = `murano-workflow/sealed/1`).
// AAD = what the box is for: agent, incarnation, command and purpose, so that it opens in no other place.
// A Sealer keeps one ephemeral key and the derived key for a receiver (measured: 10 × faster); nonces are random
// 96 bits, and it takes a new ephemeral key long before they could collide.
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { commandKey } from './messages.ts';
import type { CommandId, SealedBox } from './messages.ts';
import { readPublicKey } from './signing.ts';

/** What a box is bound to. */
export interface SealContext {
  readonly agent: string;
  readonly incarnation: string;
  readonly id: CommandId;
  /** `inputs` and `file` go to the agent; outputs come back one by one. */
  readonly purpose: 'inputs' | 'file' | `output:${string}`;
}

export interface Sealer {
  seal(context: SealContext, plaintext: Uint8Array): SealedBox;
}

export interface Opener {
  /** Undefined when the box was not made for this key and context, or was changed. */
  open(context: SealContext, box: SealedBox): Uint8Array | undefined;
}

const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const BOXES_PER_KEY = 1_000_000;
const CACHED_KEYS = 64;

export function newSealingKey(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('x25519');
}

/** One box with its own ephemeral key. */
export function seal(publicKey: KeyObject, context: SealContext, plaintext: Uint8Array): SealedBox {
  return createSealer(publicKey).seal(context, plaintext);
}

/** Undefined when the box was not made for this key and context, or was changed. Never throws. */
export function open(privateKey: KeyObject, context: SealContext, box: SealedBox): Uint8Array | undefined {
  return createOpener(privateKey).open(context, box);
}

/** Seals many boxes to one receiver with a cached shared key. */
export function createSealer(receiver: KeyObject): Sealer {
  let current = ephemeralFor(receiver);
  let boxes = 0;
  return {
    seal(context, plaintext) {
      boxes += 1;
      if (boxes > BOXES_PER_KEY) {
        current = ephemeralFor(receiver);
        boxes = 1;
      }
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current.key, nonce).setAAD(aad(context));
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      return {
        ephemeral: current.text,
        nonce: nonce.toString('base64'),
        ciphertext: ciphertext.toString('base64'),
      };
    },
  };
}

/** Opens many boxes; remembers the keys of the last senders. */
export function createOpener(privateKey: KeyObject): Opener {
  const receiver = spki(createPublicKey(privateKey));
  const known = new Map<string, Buffer>();
  const keyFor = (ephemeral: string): Buffer | undefined => {
    const cached = known.get(ephemeral);
    if (cached !== undefined) return cached;
    const publicKey = readPublicKey(ephemeral, 'x25519');
    if (publicKey === undefined) return undefined;
    const key = derive(diffieHellman({ privateKey, publicKey }), spki(publicKey), receiver);
    if (known.size >= CACHED_KEYS) known.delete(known.keys().next().value as string);
    known.set(ephemeral, key);
    return key;
  };
  return {
    open(context, box) {
      try {
        const key = keyFor(box.ephemeral);
        return key === undefined ? undefined : decrypt(key, context, box);
      } catch {
        return undefined;
      }
    },
  };
}

function decrypt(key: Buffer, context: SealContext, box: SealedBox): Uint8Array | undefined {
  const nonce = Buffer.from(box.nonce, 'base64');
  const bytes = Buffer.from(box.ciphertext, 'base64');
  if (nonce.length !== NONCE_BYTES || bytes.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(aad(context))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
}

function ephemeralFor(receiver: KeyObject): { readonly text: string; readonly key: Buffer } {
  const ephemeral = generateKeyPairSync('x25519');
  const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: receiver });
  const publicBytes = spki(ephemeral.publicKey);
  return { text: publicBytes.toString('base64'), key: derive(secret, publicBytes, spki(receiver)) };
}

function derive(secret: Buffer, ephemeral: Buffer, receiver: Buffer): Buffer {
  const salt = Buffer.concat([ephemeral, receiver]);
  return Buffer.from(hkdfSync('sha256', secret, salt, 'murano-workflow/sealed/1', 32));
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

function aad({ agent, incarnation, id, purpose }: SealContext): Buffer {
  return Buffer.from(
    ['murano-workflow/sealed/1', agent, incarnation, commandKey(id), purpose].join('\0'),
    'utf8',
  );
}
