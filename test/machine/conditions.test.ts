// R6: a condition is judged once what it reads is there, whatever else its state requires.
// Belongs here: the moment of the judgement. Does not belong here: what a skipped step counts for (rules.test.ts).
import { expect } from 'chai';
import type { Read, Template } from '../../engine/definition/expressions/types.ts';
import {
  definition,
  entity,
  expression,
  literal,
  membership,
  output,
  requirement,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const output1 = { text: '1' };

/** `b` requires `a` and `c`, and has the condition; `up` requires it of all. */
function conditional(condition: Template): Workflow {
  const b = state('g', 'b', { condition, needs: ['a', 'c'] });
  const inferred = requirement('a', 'g', true);
  const states = [
    state('g', 'a', { exclusive: false, out: [output('port', { type: 'integer' })] }),
    state('g', 'c', { exclusive: false }),
    { ...b, requires: [...b.requires.filter(one => one.state !== 'a'), inferred] },
    state('g', 'd', { needs: ['b'] }),
  ];
  return new Workflow(definition([entity('g', { states })], ['g.d']), membership({ g: 1 })).create();
}

const reads = (optional: boolean): readonly Read[] => [
  { kind: 'outputs', entity: 'g', state: 'a', of: 'self', optional },
];
const portIsTwo = (optional = false): Template =>
  expression(({ member }) => member?.outputs('a')?.['port'] === 2, reads(optional));

describe('R6: a condition', () => {
  it('that reads only inputs skips at once, and what requires the state goes on', () => {
    const w = conditional(literal(false));
    expect(w.record('g[0].b')).to.include({ status: 'skipped', cause: 'condition_false' });
    expect(w.out()).to.eql(['g[0].a', 'g[0].c', 'g[0].d']);
  });

  it('skips although something else that the state requires fails, and blocks nothing', () => {
    const w = conditional(portIsTwo());
    w.exit('g[0].c', 1);
    expect(w.status('g[0].b')).to.equal('waiting');
    expect(w.status('g[0].d')).to.equal('waiting');
    w.succeed('g[0].a', { port: output1 });
    expect(w.status('g[0].b')).to.equal('skipped');
    w.succeed('g[0].d');
    expect(w.over).to.equal('complete');
  });

  it('that holds leaves the state to its requirements', () => {
    const w = conditional(portIsTwo());
    w.exit('g[0].c', 1);
    w.succeed('g[0].a', { port: { text: '2' } });
    expect(w.record('g[0].b')).to.include({ status: 'blocked', cause: 'requirement_failed' });
  });

  it('is never judged when what it reads is lost: the state is blocked', () => {
    const w = conditional(portIsTwo());
    w.exit('g[0].a', 1);
    expect(w.status('g[0].b')).to.equal('blocked');
  });

  it('that looks at what passes, or at what may be absent, is judged when all is met', () => {
    const passing = expression(() => false, [{ kind: 'passing', entity: 'g' }]);
    for (const condition of [passing, portIsTwo(true)]) {
      const w = conditional(condition);
      w.succeed('g[0].a', { port: output1 });
      expect(w.status('g[0].b')).to.equal('waiting');
      w.succeed('g[0].c');
      expect(w.status('g[0].b')).to.equal('skipped');
    }
  });

  it('that cannot be judged fails the state when its turn comes', () => {
    const w = conditional(literal('neither'));
    expect(w.status('g[0].b')).to.equal('waiting');
    w.succeed('g[0].a', { port: output1 });
    w.succeed('g[0].c');
    expect(w.record('g[0].b')?.error?.message).to.contain('not true or false');
  });
});
