// `rerun_after` as an author writes it.
// Belongs here: its forms and refusals. Does not belong here: what an update then does (test/machine/source.test.ts).
import { expect } from 'chai';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const RUNS = 'action: {script: {sh: "true"}}';
const both = (keys: string) => parse(groupWith(`a: {${RUNS}}\ndone: {${RUNS}, ${keys}}`));
const refusals = (keys: string): string => texts(both(keys)).join('\n');

describe('row 27: rerun_after', () => {
  it('is a requirement too, of the same member or of all', () => {
    for (const [name, kind] of [
      ['a', 'same'],
      ['sql.a', 'all'],
    ] as const) {
      const { requires, rerunAfter } = stateOf(definitionOf(both(`rerun_after: ${name}`)), 'sql', 'done');
      expect(rerunAfter).to.have.length(1);
      expect(rerunAfter?.[0]).to.deep.include({ entity: 'sql', state: 'a', members: { kind } });
      expect(requires).to.eql(rerunAfter);
    }
  });

  it('may name what is required anyhow', () => {
    const { requires } = stateOf(definitionOf(both('requires: [a], rerun_after: [a]')), 'sql', 'done');
    expect(requires).to.have.length(1);
  });

  it('names what there is, once, and closes no circle', () => {
    expect(refusals('rerun_after: [b]')).to.contain("unknown state 'b'. Did you mean 'a'?");
    expect(refusals('rerun_after: [a, a]')).to.contain('twice');
    expect(refusals('rerun_after: [done]')).to.contain('sql.done');
    expect(refusals('rerun_after: [sql.done]')).to.contain('sql.done → sql.done');
    expect(texts(parse(groupWith('a: {}\ndone: {rerun_after: [a]}'))).join()).to.contain("no 'action'");
  });
});
