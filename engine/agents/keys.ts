// The engine's own keys: Ed25519 to sign commands, X25519 to which agents seal hidden outputs.
// Belongs here: making them once and keeping them. Does not belong here: the key under which secrets are stored
// (the store's vault), agents' keys (directory.ts).
import { createPrivateKey, createPublicKey, randomUUID, type KeyObject } from 'node:crypto';
import { mkdir, open, readFile, link, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../base/errors.ts';
import { newSealingKey } from '../../agent-protocol/sealing.ts';
import { asSigningKey, newSigningKey, publicKeyText, type SigningKey } from '../../agent-protocol/signing.ts';

export interface EngineKeys {
  readonly signing: SigningKey;
  readonly sealing: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  /** SPKI, base64: what an agent needs in order to trust this engine. */
  readonly signingKeyText: string;
  readonly sealingKeyText: string;
}

/** Keys for as long as the process lives. */
export function newEngineKeys(): EngineKeys {
  return withTexts(newSigningKey(), newSealingKey());
}

/**
 * Reads `signing.pem` and `sealing.pem` from the directory or makes them, mode 0600. Two engines that start at once
 * end up with the same keys. Rejects with EngineError `key_missing` when one of two is gone, cannot be read, is no
 * key of its type or may be read by others.
 */
export async function openEngineKeys(directory: string): Promise<EngineKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const files = {
    signing: path.join(directory, 'signing.pem'),
    sealing: path.join(directory, 'sealing.pem'),
  };
  // Read in the opposite order of their making, as another engine may be making them.
  const sealingFound = await readPem(files.sealing);
  const found = { signing: await readPem(files.signing), sealing: sealingFound };
  if (found.sealing !== undefined && found.signing === undefined) throw gone(files.signing);
  // The signing key first: a crash between the two is mended by the next start.
  const signing = found.signing ?? (await create(files.signing, newSigningKey().privateKey));
  const sealing = found.sealing ?? (await create(files.sealing, newSealingKey().privateKey));
  return withTexts(
    asSigningKey(readKey(files.signing, signing, 'ed25519')),
    pair(readKey(files.sealing, sealing, 'x25519')),
  );
}

function withTexts(signing: SigningKey, sealing: EngineKeys['sealing']): EngineKeys {
  return {
    signing,
    sealing,
    signingKeyText: publicKeyText(signing.publicKey),
    sealingKeyText: publicKeyText(sealing.publicKey),
  };
}

const pair = (privateKey: KeyObject): EngineKeys['sealing'] => ({
  privateKey,
  publicKey: createPublicKey(privateKey),
});

async function readPem(file: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(file);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw tooOpen(file);
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (cause instanceof EngineError) throw cause;
    throw new EngineError(
      'key_missing',
      `The key ${file} cannot be read.`,
      'Check its owner and mode (0600).',
      { cause },
    );
  }
}

function readKey(file: string, pem: string, type: 'ed25519' | 'x25519'): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === type) return key;
  } catch {
    // Falls through: what is in the file is nobody's to print.
  }
  throw new EngineError(
    'key_missing',
    `${file} holds no ${type} private key in PEM.`,
    'Restore it from a backup.',
  );
}

/** Written beside, synced, then linked to its name, which fails if another engine was first: its key counts. */
async function create(file: string, key: KeyObject): Promise<string> {
  const beside = `${file}.${randomUUID()}.new`;
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const handle = await open(beside, 'w', 0o600);
  try {
    await handle.writeFile(pem);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(beside, file);
    return pem;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return await readFile(file, 'utf8');
    throw new EngineError('key_missing', `The key ${file} cannot be written.`, 'Check the directory.', {
      cause,
    });
  } finally {
    await rm(beside, { force: true });
  }
}

const gone = (file: string): EngineError =>
  new EngineError(
    'key_missing',
    `The engine's signing key ${file} is gone, and agents trust no other.`,
    'Restore it from a backup; or remove sealing.pem as well, and set up every agent anew.',
  );

const tooOpen = (file: string): EngineError =>
  new EngineError('key_missing', `The key ${file} may be read by others.`, `Run: chmod 600 ${file}`);
