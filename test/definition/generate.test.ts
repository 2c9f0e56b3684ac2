// Secrets that a `set` makes, as they are written and refused.
import { expect } from 'chai';
import type { SetAction, State } from '../../engine/definition/types.ts';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const text = (set: string, outputs = '{}', more = ''): string =>
  groupWith(`made: {action: {set: ${set}}, outputs: ${outputs}}\ndone: ${more || '{requires: [made]}'}`);
const refusals = (set: string, outputs?: string, more?: string): string =>
  texts(parse(text(set, outputs, more))).join('\n');
const madeBy = (set: string, outputs?: string): State =>
  stateOf(definitionOf(parse(text(set, outputs))), 'sql', 'made');
const secretsOf = (set: string) => (madeBy(set).action as SetAction).generate;

describe('a set that generates', () => {
  it('makes hidden text of each name, declared or not', () => {
    const { outputs } = madeBy('{generate: {password: {length: 24}, key: }}');
    for (const name of ['password', 'key'])
      expect(outputs.get(name)).to.include({ type: 'string', hidden: true, optional: false });
    expect(madeBy('{generate: {p: {}}}', '{p: {type: string, hidden: true}}').outputs.size).to.equal(1);
  });

  it("has Heat's length and character_classes, and one of each letter and digit by default", () => {
    const [secret] = secretsOf('{generate: {p: {}}}') ?? [];
    expect(secret?.length).to.equal(32);
    expect(secret?.classes.map(({ characters, min }) => [characters.length, min])).to.deep.equal([
      [26, 1],
      [26, 1],
      [10, 1],
    ]);
    const pin = '{generate: {p: {length: 8, character_classes: [{class: digits, min: 8}]}}}';
    expect(secretsOf(pin)?.[0]).to.deep.equal({
      name: 'p',
      length: 8,
      classes: [{ characters: '0123456789', min: 8 }],
    });
  });

  it('stands beside computed outputs, or alone, but does not give the same twice', () => {
    const both = madeBy('{outputs: {user: admin}, generate: {p: {}}}', '{user: {type: string}}');
    expect([...both.outputs.keys()]).to.have.members(['user', 'p']);
    expect(refusals('{}')).to.contain("needs 'outputs'").and.contain("'generate' to make secrets");
    expect(refusals('{outputs: {p: a}, generate: {p: {}}}', '{p: {type: string}}')).to.contain(
      "both computes and generates 'p'",
    );
    expect(refusals('{generate: {p: {}}}', '{other: {type: string}}')).to.contain(
      "doesn't set its output 'other'",
    );
  });

  it('is refused with the way to write it', () => {
    expect(refusals('{generate: {p: {length: 7}}}')).to.contain('8 to 128');
    expect(refusals('{generate: {p: {length: 129}}}')).to.contain('8 to 128');
    expect(refusals('{generate: {p: {lenght: 9}}}')).to.contain("Did you mean 'length'?");
    expect(refusals('{generate: {p: {character_classes: [{class: digit}]}}}')).to.contain("'digits'");
    expect(refusals('{generate: {p: {length: 8, character_classes: [{class: digits, min: 9}]}}}')).to.contain(
      'ask for 9 characters at least, and its length is 8',
    );
    for (const declared of ['{p: {type: string}}', '{p: {type: integer, hidden: true}}'])
      expect(refusals('{generate: {p: {}}}', declared)).to.contain('{type: string, hidden: true}');
  });

  it('taints what is made of it: it goes through inputs of scripts, and is shown nowhere', () => {
    const used = '{action: {script: {sh: a, inputs: {P: "<% member.outputs.made.p %>"}}}}';
    expect(refusals('{generate: {p: {}}}', '{}', used)).to.equal('');
    const shown = '{action: {approval: {message: "<% sql.members[0].outputs.made.p %>"}}}';
    expect(refusals('{generate: {p: {}}}', '{}', shown)).to.contain('would show a hidden value');
  });
});
