// What random draws found about members that change, each as the smallest case of its fault.
// Belongs here: single cases that once went wrong. Does not belong here: the rules as such (members.test.ts).
import { expect } from 'chai';
import type { MemberChange } from '../../engine/graph/members.ts';
import { definition, entity, membership, requirement, state } from '../support/definitions.ts';
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
});
