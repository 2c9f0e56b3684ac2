// Steps that wait for people: approvals and signals (rows 16 and 38 of the rules, R9).
// Belongs here: what holds of them beyond the scenarios. Does not belong here: holding after failures (rules.test.ts).
import { expect } from 'chai';
import type { Action } from '../../engine/definition/types.ts';
import { expression, literal, output, script } from '../support/definitions.ts';
import { groupWorkflow, type NamedStates } from '../support/group.ts';
import type { Workflow } from '../support/workflow.ts';

const approval = (more: Partial<Action & { kind: 'approval' }> = {}): Action => ({
  kind: 'approval',
  message: literal('Go on?'),
  ...more,
});
const signal = (name = 'go'): Action => ({ kind: 'signal', name });

/** A group of this size with the states, all of them the goal. */
const workflow = (size: number, states: NamedStates, goal?: string[]): Workflow =>
  groupWorkflow(states, goal ?? Object.keys(states).map(name => `g.${name}`), size);

const approve = (w: Workflow, step: string) => w.send({ kind: 'approve', step, by: 'ann' });
const reject = (w: Workflow, step: string) => w.send({ kind: 'reject', step, by: 'ann' });
const send = (w: Workflow, data = {}) => w.send({ kind: 'signal', name: 'go', data, by: 'ann' });

