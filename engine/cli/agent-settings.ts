// The part of the settings that is about the agents' broker.
// Belongs here: its shape, defaults and names. Does not belong here: what it is used for, the other settings (settings.ts).
//
// Both URLs hold passwords: each may stand in the settings, in a file of its own, or in the environment.
import { z } from 'zod';
import { usageError } from './failure.ts';
import type { AgentBusSettings } from './host.ts';
import type { SettingsEnvironment } from './settings.ts';
import type { ReadText } from './values.ts';
import { reason } from './values.ts';

export const AGENTS_TRANSPORT_VARIABLE = 'MURANO_WORKFLOW_AGENTS_TRANSPORT_URL';
export const AGENTS_MANAGEMENT_VARIABLE = 'MURANO_WORKFLOW_AGENTS_MANAGEMENT_URL';

export const agentsShape = z.strictObject({
  transport_url: z.string().optional(),
  transport_url_file: z.string().optional(),
  management_url: z.string().optional(),
  management_url_file: z.string().optional(),
  agent_url: z.string().optional(),
  ca_file: z.string().optional(),
  queue_type: z.enum(['classic', 'quorum']).default('classic'),
  allow_shared_broker: z.boolean().default(false),
});

/** Undefined where neither settings nor environment speak of it. EngineError `usage` names what is missing. */
export async function agentBusSettings(
  found: z.infer<typeof agentsShape> | undefined,
  env: SettingsEnvironment,
  read: ReadText,
): Promise<AgentBusSettings | undefined> {
  if (found === undefined && env[AGENTS_TRANSPORT_VARIABLE] === undefined) return undefined;
  const agents = found ?? agentsShape.parse({});
  const url = async (name: 'transport_url' | 'management_url', variable: string): Promise<string> => {
    const given = env[variable] ?? agents[name] ?? (await fromFile(agents[`${name}_file`], name, read));
    if (given !== undefined) return given;
    throw usageError(
      `there is no agents.${name}`,
      `Write it into the settings file, into a file named by agents.${name}_file, or into ${variable}.`,
    );
  };
  const transportUrl = await url('transport_url', AGENTS_TRANSPORT_VARIABLE);
  return {
    transportUrl,
    managementUrl: await url('management_url', AGENTS_MANAGEMENT_VARIABLE),
    agentUrl: agents.agent_url ?? withoutLogins(transportUrl),
    ...(agents.ca_file === undefined ? {} : { caFile: agents.ca_file }),
    queueKind: agents.queue_type,
    allowSharedBroker: agents.allow_shared_broker,
  };
}

async function fromFile(file: string | undefined, name: string, read: ReadText): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return (await read(file)).trim();
  } catch (thrown) {
    throw usageError(
      `cannot read ${file}: ${reason(thrown)}`,
      `agents.${name}_file names a file that holds the URL and nothing else.`,
    );
  }
}

/** What goes into the user data of VMs names no user. */
const withoutLogins = (url: string): string => url.replace(/(\/\/|,)[^@/,]*@/g, '$1');
