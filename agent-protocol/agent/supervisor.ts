// A small process of its own around one script: it outlives the agent, and leaves an exit record behind.
// Belongs here: start, output to disk, timeout, stopping the tree, the exit record. node: imports only: it must start
// quickly. Does not belong here: preparing a run (runner.ts), reading its results (scripts.ts).
//
// Started with the run's spec as JSON on standard input. SU1: no script without the claim. SU2: exactly one exit record,
// by rename, unless the supervisor is killed. SU3: it ends soon after the main process, whoever holds the pipes.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { KeptOutput } from './kept-output.ts';
import { identify, MARK, offerToKernel, signalTree, treeOf } from './processes.ts';
import { claim, RUN_FILES, reserveExit, writeExit } from './run-files.ts';
import type { ExitRecord, RunSpec } from './run-files.ts';

/** setTimeout takes no more than 2^31 - 1 ms; longer ones are made of pieces. */
const LONGEST_TIMER = 2 ** 31 - 1;
const POLL_MS = 50;

type End =
  | { readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly error: Error };

/** What a SIGTERM does; nothing before there is a script. A machine that shuts down signals everybody. */
let onSignal = (): void => undefined;

async function main(): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => onSignal());
  const spec = JSON.parse(await text(process.stdin)) as RunSpec;
  reserveExit(spec.directory);
  if (!claim(spec.directory, { ...identify(process.pid), bootId: spec.bootId })) return;
  const started = performance.now();
  const record = isCancelled(spec) ? CANCELLED : await supervise(spec);
  writeExit(spec.directory, { ...record, duration: Math.round(performance.now() - started) });
}

type Ended = ExitRecord extends infer R ? (R extends unknown ? Omit<R, 'duration'> : never) : never;
const CANCELLED: Ended = { ended: 'cancelled' };
/** Also when its directory is gone: the run was answered for, and nobody waits for it. */
const isCancelled = (spec: RunSpec): boolean =>
  existsSync(path.join(spec.directory, RUN_FILES.cancel)) || !existsSync(spec.directory);

async function supervise(spec: RunSpec): Promise<Ended> {
  const child = start(spec);
  if (child instanceof Error) return { ended: 'error', reason: child.message };
  const outputs = keepOutput(spec, child);
  const stopped = watchForStop(spec, child);
  const end = await endOf(child);
  if ('error' in end) return { ended: 'error', reason: startFailure(spec, end.error) };
  await stopped.finish();
  await closed(child, spec.pipeGrace);
  for (const output of outputs) output.close();
  if (stopped.why !== undefined) return { ended: stopped.why };
  return end.signal === null
    ? { ended: 'exit', code: end.code ?? -1 }
    : { ended: 'signal', signal: end.signal };
}

function start(spec: RunSpec): ChildProcess | Error {
  const [command, ...rest] = spec.argv;
  try {
    const child = spawn(command ?? '', rest, {
      cwd: spec.workingDirectory,
      env: { ...spec.environment, [MARK]: spec.directory },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    });
    if (child.pid !== undefined) offerToKernel(child.pid);
    if (child.pid !== undefined) noteScript(spec, child.pid);
    return child;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** For an agent that outlives this supervisor; on a full disk the mark alone tells it which processes are meant. */
function noteScript(spec: RunSpec, pid: number): void {
  const file = path.join(spec.directory, RUN_FILES.script);
  try {
    writeFileSync(`${file}.new`, JSON.stringify(identify(pid)), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch {
    // The script runs; that it is not noted must not look like a failed start.
  }
}

function startFailure(spec: RunSpec, error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  const place = existsSync(spec.workingDirectory) ? '' : ` (there is no directory ${spec.workingDirectory})`;
  return `${spec.argv[0] ?? 'The interpreter'} could not be started: ${code}${place}.`;
}

function keepOutput(spec: RunSpec, child: ChildProcess): KeptOutput[] {
  return (['stdout', 'stderr'] as const).map(name => {
    const kept = new KeptOutput(spec.directory, name, spec.headBytes, spec.tailBytes);
    child[name]?.on('data', (bytes: Buffer) => kept.write(bytes));
    child[name]?.on('error', () => undefined);
    return kept;
  });
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise(resolve => {
    child.once('error', error => resolve({ error }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Until both pipes are at their end, or for as long as a grandchild may hold them. */
function closed(child: ChildProcess, grace: number): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve();
    };
    const timer = setTimeout(done, grace);
    child.once('close', done);
    if (child.stdout?.closed !== false && child.stderr?.closed !== false) done();
  });
}

interface Stop {
  why: 'timeout' | 'cancelled' | undefined;
  /** After the main process ended: when it was stopped, waits until nothing of its tree is left. */
  finish(): Promise<void>;
}

function watchForStop(spec: RunSpec, child: ChildProcess): Stop {
  const root = child.pid ?? 0;
  let killAt = Number.POSITIVE_INFINITY;
  let killer: NodeJS.Timeout | undefined;
  const stop: Stop = { why: undefined, finish };
  const begin = (why: 'timeout' | 'cancelled'): void => {
    if (stop.why !== undefined || root === 0) return;
    stop.why = why;
    killAt = performance.now() + spec.killGrace;
    signalTree(root, spec.directory, 'SIGTERM');
    killer = setTimeout(() => signalTree(root, spec.directory, 'SIGKILL'), spec.killGrace);
  };
  const timer = longTimer(spec.timeout, () => begin('timeout'));
  onSignal = () => {
    if (isCancelled(spec)) begin('cancelled');
  };
  const poll = setInterval(() => onSignal(), process.platform === 'win32' ? 500 : 5_000);
  onSignal();

  async function finish(): Promise<void> {
    timer.clear();
    clearInterval(poll);
    while (stop.why !== undefined && treeOf(root, spec.directory).length > 0) {
      if (performance.now() >= killAt) signalTree(root, spec.directory, 'SIGKILL');
      if (performance.now() >= killAt + spec.killGrace) break;
      await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
    clearTimeout(killer);
  }
  return stop;
}

function longTimer(duration: number, callback: () => void): { clear(): void } {
  let timer: NodeJS.Timeout;
  const arm = (left: number): void => {
    const part = Math.min(left, LONGEST_TIMER);
    timer = setTimeout(() => (left > part ? arm(left - part) : callback()), part);
  };
  arm(duration);
  return { clear: () => clearTimeout(timer) };
}

// A grandchild may still hold what this process waits for; the record is written, so nothing is left to do.
// No top-level await: the program in one file (CommonJS) loads this too.
void main().then(() => process.exit(0));
