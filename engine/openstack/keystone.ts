// Keystone v3: a credential becomes a token with its catalogue.
// Belongs here: the request, judging the answer. Does not belong here: keeping tokens (session.ts), finding endpoints
// (catalogue.ts).
import { z } from 'zod';
import type { CloudCredential } from '../base/credential.ts';
import type { JsonObject } from '../base/json.ts';
import { type Answer, exchange } from './exchange.ts';
import { sentenceOf } from './sentences.ts';
import { CloudFault } from './types.ts';

export interface Token {
  readonly id: string;
  /** Ms since the epoch, by Keystone's clock. */
  readonly expiresAt: number;
  /** Milliseconds from its issue to its end. */
  readonly lifetime: number;
  readonly catalogue: readonly Service[];
}

export interface Service {
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  readonly interface: string;
  readonly region: string;
  readonly url: string;
}

const endpoint = z.object({ interface: z.string(), region: z.string().nullish(), url: z.string() });
const service = z.object({ type: z.string(), name: z.string().default(''), endpoints: z.array(endpoint) });
const body = z.object({
  token: z.object({
    expires_at: z.iso.datetime({ offset: true }),
    issued_at: z.iso.datetime({ offset: true }),
    catalog: z.array(service).default([]),
  }),
});

/** Statuses by which Keystone says that the credential is none, or none any more. */
const REFUSALS = new Set([401, 403, 404]);

/** CloudFault `unauthorised` when Keystone refuses the credential. */
export async function authenticate(
  authUrl: string,
  credential: CloudCredential,
  options: { readonly ca?: string; readonly signal?: AbortSignal } = {},
): Promise<Token> {
  const url = tokensUrl(authUrl);
  const answer = await exchange({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ auth: authOf(credential) }),
    ...options,
  });
  if (REFUSALS.has(answer.status)) {
    const why = sentenceOf(answer) ?? `status ${answer.status}`;
    throw new CloudFault('unauthorised', `Keystone refuses the credential: ${why}`, {
      status: answer.status,
    });
  }
  if (answer.status !== 201) {
    const why = sentenceOf(answer) ?? 'no token';
    throw new CloudFault('unreachable', `Keystone answered ${answer.status} at ${url.origin}: ${why}`, {
      status: answer.status,
    });
  }
  return tokenOf(answer, url);
}

/** With or without `/v3` at its end: both are written. */
function tokensUrl(authUrl: string): URL {
  const base = authUrl.replace(/\/+$/, '');
  return new URL(`${base.endsWith('/v3') ? base : `${base}/v3`}/auth/tokens`);
}

function tokenOf(answer: Answer, url: URL): Token {
  const id = answer.headers['x-subject-token'];
  const found = body.safeParse(parse(answer.text));
  if (id === undefined || !found.success)
    throw new CloudFault('answer', `What answers at ${url.origin} is no Keystone of version 3.`);
  const { expires_at, issued_at, catalog } = found.data.token;
  const expiresAt = Date.parse(expires_at);
  return {
    id,
    expiresAt,
    lifetime: expiresAt - Date.parse(issued_at),
    catalogue: catalog.map(({ type, name, endpoints }) => ({
      type,
      name,
      endpoints: endpoints.map(one => ({ interface: one.interface, region: one.region ?? '', url: one.url })),
    })),
  };
}

function authOf(credential: CloudCredential): JsonObject {
  if (credential.auth_type === 'v3applicationcredential') {
    const { application_credential_id: id, application_credential_secret: secret } = credential.auth;
    return { identity: { methods: ['application_credential'], application_credential: { id, secret } } };
  }
  const { auth } = credential;
  const user = auth.user_id
    ? { id: auth.user_id }
    : { name: auth.username ?? '', domain: domain(auth.user_domain_id, auth.user_domain_name) };
  return {
    identity: { methods: ['password'], password: { user: { ...user, password: auth.password } } },
    scope: scopeOf(auth),
  };
}

function scopeOf(auth: Extract<CloudCredential, { auth_type: 'v3password' }>['auth']): JsonObject {
  if (auth.trust_id) return { 'OS-TRUST:trust': { id: auth.trust_id } };
  if (auth.project_id) return { project: { id: auth.project_id } };
  const within = domain(auth.project_domain_id, auth.project_domain_name);
  return { project: { name: auth.project_name ?? '', domain: within } };
}

const domain = (id: string | undefined, name: string | undefined): JsonObject =>
  id === undefined ? { name: name ?? 'Default' } : { id };

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
