// `npm run histories`: records the golden histories of the version that is being written, into test/histories/VERSION.
// Belongs here: what is recorded. Does not belong here: replaying (test/histories.test.ts).
//
// Record again: while this version is not released, after a wanted change of what the machine decides or keeps.
// Never again: once it is released. Workflows of that form lie in users' stores, and every later version must go on with
// them. Raise the version in package.json first; then a new folder is written and the old one stays as it is.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  currentVersion,
  definitionOf,
  endOf,
  type History,
  historyFolder,
  replay,
} from '../support/histories.ts';
import { inProject } from '../support/project.ts';
import { live } from '../support/scenario.ts';
import { START } from '../support/workflow.ts';
import { FAMILY, SCENARIOS } from '../simulation/scenarios.ts';
import { World } from '../simulation/world.ts';

type Recording = Omit<History, 'end'>;

function ofScenario(name: string): Recording {
  const file = inProject('test', 'scenarios', name);
  const { workflow, sources } = live(readFileSync(file, 'utf8'), file);
  const [source = '', ...later] = sources;
  return {
    source,
    ...(later.length > 0 && { later: byDigest(later) }),
    members: Object.fromEntries(workflow.members),
    workflow: { id: 'w', stackName: 'stack', generation: 1, createdAt: START },
    inputs: workflow.inputs,
    events: workflow.events,
    log: workflow.log,
  };
}

const byDigest = (sources: readonly string[]): { readonly [digest: string]: string } =>
  Object.fromEntries(sources.map(source => [definitionOf(source).digest, source]));

/** A whole system whose engine was killed once in the middle. */
async function ofSimulation(scenario: (typeof SCENARIOS)[number]): Promise<Recording> {
  const killEngine = (life: number) => (at: number) => (life === 1 && at === 12 ? 'after' : undefined);
  const world = new World({ seed: 5, scenario, faults: [], killEngine });
  await world.run();
  const { stored, log } = await world.history();
  const { id, stackName, generation, createdAt } = stored.record;
  const { members, inputs } = stored.source;
  const workflow = { id, stackName, generation, createdAt };
  return { source: scenario.definition, members, workflow, inputs, events: [], log };
}

/** An entry per line, so that a difference can be read. */
function text(history: History): string {
  const { events, log, ...rest } = history;
  const list = (items: readonly unknown[]): string =>
    items.length === 0 ? '[]' : `[\n${items.map(item => JSON.stringify(item)).join(',\n')}\n]`;
  const parts = Object.entries(rest).map(([key, value]) => `"${key}": ${JSON.stringify(value)}`);
  return `{\n${[...parts, `"events": ${list(events)}`, `"log": ${list(log)}`].join(',\n')}\n}\n`;
}

const folder = historyFolder(currentVersion());
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const write = (name: string, recording: Recording): void => {
  const { graph, state } = replay(recording);
  writeFileSync(path.join(folder, `${name}.json`), text({ ...recording, end: endOf(graph, state) }));
};
for (const file of readdirSync(inProject('test', 'scenarios')).filter(name => name.endsWith('.txt')))
  write(file.replace('.txt', ''), ofScenario(file));
for (const scenario of [...SCENARIOS, FAMILY])
  write(`simulated-${scenario.name}`, await ofSimulation(scenario));
console.log(`Written: ${path.relative(process.cwd(), folder)}`);
