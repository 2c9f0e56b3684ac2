// By what right a workflow calls a cloud: an entry as clouds.yaml has it, judged.
// Belongs here: its shape and what can be wrong with it. Does not belong here: reading files (cli/), keeping it secret
// (runtime/secrets.ts), logging in with it (openstack/).
//
// The names are those of clouds.yaml and keystoneauth, so that an entry can be taken over as it stands.
import { z } from 'zod';
import { EngineError } from './errors.ts';
import type { JsonValue } from './json.ts';

const text = z.string().min(1).max(1_024);
const url = z
  .string()
  .max(2_048)
  .regex(/^https?:\/\/[^\s]+$/, 'must begin with http:// or https://');
const login = { auth_url: url.optional() };

const applicationCredential = z.strictObject({
  ...login,
  application_credential_id: text,
  application_credential_secret: text,
});

/** Of a user and a project ids, or names with the names or ids of their domains. */
const password = z.strictObject({
  ...login,
  user_id: text.optional(),
  username: text.optional(),
  password: text,
  user_domain_name: text.optional(),
  user_domain_id: text.optional(),
  project_id: text.optional(),
  project_name: text.optional(),
  project_domain_name: text.optional(),
  project_domain_id: text.optional(),
  trust_id: text.optional(),
});

const around = {
  region_name: text.optional(),
  interface: z.enum(['public', 'internal', 'admin']).optional(),
  /** File of PEM certificates on the engine's own machine. */
  cacert: text.optional(),
};

const shape = z.discriminatedUnion('auth_type', [
  z.strictObject({
    auth_type: z.literal('v3applicationcredential'),
    auth: applicationCredential,
    ...around,
  }),
  z.strictObject({ auth_type: z.literal('v3password'), auth: password, ...around }),
]);

export type CloudCredential = z.infer<typeof shape>;

/** EngineError `usage`, naming the key that is wrong and never a value. */
export function readCredential(value: JsonValue): CloudCredential {
  const found = shape.safeParse(value);
  if (!found.success) {
    const [issue] = found.error.issues;
    throw unusable(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not understood'}`);
  }
  const { data } = found;
  if (data.auth_type === 'v3password') {
    if (!data.auth.user_id && !data.auth.username) throw unusable('auth: there is no username');
    if (!data.auth.trust_id && !data.auth.project_id && !data.auth.project_name)
      throw unusable('auth: there is no project_name');
  }
  return data;
}

const unusable = (what: string): EngineError =>
  new EngineError(
    'usage',
    `The credential cannot be used: ${what}.`,
    'Give an application credential: `openstack application credential create NAME` shows its id and its secret once.',
  );
