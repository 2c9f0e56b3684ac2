// Machines that are namespaces of this one: own processes, an own config drive, and a disk that is a folder. Started from the user data that
// a cloud keeps for a server, switched off as a cloud does it.
// Belongs here: start, looking in, power off. Does not belong here: which servers there are (test/heat/hypervisor.ts), real machines
// (test/vm). Linux as root only.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { openSync, closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { load } from 'js-yaml';
import { CONFIG_FILE } from '../../agent-protocol/enrolment/config.ts';
import { isLinux, isRoot } from './needs.ts';
import { inProject } from './project.ts';

const UNSHARE = ['--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
const LOOK_MS = 50;

/**
 * The first process of a machine: puts the config drive where agents look for one, starts the agent and buries whom nobody
 * else does. $1: the drive's document.
 */
const INIT = `
mount -t tmpfs none /mnt && mkdir -p /mnt/config/openstack/latest && cp "$1" /mnt/config/openstack/latest/meta_data.json || exit 1
shift
"$@" &
wait $!`;

/** Whether this machine lets us. */
export function canHaveMachines(): boolean {
  if (!isLinux || !isRoot) return false;
  try {
    execFileSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The agent's file as cloud-init writes it: the bytes of `write_files` in a `#cloud-config`. */
export function configurationIn(userData: string): Buffer {
  const document = load(userData) as {
    readonly write_files: readonly { readonly path: string; readonly content: string }[];
  };
  const file = document.write_files.find(({ path: place }) => place === CONFIG_FILE.linux);
  if (file === undefined) throw new Error('the user data write no configuration');
  return Buffer.from(file.content, 'base64');
}

export class Machine {
  readonly home: string;
  readonly #child: ChildProcess;

  private constructor(home: string, child: ChildProcess) {
    this.home = home;
    this.#child = child;
  }

  /** `home`: a folder of its own. `id`: the server's UUID, which only the config drive tells. */
  static async start(home: string, id: string, userData: string): Promise<Machine> {
    await mkdir(home, { recursive: true });
    // Scripts run as other users, too.
    await chmod(home, 0o711);
    const place = (name: string): string => path.join(home, name);
    await writeFile(place('agent.json'), configurationIn(userData), { mode: 0o600 });
    await writeFile(place('meta_data.json'), JSON.stringify({ uuid: id }));
    const program = inProject('dist', 'agent-protocol', 'program', 'main.js');
    const options = ['--config', place('agent.json'), '--state-directory', place('state')];
    const rest = ['--policy', place('policy.json'), '--console', place('console.log')];
    const words = [process.execPath, program, ...options, ...rest];
    const output = openSync(place('output.log'), 'a', 0o600);
    const child = spawn(
      'unshare',
      [...UNSHARE, 'sh', '-c', INIT, 'init', place('meta_data.json'), ...words],
      {
        stdio: ['ignore', output, output],
        cwd: home,
      },
    );
    closeSync(output);
    return new Machine(home, child);
  }

  /** Command lines of what runs on it besides its agent. */
  running(): readonly string[] {
    return this.#processes().filter(words => !words.includes(this.home + path.sep));
  }

  /** What the agent has said so far. */
  async said(): Promise<string> {
    return readFile(path.join(this.home, 'output.log'), 'utf8');
  }

  /** At once, whatever runs. */
  async powerOff(): Promise<void> {
    const space = this.#space();
    this.#child.kill('SIGKILL');
    while (space !== undefined && processesIn(space).length > 0) await delay(LOOK_MS);
  }

  #processes(): readonly string[] {
    const space = this.#space();
    return space === undefined ? [] : processesIn(space);
  }

  #space(): string | undefined {
    return linkOf(`/proc/${this.#child.pid}/ns/pid_for_children`);
  }
}

/** Command lines of a process namespace's processes. */
function processesIn(space: string): readonly string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && linkOf(`/proc/${name}/ns/pid`) === space)
    .map(pid => wordsOf(pid))
    .filter(words => words !== '');
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}

/** Empty for one that has ended. */
function wordsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
