// The three messages of an enrolment, as a closed table of their own: what passes here is no agent's message yet.
// Belongs here: their types and shapes, encode and decode. Does not belong here: who may enrol (engine/agents/), when an
// agent does (agent/enrolling.ts).
//
// EM1 No secret travels, in neither direction: of the token only a proof, of the password only a salted hash.
// EM2 `enrol` is signed by the key that it brings; an answer by a key of the key set that it brings, which the root signed.
import { facts } from '../codec.ts';
import { base64, id, judge, opaque, type RefusedMessage, sentence } from '../judging.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import type { Facts } from '../messages.ts';
import { isPasswordHash } from '../password-hash.ts';
import { byKind, type Check, integer, object, oneOf, text } from '../shapes.ts';
import { serverId } from './config.ts';
import { type SignedKeySet, signedKeySet } from './key-set.ts';

/** Agent → engine, under the routing key `<id>.enrol`, signed by `signingKey`. */
export interface Enrol {
  readonly kind: 'enrol';
  readonly protocol: number;
  readonly agent: string;
  /** Public keys the agent made: Ed25519 and X25519, SPKI in base64. */
  readonly signingKey: string;
  readonly sealingKey: string;
  /** RabbitMQ's salted hash of the broker password that the agent made (password-hash.ts). */
  readonly passwordHash: string;
  /** UUID of the server, as the metadata service or the config drive tells it. */
  readonly server: string;
  readonly bootId: string;
  readonly facts: Facts;
  /** Names this sending; the answer repeats it. */
  readonly nonce: string;
  /** That the sender holds the token (proof.ts). */
  readonly proof: string;
}

/** Engine → agent, into the queue `enrol.<id>`: the keys are bound, `agent.<id>` may log in. */
export interface Enrolled {
  readonly kind: 'enrolled';
  readonly agent: string;
  readonly nonce: string;
  /** Id of the signing key that is bound. */
  readonly key: string;
  readonly keys: SignedKeySet;
}

export interface EnrolmentRefused {
  readonly kind: 'enrolment_refused';
  readonly agent: string;
  readonly nonce: string;
  readonly reason: EnrolmentRefusal;
  readonly message: string;
  /** Seconds after which asking again makes sense: what refuses today may allow tomorrow. */
  readonly retryAfter: number;
  readonly keys: SignedKeySet;
}

/** Why an agent may not enrol, each explained in docs/reference/enrolment.md. */
export const ENROLMENT_REFUSALS = [
  'unsupported',
  'wrong_proof',
  'revoked',
  'given_up_key',
  'other_server',
  'still_online',
  'needs_approval',
  'already_bound',
] as const;
export type EnrolmentRefusal = (typeof ENROLMENT_REFUSALS)[number];

export type EnrolmentAnswer = Enrolled | EnrolmentRefused;

const publicKey = base64(128);
const passwordHash: Check = value =>
  text(64)(value) ?? (isPasswordHash(value as string) ? undefined : ': is no password hash');

const enrol = object<Enrol>({
  kind: oneOf('enrol'),
  protocol: integer(1, 1_000),
  agent: id,
  signingKey: publicKey,
  sealingKey: publicKey,
  passwordHash,
  server: serverId,
  bootId: opaque,
  facts,
  nonce: opaque,
  proof: base64(64),
});

const answer = byKind({
  enrolled: object<Enrolled>({
    kind: oneOf('enrolled'),
    agent: id,
    nonce: opaque,
    key: opaque,
    keys: signedKeySet,
  }),
  enrolment_refused: object<EnrolmentRefused>({
    kind: oneOf('enrolment_refused'),
    agent: id,
    nonce: opaque,
    reason: oneOf(...ENROLMENT_REFUSALS),
    message: sentence,
    retryAfter: integer(1, LIMITS.enrolRetrySeconds),
    keys: signedKeySet,
  }),
});

export function encodeEnrolment(message: Enrol | EnrolmentAnswer): Uint8Array {
  return Buffer.from(JSON.stringify(message), 'utf8');
}

/** Never throws. The signature is checked after: the key stands in the message. Larger than any enrolment: refused unread. */
export function decodeEnrol(bytes: Uint8Array): { readonly message: Enrol } | RefusedMessage {
  return decodeAs<Enrol>(bytes, enrol);
}

export function decodeAnswer(bytes: Uint8Array): { readonly message: EnrolmentAnswer } | RefusedMessage {
  return decodeAs<EnrolmentAnswer>(bytes, answer);
}

function decodeAs<M>(bytes: Uint8Array, shape: Check): { readonly message: M } | RefusedMessage {
  if (bytes.length > LIMITS.enrolmentBytes) {
    return { refused: `has ${bytes.length} bytes, at most ${LIMITS.enrolmentBytes} are allowed` };
  }
  const verdict = judge(bytes, shape);
  return 'refused' in verdict ? verdict : { message: verdict.value as M };
}
