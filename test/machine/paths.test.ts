// Alternative paths: what begins because something failed, and what is then not needed.
// Belongs here: the rows of the table of rules about outcomes of a running workflow. Does not belong here: refusals.
import { expect } from 'chai';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  script,
  state,
  type StateSpec,
} from '../support/definitions.ts';
import { restore } from '../../engine/machine/state.ts';
import { waitsFor } from '../../engine/machine/waits.ts';
import { Workflow } from '../support/workflow.ts';

type Named = { readonly [name: string]: StateSpec | 'join' };

/** A group `g` with these states, and a service whose `up` requires what is named. */
function workflow(size: number, states: Named, goal: readonly string[]): Workflow {
  const made = Object.entries(states).map(([name, spec]) =>
    spec === 'join' ? join('g', name) : state('g', name, spec),
  );
  const roles = [{ name: 'boss', choose: 'lowest_index', among: 'a' }] as const;
  const up = join('s', 'up', { needs: goal });
  const entities = [
    entity('g', { roles: 'a' in states ? roles : [], states: made }),
    entity('s', { type: 'service', states: [up] }),
  ];
  return new Workflow(definition(entities, ['s.up']), membership({ g: size })).create();
}

/** The engine forgets everything and restores it from its records. */
function restart(w: Workflow): void {
  const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
  w.state = restore(w.graph, w.state.workflow, stored, {});
}

const fallback = { a: {}, b: { needs: ['a!failed'] } };

