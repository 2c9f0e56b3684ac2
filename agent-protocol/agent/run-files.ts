// The directory of one run of one script, as agent and supervisor share it.
// Belongs here: file names and shapes in it, atomic writing. node: imports only. Does not belong here: who writes when.
//
//   supervisor.json  made once, exclusively: who may start the script (AM2)
//   script.json      the script's pid and start time
//   exit.json        how it ended; appears by rename
//   cancel           its presence asks the supervisor to stop the script
//   stdout.OFFSET    kept output: the head (offset 0) and the last two pieces; the offset is that of its first byte
//   work             the script's own directory (or a link to it): script, inputs, outputs
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { ProcessIdentity } from './processes.ts';

/** What the supervisor is told, on its standard input. Times in milliseconds. */
export interface RunSpec {
  readonly directory: string;
  readonly argv: readonly string[];
  readonly environment: { readonly [name: string]: string };
  readonly workingDirectory: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly bootId: string;
  readonly timeout: number;
  readonly killGrace: number;
  readonly pipeGrace: number;
  readonly headBytes: number;
  readonly tailBytes: number;
}

/** `void`: the agent made it, to prove that no supervisor can start the script any more. */
export interface Claim extends ProcessIdentity {
  readonly bootId: string;
  readonly void?: boolean;
}

export type ExitRecord = { readonly duration: number } & (
  | { readonly ended: 'exit'; readonly code: number }
  | { readonly ended: 'signal'; readonly signal: string }
  | { readonly ended: 'timeout' | 'cancelled' }
  | { readonly ended: 'error'; readonly reason: string }
);

export const RUN_FILES = {
  claim: 'supervisor.json',
  script: 'script.json',
  exit: 'exit.json',
  cancel: 'cancel',
  work: 'work',
  log: 'supervisor.log',
} as const;

/** The JSON in the file; undefined when it is missing or not whole. */
export function readJson<T>(directory: string, name: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path.join(directory, name), 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Makes the claim, synced; false when somebody made it before. */
export function claim(directory: string, content: Claim): boolean {
  const temporary = path.join(directory, `${RUN_FILES.claim}.${process.pid}`);
  writeSynced(temporary, JSON.stringify(content), 'w');
  try {
    linkSync(temporary, path.join(directory, RUN_FILES.claim));
    syncDirectorySync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

const EXIT_BYTES = 4_096;

/** Takes the space that the exit record will need, so that it fits when the script has filled the disk. */
export function reserveExit(directory: string): void {
  writeSynced(path.join(directory, `${RUN_FILES.exit}.new`), ' '.repeat(EXIT_BYTES), 'w');
}

/** Writes the exit record into the reserved space; it appears at once and whole. */
export function writeExit(directory: string, record: ExitRecord): void {
  const temporary = path.join(directory, `${RUN_FILES.exit}.new`);
  writeSynced(temporary, JSON.stringify(record).padEnd(EXIT_BYTES), 'r+');
  renameSync(temporary, path.join(directory, RUN_FILES.exit));
  syncDirectorySync(directory);
}

function writeSynced(file: string, text: string, flags: 'w' | 'r+'): void {
  const descriptor = openSync(file, flags, 0o600);
  try {
    writeSync(descriptor, text, 0);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncDirectorySync(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
