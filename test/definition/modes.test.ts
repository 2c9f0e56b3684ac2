// The keys at the top of a definition that say what a failure means for the whole.
// Belongs here: their values, defaults and refusals. Does not belong here: what they do (test/machine/modes.test.ts).
import { expect } from 'chai';
import { definitionOf, groupWith, parse, texts } from './support/parsing.ts';

const withTop = (top: string) => parse(groupWith('done:', { top }));

describe('row 43: the top of a definition', () => {
  it('says whether a failure halts the rest; it does not unless told', () => {
    expect(definitionOf(withTop('')).failureMode).to.equal('continue');
    expect(definitionOf(withTop('failure_mode: halt')).failureMode).to.equal('halt');
    expect(texts(withTop('failure_mode: halted'))[0]).to.include("Did you mean 'halt'?");
  });

  it('rows 15 and 17: says how long the whole may take, and stragglers; without end unless told', () => {
    expect(definitionOf(withTop(''))).not.to.have.any.keys('deadline', 'waitForStragglers');
    const timed = definitionOf(withTop('deadline: 1h30m\nwait_for_stragglers: 0s'));
    expect(timed).to.include({ deadline: 5_400_000, waitForStragglers: 0 });
    expect(texts(withTop('deadline: 30'))[0]).to.include('Write 30s or 30m.');
    expect(texts(withTop('deadline: 0s'))).to.have.lengthOf(1);
  });

  it('says whether a failure is undone; it is not unless told', () => {
    expect(definitionOf(withTop('')).onWorkflowFailure).to.equal('keep');
    expect(definitionOf(withTop('on_workflow_failure: undo')).onWorkflowFailure).to.equal('undo');
    expect(texts(withTop('on_workflow_failure: udno'))[0]).to.include("Did you mean 'undo'?");
  });
});
