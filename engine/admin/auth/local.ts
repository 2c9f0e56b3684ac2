// Authentication on loopback: none at all, where the operator says so, or one token that the engine made.
// Belongs here: these two. Does not belong here: Keystone (keystone.ts), where one may listen (listen.ts).
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Authenticator, type Principal, ROLES } from './types.ts';

const OPERATOR: Principal = {
  by: 'operator at the console',
  user: 'operator',
  roles: new Set(ROLES),
  everywhere: true,
};

/** Everybody who reaches the address is the operator. */
export const nobodyAsked: Authenticator = { scheme: undefined, authenticate: async () => OPERATOR };

/** Whoever knows the token is the operator: `Authorization: Bearer TOKEN`. */
export function oneToken(token: string): Authenticator {
  const expected = digest(token);
  return {
    scheme: 'Bearer',
    authenticate: async ({ authorization = '' }) => {
      const given = /^Bearer (\S+)$/.exec(authorization)?.[1] ?? '';
      return timingSafeEqual(digest(given), expected) ? OPERATOR : undefined;
    },
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
