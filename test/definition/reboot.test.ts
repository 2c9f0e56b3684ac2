// The action `reboot` as it is written, and what is refused of it.
import { expect } from 'chai';
import { definitionOf, groupWith, parse, stateOf, texts } from './support/parsing.ts';

const stateWith = (text: string) => stateOf(definitionOf(parse(groupWith(`done: ${text}`))), 'sql', 'done');
const refusals = (text: string): string => texts(parse(groupWith(`done: ${text}`))).join('\n');

describe('the action reboot', () => {
  it('has no keys, may run again, and says so of anything that is written in it', () => {
    for (const written of ['{}', '']) {
      const state = stateWith(`{action: {reboot: ${written}}}`);
      expect(state.action).to.deep.equal({ kind: 'reboot' });
      expect(state).to.include({ idempotent: true, onInterrupted: 'rerun' });
    }
    expect(refusals('{action: {reboot: {max: 2}}}')).to.contain("'max'");
    expect(refusals('{action: reboot}')).to.contain('Write {reboot: {}}.');
  });

  it('needs a VM, gives no outputs, and takes nothing back', () => {
    const service = 'entities: {s: {type: service, states: {done: {action: {reboot: {}}}}}}';
    const text = `workflow_version: 2026-11-01\n${service}\ngoal: s.done\n`;
    expect(texts(parse(text)).join()).to.contain('which has no VM');
    expect(refusals('{action: {reboot: {}}, outputs: {a: {type: string}}}')).to.contain('reboot gives none');
    expect(refusals('{action: {script: {sh: a}}, undo: {reboot: {}}}')).not.to.equal('');
  });

  it('R5: nothing runs beside it, so exclusive: false is refused', () => {
    const text = refusals('{action: {reboot: {}}, exclusive: false}');
    expect(text).to.contain('nothing runs beside a reboot').and.contain("Remove 'exclusive'.");
  });
});
