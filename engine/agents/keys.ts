// The engine's own keys: the root that vouches for the others, Ed25519 to sign commands, X25519 to which agents seal
// hidden outputs.
// Belongs here: making them once, keeping them, rotating the signing key. Does not belong here: the key under which secrets
// are stored (the store's vault), agents' keys (directory.ts), what a key set is (agent-protocol/enrolment/key-set.ts).
//
// K1 A key set is on the disk before anything is signed with its first key, and that key before the set.
// K2 The number of a key set never goes down nor stands for two sets: agents refuse a lower one.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type KeySet, type SignedKeySet, signKeySet } from '../../agent-protocol/enrolment/key-set.ts';
import { newSealingKey } from '../../agent-protocol/sealing.ts';
import { asSigningKey, newSigningKey, publicKeyText, type SigningKey } from '../../agent-protocol/signing.ts';
import { EngineError } from '../base/errors.ts';
import {
  createKey,
  gone,
  moveFile,
  readKey,
  readKeySet,
  readPem,
  replaceFile,
  writeKeySet,
} from './key-files.ts';

/** Ask for `signing` and `keySet` each time: a rotation changes both. */
export interface EngineKeys {
  readonly signing: SigningKey;
  readonly sealing: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly sealingKeyText: string;
  /** SPKI, base64: what an agent needs in order to trust this engine for life. */
  readonly rootKeyText: string;
  readonly keySet: SignedKeySet;
  /**
   * Signs with a new key from now on. What was signed before stays valid, unless `drop`: then no earlier key counts any
   * more. EngineError `key_missing` without the root key, which may be kept elsewhere between rotations.
   */
  rotate(options?: { readonly drop?: boolean }): Promise<KeySet>;
}

/** Earlier keys that stay valid after a rotation. */
const KEPT = 8;

/** Keys for as long as the process lives. */
export function newEngineKeys(): EngineKeys {
  const root = newSigningKey();
  const signing = newSigningKey();
  const set = { version: 1, keys: [publicKeyText(signing.publicKey)] };
  const sealing = newSealingKey();
  return new Keys({
    root: () => root,
    rootText: publicKeyText(root.publicKey),
    signing,
    sealing,
    set,
    signed: signKeySet(root, set),
  });
}

/**
 * Reads `root.pem`, `signing.pem`, `sealing.pem` and `key-set.json` from the directory or makes them, mode 0600. Two engines
 * that start at once end up with the same keys. Rejects with EngineError `key_missing` when one of them is gone, cannot be
 * read, is no key of its type or may be read by others; only the root key may be away.
 */
export async function openEngineKeys(directory: string): Promise<EngineKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = filesIn(directory);
  // Read in the opposite order of their making, as another engine may be making them.
  const kept = await readKeySet(files.set);
  const sealingFound = await readPem(files.sealing);
  const signingFound = await readPem(files.signing);
  if (sealingFound !== undefined && signingFound === undefined) throw gone(files.signing);
  // The signing key first: a crash between them is mended by the next start.
  const signingPem = signingFound ?? (await createKey(files.signing, newSigningKey().privateKey));
  const sealingPem = sealingFound ?? (await createKey(files.sealing, newSealingKey().privateKey));
  const signing = await rotated(
    files,
    asSigningKey(readKey(files.signing, signingPem, 'ed25519')),
    kept?.set,
  );
  const rooted = kept ?? (await firstSet(files, signing));
  const root = (): Promise<SigningKey> => rootKey(files.root, rooted.root);
  const write = async (next: SigningKey, set: KeySet, signed: SignedKeySet): Promise<void> => {
    await replaceFile(files.next, pemOf(next));
    await writeKeySet(files.set, { root: rooted.root, set, signed });
    await moveFile(files.next, files.signing);
  };
  const sealing = pair(readKey(files.sealing, sealingPem, 'x25519'));
  return new Keys({
    root,
    rootText: rooted.root,
    signing,
    sealing,
    set: rooted.set,
    signed: rooted.signed,
    newest: async () => (await readKeySet(files.set))?.set,
    write,
  });
}

