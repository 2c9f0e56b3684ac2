// Processes of the operating system: who is alive, since when, and which belong to one script.
// Belongs here: looking at and signalling processes, with node: imports only (the supervisor loads it).
// Does not belong here: when to signal (supervisor.ts, scripts.ts).
//
// A script's tree is: its session (it leads its own), its descendants, and whoever carries its mark in the
// environment, such as a daemon that made itself a new session. Marks and sessions are read on Linux; elsewhere the
// process group (POSIX) or `taskkill /T` (Windows) stands for the tree.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Names this run in the environment of the script and of all it starts. */
export const MARK = 'WORKFLOW_RUN';

export interface ProcessIdentity {
  readonly pid: number;
  /** Differs for another process under the same pid; empty where it cannot be read. */
  readonly startTime: string;
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly zombie: boolean;
}

/** Start time of a process, comparable within one boot; undefined when there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return statFields(pid)[19];
    if (process.platform === 'win32') return windowsStartTime(pid);
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return text === '' ? undefined : text;
  } catch {
    return undefined;
  }
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: startTimeOf(pid) ?? '' };
}

/** Whether this very process lives: not a zombie, not another one under its number. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  if (process.platform === 'linux' && rowOf(pid)?.zombie !== false) return false;
  const found = startTimeOf(pid);
  return found !== undefined && (startTime === '' || found === startTime);
}

/** Pids of the script's tree that are alive. A root of -1: not known, found by its mark only (Linux). */
export function treeOf(root: number, mark: string): number[] {
  if (process.platform !== 'linux') return root > 0 && groupIsAlive(root) ? [root] : [];
  const rows = allRows();
  const members = new Set(
    rows.filter(row => root > 0 && (row.session === root || row.pid === root)).map(row => row.pid),
  );
  for (const row of rows) if (!members.has(row.pid) && carries(row.pid, mark)) members.add(row.pid);
  addDescendants(rows, members);
  return rows.filter(row => members.has(row.pid) && !row.zombie).map(row => row.pid);
}

/** Signals every process of the tree; true when there was one. */
export function signalTree(root: number, mark: string, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (process.platform === 'win32') return root > 0 && taskkill(root, signal);
  const pids = treeOf(root, mark);
  send(process.platform === 'linux' ? pids : pids.map(pid => -pid), signal);
  return pids.length > 0;
}

function send(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone since it was listed.
    }
  }
}

/** Out of memory, the kernel ends this process, and what it starts, rather than who watches it (Linux; A20). */
export function offerToKernel(pid: number): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(OOM_SCORE_OF_SCRIPTS));
  } catch {
    // It has ended already.
  }
}

/** Of -1000 … 1000: in doubt a script goes before a service that says nothing of it. */
const OOM_SCORE_OF_SCRIPTS = 500;

function addDescendants(rows: readonly Row[], members: Set<number>): void {
  for (let grew = true; grew; ) {
    grew = false;
    for (const row of rows) {
      if (members.has(row.pid) || !members.has(row.parent)) continue;
      members.add(row.pid);
      grew = true;
    }
  }
}

function allRows(): Row[] {
  return readdirSync('/proc')
    .filter(name => /^[0-9]+$/.test(name))
    .map(name => rowOf(Number(name)))
    .filter(row => row !== undefined);
}

function rowOf(pid: number): Row | undefined {
  try {
    const fields = statFields(pid);
    return {
      pid,
      parent: Number(fields[1]),
      session: Number(fields[3]),
      zombie: fields[0] === 'Z' || fields[0] === 'X',
    };
  } catch {
    return undefined;
  }
}

/** Fields of /proc/PID/stat from the third (state) on; the second may hold spaces and brackets. */
function statFields(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${MARK}=${mark}`);
  } catch {
    return false;
  }
}

function groupIsAlive(root: number): boolean {
  try {
    process.kill(process.platform === 'win32' ? root : -root, 0);
    return true;
  } catch {
    return false;
  }
}

function taskkill(root: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    execFileSync('taskkill', ['/T', ...(signal === 'SIGKILL' ? ['/F'] : []), '/PID', String(root)], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

function windowsStartTime(pid: number): string {
  const command = `(Get-Process -Id ${pid}).StartTime.Ticks`;
  return execFileSync('powershell', ['-NoProfile', '-NonInteractive', '-Command', command], {
    encoding: 'utf8',
  }).trim();
}
