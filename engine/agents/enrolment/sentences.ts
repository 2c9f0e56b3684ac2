// What is said of rulings on enrolments, and when it makes sense to ask again.
// Belongs here: words and pauses, for every reason. Does not belong here: the rules (rules.ts).
import type { EnrolmentRefusal } from '../../../agent-protocol/enrolment/messages.ts';

interface Sentence {
  readonly message: string;
  /** Seconds. */
  readonly retryAfter: number;
}

const MINUTE = 60;

export const SENTENCES: { readonly [R in EnrolmentRefusal]: Sentence } & {
  readonly moved: string;
  readonly replaced: string;
} = {
  moved: 'was taken: its disk is on another server now, the one that its member names.',
  replaced:
    'was taken with a new key: its server was replaced or rebuilt, and its former key counts no more.',
  unsupported: {
    message: 'It speaks another version of the protocol than this engine.',
    retryAfter: 60 * MINUTE,
  },
  wrong_proof: { message: 'It does not prove the token.', retryAfter: 60 * MINUTE },
  revoked: {
    message:
      "The agent's rights were taken away; an operator may give them back: murano-workflow agents approve.",
    retryAfter: 10 * MINUTE,
  },
  given_up_key: { message: 'Its key was given up or refused before.', retryAfter: 60 * MINUTE },
  other_server: {
    message: "It is not on the server that the agent's member names.",
    retryAfter: MINUTE,
  },
  still_online: {
    message: 'The agent that is enrolled on this server with another key may still be there.',
    retryAfter: 35,
  },
  needs_approval: {
    message:
      'This server is enrolled with another key; an operator has to approve: murano-workflow agents approve.',
    retryAfter: 2 * MINUTE,
  },
  already_bound: {
    message:
      'Another server is enrolled, and no member names this one; a member that does, or an operator, changes that.',
    retryAfter: MINUTE,
  },
};
