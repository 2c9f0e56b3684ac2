// `npm run bundle:agent` and `npm run build:agent`: the agent for images, as one file or as an executable.
// Belongs here: the command line. Does not belong here: how they are made (agent-build.ts).
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inProject } from '../support/project.ts';
import { buildExecutable, bundleAgent, PLATFORMS } from './agent-build.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { platform: { type: 'string' }, node: { type: 'string' }, out: { type: 'string' } },
});
const out = path.resolve(values.out ?? inProject('dist', 'agent'));

async function main(): Promise<void> {
  if (positionals[0] === 'bundle') return made(path.join(out, 'murano-workflow-agent.cjs'), bundleAgent);
  const wanted = values.platform ?? 'linux-x64';
  const platform = PLATFORMS.find(known => known === wanted);
  if (platform === undefined)
    throw new Error(`There is no platform ${wanted}; write ${PLATFORMS.join(' or ')}.`);
  const name = `murano-workflow-agent-${platform}${platform === 'win-x64' ? '.exe' : ''}`;
  const node = values.node === undefined ? {} : { node: values.node };
  await made(path.join(out, name), file => buildExecutable(file, { platform, ...node }));
}

async function made(file: string, make: (file: string) => Promise<void>): Promise<void> {
  await make(file);
  const { size } = await stat(file);
  process.stdout.write(`${file}: ${(size / 1024 / 1024).toFixed(1)} MiB\n`);
}

main().catch((thrown: unknown) => {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
