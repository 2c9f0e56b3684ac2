// `on_failure: {then: undo}`: what the attempts of a step did is taken back, then it has failed.
// Belongs here: row 42 of the table of rules, and what crosses it. Does not belong here: undo of the whole (R10).
import { expect } from 'chai';
import type { State } from '../../engine/definition/types.ts';
import { restore } from '../../engine/machine/state.ts';
import {
  definition,
  entity,
  expression,
  join,
  literal,
  membership,
  script,
  state,
  type StateSpec,
} from '../support/definitions.ts';
import { groupWorkflow as workflow } from '../support/group.ts';
import { Workflow } from '../support/workflow.ts';

const undone = (more: StateSpec = {}): StateSpec => ({
  onFailure: 'undo',
  undo: { action: script() },
  ...more,
});

describe('the reason of a workflow', () => {
  it('ends no sentence in its middle, whether a failure has a tail, a remark behind it, or neither', () => {
    const failed = (tail: string): string => {
      const w = workflow({ a: {} }, ['g.a']);
      w.finish('g[0].a', {
        kind: 'failed',
        error: { kind: 'exit', message: 'It ended with exit code 7.', exitCode: 7, tail },
      });
      return w.reason;
    };
    expect(failed('no licence')).to.equal('g[0].a on g-0 failed: It ended with exit code 7: no licence');
    expect(failed('')).to.equal('g[0].a on g-0 failed: It ended with exit code 7');
  });
});

