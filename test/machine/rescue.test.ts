// What follows once attempts are spent: a rescue, and what `on_failure` says after it.
// Belongs here: row 41 of the table of rules, and what crosses it. Does not belong here: refusals of definitions.
import { expect } from 'chai';
import { LIMITS } from '../../engine/base/limits.ts';
import type { Action, State } from '../../engine/definition/types.ts';
import { restore } from '../../engine/machine/state.ts';
import { expression, literal, script, type StateSpec } from '../support/definitions.ts';
import { groupWorkflow as workflow } from '../support/group.ts';

const rescued = (onFailure: State['onFailure'], action: Action = script(), times = 1): StateSpec => ({
  onFailure,
  rescue: { action, times },
});

describe('a rescue', () => {
  it('row 41: runs on the same VM once attempts are spent, then the attempts begin anew', () => {
    const w = workflow({ a: { ...rescued('retry'), retry: { attempts: 2 } }, b: {} }, ['g.a', 'g.b']);
    w.exit('g[0].a', 3);
    w.exit('g[0].a', 4);
    expect(w.record('g[0].a')).to.include({ status: 'running', phase: 'rescue', tries: 2, rescues: 1 });
    expect(w.record('g[0].a')?.error).to.include({ message: 'exit 4', phase: 'action' });
    w.succeed('g[0].a');
    expect(w.record('g[0].a')).to.include({ status: 'running', phase: 'action', tries: 0, attempt: 3 });
    w.succeed('g[0].a');
    w.succeed('g[0].b');
    expect(w.over).to.equal('complete');
  });

  it('row 41: keeps its VM from the attempt that failed; a wait gives it away', () => {
    const w = workflow({ a: rescued('retry'), b: {} }, ['g.a', 'g.b']);
    expect(w.status('g[0].b')).to.equal('ready');
    w.exit('g[0].a', 1);
    expect([w.status('g[0].b'), w.record('g[0].a')?.phase]).to.eql(['ready', 'rescue']);
    const wait = { kind: 'wait', duration: 5_000 } as const;
    const v = workflow({ a: rescued('retry', wait), b: {} }, ['g.a', 'g.b']);
    v.exit('g[0].a', 1);
    expect(v.status('g[0].b')).to.equal('running');
    v.due('g[0].a');
    expect(v.status('g[0].a')).to.equal('ready');
  });

  it('row 41: gives new attempts `times` times, per step, also after an operator had it tried again', () => {
    const w = workflow({ a: rescued('retry', script(), 2) }, ['g.a']);
    for (const rescues of [1, 2]) {
      w.exit('g[0].a', 1);
      expect(w.record('g[0].a')).to.include({ phase: 'rescue', rescues });
      w.succeed('g[0].a');
    }
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).to.include({ status: 'failed' });
    w.send({ kind: 'retry', step: 'g[0].a', by: 'ann' });
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).to.include({ status: 'failed', rescues: 2 });
  });

  it('row 41: that fails fails the step, and its error names both', () => {
    for (const then of ['retry', 'continue', 'fail'] as const) {
      const w = workflow({ a: rescued(then) }, ['g.a']);
      w.exit('g[0].a', 3, 'no disk');
      w.exit('g[0].a', 9, 'cannot clean\n');
      expect(w.status('g[0].a'), then).to.equal('failed');
      expect(w.record('g[0].a')?.error).to.include({ exitCode: 3, tail: 'no disk', phase: 'rescue' });
      expect(w.reason).to.contain('its rescue failed (exit 9: cannot clean) after exit 3: no disk');
    }
    const held = workflow({ a: rescued('pause') }, ['g.a']);
    held.exit('g[0].a', 3);
    held.exit('g[0].a', 9);
    expect(held.over).to.equal('held');
    expect(held.reason).to.contain('its rescue failed (exit 9) after exit 3');
  });

  it('row 41: before another end than retry cleans up, and what the state says follows', () => {
    const ends = { fail: 'failed', continue: 'reached', pause: 'paused' } as const;
    for (const [then, status] of Object.entries(ends)) {
      const w = workflow({ a: rescued(then as keyof typeof ends) }, ['g.a']);
      w.exit('g[0].a', 3);
      expect(w.record('g[0].a')?.phase, then).to.equal('rescue');
      w.succeed('g[0].a');
      expect(w.record('g[0].a'), then).to.include({ status });
      expect(w.record('g[0].a')?.error?.message).to.equal('exit 3');
    }
  });

  it('row 41: reads the error of the attempt', () => {
    const inputs = expression(({ error, attempt }) => ({ why: error?.message ?? '', attempt: attempt ?? 0 }));
    const w = workflow({ a: rescued('retry', script(inputs)) }, ['g.a']);
    w.exit('g[0].a', 75);
    expect(w.record('g[0].a')?.command?.action).to.deep.include({ inputs: { why: 'exit 75', attempt: 1 } });
    expect(w.record('g[0].a')?.command).to.include({ reason: 'first' });
  });

  it('row 46: has one try, apart from the attempts, and no outputs', () => {
    const w = workflow({ a: { ...rescued('retry'), retry: { attempts: 3 } } }, ['g.a']);
    for (let attempt = 1; attempt <= 3; attempt += 1) w.exit('g[0].a', 1);
    expect(w.record('g[0].a')?.command?.outputs).to.eql([]);
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).to.include({ status: 'failed', attempt: 3 });
  });

  it('follows only an attempt that was under way', () => {
    const fails = expression(() => 'no answer');
    const w = workflow({ a: { ...rescued('fail'), condition: fails } }, ['g.a']);
    expect(w.record('g[0].a')).to.include({ status: 'failed', dispatch: 0 });
  });

  it('follows a no, and waits for its VM as others do', () => {
    const asks = { kind: 'approval', message: literal('Now?') } as const;
    const w = workflow({ a: { ...rescued('fail'), action: asks }, b: {} }, ['g.a', 'g.b']);
    w.send({ kind: 'reject', step: 'g[0].a', by: 'ann' });
    expect(w.record('g[0].a')).to.include({ status: 'ready', phase: 'rescue' });
    expect(w.record('g[0].a')).not.to.have.property('asks');
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[0].a']);
    w.succeed('g[0].a');
    expect(w.record('g[0].a')?.error?.message).to.equal('Rejected by ann.');
  });

  it('that cannot be made has failed', () => {
    const inputs = expression(() => 'no map');
    const w = workflow({ a: rescued('retry', script(inputs), 10) }, ['g.a']);
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).to.include({ status: 'failed', rescues: 1 });
    expect(w.reason).to.contain('its rescue failed (The inputs at');
  });

  it('row 12: opens an alternative path only once it has not helped', () => {
    const w = workflow({ a: rescued('retry'), b: { needs: ['a!failed'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    expect(w.status('g[0].b')).to.equal('waiting');
    w.exit('g[0].a', 1);
    expect(w.out()).to.eql(['g[0].b']);
  });

  it('interrupted runs again where a rerun does no harm, and has failed otherwise', () => {
    const w = workflow({ a: { ...rescued('retry'), onInterrupted: 'rerun' } }, ['g.a']);
    w.exit('g[0].a', 1);
    for (let count = 1; count <= LIMITS.interruptions; count += 1) {
      w.interrupt('g[0].a');
      expect(w.record('g[0].a')).to.include({ status: 'running', phase: 'rescue', interruptions: count });
    }
    w.interrupt('g[0].a');
    expect(w.reason).to.contain('its rescue failed (it was interrupted: boot id changed) after exit 1');
    const once = workflow({ a: { ...rescued('retry'), probe: script(), onInterrupted: 'probe' } }, ['g.a']);
    once.exit('g[0].a', 1);
    once.exit('g[0].a', 1);
    once.interrupt('g[0].a');
    expect(once.status('g[0].a')).to.equal('failed');
    const online = workflow({ a: rescued('retry', { kind: 'online' }) }, ['g.a']);
    online.exit('g[0].a', 1);
    online.interrupt('g[0].a');
    expect(online.record('g[0].a')).to.include({ status: 'running', phase: 'rescue' });
    const held = workflow({ a: { ...rescued('retry'), onInterrupted: 'pause' } }, ['g.a']);
    held.exit('g[0].a', 1);
    held.interrupt('g[0].a');
    expect(held.over).to.equal('held');
  });

  it('is called back by a cancel; a resume begins with the action', () => {
    for (const ends of ['succeeds', 'fails'] as const) {
      const w = workflow({ a: rescued('retry') }, ['g.a']);
      w.exit('g[0].a', 1);
      w.send({ kind: 'cancel', by: 'ann' });
      expect(w.over).to.equal('cancelling');
      if (ends === 'succeeds') w.succeed('g[0].a');
      else w.finish('g[0].a', { kind: 'refused', message: 'called back' });
      expect(w.record('g[0].a')).to.include({ status: 'interrupted', cause: 'cancelled' });
      w.send({ kind: 'resume', by: 'ann' });
      expect(w.record('g[0].a')).to.include({ status: 'running', phase: 'action', tries: 0 });
    }
  });

  it('that still waits for its VM ends with the workflow: the step has failed', () => {
    const asks = { kind: 'approval', message: literal('Now?') } as const;
    const states = { a: { ...rescued('fail'), action: asks }, b: {} };
    const w = workflow(states, ['g.a', 'g.b']);
    w.send({ kind: 'reject', step: 'g[0].a', by: 'ann' });
    w.send({ kind: 'cancel', by: 'ann' });
    expect(w.record('g[0].a')).to.include({ status: 'failed' });
    const done = workflow(states, ['g.b']);
    expect(done.status('g[0].a')).to.equal('waiting');
  });

  it('is deleted in the middle: called back, then the step is undone (R10)', () => {
    const w = workflow({ a: { ...rescued('retry'), undo: { action: script() } } }, ['g.a']);
    w.exit('g[0].a', 1);
    w.send({ kind: 'delete', abandon: false, by: 'heat' });
    w.finish('g[0].a', { kind: 'refused', message: 'called back' });
    expect(w.record('g[0].a')).to.include({ status: 'undoing', phase: 'undo' });
    w.succeed('g[0].a');
    expect(w.over).to.equal('deleted');
  });

  it('is sent again as it was by an engine that restarts', () => {
    const w = workflow({ a: rescued('retry') }, ['g.a']);
    w.exit('g[0].a', 1);
    const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
    const state = restore(w.graph, w.state.workflow, stored, {}, w.state.hash);
    expect(state).to.eql(w.state);
  });

  it('beside others where the state is not exclusive', () => {
    const w = workflow({ a: { ...rescued('retry'), exclusive: false }, b: {} }, ['g.a', 'g.b']);
    w.exit('g[0].a', 1);
    expect(w.out()).to.eql(['g[0].a', 'g[0].b']);
    expect(w.record('g[0].a')?.command).to.include({ exclusive: false });
  });

  it('row 15: is not begun once the goal holds', () => {
    const plain = workflow({ a: rescued('retry') }, ['g.a@any'], 2);
    plain.succeed('g[0].a');
    plain.exit('g[1].a', 1);
    expect(plain.over).to.equal('complete');
    expect(plain.record('g[1].a')).to.include({ status: 'failed' });
  });
});
