// Simulations in which attempts are spent: what follows takes its time too.
// Belongs here: rescues and undos in virtual time. Does not belong here: what they mean (test/machine).
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import type { Course, StepCourse, Wishes } from '../../engine/whatif/types.ts';
import { membership } from '../support/definitions.ts';

const NOTHING: Wishes = { durations: new Map(), outputs: new Map(), fail: [], reboot: [], lose: [] };

/** The course of one VM whose state `done` has these keys, each attempt 10 s long. */
function played(keys: string, fail: string): { readonly course: Course; readonly done: StepCourse } {
  const text = `
workflow_version: 2026-11-01
entities:
  box: {type: vm, states: {done: {action: {script: {sh: "true"}}, ${keys}}}}
goal: box.done
`;
  const { definition, problems } = parseDefinition(text, { fileName: 'x.yaml', files: {} });
  if (!definition) throw new Error(JSON.stringify(problems));
  const graph = compileGraph(definition, membership({ box: 1 }));
  const durations = new Map([['box.done', 10_000]]);
  const { plan } = makePlan(graph, { ...NOTHING, durations, fail: [fail] });
  const course = simulate(graph, {}, plan);
  return { course, done: course.steps[0] as StepCourse };
}

const spansOf = ({ spans }: StepCourse): readonly string[] =>
  spans.map(({ phase, from, to, good }) => `${phase} ${from}-${to}${good ? '' : ' failed'}`);

describe('a simulation in which attempts are spent', () => {
  it('row 41: lets the rescue take the time of its kind, then begins anew', () => {
    const { course, done } = played('on_failure: {action: {script: {sh: mend}}, then: retry}', 'box.done=1');
    expect(course.status).to.equal('complete');
    expect(spansOf(done)).to.eql(['action 0-10000 failed', 'rescue 10000-70000', 'action 70000-80000']);
  });

  it('row 41: fails when the rescue has helped as often as it may', () => {
    const keys = 'on_failure: {action: {wait: {for: 30s}}, then: retry, times: 2}';
    const { course, done } = played(keys, 'box.done');
    expect(course.status).to.equal('failed');
    expect([done.attempts, course.makespan]).to.eql([3, 3 * 10_000 + 2 * 30_000]);
    expect(spansOf(done)[1]).to.equal('rescue 10000-40000');
  });

  it('row 42: lets the undo take the time of its kind', () => {
    const keys = 'undo: {file: {path: /a, content: b}}, on_failure: {then: undo}';
    const { course, done } = played(keys, 'box.done');
    expect([course.status, course.makespan]).to.eql(['failed', 12_000]);
    expect(spansOf(done)).to.eql(['action 0-10000 failed', 'undo 10000-12000']);
  });
});
