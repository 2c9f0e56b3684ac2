// The agent's program as one file, and as a single executable that needs no Node on the machine.
// Belongs here: how they are made, checked where they can be. Does not belong here: the command line (build-agent.ts).
//
// An executable is a copy of Node with the bundle in it (Node's "single executable applications"): blob and copy must be of
// the same version, so the Node that runs this makes the blob, and must be that version.
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { inProject } from '../support/project.ts';

const run = promisify(execFile);

/** Where Node looks for a blob in itself. */
const RESOURCE = 'NODE_SEA_BLOB';
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

export const PLATFORMS = ['linux-x64', 'win-x64'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Writes the program with all it imports into one CommonJS file, executable, for Node 20.19 and newer. */
export async function bundleAgent(file: string): Promise<void> {
  await build({
    entryPoints: [inProject('agent-protocol', 'program', 'main.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // What Node takes as the main file of an executable; import.meta stands only where it is not used then.
    format: 'cjs',
    logOverride: { 'empty-import-meta': 'silent' },
    legalComments: 'inline',
    logLevel: 'warning',
  });
  await chmod(file, 0o755);
}

export interface ExecutableOptions {
  readonly platform: Platform;
  /** The Node to copy: of the platform, and of the version that runs this. Default: found (nodeOf). */
  readonly node?: string;
}

/** Writes the executable. Throws with a sentence when the copy of Node does not fit. */
export async function buildExecutable(file: string, options: ExecutableOptions): Promise<void> {
  const { platform } = options;
  await withDirectory(async directory => {
    const bundle = path.join(directory, 'agent.cjs');
    await bundleAgent(bundle);
    const blob = await makeBlob(directory, bundle);
    const node = options.node ?? (await nodeOf(platform, directory));
    await checkNode(platform, node);
    await mkdir(path.dirname(file), { recursive: true });
    await copyFile(node, file);
    await chmod(file, 0o755);
    await inject(file, blob);
  });
}

async function makeBlob(directory: string, main: string): Promise<string> {
  const output = path.join(directory, 'agent.blob');
  const config = path.join(directory, 'sea.json');
  // No code cache and no snapshot: they would bind the blob to this machine's platform.
  const how = { main, output, disableExperimentalSEAWarning: true, useCodeCache: false, useSnapshot: false };
  await writeFile(config, JSON.stringify(how));
  await run(process.execPath, ['--experimental-sea-config', config]);
  return output;
}

async function inject(file: string, blob: string): Promise<void> {
  const postject = inProject('node_modules', 'postject', 'dist', 'cli.js');
  try {
    await run(process.execPath, [postject, file, RESOURCE, blob, '--sentinel-fuse', FUSE]);
  } catch (thrown) {
    throw new Error(
      `Node in ${file} takes no program: ${(thrown as Error).message.trim()}. Some distributions build Node in a way that does not; name another with --node.`,
      { cause: thrown },
    );
  }
}

/** This Node, or, for another platform, the one of the same version that npm's registry has; fetched only here. */
async function nodeOf(platform: Platform, directory: string): Promise<string> {
  if (platform === 'linux-x64' && process.platform === 'linux' && process.arch === 'x64')
    return process.execPath;
  const name = `node-${platform}@${process.versions.node}`;
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { stdout } = await run(npm, ['pack', name, '--silent', '--pack-destination', directory]);
  await run('tar', ['-xzf', path.join(directory, stdout.trim()), '-C', directory]);
  return path.join(directory, 'package', 'bin', platform === 'win-x64' ? 'node.exe' : 'node');
}

/** By its first bytes, and by the version that it carries. */
async function checkNode(platform: Platform, file: string): Promise<void> {
  const bytes = await readFile(file);
  const format = formatOf(bytes);
  if (format !== platform)
    throw new Error(
      `${file} is no Node for ${platform}${format === undefined ? '' : `, but for ${format}`}.`,
    );
  if (!bytes.includes(`v${process.versions.node}`))
    throw new Error(
      `${file} is not Node ${process.versions.node}, which makes the program. Run this with the version that is copied.`,
    );
}

const MACHINE_X64 = { elf: 0x3e, pe: 0x8664 };

/** `linux-x64`, `win-x64`, or undefined for anything else. */
export function formatOf(bytes: Buffer): Platform | undefined {
  if (bytes.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1')))
    return bytes.readUInt16LE(18) === MACHINE_X64.elf ? 'linux-x64' : undefined;
  if (bytes.subarray(0, 2).toString('latin1') !== 'MZ') return undefined;
  const header = bytes.readUInt32LE(0x3c);
  const isPe = bytes.subarray(header, header + 4).equals(Buffer.from('PE\0\0', 'latin1'));
  return isPe && bytes.readUInt16LE(header + 4) === MACHINE_X64.pe ? 'win-x64' : undefined;
}

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'murano-workflow-agent-build-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
