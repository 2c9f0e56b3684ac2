// An engine elsewhere, asked with a token of Keystone.
// Belongs here: joining the HTTP client and the login. Does not belong here: what either does, options (cli/remote.ts).
import { readCredential } from './base/credential.ts';
import { EngineError, errorText } from './base/errors.ts';
import type { JsonObject } from './base/json.ts';
import type { RemoteLogin, Session } from './cli/host.ts';
import { authenticate } from './openstack/keystone.ts';
import { readAuthorities } from './runtime/authorities.ts';
import { remoteEngine } from './remote/client.ts';

/** Asks nobody yet, but for reading the authorities' file. EngineError `usage` when that cannot be read. */
export async function reachEngine({ endpoint, token, credential, caFile }: RemoteLogin): Promise<Session> {
  const ca =
    caFile === undefined ? {} : { ca: await readAuthorities(caFile, 'OS_CACERT, or cacert in clouds.yaml') };
  let known: Promise<string> | undefined;
  const ask = async (anew: boolean): Promise<string | undefined> => {
    if (credential === undefined) return anew ? undefined : token;
    if (anew) known = undefined;
    known ??= tokenOf(credential, ca);
    return known;
  };
  const api = remoteEngine({ url: endpoint, ...ca, token: ask });
  return { api, kind: 'attached', close: () => api.close() };
}

async function tokenOf(entry: JsonObject, ca: { readonly ca?: string }): Promise<string> {
  const credential = readCredential(entry);
  const authUrl = credential.auth.auth_url;
  if (authUrl === undefined)
    throw new EngineError(
      'usage',
      'Nobody says where Keystone is.',
      'Set auth_url in clouds.yaml, or OS_AUTH_URL.',
    );
  try {
    return (await authenticate(authUrl, credential, ca)).id;
  } catch (thrown) {
    throw new EngineError(
      'not_allowed',
      `There is no token to ask the engine with: ${errorText(thrown)}`,
      'Look at the entry of clouds.yaml, or the variables OS_…, and at Keystone.',
      { cause: thrown },
    );
  }
}
