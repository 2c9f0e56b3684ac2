// A reboot in virtual time: nothing runs beside it, and what may run beside other things waits.
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import type { Course } from '../../engine/whatif/types.ts';
import { membership } from '../support/definitions.ts';

const YAML = `
workflow_version: 2026-11-01
entities:
  db:
    type: vm
    states:
      watched: {exclusive: false, action: {script: {sh: a}}}
      rebooted: {action: {reboot: {}}}
      counted: {exclusive: false, requires: [early], action: {script: {sh: a}}}
      early: {action: {wait: {for: 2m}}}
      done: {requires: [watched, rebooted, counted]}
goal: db.done
`;

function courseWith(reboot: readonly string[] = []): Course {
  const { definition, problems } = parseDefinition(YAML, { fileName: 'x.yaml', files: {} });
  if (!definition) throw new Error(JSON.stringify(problems));
  const graph = compileGraph(definition, membership({ db: 1 }));
  const durations = new Map([
    ['db.watched', 90_000],
    ['reboot', 40_000],
    ['db.counted', 5_000],
  ]);
  const wishes = { durations, outputs: new Map(), fail: [], reboot, lose: [] };
  const { plan, misunderstood } = makePlan(graph, wishes);
  expect(misunderstood).to.deep.equal([]);
  return simulate(graph, {}, plan);
}

const endOf = (course: Course, step: string): number | undefined =>
  course.steps.find(({ id }) => id === step)?.since;

describe('a reboot in a simulation', () => {
  it('R5: waits for what runs beside others, and keeps what comes meanwhile waiting', () => {
    const course = courseWith();
    expect(course.status).to.equal('complete');
    expect(endOf(course, 'db.watched')).to.equal(90_000);
    expect(endOf(course, 'db.rebooted')).to.equal(130_000);
    expect(endOf(course, 'db.counted')).to.equal(135_000);
  });

  it('is reached as well by a reboot that nobody asked for', () => {
    expect(courseWith(['db.rebooted']).status).to.equal('complete');
  });
});
