// `within`: a requirement that must be met in time, from when the rest of what the step requires was met.
// Belongs here: when the time begins, ends and begins anew. Does not belong here: times of attempts (timing.test.ts).
import { expect } from 'chai';
import type { State, WorkflowDefinition } from '../../engine/definition/types.ts';
import { definition, entity, membership, requirement, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const MINUTE = 60_000;

/** `c` requires `a`, of all `b` within one minute and of all `d` within three. */
function timed(more: Partial<WorkflowDefinition> = {}, goal = ['g.c']): Workflow {
  const requires = [
    requirement('a', 'g'),
    { ...requirement('g.b', 'g'), within: MINUTE },
    { ...requirement('g.d', 'g'), within: 3 * MINUTE },
  ];
  const states = [
    ...['a', 'b', 'd', 'x'].map(name => state('g', name, { exclusive: false })),
    { ...state('g', 'c'), requires },
  ];
  return new Workflow(definition([entity('g', { states })], goal, more), membership({ g: 1 })).create();
}

describe('within', () => {
  it('counts from when the rest was met, and ends with what it was for', () => {
    const w = timed();
    expect(w.record('g[0].c')?.due).to.equal(undefined);
    w.now += 10 * MINUTE;
    w.succeed('g[0].a');
    const since = w.now;
    expect(w.record('g[0].c')?.due).to.eql({ at: since + MINUTE, for: 'within', since });
    w.now += 1_000;
    w.succeed('g[0].b');
    expect(w.record('g[0].c')?.due).to.eql({ at: since + 3 * MINUTE, for: 'within', since });
    w.succeed('g[0].d');
    expect(w.status('g[0].c')).to.equal('running');
    expect(w.record('g[0].c')?.due?.for).to.equal('deadline');
  });

  it('blocks for good what came too late, until a person goes on', () => {
    const w = timed();
    w.succeed('g[0].a');
    w.due('g[0].c');
    const { status, cause, error } = w.record('g[0].c') ?? {};
    expect([status, cause]).to.eql(['blocked', 'too_late']);
    expect(error?.message).to.equal('It requires g.b within 1m00s of the rest; it did not come.');
    w.succeed('g[0].b');
    expect(w.status('g[0].c')).to.equal('blocked');
    w.succeed('g[0].d');
    expect(w.over).to.equal('failed');
    expect(w.reason).to.contain('g[0].c on g-0 is blocked: It requires g.b within 1m00s');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.status('g[0].c')).to.equal('running');
  });

  it('holds where the same is also required without a time, or with a longer one, in whatever order', () => {
    const plain = requirement('g.b', 'g');
    const [short, long] = [MINUTE, 3 * MINUTE].map(within => ({ ...plain, within }));
    for (const requires of [
      [plain, short],
      [short, plain],
      [{ ...plain, inferred: true }, short],
      [short, long],
      [long, short],
    ] as State['requires'][]) {
      const states = [state('g', 'b', { exclusive: false }), { ...state('g', 'c'), requires }];
      const w = new Workflow(definition([entity('g', { states })], ['g.c']), membership({ g: 1 })).create();
      expect(w.record('g[0].c')?.due).to.eql({ at: w.now + MINUTE, for: 'within', since: w.now });
    }
  });

  it('is waited for anew by a retry, of the step or of all', () => {
    for (const step of ['g[0].c', undefined]) {
      const w = timed();
      w.succeed('g[0].a');
      w.due('g[0].c');
      w.send({ kind: 'retry', by: 'ann', ...(step && { step }) });
      expect(w.record('g[0].c')?.due).to.include({ at: w.now + MINUTE, since: w.now });
    }
  });

  it('is met in time by what comes in the same moment, and a timer that was early changes nothing', () => {
    const w = timed();
    w.succeed('g[0].a');
    expect(w.send({ kind: 'timer', step: 'g[0].c' })).to.eql({ changes: [], effects: [] });
    w.now += MINUTE;
    w.succeed('g[0].b');
    expect(w.send({ kind: 'timer', step: 'g[0].c' })).to.eql({ changes: [], effects: [] });
    expect(w.status('g[0].c')).to.equal('waiting');
  });

  it('stops with the workflow: at a cancel, and where a failure halts', () => {
    const cancelled = timed();
    cancelled.succeed('g[0].a');
    cancelled.send({ kind: 'cancel', by: 'ann' });
    expect(cancelled.record('g[0].c')?.due).to.equal(undefined);
    const halted = timed({ failureMode: 'halt' }, ['g.c', 'g.x']);
    halted.succeed('g[0].a');
    halted.exit('g[0].x', 1);
    expect(halted.record('g[0].c')).to.not.have.property('due');
    halted.succeed('g[0].b');
    expect(halted.record('g[0].c')).to.not.have.property('due');
    halted.interrupt('g[0].d');
    expect(halted.over).to.equal('failed');
  });
});
