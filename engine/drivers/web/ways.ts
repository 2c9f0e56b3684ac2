// How calls go out, as the operator has set it: who may be called, whose certificates are believed.
// Belongs here: from settings to what http-call.ts asks for. Does not belong here: where settings stand (cli/settings.ts).
import { readAuthorities } from '../../runtime/authorities.ts';
import { readEgress } from './egress.ts';
import type { HttpWays } from './http-call.ts';

export interface EgressSettings {
  /** Hosts, domains, addresses and networks; none: nobody is called. */
  readonly allow: readonly string[];
  /** File of PEM certificates, believed instead of the system's. */
  readonly caFile?: string;
}

/** EngineError `usage` for an entry or a file that cannot be used. */
export async function openWays({ allow, caFile }: EgressSettings): Promise<HttpWays> {
  const egress = readEgress(allow);
  return caFile === undefined ? { egress } : { egress, ca: await readAuthorities(caFile, 'egress.ca_file') };
}
