// Starting an engine over 10,000 live workflows, against reading the same rows and parsing their JSON.
// Belongs here: this comparison. Does not belong here: what a recovery must do (test/runtime).
import path from 'node:path';
import { openDatabase } from '../../engine/store/sqlite/driver.ts';
import { compare, print } from './harness.ts';
import { grid } from './shapes.ts';
import { EngineWorld, inDirectory } from './worlds.ts';

const WORKFLOWS = 10_000;
const AT_ONCE = 100;

async function fill(directory: string): Promise<void> {
  const world = await EngineWorld.open(directory);
  await world.engine.start();
  world.driver.answers = false;
  for (let first = 0; first < WORKFLOWS; first += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, index) => first + index);
    await Promise.all(numbers.map(number => world.create(`wf-${number}`, grid(1, 20, `vm-${number}`))));
  }
  await world.close();
}

/** One start, with every command handed out again; the driver takes them and does nothing. */
async function recover(directory: string): Promise<number> {
  const world = await EngineWorld.open(directory);
  world.driver.answers = false;
  const { workflows, effects } = await world.engine.start();
  await world.engine.idle();
  await world.close();
  if (workflows !== WORKFLOWS || effects !== WORKFLOWS)
    throw new Error(`Recovered ${workflows} workflows and ${effects} commands instead of ${WORKFLOWS}.`);
  return workflows;
}

function readRaw(directory: string): number {
  const database = openDatabase(path.join(directory, 'engine.db'));
  const workflows = database.prepare('SELECT source, record FROM workflow WHERE live = 1').all();
  const steps = database.prepare('SELECT workflow, number, record FROM step').all();
  const parsed = [...workflows, ...steps].flatMap(row =>
    Object.values(row).map(value => (typeof value === 'string' ? (JSON.parse(value) as unknown) : value)),
  );
  database.close();
  if (parsed.length < WORKFLOWS) throw new Error('The rows are not there.');
  return workflows.length;
}

export async function recovery(): Promise<boolean> {
  return inDirectory(async directory => {
    await fill(directory);
    const comparison = {
      name: 'recovery of 10,000 live workflows of 20 states, each with its own machine, against reading their rows',
      unit: 'workflow',
      target: '<= 2',
      compare: 'time',
      ours: () => recover(directory),
      baseline: async () => readRaw(directory),
    } as const;
    const result = await compare(comparison);
    print(comparison, result);
    return result.holds;
  });
}
