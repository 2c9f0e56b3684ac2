// A machine's command as the message its agent gets: texts by digest, clear inputs, hidden ones sealed.
// Belongs here: Command → CommandMessage. Does not belong here: signing and sending (engine/agents/post.ts), when
// (agent-driver.ts).
//
// RD1 A value with any hidden part is sealed whole; where a value would show on the VM (user, path), it is refused.
import { createSealer, type SealContext } from '../../agent-protocol/sealing.ts';
import { readPublicKey } from '../../agent-protocol/signing.ts';
import type { CommandMessage, Download, SealedBox, Task } from '../../agent-protocol/messages.ts';
import type { AgentRecord } from '../agents/ports.ts';
import type { EffectId } from '../base/ids.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Command, ResolvedAction } from '../machine/types.ts';
import type { DriverContext } from '../runtime/ports.ts';
import { asText, holdsSecret, RenderFailure, reveal } from './reveal.ts';

export type ScriptAction = Extract<ResolvedAction, { kind: 'script' }>;
export type FileAction = Extract<ResolvedAction, { kind: 'file' }>;
type BoundRecord = AgentRecord & { readonly incarnation: string };

/** Rejects with RenderFailure, whose message says what of the command cannot be given to an agent. */
export async function renderCommand(
  id: EffectId,
  command: Command,
  record: BoundRecord,
  context: DriverContext,
): Promise<CommandMessage> {
  const seal = sealerFor(id, record);
  return {
    kind: 'command',
    agent: record.id,
    incarnation: record.incarnation,
    term: context.term,
    id,
    timeout: Math.max(1, Math.round(command.timeout)),
    reason: command.reason,
    task: await renderTask(command.action, context, seal),
    outputs: command.outputs.map(({ name, hidden }) => ({ name, hidden })),
    exclusive: command.exclusive ?? true,
  };
}

type Seal = (purpose: 'inputs' | 'file', clear: string) => SealedBox;

function sealerFor(id: EffectId, record: BoundRecord): Seal {
  return (purpose, clear) => {
    const key = readPublicKey(record.sealingKey, 'x25519');
    if (key === undefined)
      throw new RenderFailure(`Agent '${record.id}' has no usable key to seal hidden values to.`);
    const context: SealContext = { agent: record.id, incarnation: record.incarnation, id, purpose };
    return createSealer(key).seal(context, Buffer.from(clear, 'utf8'));
  };
}

function renderTask(action: ResolvedAction, context: DriverContext, seal: Seal): Promise<Task> {
  switch (action.kind) {
    case 'script':
      return renderScript(action, context, seal);
    case 'file':
      return renderFile(action, context, seal);
    case 'reboot':
      return Promise.resolve(action);
    case 'online':
    case 'http':
    case 'openstack':
    case 'stack':
    case 'generate':
    case 'workflow':
      throw new RenderFailure(`The action \`${action.kind}\` is no command for an agent.`);
    default:
      return action satisfies never;
  }
}

async function renderScript(action: ScriptAction, context: DriverContext, seal: Seal): Promise<Task> {
  const { inputs, sealed } = await renderInputs(action.inputs, context, seal);
  const runAs = plainText('run_as', action.runAs);
  const workingDirectory = plainText('working_directory', action.workingDirectory);
  return {
    kind: 'script',
    interpreter: action.interpreter,
    text: context.content(action.digest),
    inputs,
    ...(sealed && { sealed }),
    ...(runAs !== undefined && { runAs }),
    ...(workingDirectory !== undefined && { workingDirectory }),
    reboots: action.reboots,
  };
}

async function renderInputs(
  inputs: JsonObject,
  context: DriverContext,
  seal: Seal,
): Promise<{ readonly inputs: JsonObject; readonly sealed?: SealedBox }> {
  const clear: { [name: string]: JsonValue } = {};
  const hidden: { [name: string]: JsonValue } = {};
  for (const [name, value] of Object.entries(inputs)) {
    const into = holdsSecret(value) ? hidden : clear;
    into[name] = await reveal(value, ref => context.secret(ref));
  }
  if (Object.keys(hidden).length === 0) return { inputs: clear };
  return { inputs: clear, sealed: seal('inputs', JSON.stringify(hidden)) };
}

async function renderFile(action: FileAction, context: DriverContext, seal: Seal): Promise<Task> {
  const path = plainText('path', action.path);
  if (path === undefined) throw new RenderFailure('The file has no path.');
  const owner = plainText('owner', action.owner);
  const rest = {
    ...(action.mode !== undefined && { mode: action.mode }),
    ...(owner !== undefined && { owner }),
  };
  const { content } = action;
  if ('digest' in content) return { kind: 'file', path, text: context.content(content.digest), ...rest };
  if ('url' in content) return { kind: 'file', path, download: renderDownload(content), ...rest };
  const text = asText(await reveal(content.value, ref => context.secret(ref)));
  return holdsSecret(content.value)
    ? { kind: 'file', path, sealed: seal('file', text), ...rest }
    : { kind: 'file', path, text, ...rest };
}

function renderDownload(content: { readonly url: JsonValue; readonly sha256: JsonValue }): Download {
  return { url: plainText('url', content.url) ?? '', sha256: plainText('sha256', content.sha256) ?? '' };
}

/** A value that shows on the VM: text, or absent. */
function plainText(field: string, value: JsonValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (holdsSecret(value))
    throw new RenderFailure(`\`${field}\` holds a hidden value, which would show on the machine.`);
  if (typeof value !== 'string')
    throw new RenderFailure(`\`${field}\` must be text, found ${JSON.stringify(value).slice(0, 80)}.`);
  return value;
}
