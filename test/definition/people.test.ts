// The actions `approval` and `signal` as an author writes them.
// Belongs here: their fields, defaults and refusals. Does not belong here: how they wait (test/machine/people.test.ts).
import { expect } from 'chai';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const stateWith = (text: string) => stateOf(definitionOf(parse(groupWith(`done: ${text}`))), 'sql', 'done');
const refusals = (text: string): readonly string[] => texts(parse(groupWith(`done: ${text}`)));

describe('An action that waits for people', () => {
  it('waits without end unless the state has a timeout', () => {
    const plain = stateWith('{action: {signal: {name: go}}}');
    expect(plain.action).to.deep.equal({ kind: 'signal', name: 'go' });
    const timed = stateWith('{action: {signal: {name: go}}, timeout: 2h}');
    expect(timed.action).to.deep.equal({ kind: 'signal', name: 'go', timeout: 7_200_000 });
    expect(stateWith('{action: {approval: {message: Now?}}, timeout: 5m}').action).to.include({
      kind: 'approval',
      timeout: 300_000,
    });
  });

  it('may stand on a service, and on each member of a group', () => {
    const service = 'entities: {s: {type: service, states: {asked: {action: {approval: {message: Now?}}}}}}';
    expect(texts(parse(`workflow_version: 2026-11-01\n${service}\ngoal: s.asked\n`))).to.deep.equal([]);
    expect(refusals('{action: {approval: {message: "Go on with <% member.name %>?"}}}')).to.deep.equal([]);
  });

  it('needs its one field', () => {
    expect(refusals('{action: {approval: {}}}').join()).to.include("needs 'message'");
    expect(refusals('{action: {signal: {}}}').join()).to.include("needs 'name'");
    expect(refusals('{action: {signal: {name: Not-A-Name}}}').join()).to.include("is 'Not-A-Name'");
    expect(refusals('{action: {approval: {message: [a]}}}').join()).to.include('message of the approval');
  });

  it('gives outputs by what a signal carries; a yes carries nothing', () => {
    expect(refusals('{action: {signal: {name: go}}, outputs: {port: {type: integer}}}').join()).to.equal('');
    expect(
      refusals('{action: {approval: {message: a}}, outputs: {port: {type: integer}}}').join(),
    ).to.include('approval gives none');
  });

  it('never shows a hidden value in what it asks', () => {
    const text = groupWith('done: {action: {approval: {message: "<% inputs.secret %>?"}}}').replace(
      'entities:',
      'inputs: {secret: {type: string, hidden: true}}\nentities:',
    );
    expect(texts(parse(text)).join()).to.include('message of sql.done would show a hidden value');
  });

  it('is no undo and no probe', () => {
    expect(refusals('{action: {script: {sh: a}}, undo: {approval: {message: a}}}')).not.to.deep.equal([]);
    expect(refusals('{action: {script: {sh: a}}, probe: {signal: {name: a}}}')).not.to.deep.equal([]);
  });
});
