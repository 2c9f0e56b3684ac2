// What was reached and may hold no longer: marks, running again, looks. What a conversation shows stands in test/scenarios.
// Belongs here: rules that a scenario would hide (order through joins, R5, halts, undo, what comes in between). Does not belong
// here: who finds out (test/agents), random lives (properties.test.ts).
import { expect } from 'chai';
import type { State } from '../../engine/definition/types.ts';
import { pendingEffects } from '../../engine/machine/pending.ts';
import { restore } from '../../engine/machine/state.ts';
import { call, definition, entity, join, membership, output, script, state } from '../support/definitions.ts';
import { explain } from '../support/why.ts';
import { Workflow } from '../support/workflow.ts';

const PROBE = { probe: script() };

/** Members of `db` with these states, and a service that is up once all have reached the last. */
function workflow(states: readonly State[], count = 1): Workflow {
  const last = states.at(-1)?.name ?? '';
  const entities = [
    entity('db', { states }),
    entity('s', { type: 'service', states: [join('s', 'up', { needs: [`db.${last}`] })] }),
  ];
  return new Workflow(definition(entities, ['s.up']), membership({ db: count })).create();
}

/** Everything that is out succeeds, until nothing is. */
function through(w: Workflow): Workflow {
  for (let [step] = w.out(); step !== undefined; [step] = w.out()) w.succeed(step);
  return w;
}

const replaced = (w: Workflow, agent: string) => w.send({ kind: 'unverify', agent, why: 'vm_replaced' });

describe('what is unverified', () => {
  it('row 32: runs again in the order of the graph, also where what lies between ran in no VM', () => {
    const w = through(
      workflow([state('db', 'a'), join('db', 'b', { needs: ['a'] }), state('db', 'c', { needs: ['b'] })]),
    );
    replaced(w, 'db-0');
    expect([w.over, w.reason]).to.eql(['complete', w.reason]);
    expect(w.reason).to.contain('its VM was replaced');
    expect(explain(w, 'db[0].a').causes[0]?.says).to.contain('may hold no longer: its machine was replaced');
    w.send({ kind: 'converge', by: 'ann' });
    expect(w.out()).to.eql(['db[0].a']);
    w.succeed('db[0].a');
    expect(w.out()).to.eql(['db[0].c']);
    w.succeed('db[0].c');
    expect([w.over, w.reason]).to.eql(['complete', '']);
  });

  it('row 32: with a probe that holds it is reached with the outputs of row 36, and nothing is run', () => {
    const w = workflow([state('db', 'a', { ...PROBE, out: [output('port')] })]);
    w.exit('db[0].a', 1);
    w.succeed('db[0].a', { port: { text: '1' } });
    replaced(w, 'db-0');
    w.send({ kind: 'converge', by: 'ann' });
    expect(w.record('db[0].a')?.command?.reason).to.equal('verify');
    const { attempt } = w.record('db[0].a') ?? {};
    w.succeed('db[0].a', { port: { text: '2' } });
    expect(w.record('db[0].a')).to.deep.include({ status: 'reached', outputs: { port: '2' }, attempt });
    expect(w.record('db[0].a')?.unverified).to.equal(undefined);
  });

  it('also where it was only looked at, by a service or in another VM', () => {
    const w = workflow([state('db', 'a', { probe: call() })]);
    w.succeed('db[0].a');
    replaced(w, 'db-0');
    expect(w.record('db[0].a')?.unverified?.why).to.equal('vm_replaced');
  });

  it('holds back a command that its agent has not taken, and not one that it has', () => {
    const begun = workflow([state('db', 'a'), state('db', 'b', { needs: ['a'] })]);
    begun.succeed('db[0].a');
    replaced(begun, 'db-0');
    expect(begun.out(), 'not taken').to.eql(['db[0].a']);
    expect(begun.effects.at(-1)).to.deep.include({ kind: 'start' });
    expect(begun.effects.some(({ kind, id }) => kind === 'cancel' && id.step === 'db[0].b')).to.equal(true);
    begun.succeed('db[0].a');
    expect(begun.record('db[0].b')).to.deep.include({ status: 'running', attempt: 1, dispatch: 2 });
    const taken = workflow([state('db', 'a'), state('db', 'b', { needs: ['a'] })]);
    taken.succeed('db[0].a');
    taken.report('db[0].b', { kind: 'started' });
    replaced(taken, 'db-0');
    expect(taken.out()).to.eql(['db[0].b']);
  });

  it('an attempt that is interrupted by it and runs again waits for what it stands on', () => {
    const w = workflow([state('db', 'a'), state('db', 'b', { needs: ['a'], onInterrupted: 'rerun' })]);
    w.succeed('db[0].a');
    w.report('db[0].b', { kind: 'started' });
    replaced(w, 'db-0');
    w.finish('db[0].b', { kind: 'interrupted', evidence: 'a new journal' });
    expect(w.out()).to.eql(['db[0].a']);
    w.succeed('db[0].a');
    expect(w.out()).to.eql(['db[0].b']);
  });

  it('stays marked while the workflow is halted or suspended, and is taken up when it goes on', () => {
    const w = workflow([state('db', 'a'), state('db', 'b', { needs: ['a'] })]);
    w.succeed('db[0].a');
    w.report('db[0].b', { kind: 'started' });
    w.send({ kind: 'suspend', by: 'ann' });
    replaced(w, 'db-0');
    expect(w.record('db[0].a')).to.deep.include({ status: 'reached' });
    expect(w.record('db[0].a')?.unverified?.why).to.equal('vm_replaced');
    w.succeed('db[0].b');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.out()).to.eql(['db[0].a']);
  });

  it('is taken up by whoever goes on from a failure: resume, retry, converge', () => {
    for (const kind of ['resume', 'retry', 'converge'] as const) {
      const w = workflow([state('db', 'a'), state('db', 'b', { needs: ['a'] })]);
      w.succeed('db[0].a');
      w.exit('db[0].b', 3);
      replaced(w, 'db-0');
      expect([w.over, w.out()], kind).to.eql(['failed', []]);
      w.send({ kind, by: 'ann' });
      expect(w.out(), kind).to.eql(['db[0].a']);
      expect(through(w).over, kind).to.equal('complete');
    }
  });

  it('row 15: what the goal does without is left as it is, and said', () => {
    const entities = [
      entity('db', { states: [state('db', 'a')] }),
      entity('s', { type: 'service', states: [join('s', 'up', { needs: ['db.a@2'] })] }),
    ];
    const w = through(new Workflow(definition(entities, ['s.up']), membership({ db: 3 })).create());
    replaced(w, 'db-2');
    w.send({ kind: 'converge', by: 'ann' });
    expect([w.over, w.out()]).to.eql(['complete', []]);
    expect(w.record('db[2].a')?.unverified?.why).to.equal('vm_replaced');
    expect(w.reason).to.contain('db[2].a');
  });

  it('is no concern of what ran elsewhere, was skipped or is being deleted', () => {
    const w = through(workflow([state('db', 'a')], 2));
    replaced(w, 'db-1');
    expect(w.record('db[0].a')?.unverified).to.equal(undefined);
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(replaced(w, 'db-0').changes).to.eql([]);
  });
});

