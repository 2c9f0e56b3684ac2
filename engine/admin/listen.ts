// Where the endpoint listens, and whether it may.
// Belongs here: addresses and the rule about them. Does not belong here: sockets (server.ts), settings files (cli/settings.ts).
//
// Without authentication it listens on loopback alone; elsewhere tokens travel encrypted, by its own certificate or a proxy's.
import { EngineError } from '../base/errors.ts';
import type { Authenticator } from './auth/types.ts';
import { isLoopbackName } from './headers.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9080`, `[::1]:9080`, `localhost:0`. EngineError `usage`. */
export function readPlace(listen: string): Place {
  const found = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(listen);
  const port = Number(found?.[2]);
  if (found?.[1] !== undefined && port <= 65_535) return { host: found[1].replaceAll(/[[\]]/g, ''), port };
  throw new EngineError(
    'usage',
    `admin.listen: '${listen.slice(0, 100)}' is no address with a port.`,
    'Write it as 127.0.0.1:9080 or [::1]:9080.',
  );
}

/** EngineError `usage` for an address at which it would not be safe. `encrypted`: by a certificate, or by a proxy before it. */
export function judgePlace({ host, port }: Place, scheme: Authenticator['scheme'], encrypted: boolean): void {
  if (isLoopbackName(host)) return;
  const where = `${host}:${port}`;
  if (scheme === undefined)
    throw new EngineError(
      'usage',
      `The operator's endpoint would listen at ${where}, where others reach it, and ask nobody who they are.`,
      'Set admin.auth to keystone, or let admin.listen be an address of loopback.',
    );
  if (!encrypted)
    throw new EngineError(
      'usage',
      `The operator's endpoint would take tokens at ${where} in clear.`,
      'Set admin.tls to a certificate and its key, or to `proxy` where a proxy before it encrypts.',
    );
}