describe('a rule of the language', () => {
  it('row 12: a failure opens the alternative path once attempts are spent, not before', () => {
    const spec = { retry: { attempts: 2, delay: 1_000 } };
    const w = workflow(1, { a: spec, b: { needs: ['a!failed'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    expect(w.status('g[0].b')).to.equal('waiting');
    w.due('g[0].a');
    expect(w.out()).to.eql(['g[0].a']);
    w.exit('g[0].a', 1);
    expect(w.out()).to.eql(['g[0].b']);
    w.succeed('g[0].b');
    expect(w.over).to.equal('complete');
    expect(w.reason).to.equal('g[0].a on g-0 failed: exit 1 (not needed for the goal)');
  });

  it('row 12: what is held for an operator has not failed, until the operator says so', () => {
    const w = workflow(1, { a: { onFailure: 'pause' }, b: { needs: ['a!failed'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    expect(w.over).to.equal('held');
    expect(w.status('g[0].b')).to.equal('waiting');
    w.send({ kind: 'fail', step: 'g[0].a', by: 'ann' });
    expect(w.out()).to.eql(['g[0].b']);
  });

  it('row 12: what is blocked by a failure counts as failed', () => {
    const w = workflow(1, { a: {}, b: { needs: ['a'] }, c: { needs: ['b!failed'] } }, ['g.c']);
    w.exit('g[0].a', 1);
    expect(w.status('g[0].b')).to.equal('blocked');
    expect(w.out()).to.eql(['g[0].c']);
  });

  it('row 12: a failure counts for good: a retry that succeeds takes nothing back, nor does a restart', () => {
    const w = workflow(1, { ...fallback, c: { needs: ['a!failed'], action: { kind: 'online' } } }, [
      'g.b',
      'g.c',
    ]);
    w.exit('g[0].a', 1);
    w.send({ kind: 'retry', step: 'g[0].a', by: 'ann' });
    restart(w);
    w.succeed('g[0].b');
    w.succeed('g[0].a');
    expect(w.record('g[0].a')).to.deep.include({ status: 'reached', hasFailed: true });
    w.succeed('g[0].c');
    expect(w.over).to.equal('complete');
  });

  it('row 12: where nobody waits for a failure nothing is kept of it', () => {
    const w = workflow(1, { a: {} }, ['g.a']);
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).not.to.have.property('hasFailed');
  });

  it('row 12: `final` is met by any end, with a quorum too', () => {
    const w = workflow(3, { a: {} }, ['g.a!final']);
    w.exit('g[0].a', 1);
    w.succeed('g[1].a');
    expect(w.over).to.equal('running');
    w.exit('g[2].a', 1);
    expect(w.over).to.equal('complete');
    const two = workflow(3, { a: {} }, ['g.a@2!final']);
    two.exit('g[0].a', 1);
    two.succeed('g[1].a');
    expect(two.status('s.up')).to.equal('reached');
  });

  it('row 12: a quorum of failures: as many as asked for', () => {
    const w = workflow(3, { a: {}, b: { once: { any: true }, needs: ['g.a@2!failed'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    expect(w.status('g.b')).to.equal('waiting');
    expect(waitsFor(w.graph, w.state, w.graph.stepById.get('g.b') as number)).to.eql([
      'g.a (1 of 2, 2 failed)',
    ]);
    w.exit('g[1].a', 1);
    expect(w.status('g.b')).to.equal('running');
  });

  it('row 11: a tolerated failure is no failure', () => {
    const w = workflow(1, { a: { onFailure: 'continue' }, b: { needs: ['a!failed'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    expect(w.record('g[0].b')).to.include({ status: 'not_needed', cause: 'did_not_fail' });
    expect(w.over).to.equal('complete');
  });

  it('row 13: what waits for a failure that does not come is not needed, and met for who requires it', () => {
    const w = workflow(1, { ...fallback, c: { needs: ['b'] } }, ['g.c']);
    w.succeed('g[0].a');
    expect(w.record('g[0].b')).to.include({ status: 'not_needed', cause: 'did_not_fail' });
    expect(w.out()).to.eql(['g[0].c']);
  });

  it('row 13: a failure of a state that applies to nobody does not come', () => {
    const condition = expression(() => false);
    const skipped = workflow(1, { a: { condition }, b: { needs: ['a!failed'] } }, ['g.b']);
    expect(skipped.status('g[0].b')).to.equal('not_needed');
    const nobody = workflow(0, { a: {} }, ['g.a!failed']);
    expect(nobody.status('s.up')).to.equal('not_needed');
    expect(nobody.over).to.equal('complete');
    const chained = workflow(1, { ...fallback, c: { needs: ['b!failed'] } }, ['g.c']);
    chained.succeed('g[0].a');
    expect(chained.status('g[0].c')).to.equal('not_needed');
  });

  it('row 13: it is not blocked before the failure came, whatever else failed first', () => {
    const states = { x: {}, y: {}, b: { needs: ['x', 'y!failed'] }, c: { needs: ['b!failed'] } };
    const w = workflow(1, states, ['g.c']);
    w.exit('g[0].x', 1);
    expect(w.status('g[0].b')).to.equal('waiting');
    w.succeed('g[0].y');
    expect(w.status('g[0].b')).to.equal('not_needed');
    expect(w.status('g[0].c')).to.equal('not_needed');
    const other = workflow(1, states, ['g.c']);
    other.exit('g[0].x', 1);
    other.exit('g[0].y', 1);
    expect(other.status('g[0].b')).to.equal('blocked');
    expect(other.out()).to.eql(['g[0].c']);
  });

  it('row 13: of `any_of` one is enough; what is not needed or skipped counts as nothing there', () => {
    const both = { ...fallback, c: { needs: ['0? a', '0? b'] } };
    const fast = workflow(1, both, ['g.c']);
    fast.succeed('g[0].a');
    expect(fast.status('g[0].b')).to.equal('not_needed');
    expect(fast.out()).to.eql(['g[0].c']);
    const slow = workflow(1, both, ['g.c']);
    slow.exit('g[0].a', 1);
    expect(slow.status('g[0].c')).to.equal('waiting');
    slow.succeed('g[0].b');
    expect(slow.out()).to.eql(['g[0].c']);
    const none = workflow(1, both, ['g.c']);
    none.exit('g[0].a', 1);
    none.exit('g[0].b', 1);
    expect(none.record('g[0].c')).to.include({ status: 'blocked', cause: 'requirement_failed' });
    const nothing = { condition: expression(() => false) };
    const w = workflow(1, { x: {}, y: nothing, c: { needs: ['0? x', '0? y'] } }, ['g.c']);
    expect(w.status('g[0].c')).to.equal('waiting');
    w.exit('g[0].x', 1);
    expect(w.status('g[0].c')).to.equal('blocked');
  });

  it('row 13: of failures in `any_of` one is enough, and without any it is not needed', () => {
    const states = { x: {}, y: {}, c: { needs: ['0? x!failed', '0? y!failed'] } };
    const w = workflow(1, states, ['g.c']);
    w.exit('g[0].x', 1);
    w.succeed('g[0].y');
    expect(w.out()).to.eql(['g[0].c']);
    const well = workflow(1, states, ['g.c']);
    well.succeed('g[0].x');
    expect(well.status('g[0].c')).to.equal('waiting');
    well.succeed('g[0].y');
    expect(well.record('g[0].c')).to.include({ status: 'not_needed', cause: 'did_not_fail' });
  });

  it('row 7: `any_of` takes quorums, says what it waits for, and survives a restart', () => {
    const w = workflow(3, { x: {}, y: {} }, ['0? g.x@2', '0? g.y', 'g.x@any']);
    restart(w);
    w.succeed('g[0].x');
    expect(waitsFor(w.graph, w.state, w.graph.stepById.get('s.up') as number)).to.eql([
      'g.x (1 of 2, 2) or g.y (0 of 3)',
    ]);
    w.exit('g[0].y', 1);
    restart(w);
    w.succeed('g[1].x');
    expect(w.status('s.up')).to.equal('reached');
  });

  it('row 20: every alternative of `any_of` is undone after what required it', () => {
    const undo = { action: script() };
    const w = workflow(1, { x: { undo }, y: { undo }, c: { undo, needs: ['0? x', '0? y'] } }, ['g.c', 'g.y']);
    w.succeed('g[0].x');
    w.succeed('g[0].y');
    w.succeed('g[0].c');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.out()).to.eql(['g[0].c']);
    w.succeed('g[0].c');
    expect(w.out()).to.have.length(1);
  });

  it('row 20: the alternative is undone before what failed, which was started too', () => {
    const undo = { action: script() };
    const w = workflow(1, { a: { undo }, b: { undo, needs: ['a!failed'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    w.succeed('g[0].b');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.out()).to.eql(['g[0].b']);
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[0].a']);
  });
});