const filesIn = (directory: string) => ({
  root: path.join(directory, 'root.pem'),
  signing: path.join(directory, 'signing.pem'),
  next: path.join(directory, 'signing-next.pem'),
  sealing: path.join(directory, 'sealing.pem'),
  set: path.join(directory, 'key-set.json'),
});
type Files = ReturnType<typeof filesIn>;

/** A rotation that was cut short is ended: the key that the set names first is the one to sign with. */
async function rotated(files: Files, signing: SigningKey, set: KeySet | undefined): Promise<SigningKey> {
  const [current] = set?.keys ?? [];
  if (current === undefined || current === publicKeyText(signing.publicKey)) return signing;
  const pem = await readPem(files.next);
  const next = pem === undefined ? undefined : asSigningKey(readKey(files.next, pem, 'ed25519'));
  if (next === undefined || publicKeyText(next.publicKey) !== current) throw gone(files.signing);
  await moveFile(files.next, files.signing);
  return next;
}

async function firstSet(
  files: Files,
  signing: SigningKey,
): Promise<NonNullable<Awaited<ReturnType<typeof readKeySet>>>> {
  const pem = (await readPem(files.root)) ?? (await createKey(files.root, newSigningKey().privateKey));
  const root = asSigningKey(readKey(files.root, pem, 'ed25519'));
  const set = { version: 1, keys: [publicKeyText(signing.publicKey)] };
  const first = { root: publicKeyText(root.publicKey), set, signed: signKeySet(root, set) };
  await writeKeySet(files.set, first);
  return first;
}

async function rootKey(file: string, expected: string): Promise<SigningKey> {
  const pem = await readPem(file);
  if (pem === undefined)
    throw new EngineError(
      'key_missing',
      `The root key ${file} is not there.`,
      'Put it there for the rotation, and take it away again.',
    );
  const root = asSigningKey(readKey(file, pem, 'ed25519'));
  if (publicKeyText(root.publicKey) === expected) return root;
  throw new EngineError(
    'key_missing',
    `${file} is not the root key that the agents know.`,
    'Restore it from a backup.',
  );
}

interface Parts {
  readonly root: () => SigningKey | Promise<SigningKey>;
  readonly rootText: string;
  readonly signing: SigningKey;
  readonly sealing: EngineKeys['sealing'];
  readonly set: KeySet;
  readonly signed: SignedKeySet;
  /** The set as it is kept now: another engine may have rotated since. */
  readonly newest?: () => Promise<KeySet | undefined>;
  readonly write?: (next: SigningKey, set: KeySet, signed: SignedKeySet) => Promise<void>;
}

class Keys implements EngineKeys {
  readonly sealing: EngineKeys['sealing'];
  readonly sealingKeyText: string;
  readonly rootKeyText: string;
  signing: SigningKey;
  keySet: SignedKeySet;
  readonly #parts: Parts;
  #set: KeySet;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.sealing = parts.sealing;
    this.sealingKeyText = publicKeyText(parts.sealing.publicKey);
    this.rootKeyText = parts.rootText;
    this.signing = parts.signing;
    this.keySet = parts.signed;
    this.#set = parts.set;
  }

  async rotate(options: { readonly drop?: boolean } = {}): Promise<KeySet> {
    const root = await this.#parts.root();
    const next = newSigningKey();
    const latest = (await this.#parts.newest?.()) ?? this.#set;
    const before = options.drop === true ? [] : latest.keys.slice(0, KEPT);
    const set = { version: latest.version + 1, keys: [publicKeyText(next.publicKey), ...before] };
    const signed = signKeySet(root, set);
    await this.#parts.write?.(next, set, signed);
    Object.assign(this, { signing: next, keySet: signed });
    this.#set = set;
    return set;
  }
}

const pemOf = (key: SigningKey): string => key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

const pair = (privateKey: KeyObject): EngineKeys['sealing'] => ({
  privateKey,
  publicKey: createPublicKey(privateKey),
});
