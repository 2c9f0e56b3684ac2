// Reported without a target: compiling a very large graph, evaluating expressions, parsing a large definition.
// Belongs here: the pure parts alone. Does not belong here: engines.
import { compileTemplate, evaluateTemplate } from '../../engine/definition/expressions/index.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { spread, timeText } from './harness.ts';
import { chain, type Shape } from './shapes.ts';
import { membership } from '../../engine/runtime/workflows.ts';
import type { JsonObject } from '../../engine/base/json.ts';

const ROUNDS = 5;

function parsed(source: JsonObject): WorkflowDefinition {
  const { definition, problems } = parseDefinition(source, { fileName: 'bench.yaml', files: {} });
  if (definition === undefined)
    throw new Error(`The bench's own definition is refused: ${problems[0]?.message}`);
  return definition;
}

function seconds(work: () => unknown): number {
  work();
  const times = Array.from({ length: ROUNDS }, () => {
    const began = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - began) / 1e9;
  });
  return spread(times).median;
}

/** A hundred states of a thousand members; each needs the three before it of the same member. */
function dense(): Shape {
  const states = Object.fromEntries(
    Array.from({ length: 100 }, (_, index): [string, JsonObject] => {
      const requires = [1, 2, 3].filter(back => back <= index).map(back => `s${index - back}`);
      return [
        `s${index}`,
        { ...(requires.length > 0 ? { requires } : {}), action: { script: { bash: 'true' } } },
      ];
    }),
  );
  const members = Array.from({ length: 1_000 }, (_, index) => ({
    agent: `vm-${index}`,
    name: `vm-${index}`,
  }));
  const source: JsonObject = {
    workflow_version: '2026-11-01',
    entities: { app: { type: 'vm_group', members: { min: 1, max: 1_000 }, states } },
    goal: 'app.s99',
  };
  return { source, members: { app: members }, steps: 100_000 };
}

function reportCompile(): void {
  const { source, members } = dense();
  const definition = parsed(source);
  const groups = Object.fromEntries(
    Object.entries(members).map(([name, group]) => [
      name,
      group.map((member, index) => ({ ...member, index, data: null })),
    ]),
  );
  const compile = () => compileGraph(definition, membership(groups));
  const graph = compile();
  const edges = graph.gates.reduce((sum, gate) => sum + gate.inputs.length * gate.outputs.length, 0);
  console.log(`     compile ${graph.steps.length} steps with ${edges} edges: ${timeText(seconds(compile))}`);
}

const EVALUATIONS = 20_000;

function reportExpressions(): void {
  const place = { use: 'action', at: '/bench', guaranteed: () => true } as const;
  const inputs = new Map([['port', { type: 'integer', hidden: false } as const]]);
  const model = { inputs, entities: new Map() };
  const { template, problems } = compileTemplate('listen on <% inputs.port + 1 %>', place, model);
  if (problems.length > 0) throw new Error(`The bench's own expression is refused: ${problems[0]?.message}`);
  const nobody = (): never => {
    throw new Error('The expression reads inputs only.');
  };
  const data = {
    inputs: { port: 5432 },
    workflow: { id: 'bench', stackName: 'bench' },
    members: nobody,
    role: nobody,
    holders: nobody,
    outputs: nobody,
    once: nobody,
    reached: nobody,
  };
  const time = seconds(() => {
    for (let count = 0; count < EVALUATIONS; count += 1) evaluateTemplate(template, data);
  });
  console.log(
    `     evaluate an expression in a text: ${Math.round(EVALUATIONS / time).toLocaleString('en')}/s`,
  );
}

export async function language(): Promise<boolean> {
  reportCompile();
  reportExpressions();
  const { source } = chain(1_000);
  console.log(
    `     parse and check a definition of 1,000 states: ${timeText(seconds(() => parsed(source)))}`,
  );
  return true;
}
