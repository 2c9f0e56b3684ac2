// Who asks, and what they may do.
// Belongs here: roles, the principal, the port by which one is found. Does not belong here: how tokens are judged
// (keystone.ts, token.ts), which route needs which role (routes/).
import type { IncomingHttpHeaders } from 'node:http';

/** `reader` sees, `operator` acts, `auditor` reads the audit log and everything in every project. */
export const ROLES = ['reader', 'operator', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

export interface Principal {
  /** For the record of workflows: a few words. */
  readonly by: string;
  readonly user: string;
  /** Absent: of none. */
  readonly project?: string;
  readonly roles: ReadonlySet<Role>;
  /** Sees and acts in every project, not in its own alone. */
  readonly everywhere: boolean;
}

export interface Authenticator {
  /** How a client has to authenticate, for `WWW-Authenticate` and the document of the API; undefined: not at all. */
  readonly scheme: 'Keystone' | 'Bearer' | undefined;
  /** Undefined: nobody that is known. EngineError `transport_closed` when it cannot be found out at present. */
  authenticate(headers: IncomingHttpHeaders): Promise<Principal | undefined>;
}
