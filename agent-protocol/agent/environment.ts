// The environment of a script: a few variables of the system, its inputs, and where its files are.
// Belongs here: which variables, and how a value becomes one. Does not belong here: files (runner.ts).
//
// Nothing else of the agent's own environment is passed on: an embedded agent shares it with the engine.
import path from 'node:path';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import type { CommandMessage, Json } from '../messages.ts';
import type { User } from './users.ts';

const PASSED_ON =
  /^(LANG|LANGUAGE|LC_.*|TZ|TMPDIR|HOME|USER|LOGNAME|SHELL|SystemRoot|SystemDrive|windir|ComSpec|PATHEXT|TEMP|TMP|ProgramData|ProgramFiles.*|CommonProgramFiles.*|ALLUSERSPROFILE|APPDATA|LOCALAPPDATA|USERPROFILE|USERNAME|PUBLIC|NUMBER_OF_PROCESSORS|PROCESSOR_.*|PSModulePath|COMPUTERNAME)$/i;
const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The agent's PATH, and on POSIX the system's own places, which a service's PATH may lack. */
export function searchPath(): string {
  const own = (process.env['PATH'] ?? '').split(path.delimiter).filter(part => part !== '');
  const all = process.platform === 'win32' ? own : [...own, ...SYSTEM_PATH];
  return [...new Set(all)].join(path.delimiter);
}

export interface ScriptPlaces {
  readonly inputsFile: string;
  readonly outputsFile: string;
  /** Prefix: an output is written to `<prefix>.NAME`. */
  readonly outputPrefix: string;
}

/** Every variable of the script. The agent's own win over inputs of the same name. */
export function scriptEnvironment(
  command: CommandMessage,
  reason: CommandMessage['reason'],
  inputs: { readonly [name: string]: Json },
  places: ScriptPlaces,
  user: User | undefined,
): { [name: string]: string } {
  const environment: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && PASSED_ON.test(name)) environment[name] = value;
  }
  for (const [name, value] of Object.entries(inputs)) {
    const text = variableText(value);
    if (text !== undefined) environment[name] = text;
  }
  if (user !== undefined)
    Object.assign(environment, { HOME: user.home, USER: user.name, LOGNAME: user.name });
  return Object.assign(environment, {
    PATH: searchPath(),
    WORKFLOW_ID: command.id.workflow,
    WORKFLOW_STEP: command.id.step,
    WORKFLOW_REASON: reason,
    WORKFLOW_INPUTS: places.inputsFile,
    WORKFLOW_OUTPUTS: places.outputsFile,
    heat_outputs_path: places.outputPrefix,
  });
}

/** Text as it is, null as nothing, all else as JSON; undefined for what no variable can hold. */
export function variableText(value: Json): string | undefined {
  const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
  return text.includes('\0') || Buffer.byteLength(text) > LIMITS.variableBytes ? undefined : text;
}
