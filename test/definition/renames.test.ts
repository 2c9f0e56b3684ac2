// `was` as an author writes it (row 29).
// Belongs here: what may be written. Does not belong here: what becomes of a state that is renamed (test/machine/rename.test.ts).
import { expect } from 'chai';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const RUNS = 'action: {script: {sh: x}}';
const refusals = (states: string): string => texts(parse(groupWith(states))).join('\n');

describe('was', () => {
  it('row 29: names what a state was called before, which need not be known; a join may have it too', () => {
    const definition = definitionOf(
      parse(groupWith(`done: {${RUNS}, was: ended}\nafter: {was: later, requires: [done]}`)),
    );
    expect(stateOf(definition, 'sql', 'done').was).to.equal('ended');
    expect(stateOf(definition, 'sql', 'after').was).to.equal('later');
  });

  it('row 29: is refused where a state is called so', () => {
    expect(refusals(`done: {${RUNS}, was: other}\nother: {${RUNS}}`)).to.contain(
      "sql.done has 'was: other', but there is a state sql.other. Remove 'was', or give the state that is there another name.",
    );
    expect(refusals(`done: {${RUNS}, was: done}`)).to.contain('there is a state sql.done');
  });

  it('row 29: is one state’s alone', () => {
    expect(refusals(`done: {${RUNS}, was: old}\nother: {${RUNS}, was: old}`)).to.contain(
      "sql.other has 'was: old', and so has sql.done. Leave 'was' with the one that goes on.",
    );
  });

  it('is a name, not an expression or a list', () => {
    expect(refusals(`done: {${RUNS}, was: "<% inputs.x %>"}`)).to.contain('no expression can stand here');
    expect(refusals(`done: {${RUNS}, was: [a, b]}`)).to.not.equal('');
  });
});
