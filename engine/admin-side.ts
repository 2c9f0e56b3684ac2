// The operator's endpoint of an engine: who may ask, from what Keystone says, and where it listens.
// Belongs here: naming its adapters together, reading the files that settings name. Does not belong here: what it answers (admin/),
// settings files (cli/).
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { load } from 'js-yaml';
import { KeystoneAuthenticator } from './admin/auth/keystone.ts';
import { nobodyAsked, oneToken } from './admin/auth/local.ts';
import type { AppParts } from './admin/app.ts';
import type { Authenticator } from './admin/auth/types.ts';
import { addGauges, Metrics } from './admin/metrics/metrics.ts';
import { readPage } from './admin/page-files.ts';
import { judgePlace, readPlace } from './admin/listen.ts';
import { type Certificate, type Listening, openAdmin } from './admin/server.ts';
import { Streams } from './admin/stream/streams.ts';
import { readCredential } from './base/credential.ts';
import { EngineError, errorText } from './base/errors.ts';
import type { JsonValue } from './base/json.ts';
import type { AdminSettings } from './cli/host.ts';
import { Clouds } from './openstack/clouds.ts';
import { tokenOwner } from './openstack/tokens.ts';
import type { CloudSettings } from './openstack/types.ts';
import type { EngineApi } from './runtime/api.ts';
import { systemClock } from './runtime/clock.ts';
import type { Log } from './runtime/log.ts';
import type { Operating } from './runtime/operator-api.ts';

/** What of an engine it answers for. */
export interface Answering {
  readonly api: EngineApi;
  readonly operating: Operating;
  readonly log: Log;
}

/** EngineError `usage` for settings that cannot be used, `transport_refused` where it cannot listen. */
export async function openAdminSide(
  settings: AdminSettings,
  cloud: CloudSettings,
  answering: Answering,
): Promise<Listening> {
  const { openMetrics } = settings;
  const { auth, tls } = await prepared(settings, cloud);
  return listen(settings.listen, { auth, openMetrics }, answering, tls);
}

/** Judged as far as it can be without connecting to anything. EngineError `usage`. */
export async function checkAdmin(settings: AdminSettings, cloud: CloudSettings): Promise<void> {
  const { auth, tls } = await prepared(settings, cloud);
  judgePlace(readPlace(settings.listen), auth.scheme, tls !== undefined);
}

/** On loopback, for whoever has the token: it is made now, and known to nobody else. */
export async function openTrialSide(
  place: string,
  answering: Answering,
): Promise<Listening & { readonly token: string }> {
  const token = randomBytes(24).toString('base64url');
  return { ...(await listen(place, { auth: oneToken(token) }, answering)), token };
}

async function listen(
  place: string,
  door: Pick<AppParts, 'auth' | 'openMetrics'>,
  { api, operating, log }: Answering,
  tls?: Certificate | 'proxy',
): Promise<Listening> {
  const ready = (): Promise<boolean> =>
    operating.owned().then(
      () => true,
      () => false,
    );
  const metrics = new Metrics();
  const parts = { api, views: operating.views, ready, log, streams: new Streams(), ...door };
  const page = await readPage().catch((thrown: unknown) => {
    log.warn(`There is no page for operators at ${place}: it was not built (${errorText(thrown)}).`);
  });
  const all = { ...parts, metrics: metrics.registry, ...(page && { page }) };
  const listening = await openAdmin(readPlace(place), all, tls);
  const ends = [operating.observe(metrics), addGauges(metrics.registry, api, operating)];
  const close = async (): Promise<void> => {
    for (const end of ends) end();
    await listening.close();
  };
  return { url: listening.url, close };
}

async function prepared(
  { keystone, tls, behindProxy }: AdminSettings,
  cloud: CloudSettings,
): Promise<{ readonly auth: Authenticator; readonly tls?: Certificate | 'proxy' }> {
  const auth = keystone === undefined ? nobodyAsked : await keystoneAuth(keystone, cloud);
  if (tls === undefined) return behindProxy ? { auth, tls: 'proxy' } : { auth };
  const cert = await textOf(tls.certFile, 'admin.cert_file');
  const pair = { cert, key: await textOf(tls.keyFile, 'admin.key_file') };
  judgePair(pair);
  return { auth, tls: pair };
}

function judgePair(pair: Certificate): void {
  try {
    createSecureContext({ ...pair, minVersion: 'TLSv1.2' });
  } catch (thrown) {
    throw new EngineError(
      'usage',
      `admin.cert_file and admin.key_file cannot be used together: ${errorText(thrown)}`,
      'Name a PEM certificate, with its chain, and the PEM key that it was made for.',
    );
  }
}

async function keystoneAuth(
  { credentialFile, roles, keep }: NonNullable<AdminSettings['keystone']>,
  settings: CloudSettings,
): Promise<Authenticator> {
  const credential = readEntry(await textOf(credentialFile, 'admin.credential_file'));
  if (credential.auth.auth_url === undefined && settings.authUrl === undefined)
    throw new EngineError(
      'usage',
      'Nobody says where the Keystone is that knows whose a token is: there is no openstack.auth_url.',
      'Set it, or auth_url in the file that admin.credential_file names.',
    );
  const now = (): number => systemClock.now();
  const clouds = new Clouds(settings, now);
  const ask = async (token: string): ReturnType<typeof tokenOwner> =>
    tokenOwner(await clouds.of(credential as unknown as JsonValue), token);
  return new KeystoneAuthenticator({ ask, roles, keep, now });
}

/** An entry as clouds.yaml has it. */
function readEntry(text: string): ReturnType<typeof readCredential> {
  let entry: unknown;
  try {
    entry = load(text);
  } catch (thrown) {
    throw new EngineError('usage', `admin.credential_file is no YAML: ${errorText(thrown)}`, ENTRY);
  }
  return readCredential(entry as JsonValue);
}

const ENTRY = 'Write one entry of clouds.yaml into it: auth_type, auth.';

async function textOf(file: string, key: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw new EngineError('usage', `${key} cannot be read: ${errorText(thrown)}`, `Set ${key} to a file.`);
  }
}
