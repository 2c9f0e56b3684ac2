// By what right a workflow calls the user's cloud: an entry of clouds.yaml, or the variables OS_….
// Belongs here: finding them and reading them as OpenStack's own client does. Does not belong here: whether they can be
// used (base/credential.ts), logging in (openstack/).
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readCredential } from '../base/credential.ts';
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { usageError } from './failure.ts';
import type { Context } from './host.ts';
import { parseYaml, reason } from './values.ts';

type Variables = Context['env'];

/**
 * The entry that `name`, or $OS_CLOUD, names; else what the variables say; undefined: nothing says anything. Secrets
 * may stand apart, in secure.yaml beside it. EngineError `usage`.
 */
export async function loadCredential(
  context: Context,
  name: string | undefined,
): Promise<JsonObject | undefined> {
  const wanted = name ?? context.env['OS_CLOUD'];
  if (wanted !== undefined) return usable(await entryOf(context, wanted), context.directory);
  return context.env['OS_AUTH_URL'] === undefined
    ? undefined
    : usable(fromVariables(context.env), context.directory);
}

export interface CloudOptions {
  readonly cloud?: string;
}

/** Only what is asked for: else it stays with the credential that it has. */
export async function newRight(
  context: Context,
  { cloud }: CloudOptions,
): Promise<{ credential?: JsonObject }> {
  const credential = cloud === undefined ? undefined : await loadCredential(context, cloud);
  return credential === undefined ? {} : { credential };
}

async function entryOf(context: Context, name: string): Promise<JsonObject> {
  const { file, value } = await cloudsOf(context);
  const secure = await readOptional(path.join(path.dirname(file), 'secure.yaml'));
  const entry = merged(cloudIn(value, name), cloudIn(secure, name));
  if (Object.keys(entry).length > 0) return entry;
  const known = isObject(value) && isObject(value['clouds']) ? Object.keys(value['clouds']) : [];
  throw usageError(`${file} has no cloud '${name}'`, `It has: ${known.join(', ') || 'none'}.`);
}

async function cloudsOf({ env, directory }: Context): Promise<{ file: string; value: JsonValue }> {
  const own = env['OS_CLIENT_CONFIG_FILE'];
  const home = env['XDG_CONFIG_HOME'] ?? path.join(env['HOME'] ?? '/', '.config');
  const folders = [directory, path.join(home, 'openstack'), '/etc/openstack'];
  const files = [
    ...(own === undefined ? [] : [own]),
    ...folders.map(folder => path.join(folder, 'clouds.yaml')),
  ];
  for (const file of files) {
    const value = await readOptional(path.resolve(directory, file));
    if (value !== undefined) return { file, value };
  }
  throw usageError(
    'there is no clouds.yaml',
    `Looked for ${files.join(', ')}. Or set the variables OS_AUTH_URL, OS_APPLICATION_CREDENTIAL_ID and OS_APPLICATION_CREDENTIAL_SECRET.`,
  );
}

async function readOptional(file: string): Promise<JsonValue | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return undefined;
    throw usageError(`cannot read ${file}: ${reason(thrown)}`, 'Make it readable for you.');
  }
  return parseYaml(text, file);
}

function cloudIn(value: JsonValue | undefined, name: string): JsonObject {
  const clouds = isObject(value) ? value['clouds'] : undefined;
  const entry = isObject(clouds) && Object.hasOwn(clouds, name) ? clouds[name] : undefined;
  return isObject(entry) ? entry : {};
}

const merged = (one: JsonObject, other: JsonObject): JsonObject => ({
  ...one,
  ...other,
  ...(isObject(one['auth']) && isObject(other['auth']) && { auth: { ...one['auth'], ...other['auth'] } }),
});

const OF_AUTH = [
  'auth_url',
  'application_credential_id',
  'application_credential_secret',
  'user_id',
  'username',
  'password',
  'user_domain_name',
  'user_domain_id',
  'project_id',
  'project_name',
  'project_domain_name',
  'project_domain_id',
  'trust_id',
] as const;

/** OS_AUTH_URL, OS_USERNAME and so on, in the form of an entry. */
function fromVariables(env: Variables): JsonObject {
  const given = (key: string): JsonObject => {
    const value = env[`OS_${key.toUpperCase()}`];
    return value === undefined || value === '' ? {} : { [key]: value };
  };
  const auth = OF_AUTH.reduce<JsonObject>((all, key) => ({ ...all, ...given(key) }), {});
  const around = ['auth_type', 'region_name', 'interface', 'cacert'];
  return around.reduce<JsonObject>((all, key) => ({ ...all, ...given(key) }), { auth });
}

/** What the engine understands of an entry; OpenStack's client has settings of its own in there. */
function usable(entry: JsonObject, directory: string): JsonObject {
  if (entry['verify'] === false)
    throw usageError(
      'the cloud says verify: false',
      "Name its authority's certificates instead: cacert: FILE.",
    );
  const auth = isObject(entry['auth']) ? entry['auth'] : {};
  const domain = auth['domain_name'] === undefined ? {} : { user_domain_name: auth['domain_name'] };
  const { region_name: region, interface: side, cacert } = entry;
  const credential = {
    auth_type: typeOf(entry, auth),
    auth: {
      ...domain,
      ...Object.fromEntries(OF_AUTH.flatMap(key => (key in auth ? [[key, auth[key]]] : []))),
    },
    ...(region !== undefined && { region_name: region }),
    ...(typeof side === 'string' && { interface: side.replace(/URL$/, '') }),
    ...(typeof cacert === 'string' && { cacert: path.resolve(directory, cacert) }),
  } as JsonObject;
  return readCredential(credential) as JsonObject;
}

function typeOf(entry: JsonObject, auth: JsonObject): JsonValue {
  const said =
    entry['auth_type'] ?? ('application_credential_id' in auth ? 'v3applicationcredential' : 'password');
  return said === 'password' ? 'v3password' : said;
}
