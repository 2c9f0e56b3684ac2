// The settings of `murano-workflow engine`: a YAML file, and the environment over it.
// Belongs here: their shape, defaults and names. Does not belong here: what they are used for.
//
// The names in `heat` are those of Heat's own settings where it has them, so that one can be copied from the other.
import { hostname } from 'node:os';
import { z } from 'zod';
import { adminSettings, adminShape } from './admin-settings.ts';
import { agentsShape, agentBusSettings } from './agent-settings.ts';
import { LIMITS } from '../base/limits.ts';
import type { EngineSettings } from './host.ts';
import { LOG_LEVELS, STATE_VARIABLE } from './host.ts';
import { usageError } from './failure.ts';
import type { ReadText } from './values.ts';
import { parseYaml, reason } from './values.ts';

/** Holds a password, so it may come by the environment instead of the file. */
export const TRANSPORT_VARIABLE = 'MURANO_WORKFLOW_TRANSPORT_URL';
/** As well. */
export const STORE_VARIABLE = 'MURANO_WORKFLOW_STORE_CONNECTION';

const DAY = 24 * 3_600_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;
const name = z.string().regex(NAME, 'must be letters, digits, _, . and -');

const shape = z.strictObject({
  state_dir: z.string().optional(),
  log_level: z.enum(LOG_LEVELS).default('info'),
  egress: z
    .strictObject({
      allow: z.array(z.string()).max(LIMITS.egressEntries).default([]),
      ca_file: z.string().optional(),
    })
    .prefault({}),
  heat: z
    .strictObject({
      transport_url: z.string().optional(),
      control_exchange: name.default('heat'),
      topic: name.default('murano_workflow'),
      host: name.optional(),
      amqp_durable_queues: z.boolean().default(false),
      amqp_auto_delete: z.boolean().default(false),
      rabbit_quorum_queue: z.boolean().default(false),
      ca_file: z.string().optional(),
    })
    .prefault({}),
  agents: agentsShape.optional(),
  admin: adminShape.optional(),
  audit: z.strictObject({ keep_days: z.number().int().min(1).max(LIMITS.auditDays).optional() }).prefault({}),
  store: z
    .strictObject({
      connection: z.string().optional(),
      ca_file: z.string().optional(),
      lease: z.number().int().min(LIMITS.leastLease).max(LIMITS.longestLease).optional(),
    })
    .prefault({}),
  openstack: z
    .strictObject({
      auth_url: z.url({ protocol: /^https?$/ }).optional(),
      region_name: z.string().optional(),
      interface: z.enum(['public', 'internal', 'admin']).optional(),
      ca_file: z.string().optional(),
    })
    .prefault({}),
});

export type SettingsEnvironment = { readonly [name: string]: string | undefined };

/** `file` absent: defaults and the environment alone. EngineError `usage` names the key that cannot be used. */
export async function readSettings(
  file: string | undefined,
  env: SettingsEnvironment,
  read: ReadText,
): Promise<EngineSettings> {
  const found = shape.safeParse(file === undefined ? {} : await readFileAsMap(file, read));
  if (!found.success) {
    const [issue] = found.error.issues;
    const key = issue?.path.join('.') ?? '';
    throw usageError(
      `${file ?? 'the settings'}: ${key === '' ? '' : `${key}: `}${issue?.message ?? 'wrong settings'}`,
      'docs/reference/settings.md lists the keys.',
    );
  }
  return toSettings(found.data, env, await agentBusSettings(found.data.agents, env, read));
}

async function readFileAsMap(file: string, read: ReadText): Promise<unknown> {
  let text: string;
  try {
    text = await read(file);
  } catch (thrown) {
    throw usageError(`cannot read ${file}: ${reason(thrown)}`, 'Give the settings file with --config.');
  }
  return parseYaml(text, file) ?? {};
}

function toSettings(
  found: z.infer<typeof shape>,
  env: SettingsEnvironment,
  agents: EngineSettings['agents'],
): EngineSettings {
  const { heat, egress } = found;
  const transportUrl = env[TRANSPORT_VARIABLE] ?? heat.transport_url;
  const stateDirectory = env[STATE_VARIABLE] ?? found.state_dir;
  if (transportUrl === undefined && found.admin === undefined)
    throw usageError(
      'there is no heat.transport_url, and no admin: nobody could ask this engine for anything',
      `Write Heat's own transport_url into the settings file, or into ${TRANSPORT_VARIABLE}; or, for an engine without Heat, write admin.`,
    );
  if (stateDirectory === undefined)
    throw usageError(
      'there is no state_dir',
      `Name a directory on a local disk in the settings file, or in ${STATE_VARIABLE}.`,
    );
  const store = storeOf(found.store, env);
  const { keep_days: days } = found.audit;
  return {
    stateDirectory,
    ...(store && { store }),
    logLevel: found.log_level,
    logToStderr: true,
    egress: {
      allow: egress.allow,
      ...(egress.ca_file === undefined ? {} : { caFile: egress.ca_file }),
    },
    ...(days !== undefined && { keepAudit: days * DAY }),
    openstack: cloudOf(found.openstack),
    name: heat.host ?? hostname(),
    ...(transportUrl !== undefined && { heat: heatOf(heat, transportUrl) }),
    ...(agents === undefined ? {} : { agents }),
    ...(found.admin === undefined ? {} : { admin: adminSettings(found.admin) }),
  };
}

function heatOf(
  heat: z.infer<typeof shape>['heat'],
  transportUrl: string,
): NonNullable<EngineSettings['heat']> {
  return {
    transportUrl,
    exchange: heat.control_exchange,
    topic: heat.topic,
    server: heat.host ?? hostname(),
    durable: heat.amqp_durable_queues,
    autoDelete: heat.amqp_auto_delete,
    quorum: heat.rabbit_quorum_queue,
    ...(heat.ca_file === undefined ? {} : { caFile: heat.ca_file }),
  };
}

function storeOf(
  { connection, ca_file: caFile, lease }: z.infer<typeof shape>['store'],
  env: SettingsEnvironment,
): EngineSettings['store'] {
  const url = env[STORE_VARIABLE] ?? connection;
  if (url === undefined) return undefined;
  return {
    url,
    ...(caFile !== undefined && { caFile }),
    ...(lease !== undefined && { leaseTime: lease * 1000 }),
  };
}

function cloudOf(given: z.infer<typeof shape>['openstack']): NonNullable<EngineSettings['openstack']> {
  const { auth_url: authUrl, region_name: region, interface: side, ca_file: caFile } = given;
  return {
    ...(authUrl !== undefined && { authUrl }),
    ...(region !== undefined && { region }),
    ...(side !== undefined && { interface: side }),
    ...(caFile !== undefined && { caFile }),
  };
}
