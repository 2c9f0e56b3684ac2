// Whose messages an agent believes: keys it was given, or the root key and the newest key set that the root signed.
// Belongs here: verifying, and learning a newer set from a message that brings one. Does not belong here: keeping the set
// on the disk (agent/trust-file.ts), what messages mean.
//
// T1 A message that brings a key set is believed only if the root signed the set, the set is not older than the one
//    held, and a key of the set signed the message.
//    What it brings counts for nothing where a key of the set held signed the message.
// T2 A set is held only after it was kept: what was believed once is believed after a restart, and no older set is.
import type { KeyObject } from 'node:crypto';
import { type KeyRing, keyRing, type Purpose, verify, type Verdict } from '../signing.ts';
import type { WireMessage } from '../transport.ts';
import { judgeKeySet, type KnownKeySet, type SignedKeySet } from './key-set.ts';

export interface Trust {
  /** `keys`: the key set that the message brings, if it does. Never throws. */
  verify(
    purpose: Purpose,
    agent: string,
    message: Pick<WireMessage, 'body' | 'headers'>,
    keys?: SignedKeySet,
  ): Verdict;
}

/** Believes these keys and no other. */
export function fixedTrust(keys: readonly KeyObject[]): Trust {
  const ring = keyRing(keys);
  return { verify: (purpose, agent, message) => verify(ring, purpose, agent, message) };
}

/**
 * Believes what the root key signed.
 * @param held the set kept before; one that the root did not sign is as none
 * @param keep writes a newer set durably; when it throws, the message is refused and the set stays as it was
 */
export function rootTrust(
  root: KeyObject,
  held: SignedKeySet | undefined,
  keep: (set: SignedKeySet) => void,
): Trust {
  const first = held === undefined ? undefined : judgeKeySet(root, held);
  let known: KnownKeySet | undefined = first !== undefined && 'set' in first ? first.set : undefined;
  const none: KeyRing = new Map();
  return {
    verify(purpose, agent, message, keys) {
      if (keys === undefined || keys.body === known?.signed.body)
        return verify(known?.ring ?? none, purpose, agent, message);
      const judged = judgeKeySet(root, keys, known?.version);
      if ('refused' in judged) {
        // Of an engine that has not heard of the newest set: its key may still count.
        const verdict = verify(known?.ring ?? none, purpose, agent, message);
        return verdict.kind === 'valid' ? verdict : { kind: 'refused', reason: judged.refused };
      }
      const verdict = verify(judged.set.ring, purpose, agent, message);
      if (verdict.kind === 'refused' || judged.set.version === known?.version) return verdict;
      try {
        keep(judged.set.signed);
      } catch {
        return { kind: 'refused', reason: 'brings a key set that cannot be kept on this disk' };
      }
      known = judged.set;
      return verdict;
    },
  };
}
