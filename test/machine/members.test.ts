// Members that join and leave while a workflow runs, has failed or is complete.
// Belongs here: single cases of generations. Does not belong here: properties (properties.test.ts), stores and engines.
import { expect } from 'chai';
import type { MemberChange } from '../../engine/graph/members.ts';
import { stateKey } from '../../engine/graph/references.ts';
import type { Decision } from '../../engine/machine/types.ts';
import {
  definition,
  entity,
  join,
  membership,
  script,
  state,
  type StateSpec,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const change = (w: Workflow, asked: MemberChange): Decision =>
  w.send({ kind: 'update', change: asked, by: 'ann' });
const joins = (w: Workflow, ...agents: readonly string[]): Decision =>
  change(w, { join: { g: agents.map(agent => ({ agent, name: agent, data: {} })) } });
const leaves = (w: Workflow, ...agents: readonly string[]): Decision => change(w, { leave: { g: agents } });

const undo = { action: script() };
/** `a`, then `b` behind a barrier over `a`; the goal is a service behind `b` of all. */
function group(size: number, more: StateSpec = {}): Workflow {
  const states = [state('g', 'a', { undo, ...more }), state('g', 'b', { undo, needs: ['g.a'] })];
  const service = entity('s', { type: 'service', states: [join('s', 'up', { needs: ['g.b'] })] });
  const one = definition([entity('g', { states }), service], ['s.up']);
  return new Workflow(one, membership({ g: size })).create();
}

function complete(size: number): Workflow {
  const w = group(size);
  for (let index = 0; index < size; index += 1) w.succeed(`g[${index}].a`);
  for (let index = 0; index < size; index += 1) w.succeed(`g[${index}].b`);
  expect(w.over).to.equal('complete');
  return w;
}

const seats = (w: Workflow): readonly string[] =>
  (w.graph.membership.get('g') ?? []).map(
    ({ index, agent, leaving }) => `${index} ${agent}${leaving ? ' leaves' : ''}`,
  );

describe('members that change', () => {
  it('row 30: an index is the lowest that is free on joining, and never changes', () => {
    const w = complete(3);
    leaves(w, 'g-1');
    w.succeed('g[1].b');
    w.succeed('g[1].a');
    joins(w, 'x', 'y');
    expect(seats(w)).to.eql(['0 g-0', '1 x', '2 g-2', '3 y']);
    expect(w.status('g[1].a')).to.equal('running');
    expect(w.record('g[1].a')).to.include({ dispatch: 200_001, generation: 3 });
  });

  it('row 30: a seat is free only when all is undone', () => {
    const w = complete(2);
    leaves(w, 'g-0');
    joins(w, 'x');
    expect(seats(w)).to.eql(['0 g-0 leaves', '1 g-1', '2 x']);
  });

  it('row 49: what was reached behind a barrier stays; what had not begun waits for who joined', () => {
    const w = group(2);
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    w.succeed('g[0].b');
    joins(w, 'x');
    expect([w.status('g[0].b'), w.status('g[1].b'), w.status('g[2].a')]).to.eql([
      'reached',
      'running',
      'running',
    ]);
    w.succeed('g[1].b');
    expect(w.status('s.up')).to.equal('waiting');
    w.succeed('g[2].a');
    w.succeed('g[2].b');
    expect(w.over).to.equal('complete');
  });

  it('row 49: a complete workflow is complete again when who joined has come along', () => {
    const w = complete(2);
    joins(w, 'x');
    expect([w.over, w.status('s.up'), w.status('g[0].b')]).to.eql(['running', 'reached', 'reached']);
    w.exit('g[2].a', 1);
    expect(w.over).to.equal('failed');
    w.send({ kind: 'resume', by: 'ann' });
    w.succeed('g[2].a');
    w.succeed('g[2].b');
    expect([w.over, w.record('s.up')?.since]).to.eql(['complete', w.record('g[0].b')?.since]);
  });

  it('row 49: a step that is ready waits for who joined', () => {
    const states = [state('g', 'a'), state('g', 'c'), state('g', 'b', { needs: ['g.a'] })];
    const busy = definition([entity('g', { states })], ['g.b', 'g.c']);
    const v = new Workflow(busy, membership({ g: 1 })).create();
    v.succeed('g[0].a');
    expect([v.status('g[0].c'), v.status('g[0].b')]).to.eql(['running', 'ready']);
    joins(v, 'x');
    expect(v.status('g[0].b')).to.equal('waiting');
  });

  it('row 23: what runs on a member that leaves is awaited, then undone, and never tried again', () => {
    const w = group(3, { retry: { attempts: 3 } });
    leaves(w, 'g-2');
    expect(w.effects.filter(({ kind }) => kind === 'cancel')).to.eql([]);
    w.exit('g[2].a', 1);
    expect(w.record('g[2].a')).to.include({ status: 'undoing', phase: 'undo', attempt: 1 });
    w.succeed('g[2].a');
    expect(w.record('g[2].a')?.status).to.equal('undone');
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    expect(w.status('g[0].b')).to.equal('running');
  });

  it('row 23: it is called back where its state is interruptible', () => {
    const w = group(2, { interruptible: true });
    leaves(w, 'g-1');
    expect(w.effects.filter(({ kind }) => kind === 'cancel').map(({ id }) => id.step)).to.eql(['g[1].a']);
    w.finish('g[1].a', { kind: 'refused', message: 'called back' });
    expect(w.status('g[1].a')).to.equal('undoing');
  });

  it('row 23: who comes back before all is undone: the undo that runs ends, what was undone comes again', () => {
    const w = complete(2);
    leaves(w, 'g-1');
    expect([w.status('g[1].b'), w.status('g[1].a')]).to.eql(['undoing', 'reached']);
    joins(w, 'g-1');
    expect([w.over, w.status('g[1].b'), w.record('g[1].a')?.withdrawn]).to.eql([
      'running',
      'undoing',
      undefined,
    ]);
    w.succeed('g[1].b');
    expect([w.status('g[1].b'), w.status('g[1].a')]).to.eql(['running', 'reached']);
    w.succeed('g[1].b');
    expect(w.over).to.equal('complete');
  });

  it('row 8: more members required than are left: the change is refused with that sentence, and nothing is changed', () => {
    const states = [state('g', 'a'), state('g', 'b', { needs: ['g.a@2'] })];
    const one = definition([entity('g', { states })], ['g.b']);
    const w = new Workflow(one, membership({ g: 2 })).create();
    const { rejected, changes } = change(w, { members: { g: [{ agent: 'g-0', name: 'g-0', data: {} }] } });
    expect(rejected?.message).to.equal('g.b requires 2 of g.a, which applies to 1 of the members given.');
    expect([changes, w.state.workflow.generation]).to.eql([[], 1]);
  });

  it('row 31: an agent named twice for one entity is refused', () => {
    const w = complete(1);
    expect(joins(w, 'x', 'x').rejected?.message).to.equal("The agent 'x' is named twice for g.");
  });

  it('row 6: the role of who leaves is chosen again once what it did as its holder is undone, and states follow', () => {
    const roles = [{ name: 'boss', choose: 'lowest_index' as const, among: 'a' }];
    const states = [
      state('g', 'a'),
      state('g', 'lead', { needs: ['a'], only: ['boss'], undo }),
      state('g', 'follow', { needs: ['g.lead'], except: ['boss'], undo }),
    ];
    const one = definition([entity('g', { states, roles })], ['g.lead', 'g.follow']);
    const w = new Workflow(one, membership({ g: 2 })).create();
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    w.succeed('g[0].lead');
    w.succeed('g[1].follow');
    expect(w.over).to.equal('complete');
    leaves(w, 'g-0');
    expect(w.state.workflow.roles).to.eql({});
    w.succeed('g[0].lead');
    expect(w.state.workflow.roles).to.eql({ [stateKey('g', 'boss')]: 'g-1' });
    expect([w.status('g[1].follow'), w.status('g[1].lead')]).to.eql(['undoing', 'waiting']);
    w.succeed('g[1].follow');
    expect([w.status('g[1].follow'), w.status('g[1].lead')]).to.eql(['skipped', 'running']);
    w.succeed('g[1].lead');
    expect(w.over).to.equal('complete');
  });

  it('an undo that fails makes a complete workflow fail; a resume tries it again, abandoning gives it up', () => {
    const w = complete(2);
    leaves(w, 'g-1');
    w.exit('g[1].b', 3);
    expect([w.over, w.reason]).to.eql([
      'failed',
      'g[1].b on g-1 could not be undone: exit 3 (resume it to try again, or abandon the member)',
    ]);
    w.send({ kind: 'resume', by: 'ann' });
    w.exit('g[1].b', 3);
    expect(w.over).to.equal('failed');
    change(w, { leave: { g: ['g-1'] }, abandon: true });
    expect([w.over, w.status('g[1].b'), w.status('g[1].a')]).to.eql(['complete', 'undone', 'undone']);
  });

  it('a change that changes nobody does nothing', () => {
    const w = complete(2);
    expect(leaves(w, 'nobody')).to.eql({ changes: [], effects: [] });
    expect(w.state.workflow.generation).to.equal(1);
  });

  it('an answer to a command of an earlier generation is still taken; one for a seat that another has now is not', () => {
    const w = group(2);
    const id = { workflow: 'w', generation: 1, step: 'g[1].a', dispatch: 1 };
    const done = { kind: 'finished', outcome: { kind: 'succeeded', outputs: {} } } as const;
    joins(w, 'x');
    expect(w.send({ kind: 'report', id, report: done }).changes).to.have.length.above(0);
    const v = group(2);
    change(v, { leave: { g: ['g-1'] }, abandon: true });
    joins(v, 'y');
    expect(v.record('g[1].a')).to.include({ dispatch: 200_001, generation: 3 });
    expect(v.send({ kind: 'report', id, report: done })).to.eql({ changes: [], effects: [] });
  });

  it('row 23: who left and comes back is sent no command under a number that it knows', () => {
    const states = [state('g', 'a', { undo })];
    const w = new Workflow(definition([entity('g', { states })], ['g.a']), membership({ g: 2 })).create();
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    for (const _ of [1, 2]) {
      leaves(w, 'g-1');
      w.succeed('g[1].a');
      joins(w, 'g-1');
      w.succeed('g[1].a');
    }
    const sent = w.effects.filter(({ id }) => id.step === 'g[1].a').map(({ id }) => id.dispatch);
    expect(sent).to.eql(sent.toSorted((a, b) => a - b));
    expect(new Set(sent).size).to.equal(5);
    expect(w.over).to.equal('complete');
  });
});
