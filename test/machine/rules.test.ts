// The corner cases that the language decides, by the number of their row in its table of rules.
// Belongs here: one test per row that concerns a running workflow. Does not belong here: refusals of definitions.
import { expect } from 'chai';
import type { Role } from '../../engine/definition/types.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import {
  definition,
  entity,
  expression,
  join,
  literal,
  membership,
  output,
  script,
  state,
  type StateSpec,
} from '../support/definitions.ts';
import { restore } from '../../engine/machine/state.ts';
import type { StepRecord } from '../../engine/machine/types.ts';
import { Workflow } from '../support/workflow.ts';

type Named = { readonly [name: string]: StateSpec | 'join' };

/** A group `g` with these states, and a service whose `up` requires what is named. */
function workflow(
  size: number,
  states: Named,
  goal: readonly string[],
  roles: readonly Role[] = [],
): Workflow {
  const made = Object.entries(states).map(([name, spec]) =>
    spec === 'join' ? join('g', name) : state('g', name, spec),
  );
  const entities = [
    entity('g', { roles, states: made }),
    entity('s', { type: 'service', states: [join('s', 'up', { needs: goal })] }),
  ];
  return new Workflow(definition(entities, ['s.up']), membership({ g: size })).create();
}

const boss = (choose: Role['choose'] = 'lowest_index'): Role[] => [{ name: 'boss', choose, among: 'a' }];

