// `on_failure` as an author writes it: what follows, and the rescue before it.
// Belongs here: its keys, defaults and refusals. Does not belong here: what then happens (test/machine/rescue.test.ts).
import { expect } from 'chai';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const done = (onFailure: string, more = ''): string =>
  groupWith(`
first: {action: {script: {sh: "true"}}, outputs: {port: {type: integer}}}
other: {action: {script: {sh: "true"}}, outputs: {port: {type: integer}}}
done:
  requires: [first]
  action: {script: {sh: "true"}}
  on_failure: ${onFailure}
  ${more}`);

const stateWith = (onFailure: string) => stateOf(definitionOf(parse(done(onFailure))), 'sql', 'done');
const refusals = (onFailure: string, more = ''): string =>
  texts(parse(done(onFailure, more)))
    .filter(text => !text.includes('not needed by the goal'))
    .join('\n');

describe('on_failure', () => {
  it('row 41: has a rescue before it, which gives new attempts once unless `times` says more', () => {
    const once = stateWith('{action: {wait: {for: 30s}}, then: retry}');
    expect(once).to.include({ onFailure: 'retry' });
    expect(once.rescue).to.eql({ action: { kind: 'wait', duration: 30_000 }, times: 1 });
    expect(stateWith('{action: {wait: {for: 30s}}, then: retry, times: 10}').rescue?.times).to.equal(10);
    expect(refusals('{action: {wait: {for: 30s}}, then: retry, times: 11}')).to.contain('times');
    for (const then of ['fail', 'continue', 'pause'])
      expect(stateWith(`{action: {script: {sh: clean}}, then: ${then}}`).rescue?.action.kind).to.equal(
        'script',
      );
  });

  it('row 41: refuses a retry with nothing before it, and a count of what is not counted', () => {
    expect(refusals('{then: retry}')).to.contain("sql.done is 'retry', but no action comes before it");
    expect(refusals('{then: retry}')).to.contain('retry: {attempts: 2}');
    expect(refusals('{action: {wait: {for: 1s}}, then: fail, times: 2}')).to.contain("Remove 'times'");
    expect(refusals('{action: {wait: {for: 1s}}}')).to.contain("needs 'then'");
  });

  it('row 41: a rescue is a script, a file, a reboot, a call, online or a wait', () => {
    const known = 'Known here: file, http, online, openstack, reboot, script, wait';
    expect(refusals('{action: {approval: {message: Now?}}, then: retry}')).to.contain(known);
    expect(refusals('{action: {set: {outputs: {}}}, then: retry}')).to.contain(known);
    const service = 'entities: {s: {type: service, states: {up: {action: {signal: {name: go}}, ';
    const rescue = 'on_failure: {action: {script: {sh: "true"}}, then: retry}}}}}';
    const found = texts(parse(`workflow_version: 2026-11-01\n${service}${rescue}\ngoal: s.up\n`)).join();
    expect(found).to.contain('he rescue of s.up is of a service, which has no VM');
  });

  it('row 34: a rescue reads the error, infers nothing, and plainly only what is there for certain', () => {
    const reading = (expression: string): string =>
      `{action: {script: {sh: "true", inputs: {A: "<% ${expression} %>"}}}, then: retry}`;
    expect(refusals(reading("error.kind + ' ' + string(attempt)"))).to.equal('');
    expect(refusals(reading('string(member.outputs.first.port)'))).to.equal('');
    const [, inferred] = stateWith(reading('error.message')).requires;
    expect(inferred).to.equal(undefined);
    expect(refusals(reading('string(member.outputs.other.port)'))).to.contain(
      'nothing makes a rescue wait for that state',
    );
    expect(refusals('{then: fail}', 'retry: {when: "<% attempt > 1 %>"}')).to.contain("'attempt'");
  });

  it('row 42: `undo` needs an undo, which reads what its own attempts gave only if it is there', () => {
    const undo = (inputs = ''): string => `undo: {script: {sh: leave${inputs}}}`;
    expect(refusals('{then: undo}', undo())).to.equal('');
    expect(refusals('{then: undo}')).to.contain(
      "is 'undo', but sql.done has no undo. Write undo: {script: …}",
    );
    const reading = (expression: string): string => undo(`, inputs: {A: "<% ${expression} %>"}`);
    const outputs = 'outputs: {id: {type: string}}';
    expect(refusals('{then: undo}', `${reading('member.outputs.done.id')}\n  ${outputs}`)).to.contain(
      'may be absent here',
    );
    const optional = "member.outputs.?done.?id.orValue('')";
    expect(refusals('{then: undo}', `${reading(optional)}\n  ${outputs}`)).to.equal('');
  });

  it('needs an action that can fail', () => {
    const join = groupWith('done: {on_failure: {action: {wait: {for: 1s}}, then: retry}}');
    expect(texts(parse(join)).join()).to.contain("sql.done has 'on_failure' but no 'action'");
  });
});
