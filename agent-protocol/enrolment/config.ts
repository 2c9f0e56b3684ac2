// What a VM's user data puts on its disk, `/etc/murano-workflow/agent.json`: who the agent is, where the broker is, and
// whom to believe. The same bytes for the agent's life, so nothing in it may ever need to change.
// Belongs here: its shape, judged. Does not belong here: reading the file, rendering user data (engine/agents/).
import { brokersOf } from '../amqp/brokers.ts';
import { base64, id, judge, type RefusedMessage } from '../judging.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import { type Check, integer, listOf, object, optional, text } from '../shapes.ts';
import { readPublicKey } from '../signing.ts';

/** Where user data puts it. */
export const CONFIG_FILE = {
  linux: '/etc/murano-workflow/agent.json',
  windows: 'C:\\ProgramData\\murano-workflow\\agent.json',
} as const;

export interface AgentConfig {
  readonly version: 1;
  readonly agent: string;
  readonly broker: {
    /** Transport URLs without a login, tried in turn: `amqps://host:5671/vhost`. */
    readonly urls: readonly string[];
    /** PEM of the authorities that sign the brokers' certificates; absent: those of the system. */
    readonly ca?: string;
  };
  /** Login that may do nothing but enrol. */
  readonly enrol: { readonly user: string; readonly password: string };
  /** Proves that the machine was given this file; never sent (proof.ts). */
  readonly token: string;
  /** Ed25519 public key (SPKI, base64) that signs the engine's key sets; the only key an agent believes by itself. */
  readonly root_key: string;
  /** UUID of the server, for machines without metadata service and config drive; user data never holds it. */
  readonly server?: string;
}

/** As in Nova: lower case, with hyphens. */
export const serverId = text(36, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

const urlOfBroker: Check = value => {
  const wrong = text(LIMITS.urlLength)(value);
  if (wrong !== undefined) return wrong;
  if ((value as string).includes('@')) return ': holds a login';
  try {
    brokersOf(value as string);
    return undefined;
  } catch (thrown) {
    return `: ${(thrown as Error).message}`;
  }
};

const rootKey: Check = value =>
  base64(128)(value) ??
  (readPublicKey(value as string, 'ed25519') === undefined ? ': is no Ed25519 public key' : undefined);

const secret = text(256, /^[\x21-\x7e]{16,}$/);

const shape = object<AgentConfig>({
  version: integer(1, 1),
  agent: id,
  broker: object<AgentConfig['broker']>({
    urls: (value): string | undefined =>
      Array.isArray(value) && value.length === 0 ? ': names no broker' : listOf(urlOfBroker, 16)(value),
    ca: optional(text(LIMITS.scriptLength)),
  }),
  enrol: object<AgentConfig['enrol']>({ user: text(LIMITS.userLength, /^[\x21-\x7e]+$/), password: secret }),
  token: secret,
  root_key: rootKey,
  server: optional(serverId),
});

/** Judges the file's bytes. Why one is refused names the field and never a value. Never throws. */
export function decodeConfig(bytes: Uint8Array): { readonly config: AgentConfig } | RefusedMessage {
  const verdict = judge(bytes, shape);
  if ('refused' in verdict) return { refused: verdict.refused.replace(/^message/, 'the configuration') };
  return { config: verdict.value as AgentConfig };
}

/** The bytes that user data holds: the same for the same configuration. */
export function encodeConfig(config: AgentConfig): string {
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
