// What a step costs in rows, statements and commits, held by a test because it depends on no machine.
// Belongs here: counts. Does not belong here: times (npm run bench).
import { expect } from 'chai';
import { countsOf, messagesOf } from './counts.ts';
import { chain, fan, grid } from './shapes.ts';

describe('what agents and engine say', () => {
  it('is a command, its end and a receipt for each step whose script ends in a moment', async () => {
    expect(await messagesOf(fan(30))).to.deep.equal({ command: 31, finished: 31, receipt: 31 });
  });
});

describe('what reaches the store', () => {
  it('is one event and at most one step row per transition', async () => {
    const found = await countsOf(grid(20, 5));
    expect(found.transitions).to.equal(2 * found.steps + 2);
    expect(found.eventRows).to.equal(found.transitions);
    expect(found.stepRows).to.be.at.most(found.transitions);
  });

  it('is committed together for steps that end together', async () => {
    const found = await countsOf(fan(200));
    expect(found.commits).to.be.at.most(10);
    expect(found.statements).to.be.at.most(2.5 * found.transitions);
  });

  it('is one commit for each step of a chain: its end and the start of the next', async () => {
    const found = await countsOf(chain(50));
    expect(found.commits).to.be.within(found.steps, found.steps + 3);
  });
});
