// An engine elsewhere: where it is, and by whose right it is asked.
// Belongs here: --endpoint, --os-cloud and their variables. Does not belong here: reading clouds.yaml (cloud.ts), asking (host.ts).
import type { JsonObject } from '../base/json.ts';
import { loadCredential } from './cloud.ts';
import { usageError } from './failure.ts';
import type { Context, RemoteLogin } from './host.ts';

export const ENDPOINT_VARIABLE = 'MURANO_WORKFLOW_ENDPOINT';

export interface RemoteOptions {
  readonly stateDir?: string;
  /** Address of the operator's endpoint. */
  readonly endpoint?: string;
  /** An entry of clouds.yaml. */
  readonly osCloud?: string;
}

/** Undefined: it is about a state directory of this machine. EngineError `usage`. */
export async function remoteLogin(
  context: Context,
  options: RemoteOptions,
): Promise<RemoteLogin | undefined> {
  const said = options.stateDir === undefined ? context.env[ENDPOINT_VARIABLE] : undefined;
  const text = options.endpoint ?? (said === '' ? undefined : said);
  if (text === undefined) return undefined;
  if (options.stateDir !== undefined)
    throw usageError('--endpoint and --state-dir name two engines', 'Leave one of them out.');
  const endpoint = addressIn(text);
  const token = options.osCloud === undefined ? context.env['OS_TOKEN'] : undefined;
  const ofToken = token === undefined || token === '' ? undefined : { token };
  const credential = ofToken === undefined ? await loadCredential(context, options.osCloud) : undefined;
  const ca = caFileOf(credential) ?? context.env['OS_CACERT'];
  return {
    endpoint,
    ...ofToken,
    ...(credential !== undefined && { credential }),
    ...(ca !== undefined && ca !== '' && { caFile: ca }),
  };
}

function addressIn(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.username === '' && url.search === '' && url.hash === '';
  if (isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw usageError(
    `'${text}' is no address of an endpoint`,
    'Give https://HOST:PORT, without user and password: --os-cloud or OS_TOKEN say who asks.',
  );
}

function caFileOf(credential: JsonObject | undefined): string | undefined {
  const file = credential?.['cacert'];
  return typeof file === 'string' ? file : undefined;
}