describe('a check', () => {
  const guarded = (count = 1): Workflow => {
    const w = workflow([state('db', 'a', PROBE), state('db', 'b', { ...PROBE, needs: ['a'] })], count);
    return through(w);
  };

  it('R5: looks at one state at a time in each VM, in the order in which they were reached, and outlives a restart', () => {
    const w = guarded(2);
    w.send({ kind: 'check', by: 'ann' });
    expect([w.over, w.out()]).to.eql(['checking', ['db[0].a', 'db[1].a']]);
    const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
    w.state = restore(w.graph, w.state.workflow, JSON.parse(JSON.stringify(stored)) as typeof stored, {});
    expect(pendingEffects(w.graph, w.state).map(({ id }) => id.step)).to.eql(['db[0].a', 'db[1].a']);
    expect(through(w).over).to.equal('complete');
    expect(w.state.workflow.checked).to.include({ holds: 4, drifted: 0, unknown: 0, unchecked: 0 });
  });

  it('H7: changes nothing but marks and notes: status, outputs, attempts and times stay', () => {
    const w = guarded();
    const before = w.record('db[0].a');
    w.send({ kind: 'check', by: 'ann' });
    w.now += 10;
    w.exit('db[0].a', 1);
    w.succeed('db[0].b');
    const { look, unverified, dispatch, ...after } = w.record('db[0].a') ?? { dispatch: 0 };
    const { dispatch: was, look: _, ...rest } = before ?? { dispatch: 0 };
    expect(after).to.eql(rest);
    expect(dispatch).to.equal(was + 1);
    expect([look?.found, unverified?.why]).to.eql(['drifted', 'drifted']);
  });

  it('a look that holds takes a mark away', () => {
    const w = guarded();
    replaced(w, 'db-0');
    w.send({ kind: 'check', by: 'ann' });
    w.succeed('db[0].a');
    w.exit('db[0].b', 7);
    expect(w.record('db[0].a')?.unverified).to.equal(undefined);
    expect(w.record('db[0].b')).to.deep.include({ unverified: { why: 'vm_replaced', since: w.now } });
    expect(w.state.workflow.checked).to.include({ holds: 1, unknown: 1 });
  });

  it('of a failed workflow comes back to its failure, and undoes nothing', () => {
    const w = workflow([state('db', 'a', PROBE), state('db', 'b', { needs: ['a'] })]);
    w.succeed('db[0].a');
    w.exit('db[0].b', 3);
    const { reason } = w;
    w.send({ kind: 'check', by: 'ann' });
    w.succeed('db[0].a');
    expect([w.over, w.reason]).to.eql(['failed', reason]);
  });

  it('is ended by whatever else is asked for, and by nothing that is refused or late', () => {
    const w = guarded();
    w.send({ kind: 'check', by: 'ann' });
    expect(w.send({ kind: 'signal', name: 'x', data: {}, by: 'bob' }).rejected?.message).to.contain(
      'No state waits',
    );
    expect(w.over).to.equal('checking');
    w.send({ kind: 'delete', abandon: false, by: 'bob' });
    expect(w.state.workflow.checked?.stopped).to.equal('delete by bob');
    expect(through(w).over).to.equal('deleted');
  });

  it('is refused while steps may run, an operation runs, or it is suspended', () => {
    const w = workflow([state('db', 'a')]);
    expect(w.send({ kind: 'check', by: 'ann' }).rejected?.message).to.contain('running');
    through(w).send({ kind: 'suspend', by: 'ann' });
    expect(w.send({ kind: 'check', by: 'ann' }).rejected?.message).to.contain('suspended');
  });
});
