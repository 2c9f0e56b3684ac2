// Rollings: who goes through states at a time, in which order, and what failures do to those behind (R4, rows 7 and 9).
// Belongs here: single cases. Does not belong here: refusals (test/definition), cost (cost.test.ts).
import { expect } from 'chai';
import type { JsonValue } from '../../engine/base/json.ts';
import { restore } from '../../engine/machine/state.ts';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  output,
  rolling,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';
import { batches, course, inOrder, window, workflow } from './rolling-cases.ts';

describe('a rolling', () => {
  it('R4: lets one member through all its states before the next enters, by index', () => {
    const w = workflow({}, 3);
    expect(course(w)).to.eql(['g[0].a', 'g[0].b', 'g[1].a', 'g[1].b', 'g[2].a', 'g[2].b']);
    expect(w.over).to.equal('complete');
  });

  it('R4: lets the next enter as one leaves, never more than `serial` inside', () => {
    const w = workflow(window({ count: 2 }), 3);
    expect(w.out()).to.eql(['g[0].a', 'g[1].a']);
    w.succeed('g[1].a');
    expect(w.out()).to.eql(['g[0].a', 'g[1].b']);
    w.succeed('g[1].b');
    expect(w.out()).to.eql(['g[0].a', 'g[2].a']);
  });

  it('row 7: takes a percentage of the members, rounded down, one at least', () => {
    expect(workflow(window({ percent: 50 }), 5).out()).to.eql(['g[0].a', 'g[1].a']);
    expect(workflow(window({ percent: 10 }), 5).out()).to.eql(['g[0].a']);
  });

  it('R4: takes a list for batches: the next begins when the one before is done, the last is repeated', () => {
    const w = workflow(batches({ count: 1 }, { percent: 25 }), 8);
    expect(w.out()).to.eql(['g[0].a']);
    w.succeed('g[0].a');
    w.succeed('g[0].b');
    expect(w.out()).to.eql(['g[1].a', 'g[2].a']);
    w.succeed('g[1].a');
    w.succeed('g[1].b');
    expect(w.out()).to.eql(['g[2].a']);
    w.succeed('g[2].a');
    w.succeed('g[2].b');
    expect(w.out()).to.eql(['g[3].a', 'g[4].a']);
    const whole = workflow(batches({ count: 1 }, { percent: 100 }), 4);
    whole.succeed('g[0].a');
    whole.succeed('g[0].b');
    expect(whole.out()).to.have.length(3);
  });

  it('row 9: keeps the place through retries, delays and pauses', () => {
    const w = workflow({}, 2, {
      a: { retry: { attempts: 2, delay: 5_000 }, onFailure: 'pause' },
    });
    w.exit('g[0].a', 1);
    expect(w.out()).to.eql([]);
    w.due('g[0].a');
    w.exit('g[0].a', 1);
    expect([w.status('g[0].a'), w.over, w.out()]).to.eql(['paused', 'held', []]);
    w.send({ kind: 'skip', step: 'g[0].a', outputs: {}, by: 'ann' });
    expect(course(w)).to.eql(['g[0].b', 'g[1].a', 'g[1].b']);
  });

  it('row 9: keeps the place while a question is open', () => {
    const w = workflow({}, 2, {
      b: { action: { kind: 'approval', message: { ...expression(() => 'Go on?') } } },
    });
    w.succeed('g[0].a');
    expect([w.status('g[0].b'), w.out()]).to.eql(['paused', []]);
    w.send({ kind: 'approve', step: 'g[0].b', by: 'ann' });
    expect(w.out()).to.eql(['g[1].a']);
  });

  it('R4: waits for who is next in order, although others could begin', () => {
    const w = new Workflow(
      definition(
        [
          entity('g', {
            states: [
              state('g', 'a', {}),
              state('g', 'b', { needs: ['a'], rolling: rolling(['b'], { name: 'b' }) }),
            ],
          }),
        ],
        ['g.b'],
      ),
      membership({ g: 2 }),
    ).create();
    w.succeed('g[1].a');
    expect(w.out()).to.eql(['g[0].a']);
    w.succeed('g[0].a');
    expect(course(w)).to.eql(['g[0].b', 'g[1].b']);
  });

  it('R4: passes over whom it does not apply to, and who failed before its turn', () => {
    const r = rolling(['b']);
    const group = entity('g', {
      states: [
        state('g', 'a', {}),
        state('g', 'b', {
          needs: ['a'],
          rolling: r,
          condition: expression(({ member }) => member?.index !== 1),
        }),
      ],
    });
    const w = new Workflow(definition([group], ['g.b']), membership({ g: 4 })).create();
    w.exit('g[0].a', 1);
    w.succeed('g[1].a');
    w.succeed('g[2].a');
    expect(w.out()).to.eql(['g[3].a', 'g[2].b']);
    expect(w.status('g[1].b')).to.equal('skipped');
  });

  it('R4: stops after more failures inside than are tolerated, and says who did not begin', () => {
    const w = workflow({}, 3);
    w.succeed('g[0].a');
    w.exit('g[0].b', 7);
    expect(w.record('g[1].a')).to.include({ status: 'blocked', cause: 'rolling_stopped' });
    expect(w.record('g[1].b')).to.include({ status: 'blocked', cause: 'requirement_failed' });
    expect(w.over).to.equal('failed');
    expect(w.reason).to.equal(
      'g[0].b on g-0 failed: exit 7; rolling g.r stopped after 1 failure: 2 members did not begin',
    );
  });

  it('R4: who is inside goes on when it stops', () => {
    const w = workflow(window({ count: 2 }), 3);
    w.exit('g[0].a', 7);
    expect(w.record('g[2].a')).to.include({ cause: 'rolling_stopped' });
    w.succeed('g[1].a');
    expect(w.out()).to.eql(['g[1].b']);
  });

  it('R4: goes on while no more fail than `max_failures`', () => {
    const w = workflow({ maxFailures: 1 }, 4);
    w.exit('g[0].a', 1);
    expect(w.out()).to.eql(['g[1].a']);
    w.exit('g[1].a', 1);
    expect([w.out(), w.status('g[2].a')]).to.eql([[], 'blocked']);
  });

  it('row 11: a tolerated failure is none', () => {
    const w = workflow({}, 2, { a: { onFailure: 'continue' } });
    w.exit('g[0].a', 1);
    expect(w.out()).to.eql(['g[0].b']);
  });

  it('R4: an operator who opens the failed member opens the rolling, in its order', () => {
    const w = workflow({}, 3);
    w.exit('g[0].a', 7);
    w.send({ kind: 'retry', step: 'g[0].a', by: 'ann' });
    expect([w.out(), w.status('g[1].a')]).to.eql([['g[0].a'], 'waiting']);
    w.exit('g[0].a', 7);
    w.send({ kind: 'skip', step: 'g[0].a', outputs: {}, by: 'ann' });
    expect(course(w)).to.eql(['g[0].b', 'g[1].a', 'g[1].b', 'g[2].a', 'g[2].b']);
    expect(w.over).to.equal('complete');
  });

  it('R4: who left with a failure enters anew, when there is room', () => {
    const w = workflow({ maxFailures: 1 }, 3);
    w.exit('g[0].a', 7);
    w.send({ kind: 'retry', step: 'g[0].a', by: 'ann' });
    expect(w.out()).to.eql(['g[1].a']);
    w.succeed('g[1].a');
    w.succeed('g[1].b');
    expect(w.out()).to.eql(['g[0].a']);
  });

  it('R4: a cancelled member is still inside, and goes on first', () => {
    const w = workflow({}, 2);
    w.succeed('g[0].a');
    w.send({ kind: 'cancel', by: 'ann' });
    w.finish('g[0].b', { kind: 'refused', message: 'called back' });
    expect(w.over).to.equal('failed');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.out()).to.eql(['g[0].b']);
  });

  it('row 15: who has not entered when the goal holds is not needed', () => {
    const r = rolling(['a']);
    const up = entity('s', { type: 'service', states: [join('s', 'up', { needs: ['g.a@2'] })] });
    const w = new Workflow(
      definition([entity('g', { states: [state('g', 'a', { rolling: r })] }), up], ['s.up']),
      membership({ g: 3 }),
    ).create();
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    expect([w.over, w.status('g[2].a')]).to.eql(['complete', 'not_needed']);
  });

  it('row 7: a quorum over a stopped rolling is blocked at once', () => {
    const r = rolling(['a']);
    const group = entity('g', {
      states: [
        state('g', 'a', { rolling: r }),
        state('g', 'c', { once: { any: true }, needs: ['g.a@majority'] }),
      ],
    });
    const w = new Workflow(definition([group], ['g.c']), membership({ g: 3 })).create();
    w.succeed('g[0].a');
    w.exit('g[1].a', 1);
    expect(w.record('g.c')).to.include({ status: 'blocked', cause: 'requirement_failed' });
  });

  it('R4: `order` is asked once, when the first could enter, and ties fall by index', () => {
    let asked = 0;
    const w = workflow(
      inOrder(({ index }) => {
        asked += 1;
        return index === 0 ? 1 : 0;
      }),
      3,
    );
    expect(asked).to.equal(3);
    expect(course(w)).to.eql(['g[1].a', 'g[1].b', 'g[2].a', 'g[2].b', 'g[0].a', 'g[0].b']);
    expect(asked).to.equal(3);
  });

  it('R4: `order` may be text, and numbers come before it', () => {
    const keys: readonly JsonValue[] = ['b', 'a', { $integer: '9007199254740993' }];
    expect(
      course(
        workflow(
          inOrder(({ index }) => keys[index] ?? null),
          3,
        ),
      ).map(id => id.slice(0, 4)),
    ).to.eql(['g[2]', 'g[2]', 'g[1]', 'g[1]', 'g[0]', 'g[0]']);
  });

  it('R4: an `order` without an answer fails the step that asked, and is asked again on a retry', () => {
    let key: JsonValue = null;
    const w = workflow(
      inOrder(({ index }) => (index === 1 ? key : index)),
      2,
    );
    expect(w.record('g[0].a')?.error?.message).to.equal(
      'order of rolling g.r for g-1: the answer is neither a number nor text. Correct it.',
    );
    key = -1;
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.out()).to.eql(['g[1].a']);
  });

  it('is the same after a restart, whatever was recorded', () => {
    const w = workflow({ ...window({ percent: 67 }), ...inOrder(({ index }) => -index) }, 3);
    w.succeed('g[2].a');
    const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
    w.state = restore(w.graph, w.state.workflow, stored, w.state.inputs);
    expect(w.out()).to.eql(['g[1].a', 'g[2].b']);
    w.succeed('g[1].a');
    w.succeed('g[2].b');
    expect(w.out()).to.eql(['g[0].a', 'g[1].b']);
  });

  it('values and joins need no turn', () => {
    const w = workflow({}, 2, {
      b: {
        action: { kind: 'set', outputs: expression(() => ({ port: 1 })) },
        out: [output('port', { type: 'integer' })],
      },
    });
    expect(course(w)).to.eql(['g[0].a', 'g[1].a']);
    expect(w.over).to.equal('complete');
  });
});
