// Who the agent is: its keys, and the incarnation of its journal. Made once, on the machine, and never sent.
// Belongs here: making and loading them, the lock on the directory. Does not belong here: enrolment.
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { newSealingKey } from '../sealing.ts';
import { asSigningKey, newSigningKey } from '../signing.ts';
import type { SigningKey } from '../signing.ts';
import { type FileSteps, writeDurably } from './durable-file.ts';
import { identify, isAlive } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

export interface Identity {
  readonly agent: string;
  readonly incarnation: string;
  readonly signing: SigningKey;
  readonly sealing: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

interface StoredIdentity {
  readonly agent: string;
  readonly incarnation: string;
  readonly signing: string;
  readonly sealing: string;
}

export const newIncarnation = (): string => `i${randomBytes(12).toString('hex')}`;

/** Loads `identity.json`, or makes it. Throws when it belongs to another agent, cannot be read, or is gone from beside a journal. */
export async function loadIdentity(directory: string, agent: string, steps?: FileSteps): Promise<Identity> {
  const file = path.join(directory, 'identity.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    // The journal is made after the keys: where it is there and they are not, they were lost.
    if (existsSync(path.join(directory, 'journal')))
      throw new Error(
        `${file} is gone, and the journal beside it belongs to its keys. Restore it, or remove the directory to make a new agent.`,
      );
    const fresh: Identity = {
      agent,
      incarnation: newIncarnation(),
      signing: newSigningKey(),
      sealing: newSealingKey(),
    };
    await saveIdentity(directory, fresh, steps);
    return fresh;
  }
  const identity = parse(text, file);
  if (identity.agent !== agent) {
    throw new Error(
      `${file} belongs to agent ${identity.agent}, not to ${agent}. Give each agent its own directory.`,
    );
  }
  return identity;
}

/** Writes it with its secrets readable by the agent's user only; whole or not at all. */
export async function saveIdentity(directory: string, identity: Identity, steps?: FileSteps): Promise<void> {
  const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const stored: StoredIdentity = {
    agent: identity.agent,
    incarnation: identity.incarnation,
    signing: pem(identity.signing.privateKey),
    sealing: pem(identity.sealing.privateKey),
  };
  writeDurably(path.join(directory, 'identity.json'), JSON.stringify(stored), steps);
}

function parse(text: string, file: string): Identity {
  try {
    const stored = JSON.parse(text) as StoredIdentity;
    const sealing = createPrivateKey(stored.sealing);
    return {
      agent: stored.agent,
      incarnation: stored.incarnation,
      signing: asSigningKey(stored.signing),
      sealing: { privateKey: sealing, publicKey: createPublicKey(sealing) },
    };
  } catch (cause) {
    throw new Error(`${file} cannot be read. Restore it, or remove the directory to make a new agent.`, {
      cause,
    });
  }
}

/** Takes the directory for this process; throws when a living agent has it. Returns how to give it back. */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const file = path.join(directory, 'agent.lock');
  const own = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)), { mode: 0o600 });
  try {
    if (!linked(own, file)) {
      const holder = holderOf(file);
      if (holder !== undefined && isAlive(holder)) {
        throw new Error(`Another agent (process ${holder.pid}) uses ${directory}. Stop it first.`);
      }
      rmSync(file, { force: true });
      if (!linked(own, file)) throw new Error(`Another agent has just taken ${directory}.`);
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => rmSync(file, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
