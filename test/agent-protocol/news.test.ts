// When the start of a script is told: a moment later, before its output, or not at all. No test waits for the moment.
import { expect } from 'chai';
import { News } from '../../agent-protocol/agent/news.ts';
import type { FromAgent } from '../../agent-protocol/messages.ts';
import { SAMPLES } from './samples.ts';

const { started, finished, output } = SAMPLES;
const other = { ...started, id: { ...started.id, step: 'sql[1].prepared' } };

function news(): { news: News; said: FromAgent[]; moment: () => void; waits: () => number } {
  const said: FromAgent[] = [];
  const waiting = new Set<() => void>();
  const wait = (callback: () => void): (() => void) => {
    waiting.add(callback);
    return () => waiting.delete(callback);
  };
  const made = new News(message => said.push(message), wait);
  const moment = (): void => {
    for (const callback of waiting) {
      waiting.delete(callback);
      callback();
    }
  };
  return { news: made, said, moment, waits: () => waiting.size };
}

describe('news of a start', () => {
  it('is told after a moment, once, and all of a moment together', () => {
    const { news: held, said, moment, waits } = news();
    held.hold(started);
    held.hold(other);
    expect([said, waits()]).to.deep.equal([[], 1]);
    moment();
    moment();
    expect(said).to.deep.equal([started, other]);
    held.hold(started);
    moment();
    expect(said).to.deep.equal([started, other, started]);
  });

  it('is left out when the end comes before, and only of that command', () => {
    const { news: held, said, moment, waits } = news();
    held.hold(started);
    held.hold(other);
    held.overtake(finished);
    moment();
    expect(said).to.deep.equal([other]);
    held.hold(started);
    held.overtake(finished);
    expect([said, waits()]).to.deep.equal([[other], 0]);
  });

  it('comes before the first output, which would make no sense without it', () => {
    const { news: held, said, waits } = news();
    held.hold(started);
    held.tell(output);
    held.tell(output);
    expect([said, waits()]).to.deep.equal([[started], 0]);
  });

  it('is told at once when the agent stops, and forgotten with its connection', () => {
    const { news: held, said, waits } = news();
    held.hold(started);
    held.tellAll();
    held.hold(other);
    held.drop();
    expect([said, waits()]).to.deep.equal([[started], 0]);
  });
});
