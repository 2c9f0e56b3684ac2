// What a failure means for the whole workflow, by the number of the row in the language's table of rules.
// Belongs here: the keys at the top of a definition that say so. Does not belong here: rules of single steps.
import { expect } from 'chai';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { literal, script, type StateSpec } from '../support/definitions.ts';
import { groupWorkflow, type NamedStates } from '../support/group.ts';
import type { Workflow } from '../support/workflow.ts';

/** It can be judged by nobody. */
const undefinedCondition = literal('neither true nor false');

type Modes = Partial<
  Pick<WorkflowDefinition, 'failureMode' | 'onWorkflowFailure' | 'deadline' | 'waitForStragglers'>
>;

/** A group `g` of three with these states; the goal is all that is named. */
const workflow = (modes: Modes, states: NamedStates, goal: readonly string[]): Workflow =>
  groupWorkflow(states, goal, 3, modes);

describe('row 43: `failure_mode: halt`', () => {
  const halt: Modes = { failureMode: 'halt' };

  it('lets nothing start after a failure, retries go on, and a resume goes on', () => {
    const states = {
      a: { retry: { attempts: 2, delay: 1_000 } },
      b: { needs: ['a'] },
      c: { exclusive: false, needs: ['a'] },
    };
    const w = workflow(halt, states, ['g.b', 'g.c']);
    w.exit('g[0].a', 1);
    w.due('g[0].a');
    w.exit('g[1].a', 1);
    w.exit('g[0].a', 1);
    w.succeed('g[2].a');
    expect(w.out()).to.eql([]);
    expect(w.status('g[2].b')).to.equal('waiting');
    expect(w.over).to.equal('running');
    expect(w.reason).to.contain('Halted: g[0].a failed');
    w.due('g[1].a');
    w.succeed('g[1].a');
    expect(w.over).to.equal('failed');
    expect(w.reason).to.equal('g[0].a on g-0 failed: exit 1');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.state.workflow.halted).to.equal(undefined);
    expect(w.out()).to.eql(['g[0].a', 'g[1].b', 'g[2].b', 'g[1].c', 'g[2].c']);
  });

  it('halts nothing for a failure for which a state waits', () => {
    const w = workflow(halt, { a: {}, plan_b: { needs: ['g.a@any!failed'] } }, ['g.plan_b']);
    w.exit('g[0].a', 1);
    expect(w.out()).to.include('g[1].a').and.to.include('g[0].plan_b');
  });

  it('reaches a goal that is met by what runs', () => {
    const w = workflow(halt, { a: {} }, ['g.a@2']);
    w.exit('g[0].a', 1);
    w.succeed('g[1].a');
    w.succeed('g[2].a');
    expect(w.over).to.equal('complete');
  });

  it('takes back from being ready what had not begun', () => {
    const w = workflow(halt, { a: {}, b: {} }, ['g.a', 'g.b']);
    expect(w.status('g[0].b')).to.equal('ready');
    w.exit('g[1].a', 1);
    expect(w.status('g[0].b')).to.equal('waiting');
    w.succeed('g[0].a');
    expect(w.out()).to.eql(['g[2].a']);
  });

  it('asks nobody: a step that would pause fails, and the workflow is not held', () => {
    const w = workflow(halt, { a: { onFailure: 'pause' }, b: { exclusive: false } }, ['g.a', 'g.b']);
    w.exit('g[0].a', 1);
    expect(w.status('g[0].a')).to.equal('paused');
    for (const step of ['g[0].b', 'g[1].a', 'g[2].a', 'g[1].b', 'g[2].b']) w.exit(step, 1);
    expect(w.status('g[1].a')).to.equal('failed');
    expect(w.over).to.equal('failed');
    w.send({ kind: 'skip', step: 'g[0].a', outputs: {}, by: 'ann' });
    expect(w.over).to.equal('failed');
    expect(w.state.workflow.halted).to.equal(undefined);
  });
});

