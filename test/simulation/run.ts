// Runs simulations by seed, and says how to repeat one that failed.
// Belongs here: one seed to one run and its verdict. Does not belong here: choosing seeds (soak.ts, simulation.test.ts).
import { Random } from './random.ts';
import { DRAWN, type Scenario } from './scenarios.ts';
import { World, type RunResult } from './world.ts';

export interface Verdict {
  readonly seed: number;
  readonly scenario: string;
  readonly result?: RunResult;
  readonly failure?: string;
}

const oracles = new Map<string, Promise<RunResult>>();

/** The run without faults: what an `exact` scenario must end like. */
export function oracle(scenario: Scenario, remove: boolean): Promise<RunResult> {
  const key = `${scenario.name}/${remove}`;
  const known = oracles.get(key) ?? new World({ seed: 1, scenario, faults: [], remove }).run();
  oracles.set(key, known);
  return known;
}

/** What differs from the oracle; undefined when nothing does. Attempts, times and the order of events may differ. */
export function difference(scenario: Scenario, expected: RunResult, actual: RunResult): string | undefined {
  if (!scenario.exact) return undefined;
  for (const part of ['status', 'states', 'effects'] as const) {
    const [wanted, found] = [JSON.stringify(expected[part]), JSON.stringify(actual[part])];
    if (wanted !== found) return `${part} should be ${wanted} and is ${found}`;
  }
  return undefined;
}

export const repeatCommand = (seed: number): string => `npm run soak -- --seed ${seed}`;

/** One seed: it draws the scenario, whether it is deleted at the end, whether it is suspended in between, and every fault. */
export async function runSeed(seed: number): Promise<Verdict> {
  const random = new Random(seed);
  const scenario = random.pick(DRAWN);
  const remove = random.chance(0.5);
  // An operation that is asked for while somebody else suspends is refused.
  const pauses = random.chance(0.3) && !scenario.later;
  try {
    const result = await new World({ seed, scenario, remove, pauses, early: true }).run();
    const differs = difference(scenario, await oracle(scenario, remove), result);
    return { seed, scenario: scenario.name, result, ...(differs && { failure: `end: ${differs}` }) };
  } catch (thrown) {
    const failure = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { seed, scenario: scenario.name, failure };
  }
}
