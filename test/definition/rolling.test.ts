// Rollings in a definition: what is read, and what is refused because members would wait for each other for ever.
// Belongs here: keys and refusals. Does not belong here: how turns are taken (test/machine/rolling.test.ts).
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { membership } from '../support/definitions.ts';
import { codes, definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const S = 'action: {script: {sh: x}}';
const states = (b = 'requires: [a], ') => `a: {${S}}\ndone: {${b}${S}}`;
const text = (rolling: string, b?: string, more = '') =>
  groupWith(states(b), { entity: `${more}rolling: {r: ${rolling}}` });
const rollingOf = (source: string) => stateOf(definitionOf(parse(source)), 'sql', 'done').rolling;

describe('A rolling', () => {
  it('R4: has states, a size, tolerated failures and an order', () => {
    const rolling = rollingOf(
      text('{states: [a, done], serial: 2, max_failures: 1, order: "<% member.name %>"}'),
    );
    expect(rolling).to.deep.include({
      name: 'r',
      states: ['a', 'done'],
      serial: { kind: 'window', size: { count: 2 } },
      maxFailures: 1,
    });
    expect(rolling?.order?.at).to.equal('/entities/sql/rolling/r/order');
  });

  it('R4: takes a percentage, and a list for batches', () => {
    expect(rollingOf(text('{states: done, serial: 25%}'))?.serial).to.eql({
      kind: 'window',
      size: { percent: 25 },
    });
    expect(rollingOf(text('{states: done, serial: [1, 25%, 100%]}'))?.serial).to.eql({
      kind: 'batches',
      sizes: [{ count: 1 }, { percent: 25 }, { percent: 100 }],
    });
  });

  it('R4: `serial` on a state is short for a rolling of it alone', () => {
    const source = groupWith(`done: {${S}, serial: 1, max_failures: 2}`);
    expect(rollingOf(source)).to.eql({
      name: 'done',
      states: ['done'],
      serial: { kind: 'window', size: { count: 1 } },
      maxFailures: 2,
    });
  });

  it('R4: every member whose states the goal needs has one turn', () => {
    const graph = compileGraph(
      definitionOf(parse(text('{states: [a, done], serial: 1}'))),
      membership({ sql: 3 }),
    );
    expect(graph.turns.map(({ steps }) => steps.map(step => graph.steps[step]?.id))).to.eql([
      ['sql[0].a', 'sql[0].done'],
      ['sql[1].a', 'sql[1].done'],
      ['sql[2].a', 'sql[2].done'],
    ]);
  });

  it('R4: waits for the roles that its order reads', () => {
    const source = text(
      '{states: [a, done], serial: 1, order: "<% member.index == sql.boss.index ? 1 : 0 %>"}',
      'requires: [a], ',
      'roles: {boss: {choose: lowest_index, among: zero}}\n',
    ).replace('      a:', `      zero: {${S}}\n      a:`);
    const graph = compileGraph(definitionOf(parse(source)), membership({ sql: 2 }));
    expect(graph.steps.filter(step => step.roles.length > 0).map(step => step.id)).to.eql([
      'sql[0].a',
      'sql[1].a',
      'sql[0].done',
      'sql[1].done',
    ]);
  });

  for (const [what, source, message] of [
    ['no size', text('{states: [done]}'), "rolling r of entity sql needs 'serial'. Say how many"],
    [
      'a size of nobody',
      text('{states: [done], serial: 0}'),
      'serial of rolling r of entity sql is 0; a number must be 1 to 1000.',
    ],
    [
      'a size that is none',
      text('{states: [done], serial: half}'),
      "serial of rolling r of entity sql is 'half'. Write a number such as 2, a percentage from 1% to 100%, or a list of them.",
    ],
    [
      'an empty list',
      text('{states: [done], serial: []}'),
      'serial of rolling r of entity sql says no number.',
    ],
    [
      'a state that is not there',
      text('{states: [don], serial: 1}'),
      "rolling r of entity sql names unknown state 'don'. Did you mean 'done'?",
    ],
    [
      'a qualified name',
      text('{states: [sql.done], serial: 1}'),
      "rolling r of entity sql names unknown state 'sql.done'. Write its name alone: done.",
    ],
    [
      'a state of the group',
      text('{states: [done], serial: 1}', 'once: "any", '),
      "rolling r of entity sql names 'done', which is a state of the group (once): it is no member's turn. Leave it out.",
    ],
    [
      'a state twice',
      text('{states: [done, done], serial: 1}'),
      "The rolling 'r' of entity sql names 'done' twice.",
    ],
    [
      'a state in two',
      text('{states: [done], serial: 1}, q: {states: [done], serial: 1}'),
      "The state 'done' of entity sql is in the rollings 'r' and 'q'.",
    ],
    [
      'an order that is no number',
      text('{states: [done], serial: 1, order: "<% true %>"}'),
      'it must be a number or text.',
    ],
    [
      'an order that is no expression',
      text('{states: [done], serial: 1, order: name}'),
      'order of rolling r of sql is no expression.',
    ],
    [
      'an order that reads what may not be there',
      text('{states: [done], serial: 1, order: "<% member.outputs.a.n %>"}').replace(
        `a: {${S}}`,
        `a: {${S}, outputs: {n: {type: integer}}}`,
      ),
      'not_guaranteed',
    ],
    [
      'only joins',
      groupWith('a: {}\ndone: {requires: [a]}', { entity: 'rolling: {r: {states: [done], serial: 1}}' }),
      'No state of rolling r of entity sql starts anything.',
    ],
    ['a serial of a join', groupWith('done: {serial: 1}'), "has 'serial' but no 'action'."],
    [
      "a serial of a group's state",
      groupWith(`done: {once: "any", serial: 1, ${S}}`),
      "'once' makes it one step of the group",
    ],
    [
      'failures without a serial',
      groupWith(`done: {max_failures: 1, ${S}}`),
      "has 'max_failures' but no 'serial'.",
    ],
    [
      'a name that a state has',
      groupWith(`a: {${S}}\ndone: {serial: 1, requires: [a], ${S}}`, {
        entity: 'rolling: {done: {states: [a], serial: 1}}',
      }),
      'has a serial of its own',
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const found = parse(source);
      if (message === 'not_guaranteed') expect(codes(found)).to.include(message);
      else expect(texts(found).join('\n')).to.include(message);
    });
  }

  it('refuses one of what is no group', () => {
    const vm = groupWith(`done: {${S}, serial: 1}`, {
      entity: 'rolling: {r: {states: [done], serial: 1}}',
    }).replace('vm_group', 'vm');
    expect(texts(parse(vm)).join('\n'))
      .to.include("only a vm_group has 'rolling'")
      .and.include("has 'serial', but a vm has no members");
  });
});

describe('A deadlock of a rolling', () => {
  const one = '{states: [a, done], serial: 1}';

  it('R4: is a state that needs another of its rolling of other members', () => {
    expect(texts(parse(text(one, 'requires: [sql.a], ')))[0]).to.include(
      "The rolling sql.r could never end: sql.done waits for sql.a of other members, which wait for their turn until this one has left: sql.done → sql.a. Require the same member's state",
    );
    expect(codes(parse(text(one, 'requires: [{state: sql.a, members: "any"}], ')))).to.eql(['deadlock']);
    expect(codes(parse(text(one, 'requires: [{any_of: [sql.a, a]}], ')))).to.eql(['deadlock']);
  });

  it('R4: is also one through others, with its path', () => {
    const through = groupWith(
      `a: {${S}}\nb: {requires: [a], ${S}}\nc: {requires: [sql.b]}\ndone: {requires: [c], ${S}}`,
      {
        entity: `rolling: {r: ${one}}`,
      },
    );
    expect(texts(parse(through))[0]).to.include('sql.done → sql.c → sql.b → sql.a.');
  });

  it('R4: is also one through a role, or what an expression reads', () => {
    const role = text(
      one,
      'only: boss, requires: [a], ',
      'roles: {boss: {choose: lowest_index, among: a}}\n',
    );
    expect(codes(parse(role))).to.eql(['deadlock']);
    const reads = groupWith(
      `a: {${S}, outputs: {n: {type: integer}}}\ndone: {action: {script: {sh: x, inputs: {N: "<% sql.members.map(m, m.outputs.a.n) %>"}}}}`,
      { entity: `rolling: {r: ${one}}` },
    );
    expect(codes(parse(reads))).to.eql(['deadlock']);
  });

  it('R4: is none between states of the same member, also through others', () => {
    const fine = groupWith(
      `a: {${S}}\nb: {requires: [{state: a, outcome: final}], ${S}}\ndone: {requires: [b], ${S}}`,
      {
        entity: `rolling: {r: ${one}}`,
      },
    );
    expect(codes(parse(fine))).to.eql([]);
  });

  it("R4: is two rollings that need each other's states", () => {
    const both = (more: string) =>
      groupWith(`a: {${S}}\nb: {requires: [a], ${S}${more}}\ndone: {requires: [b], ${S}}`, {
        entity: `rolling: {r: ${one}}`,
      });
    expect(texts(parse(both(', serial: 1')))[0]).to.include(
      "the rollings sql.b and sql.r need each other's states. Put these states into one rolling.",
    );
    expect(codes(parse(both('')))).to.eql([]);
  });
});
