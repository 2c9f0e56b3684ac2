// `valid_for` as an author writes it.
// Belongs here: its form and refusals. Does not belong here: what then runs again (test/machine/freshness.test.ts).
import { expect } from 'chai';
import { compileGraph } from '../../engine/graph/compile.ts';
import { membership } from '../support/definitions.ts';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const refusals = (keys: string): string => texts(parse(groupWith(`done: {${keys}}`))).join('\n');
const RUNS = 'action: {script: {sh: "true"}}';

describe('valid_for', () => {
  it('is a time of at least a second, with its unit', () => {
    const definition = definitionOf(parse(groupWith(`done: {${RUNS}, valid_for: 1h30m}`)));
    expect(stateOf(definition, 'sql', 'done').validFor).to.equal(5_400_000);
    expect(refusals(`${RUNS}, valid_for: 90`)).to.contain('90s');
    expect(refusals(`${RUNS}, valid_for: 0s`)).not.to.equal('');
  });

  it('has no meaning where nothing runs that could age', () => {
    expect(refusals('valid_for: 1h')).to.contain("'valid_for' but no 'action'");
    const set = 'action: {set: {outputs: {a: 1}}}, outputs: {a: {type: integer}}, valid_for: 1h';
    expect(refusals(set)).to.contain('does not age');
  });

  it('row 42: does not go with an undo of what others may stand on', () => {
    const undo = 'undo: {script: {sh: "true"}}, on_failure: {then: undo}, valid_for: 1h';
    expect(refusals(`${RUNS}, ${undo}`)).to.contain('others may stand on it already');
  });

  it('does not go with a rolling, in which a turn may come long after', () => {
    const inside = refusals(`${RUNS}, serial: 1, valid_for: 1h`);
    expect(inside).to.contain('sql.done is in a rolling, so it cannot run again out of its turn');
    const text = groupWith(`
token: {${RUNS}, valid_for: 1h}
done: {${RUNS}, serial: 1, requires: [token]}`);
    expect(texts(parse(text)).join()).to.contain('sql.done is in a rolling and requires sql.token');
    const failed = text.replace('[token]', '[{state: token, outcome: final}]');
    expect(texts(parse(failed)).join()).to.equal('');
  });

  it('concerns requirements of what was reached, not those of how it ended', () => {
    const text = groupWith(`
token: {${RUNS}, valid_for: 1h}
done: {${RUNS}, requires: [token]}
alone: {${RUNS}, requires: [{state: token, outcome: failed}]}`);
    const graph = compileGraph(definitionOf(parse(text)), membership({ sql: 1 }));
    const ages = graph.gates
      .filter(({ target }) => target.state === 'token')
      .map(({ validFor, outcome }) => [outcome, validFor]);
    expect(ages).to.have.deep.members([
      [undefined, 3_600_000],
      ['failed', undefined],
    ]);
  });
});
