// Operations in a definition: what is read, what their expressions see, and what is refused (R8).
// Belongs here: keys, names, refusals. Does not belong here: how they run (test/machine/operations.test.ts).
import { expect } from 'chai';
import { codes, definitionOf, groupWith, parse, texts } from './support/parsing.ts';

const S = 'action: {script: {sh: x}}';
const STATES = `a: {${S}}\nb: {requires: [a], ${S}}\nfirst: {once: "any", ${S}}\ndone: {requires: [a], ${S}}`;
const ROLES =
  'roles:\n  boss: {choose: lowest_index, among: a}\n  both: {choose: lowest_index, among: a, count: 2}';
const withOperation = (text: string, states = STATES): string =>
  groupWith(states, { entity: ROLES, top: `operations:\n  op: ${text}` });
const operationOf = (text: string) => definitionOf(parse(withOperation(text))).operations?.get('op');
const refusal = (text: string, states?: string): string =>
  texts(parse(withOperation(text, states))).join('\n');

describe('An operation', () => {
  it('R8: has inputs, requirements, steps, a goal and a way to fail', () => {
    const operation = operationOf(
      '{inputs: {to: {type: string}}, requires: sql.done, steps: [{rerun: [sql.a, sql.b]}, {choose_again: sql.both}, {move: sql.boss, to: "<% sql.members[0] %>"}], goal: sql.b, on_failure: continue}',
    );
    expect(operation).to.deep.include({
      name: 'op',
      description: '',
      requires: [{ entity: 'sql', state: 'done' }],
      goal: [{ entity: 'sql', state: 'b' }],
      onFailure: 'continue',
    });
    expect([...(operation?.inputs.keys() ?? [])]).to.eql(['to']);
    expect(operation?.steps.map(step => ({ ...step, to: undefined }))).to.eql([
      {
        kind: 'rerun',
        states: [
          { entity: 'sql', state: 'a' },
          { entity: 'sql', state: 'b' },
        ],
        to: undefined,
      },
      { kind: 'choose_again', roles: [{ entity: 'sql', role: 'both' }], to: undefined },
      { kind: 'move', role: { entity: 'sql', role: 'boss' }, to: undefined },
    ]);
  });

  it('R8: makes states that no goal needs of use', () => {
    const unneeded = (text: string): boolean => refusal(text).includes('sql.b is not needed');
    expect(unneeded('{steps: {rerun: sql.a}}')).to.equal(true);
    expect(unneeded('{steps: {rerun: sql.b}}')).to.equal(false);
    expect(unneeded('{steps: {rerun: sql.a}, goal: sql.b}')).to.equal(false);
  });

  it('R8: lets `of` and `to` read its inputs, which are there for certain', () => {
    const inputs = 'inputs: {to: {type: string}}';
    expect(
      refusal(`{${inputs}, steps: {rerun: sql.b, of: "<% member.name == operation.inputs.to %>"}}`),
    ).not.to.contain('operation.inputs');
    expect(
      refusal(`{${inputs}, steps: {rerun: sql.b, of: "<% member.name == operation.inputs.from %>"}}`),
    ).to.contain("Unknown input 'from' of the inputs of the operation.");
    expect(refusal(`{${inputs}, steps: {rerun: sql.b, of: "<% member.name %>"}}`)).to.contain(
      'true or false',
    );
    expect(refusal(`{${inputs}, steps: {move: sql.boss, to: "<% operation.inputs.to %>"}}`)).to.contain(
      'a member',
    );
  });

  it('R8: lets states read what it is given, as something that may be absent', () => {
    const reading = (expression: string): string =>
      refusal(
        '{inputs: {label: {type: string}}, steps: {rerun: sql.b}}',
        STATES.replace(
          `b: {requires: [a], ${S}}`,
          `b: {requires: [a], action: {script: {sh: x, inputs: {l: "<% ${expression} %>"}}}}`,
        ),
      );
    expect(reading("operation.inputs.?label.orValue('none')")).not.to.contain('error');
    expect(codes(parse(withOperation('{inputs: {label: {type: string}}, steps: {rerun: sql.b}}')))).to.eql([
      'unreachable',
    ]);
    expect(reading('operation.inputs.label')).to.contain("The operation's label may be absent");
    expect(reading('operation.name')).to.contain("The operation's name may be absent");
    expect(reading('operation.inputs.?lable')).to.contain("Did you mean 'label'?");
  });

  it('R8: is unknown where there is none', () => {
    const text = groupWith(
      `done: {action: {script: {sh: x, inputs: {o: "<% operation.?name.orValue('') %>"}}}}`,
    );
    expect(texts(parse(text)).join()).to.contain("Unknown name 'operation'");
  });

  for (const [what, text, told] of [
    ['no step', '{steps: []}', 'operation op has no step'],
    [
      'two things in one step',
      '{steps: {rerun: sql.a, choose_again: sql.boss}}',
      'must have exactly one of rerun, choose_again, move',
    ],
    ['nothing in a step', '{steps: {of: "<% true %>"}}', 'must have exactly one of'],
    ['an unknown state', '{steps: {rerun: sql.c}}', "reruns unknown state 'c' of sql"],
    ['a state twice', '{steps: {rerun: [sql.a, sql.a]}}', "reruns 'sql.a' twice"],
    ['an unknown role', '{steps: {choose_again: sql.bos}}', "Did you mean 'sql.boss'?"],
    [
      'a role of several to be moved',
      '{steps: {move: sql.both, to: "<% sql.members[0] %>"}}',
      "Write 'choose_again' for it",
    ],
    ['a move to nobody', '{steps: {move: sql.boss}}', "needs 'to'"],
    [
      'members of a state of the group',
      '{steps: {rerun: sql.first, of: "<% true %>"}}',
      'is a state of the group (once)',
    ],
    [
      '`to` where nothing moves',
      '{steps: {rerun: sql.a, to: "<% sql.members[0] %>"}}',
      "which belongs to 'move'",
    ],
    ['what is no expression', '{steps: {rerun: sql.a, of: some}}', 'This must be true or false'],
    [
      'a hidden value that decides',
      '{inputs: {k: {type: string, hidden: true}}, steps: {rerun: sql.a, of: "<% member.name == operation.inputs.k %>"}}',
      'hidden value',
    ],
    [
      'an unknown word for its failure',
      '{steps: {rerun: sql.a}, on_failure: undo}',
      'it must be fail or continue',
    ],
  ] as const) {
    it(`R8: refuses ${what}`, () => {
      expect(refusal(text)).to.contain(told);
    });
  }

  it('R8: refuses two inputs of one name and different types', () => {
    const two = `{inputs: {to: {type: string}}, steps: {rerun: sql.a}}\n  other: {inputs: {to: {type: integer}}, steps: {rerun: sql.a}}`;
    expect(refusal(two)).to.contain(
      "The operations op and other have an input 'to' each, of different types.",
    );
  });
});
