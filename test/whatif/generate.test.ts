// A generated secret in virtual time: a placeholder, at once, and nothing is drawn.
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import { membership } from '../support/definitions.ts';

const YAML = `
workflow_version: 2026-11-01
entities:
  db:
    type: vm
    states:
      keyed:
        action: {set: {outputs: {user: admin}, generate: {password: {}}}}
        outputs: {user: {type: string}}
      used: {action: {script: {sh: a, inputs: {P: "<% db.outputs.keyed.password %>"}}}}
goal: db.used
outputs:
  user: {value: "<% db.outputs.keyed.user %>"}
`;

describe('a generated secret in a simulation', () => {
  it('is there at once, beside what is computed, and is no value', () => {
    const { definition, problems } = parseDefinition(YAML, { fileName: 'x.yaml', files: {} });
    if (!definition) throw new Error(JSON.stringify(problems));
    const graph = compileGraph(definition, membership({ db: 1 }));
    const durations = new Map([['script', 7_000]]);
    const wishes = { durations, outputs: new Map(), fail: [], reboot: [], lose: [] };
    const { plan, misunderstood } = makePlan(graph, wishes);
    expect(misunderstood).to.deep.equal([]);
    const course = simulate(graph, {}, plan);
    expect(course).to.deep.include({ status: 'complete', makespan: 7_000, outputs: { user: 'admin' } });
    expect(simulate(graph, {}, plan)).to.deep.equal(course);
  });
});
