// What holds while a workflow is suspended, and what its going on does.
// Belongs here: each time, each status, and what is kept. Does not belong here: whole stories (test/scenarios).
import { expect } from 'chai';
import fc from 'fast-check';
import { pendingEffects } from '../../engine/machine/pending.ts';
import { isUnderWay } from '../../engine/machine/suspension.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import {
  call,
  child,
  definition,
  entity,
  literal,
  membership,
  requirement,
  script,
  state,
} from '../support/definitions.ts';
import { groupWorkflow, type NamedStates } from '../support/group.ts';
import { anyCase } from '../support/random-definitions.ts';
import { live, move, play } from '../support/random-lives.ts';
import { Workflow } from '../support/workflow.ts';

const MINUTE = 60_000;
const approval = { kind: 'approval', message: literal('sure?') } as const;

/** One member with these states; all of them are the goal. */
function workflow(states: NamedStates, size = 1, more: Partial<WorkflowDefinition> = {}): Workflow {
  const goal = Object.keys(states).map(name => `g.${name}`);
  return groupWorkflow(states, goal, size, more);
}

const suspend = (w: Workflow) => w.send({ kind: 'suspend', by: 'ann' });
const resume = (w: Workflow) => w.send({ kind: 'resume', by: 'bob' });
const isQuiet = (w: Workflow): boolean => !w.state.records.some(record => record && isUnderWay(record));