describe('a step that waits for people', () => {
  it('row 16: holds the workflow only when nothing else can move it, and the reason says who is waited for', () => {
    const w = workflow(1, { asked: { action: approval() }, told: { action: signal() }, run: {} });
    expect(w.over).to.equal('running');
    w.succeed('g[0].run');
    expect(w.over).to.equal('held');
    expect(w.reason).to.equal(
      "g[0].asked on g-0 waits for an operator's yes or no: Go on?; g[0].told on g-0 waits for the signal 'go'",
    );
    approve(w, 'g[0].asked');
    expect(w.over).to.equal('held');
    send(w);
    expect(w.over).to.equal('complete');
    expect(w.record('g[0].asked')).to.include({ status: 'reached', answeredBy: 'ann' });
  });

  it('is asked in words made from what the step may read', () => {
    const message = expression(data => ({ of: data.member?.name ?? '' }));
    const w = workflow(1, { asked: { action: approval({ message }) } });
    expect(w.record('g[0].asked')?.asks).to.eql({ kind: 'approval', message: '{"of":"g-0"}' });
  });

  it('takes one answer: the second is refused, and says why', () => {
    const w = workflow(2, { asked: { action: approval() } });
    approve(w, 'g[0].asked');
    expect(reject(w, 'g[0].asked').rejected?.message).to.equal(
      "g[0].asked is reached and can't be rejected.",
    );
    reject(w, 'g[1].asked');
    expect(w.record('g[1].asked')?.error).to.eql({
      kind: 'rejected',
      message: 'Rejected by ann.',
      phase: 'action',
    });
    expect(approve(w, 'g[1].asked').rejected?.message).to.equal(
      "g[1].asked is failed and can't be approved.",
    );
  });

  it('tells a yes or no from the answer to a failure and to a signal', () => {
    const w = workflow(1, { told: { action: signal() }, broken: { onFailure: 'pause' } });
    w.exit('g[0].broken', 1);
    expect(approve(w, 'g[0].broken').rejected?.next).to.equal('Retry, skip or fail it.');
    expect(approve(w, 'g[0].told').rejected?.next).to.equal('Send the signal, or skip the step.');
    expect(w.send({ kind: 'retry', step: 'g[0].told', by: 'ann' }).rejected?.next).to.contain("signal 'go'");
    const { changes } = w.send({ kind: 'retry', by: 'ann' });
    expect(changes.map(change => change.kind === 'step' && change.step))
      .include('g[0].broken')
      .and.not.include('g[0].told');
  });

  it('follows `on_failure` after a no, like any failed state', () => {
    const tolerated = workflow(1, { asked: { action: approval(), onFailure: 'continue' } });
    reject(tolerated, 'g[0].asked');
    expect(tolerated.over).to.equal('complete');
    const held = workflow(1, { asked: { action: approval(), onFailure: 'pause' } });
    reject(held, 'g[0].asked');
    expect(held.record('g[0].asked')).to.include({ status: 'paused', cause: 'held_for_operator' });
    held.send({ kind: 'retry', step: 'g[0].asked', by: 'ann' });
    expect(held.record('g[0].asked')).to.include({ status: 'paused', cause: 'waits_for_approval' });
  });

  it('waits without end, or for the time that the state says, and then is asked again while attempts are left', () => {
    expect(workflow(1, { asked: { action: approval() } }).record('g[0].asked')).not.to.have.property('due');
    const action = approval({ timeout: 600_000 });
    const w = workflow(1, { asked: { action, retry: { attempts: 2, delay: 1_000 } } });
    w.due('g[0].asked');
    expect(w.record('g[0].asked')).to.deep.include({
      status: 'waiting',
      error: { kind: 'timeout', message: 'Nobody answered within 600 s.', phase: 'action' },
    });
    w.due('g[0].asked');
    expect(w.record('g[0].asked')).to.include({ status: 'paused', attempt: 2 });
    w.due('g[0].asked');
    expect(w.over).to.equal('failed');
  });

  it('row 38: one signal moves one step, the one that has waited longest', () => {
    const w = workflow(3, { run: {}, told: { needs: ['run'], action: signal() } });
    for (const index of [1, 0, 2]) {
      w.now += 1;
      w.succeed(`g[${index}].run`);
    }
    send(w);
    expect([0, 1, 2].map(index => w.status(`g[${index}].told`))).to.eql(['paused', 'reached', 'paused']);
    send(w);
    expect(w.status('g[0].told')).to.equal('reached');
  });

  it('row 38: a signal that fits no state of its name is refused, early or late', () => {
    const told = { needs: ['run'], action: signal(), out: [output('port', { type: 'integer' })] };
    const w = workflow(1, { run: {}, told });
    expect(send(w, { port: 'x' }).rejected?.message).to.contain("The signal 'go' can't be taken");
    expect(w.state.workflow.signals).to.equal(undefined);
    w.succeed('g[0].run');
    expect(send(w).rejected?.message).to.contain("The output 'port' of g.told is missing");
    send(w, { port: 7, unknown: true });
    expect(w.record('g[0].told')?.outputs).to.eql({ port: 7 });
  });

  it('row 38: one that fits another state of its name only, fails the state that took it', () => {
    const typed = { needs: ['run'], action: signal(), out: [output('port', { type: 'integer' })] };
    const w = workflow(1, { run: {}, told: typed, late: { needs: ['told'], action: signal() } });
    send(w, {});
    w.succeed('g[0].run');
    expect(w.record('g[0].told')).to.deep.include({ status: 'failed' });
    expect(w.record('g[0].told')?.error?.message).to.contain("'port' of g.told is missing");
  });

  it('is not needed any more when the goal holds without its answer', () => {
    const w = workflow(2, { asked: { action: approval() } }, ['g.asked@any']);
    approve(w, 'g[1].asked');
    expect(w.record('g[0].asked')).to.include({ status: 'not_needed', cause: 'goal_holds' });
    expect(w.over).to.equal('complete');
  });

  it('asks no more once the workflow is deleted; what was done is undone all the same', () => {
    const w = workflow(1, {
      run: { undo: { action: script() } },
      asked: { needs: ['run'], action: approval() },
    });
    w.succeed('g[0].run');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.record('g[0].asked')).to.include({ status: 'undone', cause: 'nothing_to_undo' });
    expect(approve(w, 'g[0].asked').rejected?.message).to.equal('The workflow is deleting.');
    w.succeed('g[0].run');
    expect(w.over).to.equal('deleted');
  });

  it('can be skipped or failed by an operator instead', () => {
    const w = workflow(2, { asked: { action: approval() } });
    w.send({ kind: 'skip', step: 'g[0].asked', outputs: {}, by: 'ann' });
    w.send({ kind: 'fail', step: 'g[1].asked', by: 'ann' });
    expect([w.status('g[0].asked'), w.status('g[1].asked')]).to.eql(['skipped', 'failed']);
    expect(w.record('g[0].asked')).not.to.have.property('asks');
  });
});
