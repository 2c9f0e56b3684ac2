// Rollings on the way back, and what is said of a step that waits for its turn (R4, R10).
// Belongs here: undo in turns, views. Does not belong here: the way there (rolling.test.ts).
import { expect } from 'chai';
import type { Rolling } from '../../engine/definition/types.ts';
import { rollingView } from '../../engine/machine/rolling/view.ts';
import { waitsFor } from '../../engine/machine/waits.ts';
import { script } from '../support/definitions.ts';
import type { Workflow } from '../support/workflow.ts';
import { batches, course, inOrder, window, workflow } from './rolling-cases.ts';

describe('why a step waits for its turn', () => {
  const waits = (w: Workflow, id: string): readonly string[] =>
    waitsFor(w.graph, w.state, w.graph.stepById.get(id) as number);
  const seen = (w: Workflow, id: string) => {
    const view = rollingView(w.graph, w.state, w.graph.steps[w.graph.stepById.get(id) as number] as never);
    return (
      view && { ...view, inside: view.inside.map(step => step.id), ahead: view.ahead.map(step => step.id) }
    );
  };

  it('R4: says who is inside and who is next', () => {
    const w = workflow({}, 3);
    w.succeed('g[0].a');
    expect(waits(w, 'g[1].a')).to.eql(['its turn in rolling g.r (1 of 1 inside)']);
    expect(waits(w, 'g[2].a')).to.eql(['its turn in rolling g.r (1 of 1 inside, g[1].a is next)']);
    expect(seen(w, 'g[2].a')).to.eql({
      name: 'g.r',
      standing: 'waits',
      inside: ['g[0].b'],
      ahead: ['g[1].a'],
      failed: 0,
      maxFailures: 0,
    });
    expect(seen(w, 'g[0].b')).to.include({ standing: 'inside' });
  });

  it('R4: says that nobody else enters', () => {
    const w = workflow({}, 2);
    w.exit('g[0].a', 1);
    expect(waits(w, 'g[1].a')).to.eql(['a retry of what failed in rolling g.r: nobody else enters']);
    expect(seen(w, 'g[1].a')).to.include({ standing: 'stopped', failed: 1 });
  });

  it('says nothing of a state in no rolling', () => {
    expect(seen(workflow({}, 1), 's.up')).to.equal(undefined);
  });
});

describe('a rolling on the way back', () => {
  const undone = { undo: { action: script() } };

  /** Deletes it when all is reached, and answers every undo: which were out at each time. */
  function wayBack(more: Partial<Rolling>, members: number): readonly string[] {
    const w = workflow(more, members, { a: undone, b: undone });
    course(w);
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    const seen = course(w);
    expect(w.over).to.equal('deleted');
    return seen;
  }

  it('R10: undoes at most `serial` members at a time, in reverse order', () => {
    expect(wayBack({}, 2)).to.eql(['g[1].b', 'g[1].a', 'g[0].b', 'g[0].a']);
    expect(wayBack(window({ count: 2 }), 3)[0]).to.equal('g[1].b g[2].b');
    expect(
      wayBack(
        inOrder(({ index }) => -index),
        2,
      ),
    ).to.eql(['g[0].b', 'g[0].a', 'g[1].b', 'g[1].a']);
  });

  it('R10: of batches as many as in the last', () => {
    expect(wayBack(batches({ count: 1 }, { count: 2 }), 3)[0]).to.equal('g[1].b g[2].b');
    expect(wayBack(batches({ count: 1 }, { percent: 100 }), 3)[0]).to.equal('g[0].b g[1].b g[2].b');
  });

  it('R10: passes over members of which nothing was started', () => {
    const w = workflow({}, 3, { a: undone, b: undone });
    w.succeed('g[0].a');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    w.finish('g[0].b', { kind: 'interrupted', evidence: 'called back' });
    expect(course(w)).to.eql(['g[0].b', 'g[0].a']);
    expect(w.over).to.equal('deleted');
  });

  it('R10: a member whose undo failed keeps its place until the deletion is asked for again', () => {
    const strict = { undo: { action: script(), onFailure: 'fail' as const } };
    const w = workflow({}, 2, { a: strict, b: strict });
    course(w);
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    w.exit('g[1].b', 1);
    expect([w.over, w.out()]).to.eql(['delete_failed', []]);
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(course(w)).to.eql(['g[1].b', 'g[1].a', 'g[0].b', 'g[0].a']);
    expect(w.over).to.equal('deleted');
  });
});