describe('a step that is undone before it has failed', () => {
  it('row 42: is undone on the VM it has, before anything else there, and fails with its own error', () => {
    const w = workflow({ a: undone(), b: {} }, ['g.a', 'g.b']);
    w.exit('g[0].a', 3, 'no disk');
    expect(w.record('g[0].a')).to.include({ status: 'undoing', phase: 'undo' });
    expect(w.record('g[0].a')?.command).to.include({ reason: 'first' });
    expect([w.status('g[0].b'), w.over]).to.eql(['ready', 'running']);
    w.succeed('g[0].a');
    expect(w.record('g[0].a')).to.include({ status: 'failed', touched: false });
    expect(w.record('g[0].a')?.error).to.include({ message: 'exit 3', tail: 'no disk', phase: 'action' });
    expect(w.out()).to.eql(['g[0].b']);
    w.succeed('g[0].b');
    expect(w.reason).to.equal('g[0].a on g-0 failed: exit 3: no disk');
    w.send({ kind: 'delete', abandon: false, by: 'heat' });
    expect(w.record('g[0].a')).to.include({ status: 'failed' });
  });

  it('row 42: has failed for others only once it is undone (row 12), and is looked at after it', () => {
    const w = workflow({ a: undone({ probe: script() }), b: { needs: ['a!failed'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    w.exit('g[0].a', 3);
    w.succeed('g[0].a');
    expect([w.record('g[0].a')?.phase, w.status('g[0].b')]).to.eql(['verify', 'waiting']);
    w.exit('g[0].a', 1);
    expect([w.status('g[0].a'), ...w.out()]).to.eql(['failed', 'g[0].b']);
  });

  it('row 42: says both when the undo fails, and owes it still', () => {
    const w = workflow({ a: undone({ undo: { action: script(), retry: { attempts: 2, delay: 5_000 } } }) }, [
      'g.a',
    ]);
    w.exit('g[0].a', 3);
    w.exit('g[0].a', 9);
    expect(w.record('g[0].a')).to.include({ status: 'undoing' });
    expect(w.record('g[0].a')?.due).to.include({ for: 'retry' });
    w.due('g[0].a');
    w.exit('g[0].a', 9);
    expect(w.record('g[0].a')).to.include({ status: 'failed', cause: 'undo_failed', touched: true });
    expect(w.reason).to.equal('g[0].a on g-0 failed: its undo failed (exit 9) after exit 3');
    w.send({ kind: 'delete', abandon: false, by: 'heat' });
    w.succeed('g[0].a');
    expect(w.over).to.equal('deleted');
  });

  it('row 42: has nothing to take back when its action was never started', () => {
    const w = workflow({ a: undone({ probe: script() }) }, ['g.a']);
    w.exit('g[0].a', 7);
    expect(w.record('g[0].a')).to.include({ status: 'failed', touched: false });
    const judged = workflow({ a: undone({ condition: expression(() => 'no answer') }) }, ['g.a']);
    expect(judged.record('g[0].a')).to.include({ status: 'failed', dispatch: 0 });
  });

  it('row 42: begins anew when an operator has it tried again', () => {
    const w = workflow({ a: undone({ retry: { attempts: 2 } }) }, ['g.a']);
    for (const code of [1, 1]) w.exit('g[0].a', code);
    w.succeed('g[0].a');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.record('g[0].a')).to.include({ status: 'running', phase: 'action', tries: 0, touched: true });
    w.succeed('g[0].a');
    expect(w.over).to.equal('complete');
  });

  it('row 41: comes after the rescue, also after one that failed', () => {
    const rescue: State['rescue'] = { action: script(), times: 1 };
    for (const code of [0, 9]) {
      const w = workflow({ a: undone({ rescue }) }, ['g.a']);
      w.exit('g[0].a', 3);
      if (code === 0) w.succeed('g[0].a');
      else w.exit('g[0].a', code);
      expect(w.record('g[0].a')).to.include({ status: 'undoing', phase: 'undo' });
      w.succeed('g[0].a');
      expect(w.reason.includes('its rescue failed (exit 9) after exit 3')).to.equal(code === 9);
    }
  });

  it('follows a no, and waits for its VM as others do', () => {
    const asks = { kind: 'approval', message: literal('Now?') } as const;
    const w = workflow({ a: undone({ action: asks }), b: {} }, ['g.a', 'g.b']);
    w.send({ kind: 'reject', step: 'g[0].a', by: 'ann' });
    expect(w.record('g[0].a')).to.include({ status: 'undoing' });
    expect(w.out()).to.eql(['g[0].b']);
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[0].a']);
    w.finish('g[0].a', { kind: 'failed', error: { kind: 'unreachable', message: 'the VM is gone' } });
    expect(w.record('g[0].a')).to.include({ status: 'failed', touched: false });
    expect(w.reason).to.equal('g[0].a on g-0 failed: Rejected by ann');
  });

  it('always ends its undo: a cancel and a deletion await it', () => {
    const w = workflow({ a: undone() }, ['g.a']);
    w.exit('g[0].a', 3);
    w.send({ kind: 'cancel', by: 'ann' });
    expect([w.over, w.status('g[0].a')]).to.eql(['cancelling', 'undoing']);
    w.succeed('g[0].a');
    expect([w.over, w.status('g[0].a')]).to.eql(['failed', 'failed']);
    const d = workflow({ a: undone() }, ['g.a']);
    d.exit('g[0].a', 3);
    d.send({ kind: 'delete', abandon: false, by: 'heat' });
    expect(d.effects.some(effect => effect.kind === 'cancel')).to.equal(false);
    d.succeed('g[0].a');
    expect([d.over, d.status('g[0].a')]).to.eql(['deleted', 'undone']);
  });

  it('interrupted in its undo runs that again, and keeps its error', () => {
    const w = workflow({ a: undone() }, ['g.a']);
    w.exit('g[0].a', 3);
    w.interrupt('g[0].a');
    expect(w.record('g[0].a')).to.include({ status: 'undoing', dispatch: 3 });
    expect(w.record('g[0].a')?.error).to.include({ message: 'exit 3' });
    const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
    expect(restore(w.graph, w.state.workflow, stored, {}, w.state.hash)).to.eql(w.state);
  });

  it('row 15: is not undone once the goal holds; a deletion does that', () => {
    const w = workflow({ a: undone() }, ['g.a@any'], 2);
    w.succeed('g[0].a');
    w.exit('g[1].a', 1);
    expect(w.over).to.equal('complete');
    expect(w.record('g[1].a')).to.include({ status: 'failed', touched: true });
  });

  it('row 43: halts the workflow when it has failed, not while it is undone', () => {
    const made = [state('g', 'a', undone()), state('g', 'b', { needs: ['g.a!final'] })];
    const up = join('s', 'up', { needs: ['g.a', 'g.b'] });
    const entities = [entity('g', { states: made }), entity('s', { type: 'service', states: [up] })];
    const halting = definition(entities, ['s.up'], { failureMode: 'halt' });
    const w = new Workflow(halting, membership({ g: 1 })).create();
    w.exit('g[0].a', 1);
    expect(w.over).to.equal('running');
    w.succeed('g[0].a');
    expect(w.status('g[0].b')).to.equal('running');
  });
});
