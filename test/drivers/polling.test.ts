// Looking again and again: how often, and when it ends.
import { expect } from 'chai';
import { pauseAfter, poll } from '../../engine/drivers/polling.ts';
import { ManualClock, settle } from '../agents/world.ts';

describe('polling', () => {
  it('row 35: looks again after 5 s, then ever more rarely, every 60 s in the end', () => {
    const pauses = Array.from({ length: 9 }, (_, index) => pauseAfter(index + 1));
    expect(pauses[0]).to.equal(5_000);
    expect(pauses).to.deep.equal(pauses.toSorted((one, other) => one - other));
    expect(pauses.slice(-2)).to.deep.equal([60_000, 60_000]);
  });

  it('ends with the first answer, and pauses in between', async () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    const look = (): Promise<string | undefined> => {
      seen.push(clock.now());
      return Promise.resolve(seen.length === 3 ? 'there' : undefined);
    };
    const polled = poll(clock, new AbortController().signal, look);
    await settle();
    await clock.advance(5_000);
    await clock.advance(7_499);
    expect(seen).to.have.length(2);
    await clock.advance(1);
    expect(await polled).to.equal('there');
    expect(clock.timers).to.equal(0);
  });

  it('is given up in the middle of a pause, with the reason of the signal', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const polled = poll(clock, stop.signal, () => Promise.resolve(undefined)).catch(
      (thrown: unknown) => thrown,
    );
    await settle();
    const reason = new Error('no longer wanted');
    stop.abort(reason);
    expect(await polled).to.equal(reason);
    expect(clock.timers).to.equal(0);
  });
});