describe('row 43: `on_workflow_failure: undo`', () => {
  const regrets: Modes = { onWorkflowFailure: 'undo' };
  const undo = { action: script() };

  /** Two of three prepared, the third failed. */
  const failing = (spec: StateSpec = {}): Workflow => {
    const w = workflow(regrets, { a: { undo, ...spec }, b: { needs: ['a'], undo } }, ['g.b']);
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    w.exit('g[2].a', 3, 'no disk');
    return w;
  };

  it('R10: takes back what was started, once nothing runs, against the edges', () => {
    const w = failing();
    expect(w.over).to.equal('running');
    w.succeed('g[0].b');
    expect(w.over).to.equal('running');
    w.succeed('g[1].b');
    expect(w.over).to.equal('undoing');
    expect(w.out()).to.eql(['g[2].a', 'g[0].b', 'g[1].b']);
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[0].a', 'g[2].a', 'g[1].b']);
    for (const step of ['g[1].b', 'g[0].a', 'g[1].a', 'g[2].a']) w.succeed(step);
    expect(w.over).to.equal('failed');
    expect(w.reason).to.equal('g[2].a on g-2 failed: exit 3: no disk; what was started is undone');
    expect(w.record('g[2].a')?.error?.exitCode).to.equal(3);
  });

  it('begins anew on a resume, also the states for which others waited to fail', () => {
    const states = { a: { undo }, rescue: { needs: ['g.a@any!failed'], undo } };
    const w = workflow(regrets, states, ['g.a', 'g.rescue']);
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    w.exit('g[2].a', 1);
    for (const step of ['g[0].rescue', 'g[1].rescue', 'g[2].rescue']) w.succeed(step);
    while (w.over === 'undoing') w.succeed(w.out()[0] as string);
    expect(w.over).to.equal('failed');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.out()).to.eql(['g[0].a', 'g[1].a', 'g[2].a']);
    expect(w.record('g[0].a')).to.include({ attempt: 2, touched: true });
    w.succeed('g[0].a');
    expect(w.status('g[0].rescue')).to.equal('waiting');
  });

  it('row 21: an undo that fails is named, and what it stands on stays', () => {
    const w = failing();
    for (const step of ['g[0].b', 'g[1].b', 'g[0].b', 'g[2].a']) w.succeed(step);
    w.exit('g[1].b', 9, 'busy');
    w.succeed('g[0].a');
    expect(w.over).to.equal('failed');
    expect(w.reason).to.contain('no disk; g[1].b on g-1 could not be undone: exit 9: busy');
    expect(w.status('g[1].a')).to.equal('reached');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.out()).to.eql(['g[0].a', 'g[2].a', 'g[1].b']);
  });

  it('is overtaken by a deletion, which goes on with what is under way', () => {
    const w = failing();
    for (const step of ['g[0].b', 'g[1].b']) w.succeed(step);
    w.exit('g[1].b', 9);
    const { effects } = w.send({ kind: 'delete', abandon: false, by: 'heat' });
    expect(effects.map(({ kind, id }) => `${kind} ${id.step}`)).to.eql(['start g[1].b']);
    for (let [step] = w.out(); step !== undefined; [step] = w.out()) w.succeed(step);
    expect(w.over).to.equal('deleted');
  });

  it('lets nobody cancel it or go on before it has ended', () => {
    const w = failing();
    for (const step of ['g[0].b', 'g[1].b']) w.succeed(step);
    for (const kind of ['cancel', 'resume', 'retry'] as const) {
      expect(w.send({ kind, by: 'ann' }).rejected?.message, kind).to.equal('The workflow is undoing.');
    }
    const skip = w.send({ kind: 'skip', step: 'g[2].a', outputs: {}, by: 'ann' });
    expect(skip.rejected?.message).to.equal('The workflow is undoing.');
  });

  it('undoes neither what waits for a person nor what a person has cancelled', () => {
    const held = failing({ onFailure: 'pause' });
    for (const step of ['g[0].b', 'g[1].b']) held.succeed(step);
    expect(held.over).to.equal('held');
    held.send({ kind: 'fail', step: 'g[2].a', by: 'ann' });
    expect(held.over).to.equal('undoing');
    const cancelled = failing();
    cancelled.send({ kind: 'cancel', by: 'ann' });
    for (const step of ['g[0].b', 'g[1].b'])
      cancelled.finish(step, { kind: 'refused', message: 'called back' });
    expect(cancelled.over).to.equal('failed');
    expect(cancelled.status('g[0].a')).to.equal('reached');
  });

  it('has failed at once where nothing was started', () => {
    const w = workflow(regrets, { a: { once: { any: true }, condition: undefinedCondition } }, ['g.a']);
    expect(w.over).to.equal('failed');
    expect(w.status('g.a')).to.equal('failed');
  });
});

