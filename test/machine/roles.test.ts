// Roles by rule: whom `where`, `highest` and `lowest` choose, when, and what becomes of a rule that fails.
// Belongs here: rows 3, 4 and 34 of the rules as far as they concern role rules. Does not belong here: refusals.
import { expect } from 'chai';
import type { JsonValue } from '../../engine/base/json.ts';
import { EngineError } from '../../engine/base/errors.ts';
import type { Role } from '../../engine/definition/types.ts';
import { definition, entity, expression, join, membership, output, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

/** Three members; `a` gives a score, the role is chosen by it, its holder alone does `b`. */
function workflow(choose: Role['choose'], judge: (score: JsonValue) => JsonValue): Workflow {
  const rule = expression(({ member }) => judge(member?.outputs('a')?.['score'] ?? null));
  const group = entity('g', {
    roles: [{ name: 'boss', choose, among: 'a', rule }],
    states: [
      state('g', 'a', { out: [output('score', { type: 'integer' })] }),
      state('g', 'b', { only: ['boss'] }),
    ],
  });
  const up = entity('s', { type: 'service', states: [join('s', 'up', { needs: ['g.b'] })] });
  return new Workflow(definition([group, up], ['s.up']), membership({ g: 3 })).create();
}

/** The holder once members have ended `a`, in the order of the scores; undefined: exit 1. */
function holderAfter(w: Workflow, scores: readonly (number | string | undefined)[]): unknown {
  scores.forEach((score, index) => {
    if (score === undefined) w.exit(`g[${index}].a`, 1);
    else w.succeed(`g[${index}].a`, { score: { text: String(score) } });
  });
  return w.state.workflow.roles['g.boss'];
}

const itself = (score: JsonValue): JsonValue => score;

describe('a role by rule', () => {
  it('4: falls to the highest or the lowest number, of equals to the lowest index', () => {
    expect(holderAfter(workflow('highest', itself), [1, 3, 3])).to.equal('g-1');
    expect(holderAfter(workflow('lowest', itself), [3, 1, 1])).to.equal('g-1');
    expect(holderAfter(workflow('highest', itself), [0, 0, 0])).to.equal('g-0');
  });

  it('4: falls to the lowest index for which it is true', () => {
    expect(
      holderAfter(
        workflow('where', score => score === 2),
        [1, 2, 2],
      ),
    ).to.equal('g-1');
  });

  it('compares integers that no number holds exactly', () => {
    const scores = ['9007199254740992', '9007199254740993', '7'];
    expect(holderAfter(workflow('highest', itself), scores)).to.equal('g-1');
    expect(holderAfter(workflow('lowest', itself), scores)).to.equal('g-2');
  });

  it('3: is chosen when all are final, among those that reached it', () => {
    const w = workflow('highest', itself);
    expect(holderAfter(w, [1, 2])).to.equal(undefined);
    w.exit('g[2].a', 1);
    expect(w.state.workflow.roles['g.boss']).to.equal('g-1');
    expect(w.out()).to.eql(['g[1].b']);
  });

  it('3: is vacant when nobody qualifies, and blocks what names it', () => {
    const w = workflow('where', () => false);
    expect(holderAfter(w, [1, 2, 3])).to.equal(null);
    expect(w.record('g[0].b')).to.include({ status: 'blocked', cause: 'role_vacant' });
    expect(w.reason).to.equal('g[0].b is blocked: nobody could take a role it names; 3 more blocked');
  });

  it('3: is vacant when the rule fails for one, and says for whom and why', () => {
    const w = workflow('highest', score => {
      if (score === 2) throw new EngineError('expression_failed', 'The expression is wrong.', 'Correct it.');
      return score;
    });
    expect(holderAfter(w, [1, 2, 3])).to.equal(null);
    expect(w.record('g[2].b')).to.deep.include({ status: 'blocked', cause: 'role_vacant' });
    expect(w.reason).to.equal(
      'g[0].b on g-0 is blocked: highest of g.boss for g-1: The expression is wrong. Correct it.',
    );
  });

  it('3: is vacant when the answer is of the wrong kind', () => {
    const vacant = workflow('where', () => 'yes');
    expect(holderAfter(vacant, [1, 2, 3])).to.equal(null);
    expect(vacant.reason).to.contain('where of g.boss for g-0: the answer is neither true nor false.');
    const ranked = workflow('lowest', () => 'low');
    expect(holderAfter(ranked, [1, 2, 3])).to.equal(null);
    expect(ranked.reason).to.contain('the answer is no number.');
  });

  it('3: is judged again when a candidate gets another chance, and the old error is gone', () => {
    let isBroken = true;
    const w = workflow('where', score => {
      if (isBroken) throw new EngineError('expression_failed', 'Not yet.', 'Try again.');
      return score === 3;
    });
    expect(holderAfter(w, [undefined, 2, undefined])).to.equal(null);
    expect(w.record('g[2].b')).to.have.nested.property('error.message').that.contains('Not yet.');
    isBroken = false;
    w.send({ kind: 'retry', step: 'g[2].a', by: 'ann' });
    expect(w.state.workflow.roles).to.eql({});
    w.succeed('g[2].a', { score: { text: '3' } });
    expect(w.state.workflow.roles['g.boss']).to.equal('g-2');
    expect(w.record('g[2].b')).to.include({ status: 'running' }).and.not.have.property('error');
    expect(w.record('g[1].b')).to.include({ status: 'skipped' }).and.not.have.property('error');
  });
});
