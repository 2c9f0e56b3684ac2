// What random draws found about members that change, each as the smallest case of its fault.
// Belongs here: single cases that once went wrong. Does not belong here: the rules as such (members.test.ts).
import { expect } from 'chai';
import type { MemberChange } from '../../engine/graph/members.ts';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  requirement,
  rolling,
  script,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const change = (w: Workflow, asked: MemberChange): void =>
  void w.send({ kind: 'update', change: asked, by: 'ann' });

describe('members that change, as random draws found it', () => {
  it('row 23: nothing is timed any more for a member that is abandoned while it waits for what must come in time', () => {
    const requires = [{ ...requirement('a', 'g'), within: 90_000 }];
    const states = [state('g', 'a'), { ...state('g', 'b'), requires }];
    const one = definition([entity('g', { states })], ['g.b']);
    const w = new Workflow(one, membership({ g: 1 })).create();
    expect(w.record('g[0].b')?.due).to.include({ for: 'within' });
    change(w, { leave: { g: ['g-0'] }, abandon: true });
    expect(w.over).to.equal('complete');
    expect(w.graph.steps.filter(({ number }) => w.state.records[number]?.due)).to.eql([]);
  });

  it('row 49: who waits for a renewal of what it requires gets ready anew when that is no longer enough', () => {
    const states = [state('g', 'a', { validFor: 15 }), state('g', 'b', { needs: ['g.a@50%'] })];
    const one = definition([entity('g', { states })], ['g.b']);
    const w = new Workflow(one, membership({ g: 4 })).create();
    w.succeed('g[0].a');
    w.now += 20;
    w.succeed('g[1].a');
    expect(w.record('g[3].b')?.freshFrom).to.equal(w.now);
    change(w, { leave: { g: ['g-0'] }, abandon: true });
    expect(w.record('g[3].b')?.freshFrom).to.equal(undefined);
    for (const step of ['g[2].a', 'g[3].a', 'g[1].b', 'g[2].b', 'g[3].b']) w.succeed(step);
    expect(w.over).to.equal('complete');
  });

  it('row 6: what waits for the VM of who leaves gets ready for another, in the moment in which the role moves', () => {
    const roles = [{ name: 'boss', choose: 'lowest_index' as const, among: 'a' }];
    const boss = expression(
      data => data.role('g', 'boss')?.agent ?? '',
      [{ kind: 'role', entity: 'g', role: 'boss' }],
    );
    const states = [join('g', 'a'), state('g', 'b'), state('g', 'c', { runOn: boss })];
    const one = definition([entity('g', { states, roles })], ['g.b', 'g.c']);
    const w = new Workflow(one, membership({ g: 2 })).create();
    expect(w.record('g[1].c')).to.include({ status: 'ready', agent: 'g-0' });
    change(w, { leave: { g: ['g-0'] } });
    expect(w.record('g[1].c')).to.include({ status: 'ready', agent: 'g-1' });
    w.succeed('g[1].b');
    expect(w.record('g[1].c')).to.include({ status: 'running', agent: 'g-1' });
  });

  it('row 6: what runs once for a group is tried again with another member when the one that it began on leaves', () => {
    const states = [
      join('g', 'a'),
      state('g', 'b', { needs: ['g.a'], once: { any: true }, retry: { attempts: 2, delay: 1_000 } }),
    ];
    const w = new Workflow(definition([entity('g', { states })], ['g.b']), membership({ g: 2 })).create();
    expect(w.record('g.b')).to.include({ status: 'running', agent: 'g-0' });
    w.exit('g.b', 1);
    change(w, { leave: { g: ['g-0'] } });
    w.due('g.b');
    expect(w.record('g.b')).to.include({ status: 'running', agent: 'g-1' });
  });

  it('row 12: what failed before anybody waited for that is known to who joins and does', () => {
    const rescuer = entity('h', { states: [state('h', 'c', { needs: ['g.a!failed'] })] });
    const group = entity('g', { states: [state('g', 'a'), join('g', 'b')] });
    const one = definition([group, rescuer], ['g.a', 'g.b', 'h.c']);
    const w = new Workflow(one, membership({ g: 1, h: 1 })).create();
    change(w, { leave: { h: ['h-0'] } });
    change(w, { join: { g: [{ agent: 'x', name: 'x', data: {} }] } });
    w.exit('g[0].a', 1);
    w.exit('g[1].a', 1);
    expect([w.over, w.record('g[1].a')?.hasFailed]).to.eql(['failed', undefined]);
    change(w, { join: { h: [{ agent: 'h-0', name: 'h-0', data: {} }] } });
    expect([w.record('g[1].a')?.hasFailed, w.status('h[0].c')]).to.eql([true, 'running']);
  });

  it('row 13: what was begun for a failure is not tried again when who failed has left', () => {
    const rescue = { action: { kind: 'wait', duration: 5_000 }, times: 1 } as const;
    const cleaner = entity('h', {
      states: [state('h', 'c', { needs: ['g.a!failed'], onFailure: 'retry', rescue })],
    });
    const one = definition([entity('g', { states: [state('g', 'a')] }), cleaner], ['h.c']);
    const w = new Workflow(one, membership({ g: 1, h: 1 })).create();
    w.exit('g[0].a', 1);
    change(w, { leave: { g: ['g-0'] } });
    w.exit('h[0].c', 1);
    w.due('h[0].c');
    expect([w.status('h[0].c'), w.over]).to.eql(['not_needed', 'complete']);
  });

  it('row 30: a `vm` that another takes the place of is undone, and all runs anew on the other', () => {
    const states = [state('d', 'a', { undo: { action: script() } })];
    const one = definition([entity('d', { type: 'vm', states })], ['d.a']);
    const w = new Workflow(one, membership({ d: 1 })).create();
    w.succeed('d.a');
    change(w, { members: { d: [{ agent: 'x', name: 'x', data: {} }] } });
    expect([w.over, w.record('d.a')?.status, w.record('d[1].a')?.status]).to.eql([
      'running',
      'undoing',
      'running',
    ]);
    w.succeed('d.a');
    w.succeed('d[1].a');
    expect([w.over, w.record('d[1].a')?.agent]).to.eql(['complete', 'x']);
  });

  it('R4: who left while it ran, and comes back, still has its turn', () => {
    const states = [{ ...state('g', 'a'), rolling: rolling(['a']) }];
    const w = new Workflow(definition([entity('g', { states })], ['g.a']), membership({ g: 2 })).create();
    w.succeed('g[0].a');
    change(w, { leave: { g: ['g-1'] } });
    change(w, { join: { g: [{ agent: 'g-1', name: 'g-1', data: {} }] } });
    expect(w.out()).to.eql(['g[1].a']);
    w.succeed('g[1].a');
    expect(w.over).to.equal('complete');
  });

  it('R3: an undo that failed when its member left before is tried again when it leaves once more', () => {
    const states = [state('g', 'a', { undo: { action: script() } }), state('g', 'b', { needs: ['g.a'] })];
    const w = new Workflow(definition([entity('g', { states })], ['g.b']), membership({ g: 2 })).create();
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    change(w, { leave: { g: ['g-1'] } });
    w.exit('g[1].a', 1);
    w.exit('g[1].b', 1);
    w.exit('g[1].a', 1);
    change(w, { join: { g: [{ agent: 'g-1', name: 'g-1', data: {} }] } });
    expect(w.status('g[1].a')).to.equal('failed');
    change(w, { leave: { g: ['g-1'] } });
    expect(w.status('g[1].a')).to.equal('undoing');
  });

  it('R4: an order is made anew when one has taken the place of another', () => {
    const order = expression(data => data.member?.index ?? 0);
    const one = definition(
      [entity('g', { states: [{ ...state('g', 'a'), rolling: rolling(['a'], { order }) }] })],
      ['g.a'],
    );
    const w = new Workflow(one, membership({ g: 3 })).create();
    expect(w.out()).to.eql(['g[0].a']);
    change(w, { leave: { g: ['g-1'] }, join: { g: [{ agent: 'x', name: 'x', data: {} }] } });
    for (const step of ['g[0].a', 'g[2].a', 'g[3].a']) {
      expect(w.out()).to.eql([step]);
      w.succeed(step);
    }
    expect(w.over).to.equal('complete');
  });

  it('row 49: who joins may hold a role that had nobody left to hold it, and blocks nobody before that', () => {
    const roles = [
      { name: 'boss', choose: 'lowest_index' as const, among: 'a' },
      { name: 'deputy', choose: 'lowest_index' as const, among: 'b' },
    ];
    const states = [
      state('g', 'a'),
      state('g', 'b', { only: ['boss'] }),
      state('g', 'c', { only: ['boss', 'deputy'] }),
    ];
    const w = new Workflow(
      definition([entity('g', { states, roles })], ['g.c']),
      membership({ g: 1 }),
    ).create();
    w.succeed('g[0].a');
    change(w, { leave: { g: ['g-0'] } });
    change(w, { join: { g: [{ agent: 'g-1', name: 'g-1', data: {} }] } });
    expect(w.status('g[1].c')).to.equal('waiting');
    w.succeed('g[0].b');
    for (const step of ['g[1].a', 'g[1].b', 'g[1].c']) w.succeed(step);
    expect(w.over).to.equal('complete');
  });

  it('row 23: an undo that is interrupted after somebody who stood on it began to leave is tried again behind theirs', () => {
    const undo = { action: script(), onFailure: 'fail' as const };
    const one = definition(
      [
        entity('a', { states: [state('a', 's', { undo })] }),
        entity('b', { states: [state('b', 't', { needs: ['a.s'], undo })] }),
      ],
      ['b.t'],
    );
    const w = new Workflow(one, membership({ a: 1, b: 1 })).create();
    w.succeed('a[0].s');
    w.succeed('b[0].t');
    change(w, { leave: { a: ['a-0'] } });
    change(w, { leave: { b: ['b-0'] } });
    expect(w.out()).to.eql(['a[0].s', 'b[0].t']);
    w.interrupt('a[0].s');
    expect(w.out()).to.eql(['b[0].t']);
    w.succeed('b[0].t');
    expect(w.out()).to.eql(['a[0].s']);
    w.succeed('a[0].s');
    expect(w.over).to.equal('complete');
  });

  it('row 3: who was blocked by a vacant role waits as soon as that is open again, also while another is undone first', () => {
    const roles = [
      { name: 'boss', choose: 'lowest_index' as const, among: 'a' },
      { name: 'deputy', choose: 'lowest_index' as const, among: 'b' },
    ];
    const states = [
      state('g', 'a'),
      state('g', 'b', { except: ['boss'] }),
      state('g', 'c', { only: ['boss'], undo: { action: script(), onFailure: 'fail' } }),
      state('g', 'd', { only: ['boss'], except: ['deputy'] }),
    ];
    const w = new Workflow(
      definition([entity('g', { states, roles })], ['g.c', 'g.d']),
      membership({ g: 3 }),
    ).create();
    for (const step of ['g[0].a', 'g[1].a', 'g[2].a', 'g[0].c']) w.succeed(step);
    for (const step of ['g[1].b', 'g[2].b']) w.exit(step, 1);
    expect([w.over, w.record('g[0].d')?.cause]).to.eql(['failed', 'role_vacant']);
    change(w, { leave: { g: ['g-0'] } });
    expect([w.out()[0], w.status('g[1].d'), w.status('g[2].d')]).to.eql(['g[0].c', 'waiting', 'waiting']);
    for (let [step] = w.out(); step !== undefined; [step] = w.out()) w.succeed(step);
    expect([w.over, w.state.workflow.roles]).to.eql(['complete', { 'g.boss': 'g-1', 'g.deputy': 'g-2' }]);
  });

  it('halted: what was asked to be renewed may be fresh enough before anything may begin again', () => {
    const one = definition(
      [
        entity('g', { states: [state('g', 'a', { validFor: 15 })] }),
        entity('h', { states: [state('h', 'slow'), state('h', 'b', { needs: ['slow', 'g.a@1'] })] }),
        entity('s', { type: 'vm', states: [state('s', 'breaks')] }),
      ],
      ['h.b', 's.breaks'],
      { failureMode: 'halt' },
    );
    const w = new Workflow(one, membership({ g: 2, h: 1, s: 1 })).create();
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    w.now += 20;
    w.succeed('h[0].slow');
    expect(w.record('h[0].b')?.freshFrom).to.equal(w.now);
    w.exit('s.breaks', 1);
    w.succeed('g[0].a');
    expect(w.status('h[0].b')).to.equal('waiting');
    w.succeed('g[1].a');
    expect(w.over).to.equal('failed');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.out()).to.eql(['h[0].b', 's.breaks']);
  });
});