describe('a suspended workflow', () => {
  it('sends nothing, whatever happens to it', () => {
    const lives = fc.property(
      anyCase,
      fc.array(move, { maxLength: 15 }),
      fc.array(move, { maxLength: 15 }),
      (one, before, after) => {
        const w = live(one, before);
        suspend(w);
        for (const item of after) {
          const wasSuspended = w.state.workflow.suspended !== undefined;
          const sent = w.effects.length;
          play(w, item);
          if (!wasSuspended || !w.state.workflow.suspended) continue;
          expect(w.effects.slice(sent).filter(({ kind }) => kind === 'start')).to.eql([]);
        }
      },
    );
    fc.assert(lives, { numRuns: 200 });
  });

  it('is so once, by whoever said it first', () => {
    const w = workflow({ a: {} });
    suspend(w);
    const { suspended } = w.state.workflow;
    expect(w.send({ kind: 'suspend', by: 'bob' })).to.eql({ changes: [], effects: [] });
    expect(w.state.workflow.suspended).to.equal(suspended);
    expect(suspended).to.eql({ at: w.now, by: 'ann' });
    w.succeed('g[0].a');
    expect(w.state.workflow.suspended).to.eql({ ...suspended, rests: true });
  });

  it('lets what runs end, keeps what would follow at once, and is quiet then', () => {
    const w = workflow({ a: { probe: script() }, b: { needs: ['a'] } });
    suspend(w);
    expect(isQuiet(w)).to.equal(false);
    expect(w.exit('g[0].a', 1).effects).to.eql([]);
    expect(isQuiet(w)).to.equal(true);
    expect(pendingEffects(w.graph, w.state), 'sent again by nobody').to.eql([]);
    expect(w.exit('g[0].a', 1), 'told twice').to.eql({ changes: [], effects: [] });
    resume(w);
    expect(w.record('g[0].a')?.phase).to.equal('action');
    w.succeed('g[0].a');
    expect(w.out()).to.eql(['g[0].b']);
  });

  it('keeps a no whose rescue would follow, and takes no other answer', () => {
    const w = workflow({ a: { action: approval, rescue: { action: call(), times: 1 } } });
    suspend(w);
    w.send({ kind: 'reject', step: 'g[0].a', by: 'bob' });
    expect(w.status('g[0].a')).to.equal('paused');
    const late = w.send({ kind: 'approve', step: 'g[0].a', by: 'cat' });
    expect(late.rejected?.message).to.contain('is kept: the workflow is suspended');
    resume(w);
    expect(w.record('g[0].a')?.phase).to.equal('rescue');
  });

  it('moves its deadline by the time that it was suspended, and is late by it', () => {
    const w = workflow({ a: {}, b: { needs: ['a'] } }, 1, { deadline: 10 * MINUTE });
    w.now += MINUTE;
    suspend(w);
    w.now += 60 * MINUTE;
    expect(w.send({ kind: 'timer' })).to.eql({ changes: [], effects: [] });
    const before = w.state.workflow.deadline ?? 0;
    w.succeed('g[0].a');
    resume(w);
    expect(w.state.workflow.deadline).to.equal(before + 60 * MINUTE);
    expect(w.out()).to.eql(['g[0].b']);
    w.ownTime();
    expect(w.over).to.equal('cancelling');
  });

  it('gives a retry that opens it after its failure the whole deadline', () => {
    const w = workflow({ a: {} }, 1, { deadline: 10 * MINUTE });
    w.exit('g[0].a', 1);
    suspend(w);
    w.now += MINUTE;
    w.send({ kind: 'retry', by: 'ann' });
    expect(w.out()).to.eql([]);
    expect(w.over).to.equal('running');
    w.now += MINUTE;
    resume(w);
    expect(w.state.workflow.deadline).to.equal(w.now + 10 * MINUTE);
    expect(w.out()).to.eql(['g[0].a']);
  });

  it('does not time out what it asks, what it requires in time, nor who is to come online', () => {
    const requires = [requirement('a', 'g'), { ...requirement('g.b', 'g'), within: 10 * MINUTE }];
    const states = [
      state('g', 'a', { exclusive: false }),
      state('g', 'b', { action: { ...approval, timeout: 20 * MINUTE } }),
      { ...state('g', 'c'), requires },
      state('g', 'd', { action: { kind: 'online' }, timeout: 10 * MINUTE }),
    ];
    const made = definition([entity('g', { states })], ['g.c', 'g.d']);
    const w = new Workflow(made, membership({ g: 1 })).create();
    w.succeed('g[0].a');
    const steps = ['g[0].b', 'g[0].c', 'g[0].d'];
    const left = (): readonly number[] => steps.map(step => (w.record(step)?.due?.at ?? 0) - w.now);
    const before = left();
    suspend(w);
    expect(isQuiet(w), 'an agent that is waited for is no attempt').to.equal(true);
    w.now += 60 * MINUTE;
    for (const step of steps)
      expect(w.send({ kind: 'timer', step }), step).to.eql({ changes: [], effects: [] });
    resume(w);
    expect(left()).to.eql(before);
    w.due('g[0].c');
    expect(w.record('g[0].c')?.cause).to.equal('too_late');
  });

  it('lets an attempt that runs keep its own time, and calls back what does not end', () => {
    const w = workflow({ a: { retry: { attempts: 2, delay: 0 } } });
    suspend(w);
    const { effects } = w.due('g[0].a');
    expect(effects.map(({ kind }) => kind)).to.eql(['cancel']);
    expect(isQuiet(w)).to.equal(true);
    resume(w);
    expect(w.record('g[0].a')?.attempt).to.equal(2);
  });

  it('lets the delay of a retry and a wait pass, and begins what is due with the resume', () => {
    const w = workflow({
      a: { retry: { attempts: 2, delay: MINUTE } },
      b: { action: { kind: 'wait', duration: 5 * MINUTE }, exclusive: false },
    });
    w.exit('g[0].a', 1);
    suspend(w);
    w.now += 2 * MINUTE;
    w.send({ kind: 'timer', step: 'g[0].a' });
    expect(w.out()).to.eql([]);
    expect(isQuiet(w), 'a wait is no attempt').to.equal(true);
    resume(w);
    expect(w.out()).to.eql(['g[0].a']);
    suspend(w);
    w.now += 10 * MINUTE;
    resume(w);
    expect(w.status('g[0].b')).to.equal('reached');
  });

  it('judges what was ready anew: what it stands on may be too old by now', () => {
    const w = workflow({
      a: { action: { kind: 'online' }, validFor: MINUTE, exclusive: false },
      b: { exclusive: true },
      c: { needs: ['a'] },
    });
    w.succeed('g[0].a');
    expect(w.status('g[0].c')).to.equal('ready');
    suspend(w);
    w.succeed('g[0].b');
    w.now += 10 * MINUTE;
    resume(w);
    expect(w.out()).to.eql(['g[0].a']);
    w.succeed('g[0].a');
    expect(w.out()).to.eql(['g[0].c']);
  });

  it('is complete, or has failed, only when it goes on; a failure halts then too', () => {
    const done = workflow({ a: {} });
    suspend(done);
    done.succeed('g[0].a');
    expect(done.over).to.equal('running');
    resume(done);
    expect(done.over).to.equal('complete');
    const lost = workflow({ a: {}, b: {} }, 1, { failureMode: 'halt' });
    suspend(lost);
    lost.exit('g[0].a', 1);
    expect(lost.over).to.equal('running');
    resume(lost);
    expect(lost.over).to.equal('failed');
  });

  it('stays held while a person is waited for, and goes on from that with a resume', () => {
    const w = workflow({ a: { action: approval }, b: { needs: ['a'] } });
    expect(w.over).to.equal('held');
    suspend(w);
    expect(w.over).to.equal('held');
    w.send({ kind: 'approve', step: 'g[0].a', by: 'bob' });
    expect(w.over).to.equal('running');
    expect(w.out()).to.eql([]);
    resume(w);
    expect(w.out()).to.eql(['g[0].b']);
  });

  it('that has failed goes on from its failure only by a second resume', () => {
    const w = workflow({ a: {} });
    w.exit('g[0].a', 1);
    suspend(w);
    resume(w);
    expect([w.over, w.out()]).to.eql(['failed', []]);
    resume(w);
    expect(w.out()).to.eql(['g[0].a']);
  });

  it('that is complete begins no operation, and is as it was after a resume', () => {
    const operations = new Map([
      [
        'again',
        {
          name: 'again',
          description: '',
          inputs: new Map(),
          requires: [],
          onFailure: 'fail' as const,
          steps: [{ kind: 'rerun' as const, states: [{ entity: 'g', state: 'a' }] }],
          goal: [],
        },
      ],
    ]);
    const w = workflow({ a: {} }, 1, { operations });
    w.succeed('g[0].a');
    suspend(w);
    const operate = { kind: 'operate', operation: 'again', inputs: {}, by: 'ann' } as const;
    expect(w.send({ ...operate, id: '1' }).rejected?.message).to.equal('The workflow is suspended by ann.');
    resume(w);
    expect(w.over).to.equal('complete');
    expect(w.send({ ...operate, id: '2' }).rejected).to.equal(undefined);
    suspend(w);
    w.succeed('g[0].a');
    expect(w.send({ kind: 'timer' }), 'its next step waits').to.eql({ changes: [], effects: [] });
    resume(w);
    w.ownTime();
    expect(w.state.workflow.operations?.map(({ status }) => status)).to.eql(['done']);
  });

  it('that takes back what it did begins no undo', () => {
    const undo = { action: script() };
    const w = workflow({ a: { undo }, b: { needs: ['a'], undo } }, 1, { onWorkflowFailure: 'undo' });
    w.succeed('g[0].a');
    w.exit('g[0].b', 1);
    expect(w.over).to.equal('undoing');
    suspend(w);
    w.succeed('g[0].b');
    expect([w.over, w.out()]).to.eql(['undoing', []]);
    resume(w);
    expect(w.out()).to.eql(['g[0].a']);
    w.succeed('g[0].a');
    expect(w.over).to.equal('failed');
  });

  it('that is cancelled calls back what runs, and is suspended no more', () => {
    const w = workflow({ a: { probe: script() }, b: {} }, 2);
    suspend(w);
    w.exit('g[0].a', 1);
    const { effects } = w.send({ kind: 'cancel', by: 'ann' });
    expect(
      effects.map(({ id }) => id.step),
      'what has ended is not called back',
    ).to.eql(['g[1].a']);
    expect(w.state.workflow.suspended).to.equal(undefined);
    expect(w.status('g[0].a')).to.equal('interrupted');
    w.exit('g[1].a', 143);
    expect(w.over).to.equal('failed');
    resume(w);
    expect(w.out()).to.eql(['g[0].a', 'g[1].a']);
  });

  it('that is being cancelled is called back all the same, and has failed', () => {
    const w = workflow({ a: {} });
    w.send({ kind: 'cancel', by: 'ann' });
    suspend(w);
    w.due('g[0].a');
    expect(w.over).to.equal('failed');
  });

  it('goes on by another right, and with the time that is allowed from then on', () => {
    const w = workflow({ a: {}, b: { needs: ['a'] } });
    suspend(w);
    w.succeed('g[0].a');
    w.now += MINUTE;
    w.send({ kind: 'resume', by: 'heat', allowed: 5 * MINUTE, credential: 'new' });
    expect(w.state.workflow.credential).to.equal('new');
    expect(w.state.workflow.deadline).to.equal(w.now + 5 * MINUTE);
    expect(w.out()).to.eql(['g[0].b']);
  });

  it('waits for no child that is held', () => {
    const w = new Workflow(
      definition([entity('g', { states: [state('g', 'a', { action: child() })] })], ['g.a']),
      membership({ g: 1 }),
    ).create();
    suspend(w);
    expect(isQuiet(w)).to.equal(false);
    w.report('g[0].a', { kind: 'held', reason: 'it is suspended' });
    expect(isQuiet(w)).to.equal(true);
  });

  it('that is abandoned is gone', () => {
    const w = workflow({ a: {} });
    suspend(w);
    w.send({ kind: 'delete', abandon: true, by: 'ann' });
    expect(w.over).to.equal('deleted');
  });
});
