// Who may enrol: an account, what its member says and what an enrolment claims go in, a ruling comes out.
// Belongs here: these rules, as a pure function. Does not belong here: proofs and signatures (office.ts), carrying a ruling out.
//
// | key \ server        | the bound one                          | another, the member's | another, no member | another than the member's |
// |---------------------|----------------------------------------|-----------------------|--------------------|---------------------------|
// | none is bound       |                                        | bind                  | bind               | other_server              |
// | the bound one       | again                                  | moved                 | already_bound      | other_server              |
// | given up before     | given_up_key                           | given_up_key          | given_up_key       | given_up_key              |
// | a new one           | needs_approval, or when silent: bind   | bind                  | already_bound      | other_server              |
//
// Where the bound server is not the member's either, the last column holds: the machine was replaced, and this is the old one.
import type { EnrolmentRefusal } from '../../../agent-protocol/enrolment/messages.ts';
import type { Account } from './accounts.ts';

export interface Situation {
  readonly account: Pick<Account, 'bound' | 'revoked' | 'givenUp' | 'reenrolment'>;
  /** Of the agent's member; absent: Heat told of none yet. */
  readonly memberServer?: string;
  readonly claim: { readonly key: string; readonly server: string };
  /** Whether the agent bound now gave a sign of life since it was asked for one. */
  readonly former: 'alive' | 'silent' | 'not_asked';
}

export type Ruling =
  /** `again`: nothing changes. `moved`: the same key on another server. */
  | { readonly kind: 'bind'; readonly how: 'first' | 'again' | 'moved' | 'replaced' }
  /** Ask the former for a sign of life, and the claimant to come again. */
  | { readonly kind: 'ask_former' }
  | {
      readonly kind: 'refuse';
      readonly reason: EnrolmentRefusal;
      /** An operator may approve it. */
      readonly pending: boolean;
    };

/** Total: any situation has a ruling. */
export function ruleOn({ account, memberServer, claim, former }: Situation): Ruling {
  const { bound } = account;
  if (account.revoked === true) return refuse('revoked');
  if (account.givenUp.includes(claim.key)) return refuse('given_up_key');
  if (memberServer !== undefined && claim.server !== memberServer) return refuse('other_server');
  if (bound === undefined) return { kind: 'bind', how: 'first' };
  const sameServer = claim.server === bound.server;
  if (claim.key === bound.key && sameServer) return { kind: 'bind', how: 'again' };
  if (!sameServer && memberServer === undefined) return refuse('already_bound', true);
  if (claim.key === bound.key) return { kind: 'bind', how: 'moved' };
  if (!sameServer) return { kind: 'bind', how: 'replaced' };
  return onSameServer(account.reenrolment, former);
}

/** A rebuilt server, or somebody on it who read its user data. */
function onSameServer(policy: Account['reenrolment'], former: Situation['former']): Ruling {
  if (policy === 'approval') return refuse('needs_approval', true);
  switch (former) {
    case 'not_asked':
      return { kind: 'ask_former' };
    case 'alive':
      return refuse('still_online', true);
    case 'silent':
      return { kind: 'bind', how: 'replaced' };
    default:
      return former satisfies never;
  }
}

const refuse = (reason: EnrolmentRefusal, pending = false): Ruling => ({ kind: 'refuse', reason, pending });
