// Proves that the simulation can see: plants each known bug in a copy of the project and expects the simulation to fail.
// Belongs here: applying the patches beside this file and judging the runs. The bugs are *.patch files; each begins with
// a sentence on what it breaks. A patch that no longer applies is an error: mend it together with the code it plants in.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../../..');
const wanted = process.argv.slice(2);
const SEEDS = process.env.MUTANT_SEEDS ?? '200';

const patches = readdirSync(here)
  .filter(
    name => name.endsWith('.patch') && (wanted.length === 0 || wanted.some(word => name.includes(word))),
  )
  .sort();

/** A copy of the sources with the bug in it, compiled. */
function plant(patch, directory) {
  for (const name of ['engine', 'agent-protocol', 'test', 'docs', 'package.json', 'tsconfig.json']) {
    cpSync(path.join(root, name), path.join(directory, name), { recursive: true });
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(directory, 'node_modules'), 'junction');
  if (patch)
    execFileSync('git', ['apply', '--whitespace=nowarn', path.join(here, patch)], {
      cwd: directory,
      stdio: 'inherit',
    });
  const { bin } = JSON.parse(readFileSync(path.join(root, 'node_modules/typescript/package.json'), 'utf8'));
  execFileSync(
    process.execPath,
    [path.join(root, 'node_modules/typescript', bin.tsc), '-p', 'tsconfig.json'],
    {
      cwd: directory,
      stdio: 'inherit',
    },
  );
}

function simulate(directory) {
  const run = spawnSync(
    process.execPath,
    ['--enable-source-maps', 'dist/test/simulation/soak.js', '--seeds', SEEDS, '--quiet'],
    {
      cwd: directory,
      encoding: 'utf8',
    },
  );
  return { found: run.status === 1, output: `${run.stdout}${run.stderr}` };
}

function inCopy(patch, judge) {
  const directory = mkdtempSync(path.join(tmpdir(), 'murano-workflow-mutant-'));
  try {
    plant(patch, directory);
    return judge(simulate(directory));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

let failures = 0;
const sound = inCopy(undefined, ({ found, output }) => {
  if (found) console.log(`the unchanged project already fails:\n${output}`);
  return !found;
});
if (!sound) process.exit(1);
for (const patch of patches) {
  const found = inCopy(patch, ({ found, output }) => {
    const line =
      output.split('\n').find(text => text.startsWith('seed ')) ?? output.trim().split('\n').at(-1) ?? '';
    console.log(`${found ? 'found  ' : 'MISSED '} ${patch}${found ? `: ${line}` : ''}`);
    return found;
  });
  if (!found) failures += 1;
}
console.log(`${patches.length - failures} of ${patches.length} planted bugs found with ${SEEDS} seeds each`);
process.exit(failures === 0 ? 0 : 1);
