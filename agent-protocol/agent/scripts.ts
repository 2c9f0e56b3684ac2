// Runs on this machine: started under supervisors, watched, adopted after a restart, stopped.
// Belongs here: what becomes of a run, told to the machine as events. Does not belong here: deciding on it.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentEvent } from '../agent-machine.ts';
import { REBOOT_CODES } from '../agent-machine.ts';
import type { Ending, Held } from '../agent-records.ts';
import type { Opener, Sealer } from '../sealing.ts';
import { FileTasks } from './file-tasks.ts';
import type { OutputPiece } from './live-output.ts';
import { createMasker } from './masking.ts';
import type { Masker } from './masking.ts';
import { isAlive, signalTree } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';
import { collectEnding } from './results.ts';
import { reasonOf } from './run-error.ts';
import { claim, readJson, RUN_FILES } from './run-files.ts';
import type { Claim, ExitRecord, RunSpec } from './run-files.ts';
import { prepareRun, removeRun, removeSecrets, runDirectory, secretsOf } from './runner.ts';
import type { RunSettings, ScriptTask } from './runner.ts';
import { RunWatch } from './run-watch.ts';

export interface ScriptsContext {
  /** Directory of all runs. */
  readonly runs: string;
  readonly bootId: string;
  readonly opener: Opener;
  readonly sealer: () => Sealer | undefined;
  readonly settings: RunSettings;
  readonly mayReboot: boolean;
  /** Command and arguments that start a supervisor. */
  readonly supervisor: readonly string[];
  emit(event: AgentEvent): void;
  output(held: Held, piece: OutputPiece): boolean;
}

const LOOK_AGAIN_MS = 2_000;

/** Run by this Node, from the file beside this one. A program in one file has another (program/supervising.ts). */
export function ownSupervisor(): readonly string[] {
  const file = new URL(`./supervisor${path.extname(import.meta.url)}`, import.meta.url);
  return [process.execPath, fileURLToPath(file)];
}

export class Scripts {
  readonly #context: ScriptsContext;
  readonly #watches = new Map<string, RunWatch>();
  readonly #files: FileTasks;
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(context: ScriptsContext) {
    this.#context = context;
    this.#files = new FileTasks(context);
  }

