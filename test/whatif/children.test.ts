// Children in virtual time: played through when their step begins, with wishes of their own.
// Belongs here: the course of a parent with a child. Does not belong here: what children do in an engine (test/runtime).
import { expect } from 'chai';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import type { Course, Wishes } from '../../engine/whatif/types.ts';
import { membership } from '../support/definitions.ts';
import { CHILD, PARENT } from '../runtime/family.ts';

const YES = { answers: ['shop.clustered/site.agreed=yes@4m'] };

function courseWith(wishes: Partial<Wishes>, parent = PARENT): Course {
  const files = { 'cluster.yaml': CHILD };
  const { definition, problems } = parseDefinition(parent, { fileName: 'shop.yaml', files });
  if (!definition) throw new Error(JSON.stringify(problems));
  const graph = compileGraph(definition, membership({ node: 2 }));
  const none = { durations: new Map(), outputs: new Map(), fail: [], reboot: [], lose: [] };
  const { plan, misunderstood } = makePlan(graph, { ...none, ...wishes });
  if (misunderstood[0]) throw new Error(misunderstood[0].message);
  return simulate(graph, { password: { $secret: 'password' } }, plan);
}

const stepOf = (course: Course, id: string) => course.steps.find(step => step.id === id);

describe('a child in a simulation', () => {
  it('is played through, and what it gives and took as long as is told', () => {
    const course = courseWith(YES);
    expect(course.status).to.equal('complete');
    const clustered = stepOf(course, 'shop.clustered');
    expect(clustered?.start).to.equal(60_000);
    expect(clustered?.since).to.equal(60_000 + 60_000 + 240_000);
    expect(clustered?.child?.makespan).to.equal(300_000);
    expect(clustered?.child?.criticalPath.map(({ step, kind }) => [step, kind])).to.deep.equal([
      ['db[1].installed', 'script'],
      ['site.agreed', 'approval'],
    ]);
    expect(course.criticalPath.map(({ step }) => step)).to.include('shop.clustered');
    expect(course.outputs).to.deep.equal({ first: 'node-0' });
  });

  it('holds its parent where nobody answers', () => {
    const course = courseWith({});
    expect(course.status).to.equal('held');
    expect(course.asked).to.deep.equal(['shop.clustered']);
    expect(stepOf(course, 'shop.clustered')?.held).to.contain('site.agreed waits for');
  });

  it('fails as it is wished to, and its step with it', () => {
    const fail = ['shop.clustered/db[0].installed'];
    const course = courseWith({ ...YES, fail }, PARENT.replace('attempts: 2', 'attempts: 1'));
    expect(course.status).to.equal('failed');
    expect(stepOf(course, 'shop.clustered')?.error?.message).to.contain(
      'Its child would fail: db[0].installed on node-0 failed',
    );
  });

  it('takes as long as is said of its step, without being looked at', () => {
    const course = courseWith({ durations: new Map([['shop.clustered', 1_000]]) });
    expect(course.status).to.equal('complete');
    expect(stepOf(course, 'shop.clustered')?.since).to.equal(61_000);
    expect(stepOf(course, 'shop.clustered')?.child).to.equal(undefined);
  });

  it('takes as long as is said of its states and kinds, and no longer than its step may', () => {
    const durations = new Map([
      ['shop.clustered/db.installed', 5_000],
      ['script', 10_000],
    ]);
    expect(courseWith({ ...YES, durations }).steps.find(({ child }) => child)?.child?.makespan).to.equal(
      245_000,
    );
    const short = PARENT.replace('retry: {attempts: 2, delay: 10s, jitter: 0}', 'timeout: 2m');
    const late = courseWith({ ...YES, durations }, short);
    expect(stepOf(late, 'shop.clustered')?.error?.kind).to.equal('timeout');
  });

  it('is lost with its machines', () => {
    const course = courseWith({ ...YES, lose: ['node[1]@3m'] }, PARENT.replace('attempts: 2', 'attempts: 1'));
    expect(course.status).to.equal('complete');
    const early = courseWith({ ...YES, lose: ['node[1]@70s'] }, PARENT.replace('attempts: 2', 'attempts: 1'));
    expect(early.status).to.equal('failed');
  });

  it('says which wishes mean nothing, for the parent and for the child', () => {
    expect(() => courseWith({ fail: ['shop.used/db.installed'] })).to.throw(
      "no step 'shop.used' that runs a child",
    );
    const { misunderstood } = courseWith({ ...YES, fail: ['shop.clustered/db.instaled'] });
    expect(misunderstood?.[0]?.message).to.contain("There is no step 'db.instaled'");
  });

  it('cannot begin with members that it does not take', () => {
    const one = PARENT.replace(
      '"<% node.members %>"',
      '"<% node.members.filter(m, m.index == 0) %>"',
    ).replace('attempts: 2', 'attempts: 1');
    const course = courseWith(YES, one);
    expect(stepOf(course, 'shop.clustered')?.error?.message).to.contain('has 1 member(s)');
  });
});
