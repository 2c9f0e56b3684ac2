// `valid_for`: what a step requires runs again first when it is too old by then.
// Belongs here: who asks, what is renewed, what follows for others. Does not belong here: refusals of definitions.
import { expect } from 'chai';
import type { Role } from '../../engine/definition/types.ts';
import { restore } from '../../engine/machine/state.ts';
import { waitsFor } from '../../engine/machine/waits.ts';
import {
  definition,
  entity,
  expression,
  join,
  membership,
  output,
  script,
  state,
  type StateSpec,
} from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

type Named = { readonly [name: string]: StateSpec };

/** A group `g` with these states, beside a `slow` one of the service `s` that decides when others get ready. */
function workflow(
  states: Named,
  size = 1,
  goal: readonly string[] = ['g.c'],
  roles: readonly Role[] = [],
): Workflow {
  const made = Object.entries(states).map(([name, spec]) => state('g', name, spec));
  const slow = state('s', 'slow', { action: { kind: 'wait', duration: 100_000 } });
  const entities = [
    entity('s', { type: 'service', states: [slow, join('s', 'up', { needs: goal })] }),
    entity('g', { roles, states: made }),
  ];
  return new Workflow(definition(entities, ['s.up']), membership({ g: size, s: 0 })).create();
}

const TOKEN: StateSpec = { validFor: 60_000, out: [output('id')] };
const id = (text: string) => ({ id: { text } });
const asking = (more: StateSpec = {}): StateSpec => ({ needs: ['g.token', 's.slow'], ...more });

/** The token is there at once; what asks for it gets ready 100 s later. */
function aged(token: StateSpec = {}, more: Named = {}, size = 1): Workflow {
  const goal = ['g.c', ...Object.keys(more).map(name => `g.${name}`)];
  const w = workflow({ token: { ...TOKEN, ...token }, c: asking(), ...more }, size, goal);
  for (let member = 0; member < size; member += 1) w.succeed(`g[${member}].token`, id('old'));
  w.due('s.slow');
  return w;
}

