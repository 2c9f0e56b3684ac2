// `npm run soak`: fresh seeds, as many as asked for, fresh fates for the machine beside the naive scheduler, fresh
// spoiled input for the doors, and the properties of every workflow with fresh draws. Ends with 1 when one of them finds something.
// Belongs here: options and printing. Does not belong here: what a run is (run.ts,
// ../differential/lockstep.ts, ../fuzz/fuzzers.ts).
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { compareFates } from '../differential/lockstep.ts';
import { FUZZERS } from '../fuzz/fuzzers.ts';
import { repeatCommand, runSeed } from './run.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    first: { type: 'string' },
    fates: { type: 'string', default: '20000' },
    fuzz: { type: 'string', default: '10000' },
    draws: { type: 'string', default: '10' },
    quiet: { type: 'boolean', default: false },
  },
});

const first = values.seed ?? values.first ?? String(Date.now() % 1_000_000_000);
const count = values.seed === undefined ? Number(values.seeds) : 1;
let found = 0;
let steps = 0;
for (let index = 0; index < count && found < 5; index += 1) {
  const verdict = await runSeed(Number(first) + index);
  steps += verdict.result?.steps ?? 0;
  if (verdict.failure) {
    found += 1;
    console.log(`seed ${verdict.seed} (${verdict.scenario}): ${verdict.failure}`);
    console.log(`repeat it with: ${repeatCommand(verdict.seed)}`);
    if (values.quiet) break;
  } else if (!values.quiet && (count === 1 || index % 50 === 49)) {
    const { result } = verdict;
    console.log(
      `seed ${verdict.seed} (${verdict.scenario}): ${result?.status}, ${result?.steps} steps, ${result?.faults.join(' ')}`,
    );
  }
}
console.log(
  found === 0 ? `nothing found with ${count} seeds from ${first}, ${steps} steps` : `${found} found`,
);
if (values.seed === undefined && !values.quiet) {
  found += soakFates(Number(first), Number(values.fates));
  found += soakDoors(Number(first), Number(values.fuzz));
  found += soakProperties(Number(first), Number(values.draws));
}
process.exitCode = found === 0 ? 0 : 1;

/** 1 when the machine and the naive scheduler differ. */
function soakFates(seed: number, fates: number): number {
  try {
    const ends = [...compareFates(seed, fates)].map(([end, count]) => `${count} ${end}`);
    console.log(`no difference from the naive scheduler in ${fates} fates: ${ends.join(', ')}`);
    return 0;
  } catch (thrown) {
    console.log(thrown);
    console.log(`repeat it with: npm run soak -- --seeds 0 --first ${seed} --fates ${fates}`);
    return 1;
  }
}

/** How many of the fuzzers found something. */
function soakDoors(seed: number, runs: number): number {
  if (runs === 0) return 0;
  let found = 0;
  for (const [name, fuzz] of Object.entries(FUZZERS)) {
    try {
      fuzz({ runs, seed });
      console.log(`nothing found with ${runs} ${name}`);
    } catch (thrown) {
      found += 1;
      console.log(thrown);
      console.log(`repeat it with: npm run soak -- --seeds 0 --fates 0 --first ${seed} --fuzz ${runs}`);
    }
  }
  return found;
}

/** How many of so many draws of the machine's properties found something. */
function soakProperties(seed: number, draws: number): number {
  const mocha = ['node_modules/mocha/bin/mocha.js', '--no-config', '--require', 'dist/test/support/hooks.js'];
  const options = ['--reporter', 'dot', '--timeout', '600000', 'dist/test/machine/properties.test.js'];
  let found = 0;
  for (let draw = seed; draw < seed + draws; draw += 1) {
    const env = { ...process.env, MURANO_WORKFLOW_SEED: String(draw) };
    const { status, stdout } = spawnSync(process.execPath, [...mocha, ...options], { env, encoding: 'utf8' });
    if (status === 0) continue;
    found += 1;
    console.log(stdout);
    console.log(`repeat it with: npm run soak -- --seeds 0 --fates 0 --fuzz 0 --first ${draw} --draws 1`);
  }
  if (found === 0 && draws > 0) console.log(`nothing found with ${draws} draws of the machine's properties`);
  return found;
}
