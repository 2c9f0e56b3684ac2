// Delays, deadlines and time itself.
// Belongs here: what is computed from given times. Does not belong here: waiting.
import { expect } from 'chai';
import fc from 'fast-check';
import { retryDelay } from '../../engine/machine/timing.ts';
import { definition, entity, membership, state } from '../support/definitions.ts';
import { Workflow } from '../support/workflow.ts';

const one = (spec: Parameters<typeof state>[2]): Workflow =>
  new Workflow(
    definition([entity('v', { type: 'vm', states: [state('v', 'a', spec)] })], ['v.a']),
    membership({ v: 1 }),
  ).create();

describe('the delay before a retry', () => {
  it('grows by the factor up to the limit', () => {
    const retry = { attempts: 9, delay: 1_000, backoff: 3, maxDelay: 10_000, jitter: 0 };
    expect([1, 2, 3, 4].map(failed => retryDelay(retry, failed, 'k'))).to.eql([1_000, 3_000, 9_000, 10_000]);
  });

  it('moves by at most its jitter, the same for the same command', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), (jitter, key) => {
        const retry = { attempts: 9, delay: 1_000, backoff: 2, maxDelay: 60_000, jitter };
        const delay = retryDelay(retry, 2, key);
        expect(delay).to.be.within(Math.floor(2_000 * (1 - jitter)), Math.ceil(2_000 * (1 + jitter)));
        expect(retryDelay(retry, 2, key)).to.equal(delay);
      }),
    );
  });
});

describe('time in a workflow', () => {
  it('never goes back, whatever an event says', () => {
    const w = one({ retry: { attempts: 2, delay: 1_000 } });
    w.now = 5_000;
    w.exit('v.a', 1);
    w.now = 10;
    w.send({ kind: 'timer', step: 'v.a' });
    expect(w.status('v.a')).to.equal('waiting');
    w.now = 6_000;
    w.send({ kind: 'timer', step: 'v.a' });
    w.now = 10;
    w.exit('v.a', 1);
    expect(w.record('v.a')).to.include({ status: 'failed', since: 6_000 });
    expect(w.state.workflow.at).to.equal(6_000);
  });

  it('fires a timer at its time, not before', () => {
    const w = one({ retry: { attempts: 2, delay: 1_000 } });
    w.now = 5_000;
    w.exit('v.a', 1);
    w.now = 5_999;
    expect(w.send({ kind: 'timer', step: 'v.a' })).to.eql({ changes: [], effects: [] });
    w.now = 6_000;
    w.send({ kind: 'timer', step: 'v.a' });
    expect(w.record('v.a')).to.include({ status: 'running', since: 6_000 });
  });

  it('arms the deadline anew when the command is accepted and started', () => {
    const w = one({ timeout: 1_000 });
    expect(w.record('v.a')?.due).to.eql({ at: 1_000 + 61_000, for: 'deadline' });
    w.now = 2_000;
    w.report('v.a', { kind: 'started' });
    expect(w.record('v.a')?.due).to.eql({ at: 2_000 + 61_000, for: 'deadline' });
    w.now = 3_000;
    expect(w.report('v.a', { kind: 'accepted' }).changes).to.eql([]);
  });

  it('lets a wait end by itself', () => {
    const w = one({ action: { kind: 'wait', duration: 7_000 } });
    expect(w.effects).to.eql([]);
    expect(w.record('v.a')?.due).to.eql({ at: 8_000, for: 'wait' });
    w.due('v.a');
    expect(w.over).to.equal('complete');
  });
});
