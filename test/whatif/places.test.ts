// Simulations in which scripts run in the VMs of others.
// Belongs here: `run_on` in virtual time, and on whose line it is drawn. Does not belong here: what it means (test/machine).
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import type { Course, Wishes } from '../../engine/whatif/types.ts';
import { membership } from '../support/definitions.ts';

const NOTHING: Wishes = { durations: new Map(), outputs: new Map(), fail: [], reboot: [], lose: [] };

/** Two members register by a script of 10 s in the one VM of `box`; with a probe, it looks in their own. */
function played(keys: string, wishes: Partial<Wishes> = {}): Course {
  const text = `
workflow_version: 2026-11-01
entities:
  box: {type: vm, states: {up: {action: {online: {}}}}}
  web:
    type: vm_group
    states:
      registered: {action: {script: {sh: "true"}}, run_on: "<% box.members[0] %>", ${keys}}
goal: web.registered
`;
  const { definition, problems } = parseDefinition(text, { fileName: 'x.yaml', files: {} });
  if (!definition) throw new Error(JSON.stringify(problems));
  const graph = compileGraph(definition, membership({ box: 1, web: 2 }));
  const durations = new Map([
    ['web.registered', 10_000],
    ['probe', 1_000],
  ]);
  const { plan } = makePlan(graph, { ...NOTHING, durations, ...wishes });
  return simulate(graph, {}, plan);
}

const spansOf = (course: Course): readonly (readonly string[])[] =>
  course.steps.map(({ spans }) => spans.map(({ phase, from, to, good }) => `${phase} ${from}-${to} ${good}`));

describe('a simulation with run_on', () => {
  it('R5: runs one after the other in the VM that is named', () => {
    const course = played('');
    expect(course.makespan).to.equal(20_000);
    expect(course.steps.map(({ agent }) => agent)).to.eql(['box-0', 'box-0']);
  });

  it('looks in two VMs side by side, and then takes turns in the third', () => {
    const course = played('probe: {script: {sh: "true"}, run_on: "<% member %>"}');
    expect(course.makespan).to.equal(21_000);
    expect(spansOf(course)).to.eql([
      ['probe 0-1000 true', 'action 1000-11000 true'],
      ['probe 0-1000 true', 'action 11000-21000 true'],
    ]);
  });

  it('hears nothing of what runs in a VM that is lost', () => {
    const course = played('timeout: 1m', { lose: ['box[0]'] });
    expect(course.status).to.equal('failed');
    expect(course.reason).to.include('web[0].registered on box-0 failed');
  });
});
