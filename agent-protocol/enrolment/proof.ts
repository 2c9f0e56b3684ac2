// That whoever enrols holds the token, without sending it: it would stand in the broker's queues and dead letters.
// Belongs here: making and checking the proof. Does not belong here: signatures (signing.ts), who may enrol.
//
// HMAC-SHA-256, keyed by the token's bytes as text, over `murano-workflow/enrolment/1` and what is claimed, joined by
// NUL. It covers the keys, so it cannot be taken over for others; the signature covers everything else.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Enrol } from './messages.ts';

type Claimed = Pick<Enrol, 'agent' | 'signingKey' | 'sealingKey' | 'passwordHash' | 'server'>;

/** 32 bytes in base64. */
export function proofOf(token: string, claimed: Claimed): string {
  const { agent, signingKey, sealingKey, passwordHash, server } = claimed;
  const text = ['murano-workflow/enrolment/1', agent, signingKey, sealingKey, passwordHash, server].join(
    '\0',
  );
  return createHmac('sha256', token).update(text, 'utf8').digest('base64');
}

/** Whether the proof was made with this token; takes as long whatever is wrong. */
export function provesToken(token: string, enrol: Enrol): boolean {
  const expected = Buffer.from(proofOf(token, enrol));
  const given = Buffer.from(enrol.proof);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
