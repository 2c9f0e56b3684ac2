// What an agent keeps of its enrolment: its own broker password, and the engine's newest key set.
// Belongs here: `broker.json` and `trust.json` in the agent's directory. Does not belong here: keys (identity.ts), the
// configuration that user data wrote (enrolment/config.ts).
//
// EF1 The password is on the disk before its hash leaves the machine: it is made once, whatever crashes.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { judge } from '../judging.ts';
import { hashPassword, isPasswordHash } from '../password-hash.ts';
import { object, optional, text } from '../shapes.ts';
import { type SignedKeySet, signedKeySet } from '../enrolment/key-set.ts';
import { type FileSteps, readIfThere, writeDurably } from './durable-file.ts';

/** Login `agent.<id>`: the password, and its hash as the engine is told it, always with the same salt. */
export interface BrokerPassword {
  readonly password: string;
  readonly hash: string;
}

/** What is known of the engine. `bound`: id of the signing key for which it said `enrolled`. */
export interface KeptTrust {
  readonly keys: SignedKeySet;
  readonly bound?: string;
}

const passwordShape = object<BrokerPassword>({ password: text(128, /^[\x21-\x7e]{32,}$/), hash: text(64) });
const trustShape = object<KeptTrust>({ keys: signedKeySet, bound: optional(text(64)) });

/** Reads it, or makes it: also in place of a damaged one. Throws when it cannot be written. */
export function loadPassword(directory: string, steps?: FileSteps): BrokerPassword {
  const file = path.join(directory, 'broker.json');
  const kept = read<BrokerPassword>(file, passwordShape);
  if (kept !== undefined && isPasswordHash(kept.hash)) return kept;
  const password = randomBytes(32).toString('base64url');
  const fresh = { password, hash: hashPassword(password, randomBytes(4)) };
  writeDurably(file, JSON.stringify(fresh), steps);
  return fresh;
}

/** Undefined: never enrolled. What cannot be read counts as nothing: the engine tells it again. */
export function readTrust(directory: string): KeptTrust | undefined {
  return read<KeptTrust>(path.join(directory, 'trust.json'), trustShape);
}

export function keepTrust(directory: string, trust: KeptTrust, steps?: FileSteps): void {
  writeDurably(path.join(directory, 'trust.json'), JSON.stringify(trust), steps);
}

/** Nothing is lost with a damaged one but an enrolment, and that is repeated. */
function read<T>(file: string, shape: Parameters<typeof judge>[1]): T | undefined {
  const content = readIfThere(file);
  if (content === undefined) return undefined;
  const verdict = judge(Buffer.from(content, 'utf8'), shape);
  return 'refused' in verdict ? undefined : (verdict.value as T);
}
