// The files of the engine's keys: read only where nobody else can, written whole or not at all.
// Belongs here: reading, making, replacing them. Does not belong here: which keys there are (keys.ts).
import { createPrivateKey, randomUUID, type KeyObject } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { KeySet, SignedKeySet } from '../../agent-protocol/enrolment/key-set.ts';
import { judgeKeySet } from '../../agent-protocol/enrolment/key-set.ts';
import { readPublicKey } from '../../agent-protocol/signing.ts';
import { EngineError } from '../base/errors.ts';
import { isObject, type JsonValue } from '../base/json.ts';

/** The engine's key set as it is kept: with the public root key, as the private one may be elsewhere. */
export interface KeptKeySet {
  /** SPKI, base64. */
  readonly root: string;
  readonly set: KeySet;
  readonly signed: SignedKeySet;
}

/** Undefined when there is none. EngineError `key_missing` when the root did not sign what is there. */
export async function readKeySet(file: string): Promise<KeptKeySet | undefined> {
  const text = await readPem(file);
  if (text === undefined) return undefined;
  const kept = judge(text);
  if (kept !== undefined) return kept;
  throw new EngineError(
    'key_missing',
    `${file} holds no key set that the root key signed.`,
    'Restore it from a backup.',
  );
}

function judge(text: string): KeptKeySet | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { root, body, signature } = value;
  if (typeof root !== 'string' || typeof body !== 'string' || typeof signature !== 'string') return undefined;
  const rootKey = readPublicKey(root, 'ed25519');
  const signed = { body, signature };
  if (rootKey === undefined || 'refused' in judgeKeySet(rootKey, signed)) return undefined;
  return { root, set: JSON.parse(body) as KeySet, signed };
}

export async function writeKeySet(file: string, { root, signed }: KeptKeySet): Promise<void> {
  await replaceFile(file, `${JSON.stringify({ root, ...signed }, undefined, 1)}\n`);
}

/** Whole or not at all, mode 0600. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const beside = `${file}.${randomUUID()}.new`;
  await writable(file, () => writeSynced(beside, text));
  await moveFile(beside, file);
}

/** Durable when it resolves. */
export function moveFile(from: string, to: string): Promise<void> {
  return writable(to, async () => {
    await rename(from, to);
    await syncDirectory(path.dirname(to));
  });
}

async function writable(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new EngineError('key_missing', `The file ${file} cannot be written.`, 'Check the directory.', {
      cause,
    });
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows cannot open directories; there a rename is as durable as its file system makes it. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function readPem(file: string): Promise<string | undefined> {
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

export function readKey(file: string, pem: string, type: 'ed25519' | 'x25519'): KeyObject {
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
export async function createKey(file: string, key: KeyObject): Promise<string> {
  const beside = `${file}.${randomUUID()}.new`;
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  await writeSynced(beside, pem);
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

export const gone = (file: string): EngineError =>
  new EngineError(
    'key_missing',
    `The engine's signing key ${file} is gone, and agents trust no other.`,
    'Restore it from a backup; or remove sealing.pem as well, and set up every agent anew.',
  );

const tooOpen = (file: string): EngineError =>
  new EngineError('key_missing', `The key ${file} may be read by others.`, `Run: chmod 600 ${file}`);