describe('a state that is valid for a time', () => {
  it('runs again before a step that requires it, when it is older by then', () => {
    const w = aged();
    expect(w.record('g[0].token')).to.include({ status: 'running', renews: 1_000 });
    expect(w.record('g[0].token')?.command).to.include({ reason: 'changed' });
    expect(w.record('g[0].c')).to.include({ status: 'waiting', freshFrom: w.now });
    w.now += 5_000;
    w.succeed('g[0].token', id('new'));
    expect(w.record('g[0].token')).to.deep.include({ status: 'reached', outputs: { id: 'new' } });
    expect(w.record('g[0].token')).not.to.have.property('renews');
    expect(w.record('g[0].c')).to.include({ status: 'running' }).and.not.to.have.property('freshFrom');
  });

  it('stays as it is when it is young enough, and no timer is set', () => {
    const w = workflow({ token: TOKEN, c: asking() });
    w.now += 90_000;
    w.succeed('g[0].token', id('old'));
    expect(w.record('g[0].token')).not.to.have.property('due');
    w.due('s.slow');
    expect([w.status('g[0].token'), w.status('g[0].c')]).to.eql(['reached', 'running']);
  });

  it('is renewed once for one that waits for its VM, however short it is valid', () => {
    const w = aged({ validFor: 1_000 }, { other: { needs: ['g.token'] } });
    expect(w.out()).to.eql(['g[0].other']);
    w.now += 10_000;
    w.succeed('g[0].other');
    w.now += 10_000;
    w.succeed('g[0].token', id('new'));
    expect(w.out()).to.eql(['g[0].c']);
    w.succeed('g[0].c');
    expect(w.over).to.equal('complete');
    expect(w.record('g[0].token')).to.include({ attempt: 2 });
  });

  it('is renewed again before a retry, and two that age fast do not renew each other for ever', () => {
    const short: StateSpec = { validFor: 1_000, exclusive: false };
    const w = workflow({
      one: short,
      two: short,
      c: { needs: ['one', 'two', 's.slow'], retry: { attempts: 2, delay: 5_000 } },
    });
    for (const name of ['one', 'two']) w.succeed(`g[0].${name}`);
    w.due('s.slow');
    for (const name of ['one', 'two']) {
      w.now += 60_000;
      w.succeed(`g[0].${name}`);
    }
    expect(w.out()).to.eql(['g[0].c']);
    w.exit('g[0].c', 1);
    w.due('g[0].c');
    expect(w.out()).to.eql(['g[0].one', 'g[0].two']);
  });

  it('asks its probe first: what still holds is fresh again', () => {
    const w = workflow({ token: { ...TOKEN, probe: script() }, c: asking() });
    w.exit('g[0].token', 1);
    w.succeed('g[0].token', id('old'));
    w.due('s.slow');
    expect(w.record('g[0].token')).to.include({ status: 'running', phase: 'probe' });
    w.succeed('g[0].token');
    expect(w.record('g[0].token')).to.deep.include({ status: 'reached', outputs: { id: 'old' }, attempt: 1 });
    expect(w.status('g[0].c')).to.equal('running');
  });

  it('changes nothing for those that used it already, nor for roles and the states that it stands on', () => {
    const boss: Role[] = [{ name: 'boss', choose: 'lowest_index', among: 'token' }];
    const states: Named = {
      base: { validFor: 1_000 },
      token: { ...TOKEN, needs: ['base'] },
      user: { needs: ['token'] },
      chosen: { needs: ['token'], only: ['boss'] },
      c: asking({ needs: ['user', 'chosen', 's.slow', 'g.token'] }),
    };
    const w = workflow(states, 1, ['g.c'], boss);
    w.succeed('g[0].base');
    w.succeed('g[0].token', id('old'));
    w.succeed('g[0].user');
    w.succeed('g[0].chosen');
    w.due('s.slow');
    expect(w.out()).to.eql(['g[0].token']);
    expect(w.state.workflow.roles).to.deep.equal({ 'g.boss': 'g-0' });
    w.exit('g[0].token', 1);
    expect([w.status('g[0].user'), w.status('g[0].base')]).to.eql(['reached', 'reached']);
    expect(w.state.workflow.roles).to.deep.equal({ 'g.boss': 'g-0' });
    expect(w.record('g[0].token')?.outputs).to.eql({ id: 'old' });
  });

  it('blocks who asked when it could not be renewed; a resume tries it again', () => {
    const w = aged();
    w.exit('g[0].token', 3);
    expect(w.record('g[0].c')).to.include({ status: 'blocked', cause: 'requirement_failed' });
    expect(w.over).to.equal('failed');
    expect(w.reason).to.contain('g[0].token on g-0 failed: exit 3');
    w.send({ kind: 'resume', by: 'ann' });
    expect([w.status('g[0].token'), w.status('g[0].c')]).to.eql(['running', 'waiting']);
    w.succeed('g[0].token', id('new'));
    expect(w.status('g[0].c')).to.equal('running');
  });

  it('row 12: has not failed for who waits for its failure: it was reached', () => {
    const w = aged({}, { fallback: { needs: ['token!failed'] } });
    w.exit('g[0].token', 3);
    expect(w.record('g[0].token')).not.to.have.property('hasFailed');
    expect(w.status('g[0].fallback')).to.equal('not_needed');
  });

  it('of a group: each that is too old runs again, and only while too few are fresh (row 7)', () => {
    const w = aged({}, {}, 3);
    expect(w.out()).to.eql(['g[0].token', 'g[1].token', 'g[2].token']);
    w.succeed('g[0].token', id('new'));
    w.succeed('g[2].token', id('new'));
    expect(w.status('g[0].c')).to.equal('waiting');
    w.succeed('g[1].token', id('new'));
    expect(w.out()).to.eql(['g[0].c', 'g[1].c', 'g[2].c']);
    const quorum = workflow({ token: TOKEN, c: asking({ needs: ['g.token@any', 's.slow'] }) }, 2);
    quorum.succeed('g[0].token', id('old'));
    quorum.now += 80_000;
    quorum.succeed('g[1].token', id('old'));
    quorum.due('s.slow');
    expect(quorum.out()).to.eql(['g[0].c', 'g[1].c']);
  });

  it('row 13: as an alternative is renewed only while no other is met', () => {
    const w = workflow({
      token: TOKEN,
      other: { action: { kind: 'wait', duration: 150_000 } },
      c: { needs: ['0? token', '0? other', 's.slow'] },
    });
    w.succeed('g[0].token', id('old'));
    w.due('s.slow');
    expect(w.out()).to.eql(['g[0].token']);
    w.due('g[0].other');
    expect(w.status('g[0].c')).to.equal('ready');
  });

  it('row 10: vouched for by an operator does not age', () => {
    const w = workflow({ token: { ...TOKEN, onFailure: 'pause' }, c: asking() });
    w.exit('g[0].token', 1);
    w.send({ kind: 'skip', step: 'g[0].token', outputs: { id: 'given' }, by: 'ann' });
    w.due('s.slow');
    expect(w.status('g[0].c')).to.equal('running');
  });

  it('blocks a step whose next attempt would begin at once, when it could not be renewed meanwhile', () => {
    const again = asking({ retry: { attempts: 2, delay: 0 } });
    const late: Named = { x: { exclusive: false }, d: { needs: ['g.token', 'g.x'] } };
    const w = workflow({ token: { ...TOKEN, exclusive: false }, c: again, ...late }, 1, ['g.c', 'g.d']);
    w.succeed('g[0].token', id('old'));
    w.due('s.slow');
    w.succeed('g[0].token', id('new'));
    expect(w.status('g[0].c')).to.equal('running');
    w.now += 100_000;
    w.succeed('g[0].x');
    w.exit('g[0].token', 1);
    w.exit('g[0].c', 1);
    expect([w.status('g[0].c'), w.status('g[0].d')]).to.deep.equal(['blocked', 'blocked']);
  });

  it('row 11: tolerated when it could not be renewed has no outputs', () => {
    const w = aged({ onFailure: 'continue' });
    w.exit('g[0].token', 1);
    expect(w.record('g[0].token')).to.include({ status: 'reached', cause: 'tolerated' });
    expect(w.record('g[0].token')).not.to.have.property('outputs');
    expect(w.status('g[0].c')).to.equal('running');
  });

  it('of a `once` state runs again on the same VM; its readers see what is new', () => {
    const read = expression(data => ({ id: data.once('g', 'token')?.['id'] ?? '' }));
    const w = workflow({ token: { ...TOKEN, once: { any: true } }, c: asking({ action: script(read) }) }, 2);
    w.succeed('g.token', id('old'));
    w.due('s.slow');
    expect(w.record('g.token')?.command).to.include({ agent: 'g-0' });
    w.succeed('g.token', id('new'));
    expect(w.record('g[1].c')?.command?.action).to.deep.include({ inputs: { id: 'new' } });
  });

  it('is what it was when the goal comes to hold before it could run again (row 15)', () => {
    const wait = (duration: number) => ({ action: { kind: 'wait', duration } }) as const;
    const made = [state('g', 'token', TOKEN), state('g', 'hold'), state('g', 'c', asking())];
    const ways = ['0? g.c', '0? g.hold', '0? s.done'];
    const service = [state('s', 'slow', wait(100_000)), state('s', 'done', wait(150_000))];
    const entities = [
      entity('s', { type: 'service', states: [...service, join('s', 'up', { needs: ways })] }),
      entity('g', { states: made }),
    ];
    const w = new Workflow(definition(entities, ['s.up']), membership({ g: 1, s: 0 })).create();
    w.succeed('g[0].token', id('old'));
    w.due('s.slow');
    expect(w.status('g[0].token')).to.equal('ready');
    w.due('s.done');
    expect(w.record('g[0].token')).to.deep.include({ status: 'reached', outputs: { id: 'old' } });
    expect(w.status('g[0].c')).to.equal('not_needed');
  });

  it('is called back, deleted and restored in the middle as anything that runs', () => {
    const w = aged();
    w.send({ kind: 'cancel', by: 'ann' });
    w.finish('g[0].token', { kind: 'refused', message: 'called back' });
    expect(w.record('g[0].token')).to.include({ status: 'interrupted', renews: 1_000 });
    w.send({ kind: 'resume', by: 'ann' });
    expect([w.status('g[0].token'), w.status('g[0].c')]).to.eql(['running', 'waiting']);
    const stored = w.state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
    expect(restore(w.graph, w.state.workflow, stored, {}, w.state.hash)).to.eql(w.state);
    w.send({ kind: 'delete', abandon: false, by: 'heat' });
    w.finish('g[0].token', { kind: 'refused', message: 'called back' });
    expect([w.over, w.status('g[0].token')]).to.eql(['deleted', 'undone']);
  });

  it('row 36: is fresh again with what it gave before, when its probe holds though it was called back', () => {
    const w = workflow({ token: { ...TOKEN, probe: script() }, c: asking() });
    w.finish('g[0].token', { kind: 'failed', error: { kind: 'exit', message: 'exit 1', exitCode: 1 } });
    w.succeed('g[0].token', id('old'));
    w.due('s.slow');
    w.send({ kind: 'cancel', by: 'ann' });
    w.succeed('g[0].token');
    expect(w.record('g[0].token')).to.deep.include({ status: 'reached', outputs: { id: 'old' } });
    expect(w.record('g[0].token')).not.to.have.property('renews');
  });

  it('row 43: is not renewed after a halt', () => {
    const made = [
      state('g', 'token', TOKEN),
      state('g', 'bad', { exclusive: false }),
      state('g', 'c', asking()),
    ];
    const slow = state('s', 'slow', { action: { kind: 'wait', duration: 100_000 } });
    const up = join('s', 'up', { needs: ['g.c', 'g.bad'] });
    const entities = [entity('s', { type: 'service', states: [slow, up] }), entity('g', { states: made })];
    const halting = definition(entities, ['s.up'], { failureMode: 'halt' });
    const w = new Workflow(halting, membership({ g: 1, s: 0 })).create();
    w.succeed('g[0].token', id('old'));
    w.exit('g[0].bad', 1);
    w.due('s.slow');
    expect([w.status('g[0].token'), w.status('g[0].c'), w.over]).to.eql(['reached', 'waiting', 'failed']);
  });

  it('is named to who asks what waits', () => {
    const w = aged();
    const number = w.graph.stepById.get('g[0].c') as number;
    expect(waitsFor(w.graph, w.state, number)).to.eql(['g[0].token, renewed']);
  });
});
