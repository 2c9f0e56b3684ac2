// What people would say: approvals, signals and held steps in a simulation that has answers for them.
// Belongs here: answers and what they lead to. Does not belong here: the command (test/cli), the machine's rules.
import { expect } from 'chai';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import { makePlan } from '../../engine/whatif/plan.ts';
import { simulate } from '../../engine/whatif/simulate.ts';
import type { Course, Misunderstood, Wishes } from '../../engine/whatif/types.ts';
import { membership } from '../support/definitions.ts';

const SOURCE = `
workflow_version: 2026-11-01
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      installed:
        action: {script: {bash: 'true'}}
        on_failure: {then: pause}
      paid:
        requires: [installed]
        action: {signal: {name: paid}}
        outputs: {amount: {type: integer}}
  service:
    type: service
    states:
      agreed:
        requires: [db.paid]
        action: {approval: {message: "Switch over?"}}
      switched:
        requires: [agreed]
        action: {wait: {for: 1m}}
goal: service.switched
`;

function played(wishes: Partial<Wishes>): {
  readonly course: Course;
  readonly wrong: readonly Misunderstood[];
} {
  const { definition, problems } = parseDefinition(SOURCE, { fileName: 'x.yaml', files: {} });
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  const graph = compileGraph(definition, membership({ db: 2, service: 0 }));
  const none = { durations: new Map(), outputs: new Map(), fail: [], reboot: [], lose: [] };
  const { plan, misunderstood } = makePlan(graph, { ...none, ...wishes });
  return { course: simulate(graph, {}, plan), wrong: misunderstood };
}

describe('answers in a simulation', () => {
  it('end a wait for people: each step gets its signal, the approval its yes', () => {
    const { course } = played({ answers: ['service.agreed=yes@5m'], signals: ['paid@2m={"amount": 3}'] });
    expect(course).to.include({ status: 'complete', makespan: (1 + 2 + 5 + 1) * 60_000 });
    expect(course.asked).to.eql([]);
    expect(course.answered).to.eql([
      { step: 'db[0].paid', at: 180_000, says: 'signal paid' },
      { step: 'db[1].paid', at: 180_000, says: 'signal paid' },
      { step: 'service.agreed', at: 480_000, says: 'yes' },
    ]);
  });

  it('are links of the critical path: waiting for people takes time', () => {
    const { course } = played({ answers: ['service.agreed=yes@5m'], signals: ['paid@2m'] });
    const path = course.criticalPath.map(({ step, from, to }) => [step, (to - from) / 60_000]);
    expect(path).to.eql([
      ['db[1].installed', 1],
      ['db[1].paid', 2],
      ['service.agreed', 5],
      ['service.switched', 1],
    ]);
  });

  it('may be no: then the step fails, and what hangs on it', () => {
    const { course } = played({ answers: ['service.agreed=no'], signals: ['paid'] });
    expect(course.status).to.equal('failed');
    expect(course.reason).to.include('Rejected by simulated');
  });

  it('retry, skip or fail what is held, once each: one that is held again waits for a person', () => {
    const retried = played({
      fail: ['db[0].installed=1'],
      answers: ['db[0].installed=retry@10m'],
      signals: ['paid'],
    });
    expect(retried.course.answered).to.deep.include({ step: 'db[0].installed', at: 660_000, says: 'retry' });
    expect(retried.course.asked).to.eql(['service.agreed']);
    const again = played({
      fail: ['db[0].installed'],
      answers: ['db[0].installed=retry'],
      signals: ['paid'],
    });
    expect(again.course).to.deep.include({ status: 'held', asked: ['db[0].installed'] });
    const skipped = played({
      fail: ['db.installed'],
      answers: ['db.installed=skip', 'service.agreed=yes'],
      signals: ['paid'],
    });
    expect(skipped.course.status).to.equal('complete');
  });

  it('that mean nothing are named, with what to write', () => {
    const told = (wishes: Partial<Wishes>): readonly string[] =>
      played(wishes).wrong.map(({ message, hint = '' }) => `${message} ${hint}`);
    expect(told({ answers: ['service.agreed=maybe'] })[0]).to.include('Write STEP=yes|no|retry|skip|fail');
    expect(told({ answers: ['service.agred=yes'] })[0]).to.include("'service.agreed'");
    expect(told({ answers: ['db.installed=yes'] })[0]).to.include(
      'Yes and no are for states whose action is approval',
    );
    expect(told({ answers: ['service.agreed=retry'] })[0]).to.include('write service.agreed=yes');
    expect(told({ signals: ['payed'] })[0]).to.equal(
      "No state waits for the signal 'payed'. Known here: paid.",
    );
    expect(told({ signals: ['paid=3'] })[0]).to.include('with what it carries as JSON');
  });

  it('nobody says leave the simulation held, and it tells who is asked', () => {
    const { course } = played({ signals: ['paid'] });
    expect(course).to.deep.include({ status: 'held', asked: ['service.agreed'] });
  });
});
