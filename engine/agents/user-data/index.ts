// What a new VM is told by Nova so that it becomes the agent: rendered once, and the same bytes for the agent's life.
// Belongs here: the formats, and the size that Nova takes. Does not belong here: keeping it (enrolment/accounts.ts).
import { type AgentConfig, decodeConfig, encodeConfig } from '../../../agent-protocol/enrolment/config.ts';
import { EngineError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { UserDataFormat } from '../../runtime/agents-api.ts';
import { cloudConfig, SERVICE } from './cloud-init.ts';
import { powershell } from './cloudbase-init.ts';
import { multipart } from './mime.ts';

/**
 * `own`: the template author's user data, kept as a part of its own.
 * EngineError `usage` or `limit_exceeded` when it cannot be joined or is too large.
 */
export function renderUserData(format: UserDataFormat, config: AgentConfig, own?: string): string {
  const configuration = encodeConfig(config);
  const judged = decodeConfig(Buffer.from(configuration, 'utf8'));
  if ('refused' in judged)
    throw new EngineError(
      'usage',
      `An agent would not take it: ${judged.refused}.`,
      'Correct agents.agent_url and agents.ca_file in the settings of the engine.',
    );
  const part = partOf(format, configuration);
  const text = own === undefined ? part.text : multipart(own, part);
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes <= LIMITS.userDataBytes) return text;
  throw new EngineError(
    'limit_exceeded',
    `The user data of agent '${config.agent}' has ${bytes} bytes; Nova takes ${LIMITS.userDataBytes}.`,
    'Make the own part smaller: fetch what is large from somewhere else.',
  );
}

function partOf(format: UserDataFormat, configuration: string): Parameters<typeof multipart>[1] {
  switch (format) {
    case 'cloud-init':
      return { type: 'text/cloud-config', name: SERVICE, text: cloudConfig(configuration) };
    case 'cloudbase-init':
      return { type: 'text/x-shellscript', name: `${SERVICE}.ps1`, text: powershell(configuration) };
    default:
      return format satisfies never;
  }
}
