// Simulations in which something ages: it runs again, and that takes its time too.
// Belongs here: renewals in virtual time. Does not belong here: what they mean (test/machine/freshness.test.ts).
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import { membership } from '../support/definitions.ts';

const TEXT = `
workflow_version: 2026-11-01
entities:
  ca:
    type: vm
    states:
      token: {action: {script: {sh: "true"}}, valid_for: 5m}
  box:
    type: vm
    states:
      installed: {action: {script: {sh: "true"}}, requires: [ca.token]}
      joined: {action: {script: {sh: "true"}}, requires: [installed, ca.token]}
goal: box.joined
`;

describe('a simulation in which something ages', () => {
  it('runs it again for its time, and its critical path goes through both of its runs', () => {
    const { definition, problems } = parseDefinition(TEXT, { fileName: 'x.yaml', files: {} });
    if (!definition) throw new Error(JSON.stringify(problems));
    const graph = compileGraph(definition, membership({ ca: 1, box: 1 }));
    const durations = new Map([
      ['ca.token', 10_000],
      ['box.installed', 400_000],
      ['box.joined', 20_000],
    ]);
    const nothing = { outputs: new Map(), answers: [], fail: [], reboot: [], lose: [] };
    const { plan } = makePlan(graph, { ...nothing, durations } as Parameters<typeof makePlan>[1]);
    const course = simulate(graph, {}, plan);
    expect([course.status, course.makespan]).to.eql(['complete', 440_000]);
    expect(course.criticalPath.map(({ step, from, to }) => [step, from, to])).to.eql([
      ['ca.token', 0, 10_000],
      ['box.installed', 10_000, 410_000],
      ['ca.token', 410_000, 420_000],
      ['box.joined', 420_000, 440_000],
    ]);
    const token = course.steps.find(({ id }) => id === 'ca.token');
    expect(token).to.deep.include({ start: 0, attempts: 2, status: 'reached' });
    expect(token?.spans.map(({ from }) => from)).to.eql([0, 410_000]);
  });
});
