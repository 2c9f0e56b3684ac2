// Authentication by tokens of Keystone: `X-Auth-Token`, as every OpenStack service takes it.
// Belongs here: answers kept for a moment, Keystone's roles as ours. Does not belong here: the question to Keystone
// (openstack/tokens.ts).
//
// K1  An answer is kept no longer than `keep`, nor beyond the end of the token: one that is revoked counts no longer than that.
// K2  However many requests bring a token at once, Keystone is asked once; that it is none is kept as well, so that guessing costs
//     Keystone nothing.
// K3  A token is kept as its digest.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { EngineError, errorText } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { TokenOwner } from '../../openstack/tokens.ts';
import { type Authenticator, type Principal, type Role, ROLES } from './types.ts';

/** Names of Keystone's roles that make one what. */
export interface RoleNames {
  readonly reader: readonly string[];
  readonly operator: readonly string[];
  readonly auditor: readonly string[];
  /** Whose roles count in every project. */
  readonly everywhere: readonly string[];
}

export interface KeystoneParts {
  /** Undefined: no token, or none any more. */
  readonly ask: (token: string) => Promise<TokenOwner | undefined>;
  readonly roles: RoleNames;
  /** Milliseconds. */
  readonly keep: number;
  /** Ms since the epoch. */
  readonly now: () => number;
}

interface Kept {
  readonly answer: Promise<Principal | undefined>;
  until: number;
}

export class KeystoneAuthenticator implements Authenticator {
  readonly scheme = 'Keystone';
  readonly #parts: KeystoneParts;
  /** By a digest of the token, the least lately asked for first. */
  readonly #kept = new Map<string, Kept>();

  constructor(parts: KeystoneParts) {
    this.#parts = parts;
  }

  async authenticate({ 'x-auth-token': token }: IncomingHttpHeaders): Promise<Principal | undefined> {
    if (typeof token !== 'string' || token === '') return undefined;
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#kept.get(key);
    if (known !== undefined && this.#parts.now() < known.until) return known.answer;
    const asked = this.#ask(token);
    this.#keep(key, asked);
    return asked.answer;
  }

  #ask(token: string): Kept {
    const { ask, roles, keep, now } = this.#parts;
    const asked: Kept = {
      until: now() + keep,
      answer: ask(token).then(
        owner => {
          if (owner === undefined) return undefined;
          asked.until = Math.min(asked.until, owner.expiresAt);
          return now() < owner.expiresAt ? principalOf(owner, roles) : undefined;
        },
        (thrown: unknown) => {
          asked.until = 0;
          throw unreachable(thrown);
        },
      ),
    };
    return asked;
  }

  #keep(key: string, asked: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, asked);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > LIMITS.adminTokens && oldest !== undefined) this.#kept.delete(oldest);
  }
}

function principalOf({ userId, userName, projectId, roles }: TokenOwner, names: RoleNames): Principal {
  const has = (wanted: readonly string[]): boolean => wanted.some(name => roles.includes(name));
  const everywhere = has(names.everywhere);
  const own = ROLES.filter((role): role is Role => has(names[role]));
  return {
    by: `${userName} (${userId})`,
    user: userId,
    ...(projectId !== undefined && { project: projectId }),
    roles: new Set(own),
    everywhere,
  };
}

const unreachable = (thrown: unknown): EngineError =>
  new EngineError(
    'transport_closed',
    `Whose the token is cannot be found out: ${errorText(thrown)}`,
    'Look at Keystone, and at the credential that admin.credential_file names.',
    { cause: thrown },
  );
