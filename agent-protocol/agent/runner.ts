// Prepares one run of a script: its directory, files, user and environment; the spec for its supervisor.
// Belongs here: what a script is given. Does not belong here: starting and watching (scripts.ts), results (results.ts).
import { createHash } from 'node:crypto';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Held } from '../agent-records.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import { commandKey } from '../messages.ts';
import type { CommandMessage, Json, Task } from '../messages.ts';
import type { Opener } from '../sealing.ts';
import { scriptEnvironment, searchPath } from './environment.ts';
import { invocation } from './interpreters.ts';
import { textsIn } from './masking.ts';
import { RunError } from './run-error.ts';
import { RUN_FILES } from './run-files.ts';
import type { RunSpec } from './run-files.ts';
import { userFor } from './users.ts';
import type { User } from './users.ts';

export const WORK_FILES = { inputs: 'inputs.json', outputs: 'outputs.json', outputPrefix: 'output' } as const;
export type ScriptTask = Extract<Task, { kind: 'script' }>;

/** Times and sizes of runs; the defaults are those of limits.ts. */
export interface RunSettings {
  readonly killGrace: number;
  readonly pipeGrace: number;
}

/** The directory of one run: the same for a restarted agent. */
export function runDirectory(runs: string, held: Held): string {
  const key = createHash('sha256').update(commandKey(held.command.id)).digest('hex').slice(0, 24);
  return path.join(runs, `${key}-${held.run}`);
}

/** Hidden inputs in clear. Throws RunError when the box does not open. */
export function hiddenInputs(command: CommandMessage, opener: Opener): { readonly [name: string]: Json } {
  const text = openSealed(command, opener, 'inputs');
  if (text === undefined) return {};
  const value = JSON.parse(text) as Json;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RunError('The sealed inputs are not a map of names to values.');
  }
  return value as { readonly [name: string]: Json };
}

/** The sealed text of a task; undefined when it has none. */
export function openSealed(
  command: CommandMessage,
  opener: Opener,
  purpose: 'inputs' | 'file',
): string | undefined {
  const { agent, incarnation, id, task } = command;
  if (task.kind === 'reboot' || task.sealed === undefined) return undefined;
  const bytes = opener.open({ agent, incarnation, id, purpose }, task.sealed);
  if (bytes === undefined)
    throw new RunError('The sealed values were not made for this command of this agent.');
  return Buffer.from(bytes).toString('utf8');
}

/** What must not be shown of a command. Empty when nothing is sealed, or it does not open. */
export function secretsOf(command: CommandMessage, opener: Opener): string[] {
  try {
    return Object.values(hiddenInputs(command, opener)).flatMap(textsIn);
  } catch {
    return [];
  }
}

/** Makes the run's directory and files; hidden values go nowhere else. Throws RunError or an I/O error. */
export function prepareRun(
  directory: string,
  held: Held,
  task: ScriptTask,
  opener: Opener,
  bootId: string,
  settings: RunSettings,
): RunSpec {
  const { command } = held;
  const user = userFor(task.runAs);
  const inputs = { ...task.inputs, ...hiddenInputs(command, opener) };
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  const work = makeWork(directory, user);
  const places = {
    inputsFile: path.join(work, WORK_FILES.inputs),
    outputsFile: path.join(work, WORK_FILES.outputs),
    outputPrefix: path.join(work, WORK_FILES.outputPrefix),
  };
  const { argv, fileName, text } = invocation(task.interpreter, task.text, work, searchPath());
  writeOwned(path.join(work, fileName), text, user);
  writeOwned(places.inputsFile, JSON.stringify(inputs), user);
  const reason = held.reboots > 0 ? 'reboot' : command.reason;
  return {
    directory,
    argv,
    environment: scriptEnvironment(command, reason, inputs, places, user),
    workingDirectory: workingDirectory(task, work),
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    bootId,
    timeout: Math.max(1, command.timeout - held.spent),
    killGrace: settings.killGrace,
    pipeGrace: settings.pipeGrace,
    headBytes: LIMITS.headBytes,
    tailBytes: LIMITS.tailBytes,
  };
}

/** Where the script's own files are; resolved, so that nobody can exchange it under the agent's eyes. */
export function workOf(directory: string): string {
  const work = path.join(directory, RUN_FILES.work);
  return existsSync(work) && lstatSync(work).isSymbolicLink() ? readlinkSync(work) : work;
}

/** Removes script and inputs: they may hold secrets, and nobody needs them after the end. */
export function removeSecrets(directory: string): void {
  const work = workOf(directory);
  for (const name of [WORK_FILES.inputs, 'script.sh', 'script.py', 'script.ps1', 'script.cmd']) {
    rmSync(path.join(work, name), { force: true });
  }
}

export function removeRun(directory: string): void {
  const work = workOf(directory);
  rmSync(work, { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}

function workingDirectory(task: ScriptTask, work: string): string {
  const wanted = task.workingDirectory ?? work;
  try {
    if (statSync(wanted).isDirectory()) return wanted;
  } catch {
    // Said below.
  }
  throw new RunError(`working_directory ${wanted} is not a directory on this machine.`);
}

function makeWork(directory: string, user: User | undefined): string {
  const place = path.join(directory, RUN_FILES.work);
  rmSync(workOf(directory), { recursive: true, force: true });
  rmSync(place, { recursive: true, force: true });
  const inside = user === undefined || isReachable(directory);
  const work = inside
    ? place
    : path.join(tmpdir(), `murano-workflow-${path.basename(directory)}-${process.pid}`);
  if (!inside) symlinkSync(work, place);
  mkdirSync(work, { mode: 0o700 });
  if (user !== undefined) chownSync(work, user.uid, user.gid);
  return work;
}

/** Whether everybody may pass through all directories above. */
function isReachable(directory: string): boolean {
  for (let at = directory; ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

function writeOwned(file: string, text: string, user: User | undefined): void {
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  if (user !== undefined) chownSync(file, user.uid, user.gid);
}
