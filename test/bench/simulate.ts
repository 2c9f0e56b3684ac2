// Reported without a target: validating and simulating what an author's CI asks for at the largest: 20 states of 1,000
// members, with a role that members read, barriers and outputs.
// Belongs here: the pure parts behind `validate` and `simulate`. Does not belong here: the start of the process.
import type { JsonObject } from '../../engine/base/json.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { analyseMembers } from '../../engine/graph/analyse.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import { membership } from '../support/definitions.ts';
import { spread, timeText } from './harness.ts';

const MEMBERS = 1_000;
const STATES = 20;
const ROUNDS = 5;

/** Every fifth state waits for all members; every third reads the role's holder. */
function definitionOf(): JsonObject {
  const states = Object.fromEntries(
    Array.from({ length: STATES }, (_, at): [string, JsonObject] => {
      const requires = at === 0 ? [] : [at % 5 === 0 ? `db.s${at - 1}` : `s${at - 1}`];
      const inputs = at > 1 && at % 3 === 0 ? { primary: '<% db.primary.name %>' } : {};
      const outputs = at === 1 ? { outputs: { port: { type: 'integer' } } } : {};
      return [`s${at}`, { requires, action: { script: { bash: 'true', inputs } }, ...outputs }];
    }),
  );
  const roles = { primary: { choose: 'lowest_index', among: 's0' } };
  return {
    workflow_version: '2026-11-01',
    entities: { db: { type: 'vm_group', members: { min: 1, max: MEMBERS }, roles, states } },
    goal: `db.s${STATES - 1}`,
  };
}

function validated(source: JsonObject): WorkflowDefinition {
  const { definition, problems } = parseDefinition(source, { fileName: 'bench.yaml', files: {} });
  const members = membership({ db: MEMBERS });
  const found = definition === undefined ? problems : analyseMembers(definition, members);
  if (definition === undefined || found.length > 0)
    throw new Error(`The bench's own definition is refused: ${found[0]?.message}`);
  return definition;
}

function simulated(definition: WorkflowDefinition): number {
  const graph = compileGraph(definition, membership({ db: MEMBERS }));
  const none = { durations: new Map(), outputs: new Map(), fail: [], reboot: [], lose: [] };
  const { status, events } = simulate(graph, {}, makePlan(graph, none).plan);
  if (status !== 'complete') throw new Error(`The bench's own workflow is ${status}.`);
  return events;
}

function timed(work: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const began = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - began) / 1e9;
  });
  return spread(times).median;
}

/** Prints its figures. */
export async function simulation(): Promise<boolean> {
  const source = definitionOf();
  const definition = validated(source);
  const events = simulated(definition);
  const [valid, whole] = [timed(() => validated(source)), timed(() => simulated(definition))];
  console.log(`     validate ${STATES} states of ${MEMBERS} members: ${timeText(valid)}`);
  console.log(
    `     simulate them: ${timeText(whole)}, ${events.toLocaleString('en')} events, ${timeText(whole / events)} each`,
  );
  return true;
}
