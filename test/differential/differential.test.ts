// The machine against a second scheduler that reads the rules naively.
// Belongs here: the property, with a fixed seed. Does not belong here: fresh seeds (`npm run soak`).
import { expect } from 'chai';
import { compareFates } from './lockstep.ts';

describe('The machine beside a naive scheduler', () => {
  it('reaches, fails, blocks, skips and starts the same steps after every event, also while members join and leave, definition and inputs change, and operations run', () => {
    const ends = compareFates(20_261_101, 1_200);
    expect([...ends.keys()].sort()).to.eql(['complete', 'failed']);
    for (const [end, count] of ends) expect(count, end).to.be.greaterThan(100);
  });
});