describe('the deadline of a workflow', () => {
  const hour = 3_600_000;
  const late: Modes = { deadline: hour };

  it('row 18: lets nothing start any more, calls back what runs, and has failed of it', () => {
    const w = workflow(late, { a: { retry: { attempts: 2, delay: 1_000 } }, b: { needs: ['a'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    w.succeed('g[1].a');
    const { effects } = w.ownTime();
    expect(effects.map(({ kind, id }) => `${kind} ${id.step}`)).to.eql(['cancel g[2].a', 'cancel g[1].b']);
    expect(w.over).to.equal('cancelling');
    w.succeed('g[2].a');
    w.finish('g[1].b', { kind: 'refused', message: 'called back' });
    expect(w.over).to.equal('failed');
    expect(w.reason).to.match(/^Not complete within its deadline of 1h00m; g\[1\]\.b on g-1 was interrupted/);
    expect([w.status('g[0].a'), w.status('g[2].b')]).to.eql(['waiting', 'waiting']);
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.out()).to.eql(['g[0].a', 'g[1].b', 'g[2].b']);
    expect(w.state.workflow.deadline).to.equal(w.now + hour);
    expect(w.state.workflow.late).to.equal(undefined);
  });

  it('row 17: runs on while the workflow is held', () => {
    const w = workflow(late, { a: { onFailure: 'pause' } }, ['g.a']);
    for (const step of ['g[0].a', 'g[1].a', 'g[2].a']) w.exit(step, 1);
    expect(w.over).to.equal('held');
    w.ownTime();
    expect(w.now).to.equal(1_000 + hour);
    expect(w.over).to.equal('failed');
    expect(w.reason).to.equal('Not complete within its deadline of 1h00m');
    expect(w.status('g[0].a')).to.equal('paused');
    w.send({ kind: 'retry', by: 'ann' });
    expect(w.out()).to.eql(['g[0].a', 'g[1].a', 'g[2].a']);
  });

  it('row 17: is the shorter of its own and of what whoever asks allows, and begins anew with the next that asks', () => {
    const minute = 60_000;
    const w = workflow(late, { a: {} }, ['g.a']);
    w.send({ kind: 'resume', by: 'heat', allowed: minute });
    expect(w.over).to.equal('running');
    expect(w.state.workflow.deadline).to.equal(w.now + minute);
    w.ownTime();
    for (const step of ['g[0].a', 'g[1].a', 'g[2].a'])
      w.finish(step, { kind: 'refused', message: 'called back' });
    expect(w.reason).to.match(/^Not complete within its deadline of 1m/);
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.state.workflow.deadline).to.equal(w.now + hour);
    expect(w.state.workflow.allowed).to.equal(undefined);
  });

  it('row 17: may be given by whoever asks where the definition has none', () => {
    const w = workflow({}, { a: {} }, ['g.a']);
    expect(w.state.workflow.deadline).to.equal(undefined);
    w.send({ kind: 'resume', by: 'heat', allowed: hour });
    w.send({ kind: 'resume', by: 'heat', allowed: 2 * hour });
    expect(w.state.workflow.deadline).to.equal(w.now + 2 * hour);
    expect(w.out()).to.eql(['g[0].a', 'g[1].a', 'g[2].a']);
  });

  it('row 43: is a failure that is undone where the definition says so; a cancel is none', () => {
    const w = workflow({ ...late, onWorkflowFailure: 'undo' }, { a: { undo: { action: script() } } }, [
      'g.a',
    ]);
    w.succeed('g[0].a');
    w.ownTime();
    for (const step of ['g[1].a', 'g[2].a']) w.finish(step, { kind: 'refused', message: 'called back' });
    expect(w.over).to.equal('undoing');
    for (const step of ['g[0].a', 'g[1].a', 'g[2].a']) w.succeed(step);
    expect(w.over).to.equal('failed');
    expect(w.reason).to.match(/^Not complete within .*; what was started is undone$/);
  });

  it('comes neither early, nor once the workflow has ended or is being stopped', () => {
    const early = workflow(late, { a: {} }, ['g.a']);
    early.now += hour - 1;
    expect(early.send({ kind: 'timer' })).to.eql({ changes: [], effects: [] });
    early.send({ kind: 'cancel', by: 'ann' });
    early.now += 1;
    expect(early.send({ kind: 'timer' })).to.eql({ changes: [], effects: [] });
  });
});

describe('row 15: `wait_for_stragglers`', () => {
  it('calls back what still runs so long after the goal came to hold', () => {
    const w = workflow({ waitForStragglers: 60_000 }, { a: {} }, ['g.a@2']);
    w.succeed('g[0].a');
    w.now += 5_000;
    w.succeed('g[1].a');
    expect(w.state.workflow.stragglers).to.equal(w.now + 60_000);
    w.ownTime();
    expect(w.over).to.equal('cancelling');
    w.finish('g[2].a', { kind: 'refused', message: 'called back' });
    expect(w.over).to.equal('complete');
    expect(w.reason).to.contain('(not needed for the goal)');
  });

  it('takes what ends in time, and what ends well although it was called back', () => {
    for (const first of [true, false]) {
      const w = workflow({ waitForStragglers: 60_000 }, { a: {} }, ['g.a@2']);
      w.succeed('g[0].a');
      w.succeed('g[1].a');
      if (!first) w.ownTime();
      w.succeed('g[2].a');
      expect(w.over).to.equal('complete');
      expect(w.status('g[2].a')).to.equal('reached');
    }
  });
});
