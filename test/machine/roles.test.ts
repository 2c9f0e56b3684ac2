// Roles by rule: whom `where`, `highest` and `lowest` choose, when, and what becomes of a rule that fails.
// Belongs here: rows 3, 4 and 34 of the rules as far as they concern role rules. Does not belong here: refusals.
import { expect } from 'chai';
import type { JsonValue } from '../../engine/base/json.ts';
import { EngineError } from '../../engine/base/errors.ts';
import type { Role } from '../../engine/definition/types.ts';
import { restore } from '../../engine/machine/state.ts';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  output,
  script,
  state,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

/** Three members; `a` gives a score, the role is chosen by it, its holders alone do `b`. */
function workflow(choose: Role['choose'], judge: (score: JsonValue) => JsonValue, count?: number): Workflow {
  const rule = expression(({ member }) => judge(member?.outputs('a')?.['score'] ?? null));
  const group = entity('g', {
    roles: [{ name: 'boss', choose, among: 'a', rule, ...(count !== undefined && { count }) }],
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
  it('row 4: falls to the highest or the lowest number, of equals to the lowest index', () => {
    expect(holderAfter(workflow('highest', itself), [1, 3, 3])).to.equal('g-1');
    expect(holderAfter(workflow('lowest', itself), [3, 1, 1])).to.equal('g-1');
    expect(holderAfter(workflow('highest', itself), [0, 0, 0])).to.equal('g-0');
  });

  it('row 4: falls to the lowest index for which it is true', () => {
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

  it('row 3: is chosen when all are final, among those that reached it', () => {
    const w = workflow('highest', itself);
    expect(holderAfter(w, [1, 2])).to.equal(undefined);
    w.exit('g[2].a', 1);
    expect(w.state.workflow.roles['g.boss']).to.equal('g-1');
    expect(w.out()).to.eql(['g[1].b']);
  });

  it('row 3: is vacant when nobody qualifies, and blocks what names it', () => {
    const w = workflow('where', () => false);
    expect(holderAfter(w, [1, 2, 3])).to.equal(null);
    expect(w.record('g[0].b')).to.include({ status: 'blocked', cause: 'role_vacant' });
    expect(w.reason).to.equal('g[0].b is blocked: nobody could take a role it names; 3 more blocked');
  });

  it('row 3: is vacant when the rule fails for one, and says for whom and why', () => {
    const w = workflow('highest', score => {
      if (score === 2) throw new EngineError('expression_failed', 'The expression is wrong.', 'Correct it.');
      return score;
    });
    expect(holderAfter(w, [1, 2, 3])).to.equal(null);
    expect(w.record('g[2].b')).to.deep.include({ status: 'blocked', cause: 'role_vacant' });
    expect(w.reason).to.equal(
      'g[0].b on g-0 is blocked: highest of g.boss for g-1: The expression is wrong. Correct it',
    );
  });

  it('row 3: is vacant when the answer is of the wrong kind', () => {
    const vacant = workflow('where', () => 'yes');
    expect(holderAfter(vacant, [1, 2, 3])).to.equal(null);
    expect(vacant.reason).to.contain('where of g.boss for g-0: the answer is neither true nor false.');
    const ranked = workflow('lowest', () => 'low');
    expect(holderAfter(ranked, [1, 2, 3])).to.equal(null);
    expect(ranked.reason).to.contain('the answer is no number.');
  });

  it('row 3: is judged again when a candidate gets another chance, and the old error is gone', () => {
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

/** Members of `g` reach `a` by a script each; `boss` is held by `count` of them; its holders do `b`, the others `c`. */
function several(size: number, count: number, choose: Role['choose'] = 'lowest_index'): Workflow {
  const names = expression(
    data => ({ names: (data.holders('g', 'boss') ?? []).map(member => member.name) }),
    [{ kind: 'role', entity: 'g', role: 'boss' }],
  );
  const group = entity('g', {
    roles: [{ name: 'boss', choose, among: 'a', count }],
    states: [
      state('g', 'a'),
      state('g', 'b', { only: ['boss'], action: script(names) }),
      state('g', 'c', { except: ['boss'] }),
    ],
  });
  const up = entity('s', { type: 'service', states: [join('s', 'up', { needs: ['g.b', 'g.c'] })] });
  return new Workflow(definition([group, up], ['s.up']), membership({ g: size })).create();
}

const holders = (w: Workflow): unknown => w.state.workflow.roles['g.boss'];

describe('a role whose holder is lost', () => {
  it('row 6: stays with it: what ran once stays reached, what only the holder has fails, nobody is chosen anew', () => {
    const group = entity('g', {
      roles: [{ name: 'boss', choose: 'lowest_index', among: 'a' }],
      states: [
        state('g', 'a'),
        state('g', 'made', { once: { role: 'boss' } }),
        state('g', 'b', { needs: ['g.made'], only: ['boss'] }),
      ],
    });
    const w = new Workflow(definition([group], ['g.b']), membership({ g: 2 })).create();
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    w.succeed('g.made');
    w.finish('g[0].b', { kind: 'failed', error: { kind: 'unreachable', message: 'the VM is gone' } });
    expect(w.status('g.made')).to.equal('reached');
    expect(w.record('g[0].b')).to.have.nested.property('error.kind', 'unreachable');
    expect(w.status('g[1].b')).to.equal('skipped');
    w.send({ kind: 'resume', by: 'ann' });
    expect(w.state.workflow.roles).to.eql({ 'g.boss': 'g-0' });
    expect(w.out()).to.eql(['g[0].b']);
  });
});

describe('a role of several members', () => {
  it('row 4: first_ready is chosen in the commit in which the n-th reaches `among`, all together, in index order', () => {
    const w = several(4, 2, 'first_ready');
    w.now += 10;
    w.succeed('g[3].a');
    expect(holders(w)).to.equal(undefined);
    w.now += 10;
    w.succeed('g[1].a');
    expect(holders(w)).to.eql(['g-1', 'g-3']);
    expect(w.out()).to.eql(['g[0].a', 'g[2].a', 'g[1].b', 'g[3].b']);
    w.now += 10;
    w.succeed('g[0].a');
    expect(holders(w)).to.eql(['g-1', 'g-3']);
  });

  it('row 4: who came first is preferred; of those who come in one commit the lowest index', () => {
    const group = entity('g', {
      roles: [{ name: 'boss', choose: 'first_ready', among: 'a', count: 3 }],
      states: [
        state('g', 'early'),
        join('g', 'a', { needs: ['0? early', '0? s.go'] }),
        state('g', 'b', { only: ['boss'] }),
      ],
    });
    const service = entity('s', {
      type: 'service',
      states: [
        state('s', 'go', { action: { kind: 'wait', duration: 50 } }),
        join('s', 'up', { needs: ['g.b'] }),
      ],
    });
    const w = new Workflow(definition([group, service], ['s.up']), membership({ g: 4 })).create();
    w.now += 10;
    w.succeed('g[3].early');
    w.due('s.go');
    expect(holders(w)).to.eql(['g-0', 'g-1', 'g-3']);
  });

  it('row 3: every other choice waits until all are final, and takes the lowest indices', () => {
    const w = several(4, 2);
    w.succeed('g[3].a');
    w.succeed('g[2].a');
    w.exit('g[0].a', 1);
    expect(holders(w)).to.equal(undefined);
    w.succeed('g[1].a');
    expect(holders(w)).to.eql(['g-1', 'g-2']);
  });

  it('row 5: `only` means each of the holders, `except` none of them; a list of them is read', () => {
    const w = several(3, 2);
    for (const index of [0, 1, 2]) w.succeed(`g[${index}].a`);
    expect(w.out()).to.eql(['g[0].b', 'g[1].b', 'g[2].c']);
    expect(w.record('g[2].b')).to.include({ status: 'skipped', cause: 'not_the_role' });
    expect(w.record('g[0].c')).to.include({ status: 'skipped', cause: 'not_the_role' });
    expect(w.record('g[1].b')?.command?.action).to.deep.include({ inputs: { names: ['g-0', 'g-1'] } });
    for (const step of w.out()) w.succeed(step);
    expect(w.over).to.equal('complete');
  });

  it('row 3: too few candidates leave it vacant and say how many there were; another chance opens it', () => {
    const w = several(3, 2);
    w.succeed('g[1].a');
    w.exit('g[0].a', 1);
    w.exit('g[2].a', 1);
    expect(holders(w)).to.equal(null);
    expect(w.record('g[1].b')).to.deep.include({ status: 'blocked', cause: 'role_vacant' });
    expect(w.record('g[1].b')?.error).to.include({
      kind: 'vacant',
      message: '2 members are to hold g.boss, but 1 of 3 could.',
    });
    expect(w.reason).to.contain('is blocked: 2 members are to hold g.boss, but 1 of 3 could');
    w.send({ kind: 'retry', step: 'g[2].a', by: 'ann' });
    w.succeed('g[2].a');
    expect(holders(w)).to.eql(['g-1', 'g-2']);
    expect(w.record('g[1].b')).to.include({ status: 'running' }).and.not.have.property('error');
  });

  it('row 4: a rule gives the best, or the first for which it is true', () => {
    expect(holderAfter(workflow('highest', itself, 2), [1, 3, 2])).to.eql(['g-1', 'g-2']);
    expect(holderAfter(workflow('highest', itself, 2), [5, 3, 3])).to.eql(['g-0', 'g-1']);
    expect(holderAfter(workflow('lowest', itself, 2), [1, 3, 1])).to.eql(['g-0', 'g-2']);
    const where = workflow('where', score => score !== 1, 2);
    expect(holderAfter(where, [1, 2, 3])).to.eql(['g-1', 'g-2']);
    const few = workflow('where', score => score === 1, 2);
    expect(holderAfter(few, [1, 2, 3])).to.equal(null);
    expect(few.reason).to.contain('2 members are to hold g.boss, but 1 of 3 could');
  });

  it('a count of one is a list of one, and survives a restart', () => {
    const w = several(2, 1);
    w.succeed('g[0].a');
    w.succeed('g[1].a');
    expect(holders(w)).to.eql(['g-0']);
    const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
    const workflowRecord = JSON.parse(JSON.stringify(w.state.workflow)) as typeof w.state.workflow;
    w.state = restore(w.graph, workflowRecord, stored, {});
    w.succeed('g[0].b');
    w.succeed('g[1].c');
    expect(w.over).to.equal('complete');
  });
});
