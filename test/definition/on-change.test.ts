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

  it('takes another action, which reads what was before', () => {
    const reads =
      'inputs: {a: "<% previous.outputs.id %>", b: "<% previous.inputs.?name.orValue(inputs.?x.orValue(0)) %>"}';
    const changed = (change: string, more = ''): string =>
      refusals(`${RUNS}, outputs: {id: {type: string}${more}}, on_change: {script: {sh: "true", ${change}}}`);
    expect(changed(reads.replace('inputs.?x', 'previous.inputs.?y'))).to.equal('');
    expect(changed('inputs: {a: "<% previous.outputs.idd %>"}')).to.contain("Did you mean 'id'?");
    expect(changed('inputs: {a: "<% previous.output.id %>"}')).to.contain("Did you mean 'outputs'?");
    expect(
      changed('inputs: {a: "<% previous.outputs.o %>"}', ', o: {type: string, optional: true}'),
    ).to.contain('may be absent');
    const elsewhere = 'action: {script: {sh: "true", inputs: {a: "<% previous.outputs.id %>"}}}';
    expect(refusals(elsewhere)).to.contain("'previous' does not exist in this place.");
  });

  it('infers what that action reads, and lets it give outputs that are declared', () => {
    const text = `first: {${RUNS}, outputs: {id: {type: string}}}\ndone: {${RUNS}, on_change: {script: {sh: "true", inputs: {a: "<% member.outputs.first.id %>"}}}}`;
    const done = stateOf(definitionOf(parse(groupWith(text))), 'sql', 'done');
    expect(done.changeAction?.kind).to.equal('script');
    expect(done.requires).to.have.lengthOf(1);
    const gives = 'on_change: {http: {url: "https://a.example", outputs: {no: "<% response.body %>"}}}';
    expect(refusals(`${RUNS}, ${gives}`)).to.contain("sets 'no', which its outputs don't declare");
  });

  it('has no such action where none could take its place, and none of every kind', () => {
    const child = 'action: {wait: {for: 1s}}, on_change: {script: {sh: "true"}}';
    expect(refusals(child)).to.contain('no other action can take the place of its action wait');
    expect(refusals(`${RUNS}, on_change: {approval: {message: a}}`)).to.contain(
      'Known here: file, http, openstack, reboot, script',
    );
  });

  it('has the new beside the old, until states are reached that it names', () => {
    const text = `online: {action: {online: {}}}\ndone: {${RUNS}, on_change: replace, retire_after: [online, sql.last]}\nlast: {requires: [done], ${RUNS}}`;
    const done = stateOf(definitionOf(parse(groupWith(text))), 'sql', 'done');
    expect(done.onChange).to.equal('replace');
    expect(done.retireAfter?.map(({ entity, state }) => `${entity}.${state}`)).to.deep.equal([
      'sql.online',
      'sql.last',
    ]);
    expect(done.requires).to.deep.equal([]);
    expect(refusals(`${RUNS}, on_change: replace, retire_after: [dona]`)).to.contain("Did you mean 'done'?");
  });

  it('retires nothing that is not replaced, and replaces nothing of which there cannot be two', () => {
    const without = "has 'retire_after', but nothing of it is retired without 'on_change: replace'";
    expect(refusals(`${RUNS}, retire_after: [done]`)).to.contain(without);
    expect(refusals(`${RUNS}, on_change: keep, retire_after: [done]`)).to.contain(without);
    expect(refusals(`${RUNS}, on_change: {script: {sh: "true"}}, retire_after: [done]`)).to.contain(without);
    expect(refusals('action: {online: {}}, on_change: replace')).to.contain(
      'of its action online no second one can be there beside the first',
    );
  });

  it('does not replace those among whom a role is chosen', () => {
    const roles = 'roles: {boss: {choose: lowest_index, among: done}}';
    const text = groupWith(`done: {${RUNS}, on_change: replace}`, { entity: roles });
    expect(texts(parse(text)).join('\n')).to.contain(
      "sql.done has 'on_change: replace', but the role boss is chosen among those who reached it.",
    );
  });

  it('has no meaning where nothing runs', () => {
    expect(refusals('on_change: keep')).to.contain("'on_change' but no 'action'");
  });

  it('row 37: does not go with what is computed', () => {
    const set = 'action: {set: {outputs: {a: 1}}}, outputs: {a: {type: integer}}, on_change: keep';
    expect(refusals(set)).to.contain('follows what it reads');
  });
});
