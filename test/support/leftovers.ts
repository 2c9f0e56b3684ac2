// Processes that tests left behind, found by the temporary directories they stand in.
// Belongs here: looking. Does not belong here: what to do about it (hooks.ts). Linux only: elsewhere nothing is seen.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { TEMPORARY_PREFIX } from './temporary.ts';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
  readonly directory: string;
}

const quietly = (reading: Promise<string>): Promise<string> => reading.catch(() => '');

async function look(pid: string): Promise<Leftover | undefined> {
  const [command, directory, state] = await Promise.all([
    quietly(readFile(`/proc/${pid}/cmdline`, 'utf8')),
    quietly(readlink(`/proc/${pid}/cwd`)),
    quietly(readFile(`/proc/${pid}/stat`, 'utf8')),
  ]);
  const dead = / [ZX] /.test(state.slice(state.lastIndexOf(')')));
  const ours = `${command} ${directory}`.includes(TEMPORARY_PREFIX);
  if (!ours || dead || pid === String(process.pid)) return undefined;
  return { pid: Number(pid), command: command.replaceAll('\0', ' ').trim(), directory };
}

/** Living processes whose command or working directory is in a test's temporary directory. */
export async function leftovers(): Promise<Leftover[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(look));
  return found.filter(each => each !== undefined);
}