describe('a rule of the language', () => {
  it('row 1: all of nobody is met, any quorum of nobody is not', () => {
    expect(workflow(0, { a: {} }, ['g.a']).over).to.equal('complete');
    for (const quorum of ['any', '1', 'majority', '50%']) {
      const w = workflow(0, { a: {} }, [`g.a@${quorum}`]);
      expect(w.over, quorum).to.equal('failed');
      expect(w.reason).to.contain('s.up is blocked');
    }
  });

  it('row 2: a bare name is met for a member to which the state does not apply', () => {
    const w = workflow(
      2,
      { a: {}, b: { needs: ['a'], except: ['boss'] }, c: { needs: ['b'] } },
      ['g.c'],
      boss(),
    );
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    expect(w.status('g[0].b')).to.equal('skipped');
    expect(w.out()).to.eql(['g[1].b', 'g[0].c']);
  });

  it('row 3: a paused candidate holds the choice; with no candidate the role is vacant and blocks', () => {
    const w = workflow(2, { a: { onFailure: 'pause' }, b: { only: ['boss'] } }, ['g.b'], boss());
    w.exit('g[0].a', 1);
    w.succeed('g[1].a');
    expect(w.state.workflow.roles).to.eql({});
    expect(w.over).to.equal('held');
    w.send({ kind: 'fail', step: 'g[0].a', by: 'ann' });
    expect(w.state.workflow.roles).to.eql({ 'g.boss': 'g-1' });
    const vacant = workflow(1, { a: {}, b: { only: ['boss'] } }, ['g.b'], boss());
    vacant.exit('g[0].a', 1);
    expect(vacant.record('g[0].b')).to.include({ status: 'blocked', cause: 'role_vacant' });
  });

  it('row 4: `first_ready` is chosen as soon as one is there', () => {
    const w = workflow(3, { a: {}, b: { only: ['boss'] } }, ['g.b'], boss('first_ready'));
    w.succeed('g[2].a');
    expect(w.state.workflow.roles).to.eql({ 'g.boss': 'g-2' });
    expect(w.out()).to.include('g[2].b');
    expect(w.status('g[0].b')).to.equal('skipped');
  });

  it('row 4: a role that no step needs is chosen all the same: outputs may read it', () => {
    const w = workflow(2, { a: {} }, ['g.a'], boss());
    w.succeed('g[1].a');
    w.succeed('g[0].a');
    expect(w.over).to.equal('complete');
    expect(w.state.workflow.roles).to.eql({ 'g.boss': 'g-0' });
  });

  it('row 5: a barrier over a state that names a role waits for the choice', () => {
    const w = workflow(2, { a: {}, b: { only: ['boss'] }, c: { needs: ['g.b'] } }, ['g.c'], boss());
    w.succeed('g[0].a');
    expect(w.status('g[0].c')).to.equal('waiting');
    w.succeed('g[1].a');
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[0].c', 'g[1].c']);
  });

  it('row 7: a quorum counts what is reached; a percentage rounds up; too few left block at once', () => {
    for (const [quorum, needed] of [
      ['50%', 3],
      ['majority', 3],
      ['2', 2],
      ['any', 1],
    ] as const) {
      const w = workflow(5, { a: {} }, [`g.a@${quorum}`]);
      for (let index = 0; index < needed; index += 1) {
        expect(w.status('s.up'), quorum).to.equal('waiting');
        w.succeed(`g[${index}].a`);
      }
      expect(w.status('s.up'), quorum).to.equal('reached');
      const hopeless = workflow(5, { a: {} }, [`g.a@${quorum}`]);
      for (let index = 0; index <= 5 - needed; index += 1) {
        expect(hopeless.status('s.up'), quorum).to.equal('waiting');
        hopeless.exit(`g[${index}].a`, 1);
      }
      expect(hopeless.status('s.up'), quorum).to.equal('blocked');
    }
  });

  it('row 7: members to which the state does not apply are no part of the base', () => {
    const w = workflow(3, { a: {}, b: { needs: ['a'], except: ['boss'] } }, ['g.b@majority'], boss());
    for (const index of [0, 1, 2]) w.succeed(`g[${index}].a`);
    w.succeed('g[1].b');
    expect(w.status('s.up')).to.equal('waiting');
    w.succeed('g[2].b');
    expect(w.status('s.up')).to.equal('reached');
  });

  it("row 10: an operator's skip counts in a quorum and brings its outputs; a false condition is neutral", () => {
    const w = workflow(2, { a: { out: [output('port', { type: 'integer' })] } }, ['g.a@2']);
    w.exit('g[0].a', 1);
    w.succeed('g[1].a', { port: { text: '1\n' } });
    expect(w.send({ kind: 'skip', step: 'g[0].a', outputs: {}, by: 'ann' }).rejected?.message).to.contain(
      'port',
    );
    w.send({ kind: 'skip', step: 'g[0].a', outputs: { port: 2 }, by: 'ann' });
    expect(w.record('g[0].a')?.outputs).to.eql({ port: 2 });
    expect(w.over).to.equal('complete');
    const neutral = workflow(2, { a: { condition: literal(false) } }, ['g.a@any']);
    expect(neutral.status('g[0].a')).to.equal('skipped');
    expect(neutral.over).to.equal('failed');
    expect(workflow(2, { a: { condition: literal(false) } }, ['g.a']).over).to.equal('complete');
  });

  it('row 11: a tolerated failure counts as reached, has no outputs, and is undone', () => {
    const spec = { onFailure: 'continue', out: [output('port')], undo: { action: script() } } as const;
    const w = workflow(1, { a: spec }, ['g.a']);
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).to.include({ status: 'reached', cause: 'tolerated' });
    expect(w.record('g[0].a')).not.to.have.property('outputs');
    expect(w.over).to.equal('complete');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.status('g[0].a')).to.equal('undoing');
  });

  it('row 14: what does not depend on a failure goes on to its end', () => {
    const w = workflow(2, { a: {}, b: { needs: ['a'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    expect(w.over).to.equal('running');
    w.succeed('g[1].a');
    w.succeed('g[1].b');
    expect(w.over).to.equal('failed');
  });

  it('row 15: when the goal holds nothing new starts and stragglers finish', () => {
    const w = workflow(3, { a: {}, b: { needs: ['a'] } }, ['g.b@any']);
    w.succeed('g[0].a');
    w.succeed('g[0].b');
    expect(w.over).to.equal('running');
    w.succeed('g[1].a');
    expect(w.record('g[1].b')).to.include({ status: 'not_needed', cause: 'goal_holds' });
    w.succeed('g[2].a');
    expect(w.over).to.equal('complete');
  });

  it('row 19: undo concerns every step of which an attempt was started, whatever became of it', () => {
    const undo = { action: script() };
    const w = workflow(4, { a: { undo, onFailure: 'pause' }, b: { undo, needs: ['a'] } }, ['g.b']);
    w.exit('g[0].a', 1);
    w.exit('g[1].a', 1);
    w.send({ kind: 'fail', step: 'g[0].a', by: 'ann' });
    w.interrupt('g[2].a');
    w.exit('g[3].a', 1);
    w.send({ kind: 'skip', step: 'g[3].a', outputs: {}, by: 'ann' });
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.out()).to.eql(['g[0].a', 'g[1].a', 'g[2].a', 'g[3].b']);
    expect(w.record('g[3].b')).to.include({ status: 'running', cancel: 'deleted by ann' });
    w.interrupt('g[3].b');
    w.succeed('g[3].b');
    expect(w.out()).to.include('g[3].a');
  });

  it('row 20: undo follows the edges backwards through steps that never started', () => {
    const undo = { action: script() };
    const w = workflow(1, { a: { undo }, j: 'join', b: { undo, needs: ['j', 'a'] } }, ['g.b']);
    w.succeed('g[0].a');
    w.succeed('g[0].b');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.out()).to.eql(['g[0].b']);
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[0].a']);
  });

  it('row 21: an undo has its own retry; its failure is tolerated by default; a VM that is gone counts as done', () => {
    const undo = { action: script(), timeout: 5_000, retry: { attempts: 2, delay: 1_000 } };
    const w = workflow(2, { a: { undo } }, ['g.a']);
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.record('g[0].a')?.command?.timeout).to.equal(5_000);
    w.exit('g[0].a', 1);
    w.due('g[0].a');
    w.exit('g[0].a', 1);
    expect(w.record('g[0].a')).to.include({ status: 'undone', cause: 'undo_failed' });
    w.finish('g[1].a', { kind: 'failed', error: { kind: 'unreachable', message: 'gone' } });
    expect(w.record('g[1].a')).to.include({ status: 'undone', cause: 'vm_lost' });
    expect(w.over).to.equal('deleted');
  });

  it('row 22: an undo still sees the outputs of its own step and of those it stood on', () => {
    const seen = expression(data => ({
      own: data.member?.outputs('b') ?? null,
      below: data.member?.outputs('a') ?? null,
    }));
    const w = workflow(
      1,
      { a: { out: [output('x')] }, b: { needs: ['a'], out: [output('y')], undo: { action: script(seen) } } },
      ['g.b'],
    );
    w.succeed('g[0].a', { x: { text: '1' } });
    w.succeed('g[0].b', { y: { text: '2' } });
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.record('g[0].b')?.command?.action).to.deep.include({
      inputs: { own: { y: '2' }, below: { x: '1' } },
    });
  });

  it('row 36: a probe that holds without the outputs keeps the stored ones, or lets the action run', () => {
    const spec = { probe: script(), out: [output('port')] };
    const w = workflow(1, { a: spec }, ['g.a']);
    w.succeed('g[0].a');
    expect(w.record('g[0].a')).to.include({ status: 'running', phase: 'action', attempt: 1 });
    w.exit('g[0].a', 1);
    const number = w.graph.stepById.get('g[0].a') as number;
    const record = { ...w.record('g[0].a'), outputs: { port: '80' } } as StepRecord;
    w.state = restore(w.graph, w.state.workflow, [{ number, record }], {});
    w.send({ kind: 'retry', step: 'g[0].a', by: 'ann' });
    w.succeed('g[0].a');
    expect(w.record('g[0].a')).to.deep.include({ status: 'reached', outputs: { port: '80' } });
  });

  it('judges a condition once, before anything of the step was started', () => {
    let judged = 0;
    const condition = expression(() => (judged += 1) === 1);
    const w = workflow(1, { a: { condition, action: { kind: 'wait', duration: 1_000 } } }, ['g.a']);
    w.send({ kind: 'cancel', by: 'ann' });
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.status('g[0].a')).to.equal('running');
    expect(judged).to.equal(1);
  });

  it('row 44: two states of one member take turns on its VM, in order of readiness', () => {
    const w = workflow(1, { a: {}, b: {}, c: { needs: ['a'] } }, ['g.b', 'g.c']);
    expect(w.out()).to.eql(['g[0].a']);
    w.now += 1;
    w.succeed('g[0].a');
    expect(w.out()).to.eql(['g[0].b']);
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[0].c']);
  });

  it('row 44: what is not exclusive runs beside others of its VM, and holds nobody up', () => {
    const w = workflow(
      1,
      { a: {}, b: { exclusive: false }, c: { probe: script(), exclusive: false }, d: {} },
      ['g.b', 'g.c', 'g.d', 'g.a'],
    );
    expect(w.out()).to.eql(['g[0].a', 'g[0].b', 'g[0].c']);
    expect(w.record('g[0].b')?.command).to.include({ exclusive: false });
    expect(w.record('g[0].a')?.command).to.not.have.property('exclusive');
    w.succeed('g[0].b');
    w.exit('g[0].c', 1);
    expect(w.record('g[0].c')?.phase).to.equal('action');
    expect(w.status('g[0].d')).to.equal('ready');
    w.succeed('g[0].a');
    expect(w.out()).to.eql(['g[0].c', 'g[0].d']);
  });

  it('row 44: an undo has its VM for itself, also of what was not exclusive', () => {
    const beside = { exclusive: false, undo: { action: script() } };
    const w = workflow(1, { a: beside, b: beside }, ['g.a', 'g.b']);
    expect(w.out()).to.eql(['g[0].a', 'g[0].b']);
    w.succeed('g[0].a');
    w.succeed('g[0].b');
    w.send({ kind: 'delete', abandon: false, by: 'ann' });
    expect(w.out()).to.have.lengthOf(1);
    w.succeed(w.out()[0] ?? '');
    expect(w.out()).to.have.lengthOf(1);
    w.succeed(w.out()[0] ?? '');
    expect(w.over).to.equal('deleted');
  });

  it('row 44: what is not exclusive fails like others where there is no VM', () => {
    const once = { once: { any: true as const }, exclusive: false };
    const w = workflow(0, { a: once }, ['g.a']);
    expect(w.reason).to.contain('There is no VM that it could run on');
  });

  it('row 44: the queue for a VM keeps its order through skips and a restart', () => {
    const late = { needs: ['g.z'] };
    const w = workflow(1, { a: late, b: {}, c: {}, d: {}, z: { action: { kind: 'online' } } }, [
      'g.a',
      'g.b',
      'g.c',
      'g.d',
    ]);
    w.now += 1;
    w.succeed('g[0].z');
    expect(w.state.queues.get('g-0')?.map(number => w.graph.steps[number]?.id)).to.eql([
      'g[0].c',
      'g[0].d',
      'g[0].a',
    ]);
    const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
    w.state = restore(w.graph, w.state.workflow, stored, {});
    w.send({ kind: 'skip', step: 'g[0].d', outputs: {}, by: 'ann' });
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[0].c']);
    w.succeed('g[0].c');
    expect(w.out()).to.eql(['g[0].a']);
  });

  it('row 15: a straggler that is interrupted is not run again', () => {
    const w = workflow(2, { a: { idempotent: true } }, ['g.a@any']);
    w.succeed('g[0].a');
    w.interrupt('g[1].a');
    expect(w.status('g[1].a')).to.equal('interrupted');
    expect(w.over).to.equal('complete');
    expect(w.reason).to.equal('g[1].a on g-1 was interrupted: boot id changed (not needed for the goal)');
  });

  it('row 44: `online` keeps no VM busy', () => {
    const w = workflow(1, { a: { action: { kind: 'online' } }, b: {} }, ['g.a', 'g.b']);
    expect(w.out()).to.eql(['g[0].a', 'g[0].b']);
  });

  it('row 46: attempts count the first; `when` on the error decides whether another is worth it', () => {
    const when = expression(data => data.error?.exit_code === 75);
    const w = workflow(1, { a: { retry: { attempts: 3, delay: 0, when } } }, ['g.a']);
    w.exit('g[0].a', 75);
    w.exit('g[0].a', 75);
    expect(w.record('g[0].a')?.attempt).to.equal(3);
    w.exit('g[0].a', 75);
    expect(w.status('g[0].a')).to.equal('failed');
    const once = workflow(1, { a: { retry: { attempts: 3, delay: 0, when } } }, ['g.a']);
    once.exit('g[0].a', 1);
    expect(once.status('g[0].a')).to.equal('failed');
  });

  it('R3 of retries: a rerun after an interruption is no attempt of `retry`, and bounded', () => {
    const w = workflow(1, { a: { idempotent: true } }, ['g.a']);
    for (let time = 0; time < LIMITS.interruptions; time += 1) w.interrupt('g[0].a');
    expect(w.record('g[0].a')).to.include({ status: 'running', tries: 0 });
    w.interrupt('g[0].a');
    expect(w.status('g[0].a')).to.equal('failed');
  });
});
