// `on_change` as an author writes it.
// Belongs here: its values and refusals. Does not belong here: what an update then does (test/machine/source.test.ts).
import { expect } from 'chai';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const refusals = (keys: string): string => texts(parse(groupWith(`done: {${keys}}`))).join('\n');
const RUNS = 'action: {script: {sh: "true"}}';

describe('R3: on_change', () => {
  it('keeps what was reached, or lets it run again, as unless told', () => {
    const kept = definitionOf(parse(groupWith(`done: {${RUNS}, on_change: keep}`)));
    expect(stateOf(kept, 'sql', 'done').onChange).to.equal('keep');
    const plain = definitionOf(parse(groupWith(`done: {${RUNS}, on_change: rerun}`)));
    expect(stateOf(plain, 'sql', 'done')).not.to.have.property('onChange');
  });

  it('knows no other word', () => {
    expect(refusals(`${RUNS}, on_change: kep`)).to.contain("Did you mean 'keep'?");
    expect(refusals(`${RUNS}, on_chnge: keep`)).to.contain("Did you mean 'on_change'?");
  });

  it('has no meaning where nothing runs', () => {
    expect(refusals('on_change: keep')).to.contain("'on_change' but no 'action'");
  });

  it('row 37: does not go with what is computed', () => {
    const set = 'action: {set: {outputs: {a: 1}}}, outputs: {a: {type: integer}}, on_change: keep';
    expect(refusals(set)).to.contain('follows what it reads');
  });
});
