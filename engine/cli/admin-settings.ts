// The part of the settings that is about the operator's endpoint.
// Belongs here: its shape, defaults and names. Does not belong here: what it is used for, the other settings (settings.ts).
import { z } from 'zod';
import { usageError } from './failure.ts';
import type { AdminSettings } from './host.ts';

const roles = z.array(z.string().min(1));

export const adminShape = z.strictObject({
  listen: z.string().default('127.0.0.1:9080'),
  auth: z.enum(['keystone', 'none']),
  credential_file: z.string().optional(),
  token_cache: z.number().int().min(0).max(300).default(10),
  reader_roles: roles.default(['reader', 'member']),
  operator_roles: roles.default(['member']),
  auditor_roles: roles.default(['auditor']),
  everywhere_roles: roles.default([]),
  cert_file: z.string().optional(),
  key_file: z.string().optional(),
  behind_proxy: z.boolean().default(false),
  open_metrics: z.boolean().default(false),
});

/** EngineError `usage` names what is missing. */
export function adminSettings(found: z.infer<typeof adminShape>): AdminSettings {
  const { cert_file: certFile, key_file: keyFile } = found;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw usageError(
      'admin.cert_file and admin.key_file belong together',
      'Name both, or neither and a proxy before the engine.',
    );
  return {
    listen: found.listen,
    ...authOf(found),
    ...(certFile !== undefined && keyFile !== undefined && { tls: { certFile, keyFile } }),
    behindProxy: found.behind_proxy,
    openMetrics: found.open_metrics,
  };
}

function authOf(found: z.infer<typeof adminShape>): Pick<AdminSettings, 'keystone'> {
  if (found.auth === 'none') return {};
  const { credential_file: credentialFile } = found;
  if (credentialFile === undefined)
    throw usageError(
      'there is no admin.credential_file',
      'Name a file with an entry as in clouds.yaml: by its right the engine asks Keystone whose a token is.',
    );
  return {
    keystone: {
      credentialFile,
      keep: found.token_cache * 1_000,
      roles: {
        reader: found.reader_roles,
        operator: found.operator_roles,
        auditor: found.auditor_roles,
        everywhere: found.everywhere_roles,
      },
    },
  };
}