  /** Starts a run that was journaled as starting; every way it can go ends in an event. */
  start(key: string, held: Held): void {
    const { task } = held.command;
    if (task.kind === 'reboot') return;
    if (task.kind === 'file') return this.#files.start(key, held, task);
    const directory = runDirectory(this.#context.runs, held);
    try {
      const spec = this.#prepare(directory, held, task);
      const exited = spawnSupervisor(this.#context.supervisor, spec);
      this.#watch(key, held, directory);
      void exited.then(() => this.#afterSupervisor(key, held, directory));
    } catch (error) {
      this.#context.emit({
        kind: 'start_failed',
        key,
        run: held.run,
        reason: reasonOf(error).slice(0, 4_000),
      });
    }
  }

  /** Finds out about a run that an earlier life of the agent started. */
  look(key: string, held: Held): void {
    const { run } = held;
    const directory = runDirectory(this.#context.runs, held);
    if (held.command.task.kind === 'file') return this.#context.emit({ kind: 'never_started', key, run });
    if (!existsSync(directory)) {
      return this.#context.emit({ kind: 'dead', key, run, evidence: `its directory ${directory} is gone` });
    }
    try {
      if (readJson<Claim>(directory, RUN_FILES.claim) === undefined && voidClaim(directory)) {
        return this.#context.emit({ kind: 'never_started', key, run });
      }
    } catch {
      // No space for the proof: nothing may be concluded until there is.
      this.#lookAgain = setTimeout(() => this.look(key, held), LOOK_AGAIN_MS).unref();
      return;
    }
    this.#watch(key, held, directory);
  }

  /** Asks the supervisor to stop the whole tree; the exit record follows. */
  kill(key: string, held: Held): void {
    if (held.command.task.kind === 'file') return this.#files.kill(key);
    const directory = runDirectory(this.#context.runs, held);
    if (!existsSync(directory)) return;
    askToCancel(directory);
    const claimed = readJson<Claim>(directory, RUN_FILES.claim);
    if (claimed === undefined || claimed.void === true || !isAlive(claimed)) return;
    try {
      process.kill(claimed.pid, 'SIGTERM');
    } catch {
      // It ended by itself; its record says how.
    }
  }

  forget(key: string, held: Held): void {
    this.#unwatch(key);
    for (let run = held.run; run > 0; run -= 1) removeRun(runDirectory(this.#context.runs, { ...held, run }));
  }

  /** Stops watching. Scripts and supervisors go on; files are begun anew by the next agent. */
  async stop(): Promise<void> {
    clearTimeout(this.#lookAgain);
    for (const key of this.#watches.keys()) this.#unwatch(key);
    await this.#files.stop();
  }

  #prepare(directory: string, held: Held, task: ScriptTask): RunSpec {
    const { opener, bootId, settings } = this.#context;
    return prepareRun(directory, held, task, opener, bootId, settings);
  }

  #watch(key: string, held: Held, directory: string): void {
    if (this.#watches.has(key)) this.#unwatch(key);
    const masker = createMasker(secretsOf(held.command, this.#context.opener));
    const watch = new RunWatch(directory, masker, {
      look: () => this.#check(key, held, directory, masker),
      output: piece => this.#context.output(held, piece),
    });
    this.#watches.set(key, watch);
    watch.begin();
  }

  #unwatch(key: string): void {
    this.#watches.get(key)?.close();
    this.#watches.delete(key);
  }

  /** One look at a run; emits at most one final event for it. */
  #check(key: string, held: Held, directory: string, masker: Masker): void {
    const { run } = held;
    const claimed = readJson<Claim>(directory, RUN_FILES.claim);
    if (claimed === undefined) return;
    const alive = claimed.bootId === this.#context.bootId && claimed.void !== true && isAlive(claimed);
    const exit = readJson<ExitRecord>(directory, RUN_FILES.exit);
    if (exit !== undefined) return this.#ended(key, held, directory, exit, masker);
    if (alive) return this.#context.emit({ kind: 'running', key, run });
    this.#finish(key);
    if (claimed.void === true) return this.#context.emit({ kind: 'never_started', key, run });
    removeSecrets(directory);
    this.#context.emit({ kind: 'dead', key, run, evidence: this.#evidence(directory, claimed) });
  }

  #ended(key: string, held: Held, directory: string, exit: ExitRecord, masker: Masker): void {
    this.#finish(key);
    const ending = collectEnding(directory, held.command, exit, masker, this.#context.sealer());
    removeSecrets(directory);
    const spent = held.spent + exit.duration;
    this.#context.emit({
      kind: 'ended',
      key,
      run: held.run,
      ending: this.#withoutReboot(held, ending),
      spent,
    });
  }

  #withoutReboot(held: Held, ending: Ending): Ending {
    const { result } = ending;
    const { task } = held.command;
    if (this.#context.mayReboot || task.kind !== 'script' || task.reboots === 0) return ending;
    if (result.kind !== 'exit' || !REBOOT_CODES.has(result.code)) return ending;
    const reason = `The script asked for a reboot (exit ${result.code}), and this agent may not reboot its machine.`;
    return { ...ending, result: { kind: 'error', reason } };
  }

  /** A supervisor that died left a script alone: it is stopped, so that "dead" is true. */
  #evidence(directory: string, claimed: Claim): string {
    if (claimed.bootId !== this.#context.bootId) {
      return `the machine was restarted in the middle: boot id ${claimed.bootId} is now ${this.#context.bootId}`;
    }
    const script = readJson<ProcessIdentity>(directory, RUN_FILES.script);
    // Without a pid on record the mark alone finds it.
    const left = signalTree(script?.pid ?? -1, directory, 'SIGKILL');
    const what = `process ${claimed.pid}, which supervised it, is gone and left no exit record`;
    return left ? `${what}; what it left running was stopped` : what;
  }

  #finish(key: string): void {
    this.#watches.get(key)?.finish();
    this.#watches.delete(key);
  }

  /** The supervisor that we started is gone: without a claim it never started the script. */
  #afterSupervisor(key: string, held: Held, directory: string): void {
    if (!this.#watches.has(key)) return;
    if (readJson<Claim>(directory, RUN_FILES.claim) === undefined && voidClaimed(directory)) {
      this.#finish(key);
      const log = tryRead(path.join(directory, RUN_FILES.log)).slice(0, 1_000);
      const reason = `The supervisor of the script could not start. ${log}`;
      return this.#context.emit({ kind: 'start_failed', key, run: held.run, reason });
    }
    this.#watches.get(key)?.wake();
  }
}

/** On a disk without space for a new file, one that is there is renamed. */
function askToCancel(directory: string): void {
  const file = path.join(directory, RUN_FILES.cancel);
  try {
    writeFileSync(file, '', { mode: 0o600 });
  } catch {
    renameSync(path.join(directory, RUN_FILES.log), file);
  }
}

/** Proves that no supervisor can start this run any more; false when one claimed it. */
function voidClaim(directory: string): boolean {
  return claim(directory, { pid: process.pid, startTime: '', bootId: '', void: true });
}

/** As voidClaim; on a full disk, where nothing can be claimed, neither can a supervisor that has ended. */
function voidClaimed(directory: string): boolean {
  try {
    return voidClaim(directory);
  } catch {
    return true;
  }
}

function tryRead(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Detached from the agent: resolves when it is gone, should that be in our lifetime. */
function spawnSupervisor([command = '', ...args]: readonly string[], spec: RunSpec): Promise<void> {
  const log = openSync(path.join(spec.directory, RUN_FILES.log), 'w', 0o600);
  try {
    const child = spawn(command, args, {
      cwd: spec.directory,
      detached: true,
      windowsHide: true,
      env: { PATH: process.env['PATH'] ?? '', ...systemRoot() },
      stdio: ['pipe', log, log],
    });
    child.unref();
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(JSON.stringify(spec));
    return new Promise(resolve => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
  } finally {
    closeSync(log);
  }
}

const systemRoot = (): { [name: string]: string } =>
  process.env['SystemRoot'] === undefined ? {} : { SystemRoot: process.env['SystemRoot'] };
