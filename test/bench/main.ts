// `npm run bench [-- NAME …]`: every figure of docs/performance.md, each with its baseline out of the same run.
// Belongs here: the list and its order. Does not belong here: any measurement (one file each beside this one).
import { amqp } from './amqp.ts';
import { console1000 } from './console.ts';
import { counts } from './counts.ts';
import { heat } from './heat.ts';
import { heatEnd } from './heat-end.ts';
import { machineLine } from './harness.ts';
import { language } from './language.ts';
import { memory } from './memory.ts';
import { chain1000, fan1000 } from './protocol.ts';
import { recovery } from './recovery.ts';
import { simulation } from './simulate.ts';
import { largeGraph, transitions } from './throughput.ts';

/** Prints its figures; false when a target is missed. */
type Bench = () => Promise<boolean>;

const BENCHES: { readonly [name: string]: Bench } = {
  transitions,
  'chain-1000': chain1000,
  'fan-out-1000': fan1000,
  'large-graph': largeGraph,
  counts,
  memory,
  recovery,
  language,
  simulate: simulation,
  heat,
  'heat-end': heatEnd,
  amqp,
  console: console1000,
};

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter(name => BENCHES[name] === undefined);
  if (unknown.length > 0) {
    console.error(
      `There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}.`,
    );
    process.exitCode = 64;
    return;
  }
  console.log(machineLine());
  const missed: string[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (names.length > 0 && !names.includes(name)) continue;
    console.log(`\n${name}`);
    if (!(await bench())) missed.push(name);
  }
  console.log(missed.length === 0 ? '\nAll targets are met.' : `\nMissed: ${missed.join(', ')}.`);
}

await main(process.argv.slice(2));
