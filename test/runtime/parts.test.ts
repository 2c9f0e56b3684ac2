// The small parts of the runtime, each by itself: queue, timers, followers, releasers, vault.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Happening } from '../../engine/runtime/api.ts';
import { Followers } from '../../engine/runtime/followers.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { Pace } from '../../engine/runtime/pace.ts';
import { type Item, ItemQueue } from '../../engine/runtime/queue.ts';
import { Releasers } from '../../engine/runtime/releasers.ts';
import { vault } from '../../engine/runtime/secrets.ts';
import { type DueTime, Timers } from '../../engine/runtime/timers.ts';
import { EngineError } from '../../engine/base/errors.ts';
import type { JsonValue } from '../../engine/base/json.ts';
import { ManualClock } from '../support/clock.ts';
import { rejects } from '../store/conformance.ts';

const item = (workflow: string, due: number): Item => ({ kind: 'timer', workflow, step: 's', due });
const text = (items: readonly Item[]): string[] =>
  items.map(each => `${each.workflow}${each.kind === 'timer' ? each.due : ''}`);

describe('item queue', () => {
  it('lets workflows take turns and keeps the order of each', () => {
    const queue = new ItemQueue();
    for (const due of [1, 2, 3]) queue.add(item('a', due));
    queue.add(item('b', 1));
    for (const due of [1, 2]) queue.add(item('c', due));
    expect(text(queue.take(4))).to.deep.equal(['a1', 'b1', 'c1', 'a2']);
    queue.add(item('b', 2));
    expect(text(queue.take(10))).to.deep.equal(['c2', 'a3', 'b2']);
    expect(queue.size).to.equal(0);
  });

  it('puts items back before what came later', () => {
    const queue = new ItemQueue();
    queue.add(item('a', 3));
    queue.putBack([item('a', 1), item('a', 2), item('b', 1)]);
    expect(text(queue.drain()).filter(each => each.startsWith('a'))).to.deep.equal(['a1', 'a2', 'a3']);
    expect(queue.size).to.equal(0);
  });

  it('loses nothing and keeps the order of each workflow, whatever is added and taken', () => {
    const step = fc.oneof(
      fc.record({ add: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ take: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const queue = new ItemQueue();
        const taken: Item[] = [];
        let count = 0;
        for (const each of steps) {
          if ('add' in each) queue.add(item(each.add, count++));
          else taken.push(...queue.take(each.take));
        }
        taken.push(...queue.take(1_000));
        expect(taken).to.have.length(count);
        for (const workflow of ['a', 'b', 'c']) {
          const own = taken
            .filter(each => each.workflow === workflow)
            .map(each => (each as { due: number }).due);
          expect(own).to.deep.equal([...own].sort((one, other) => one - other));
        }
      }),
    );
  });
});

describe('pace', () => {
  /** A clock whose turns bring what `arrivals` says, by number of the turn. */
  function paced(
    arrivals: (turn: number) => readonly Item[],
    turnTakes = 0,
  ): { pace: Pace; batches: number[] } {
    const clock = new ManualClock(0);
    const batches: number[] = [];
    let turns = 0;
    const turn = async (): Promise<void> => {
      clock.advance(turnTakes);
      for (const each of arrivals((turns += 1))) pace.add(each);
    };
    const pace: Pace = new Pace({
      clock: { now: () => clock.now(), at: (time, callback) => clock.at(time, callback), turn },
      carryOut: async items => void batches.push(items.length),
      over: () => false,
    });
    return { pace, batches };
  }

  it('lets a crowd that comes with a few turns between share a batch', async () => {
    const { pace, batches } = paced(turn => (turn % 5 === 0 && turn <= 50 ? [item(`wf-${turn}`, 1)] : []));
    pace.add(item('wf', 1));
    await pace.running;
    expect(batches).to.deep.equal([11]);
  });

  it('does not wait for what does not come', async () => {
    let asked = 0;
    const { pace, batches } = paced(turn => ((asked = turn), []));
    pace.add(item('wf', 1));
    await pace.running;
    expect([batches, asked <= 10]).to.deep.equal([[1], true]);
  });

  it('lets the first of an endless crowd wait for milliseconds only', async () => {
    const { pace, batches } = paced(turn => (turn <= 30 ? [item(`wf-${turn}`, 1)] : []), 2);
    pace.add(item('wf', 1));
    await pace.running;
    expect(batches.length).to.be.at.least(5);
    expect(batches.reduce((sum, size) => sum + size, 0)).to.equal(31);
  });
});

describe('timers', () => {
  it('fire each once, at its time, in order, also when set again or cleared', () => {
    const clock = new ManualClock(0);
    const fired: DueTime[] = [];
    const timers = new Timers(clock, due => fired.push(...due));
    timers.set('wf', 'a', 30);
    timers.set('wf', 'b', 10);
    timers.set('wf', 'c', 20);
    timers.set('wf', 'b', 40);
    timers.set('wf', 'c', undefined);
    timers.set('other', 'a', 30);
    expect([timers.size, clock.waiting]).to.deep.equal([3, 1]);
    clock.advance(35);
    expect(fired.map(due => `${due.workflow} ${due.step} ${due.at}`)).to.have.members([
      'wf a 30',
      'other a 30',
    ]);
    timers.forget('wf');
    clock.advance(100);
    expect(fired).to.have.length(2);
    expect([timers.size, clock.waiting]).to.deep.equal([0, 0]);
  });

  it('agree with a plain list for any sequence', () => {
    const change = fc.record({
      step: fc.constantFrom('a', 'b', 'c', 'd'),
      at: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
      advance: fc.integer({ min: 0, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), changes => {
        const clock = new ManualClock(0);
        const fired: string[] = [];
        const expected: string[] = [];
        const timers = new Timers(clock, due => fired.push(...due.map(each => `${each.step}@${each.at}`)));
        const model = new Map<string, number>();
        for (const { step, at, advance } of changes) {
          timers.set('wf', step, at);
          if (at === undefined) model.delete(step);
          else model.set(step, at);
          clock.advance(advance);
          const due = [...model]
            .filter(([, time]) => time <= clock.now())
            .sort(([, one], [, other]) => one - other);
          for (const [name, time] of due) {
            expected.push(`${name}@${time}`);
            model.delete(name);
          }
          expect([...fired].sort()).to.deep.equal([...expected].sort());
          expect(timers.size).to.equal(model.size);
        }
        timers.stop();
        expect(clock.waiting).to.equal(0);
      }),
    );
  });

  it('keep the heap small though timers are set again and again', () => {
    const clock = new ManualClock(0);
    const timers = new Timers(clock, () => {});
    for (let at = 0; at < 50_000; at++) timers.set('wf', 'a', 1_000_000 - at);
    expect([timers.size, clock.waiting]).to.deep.equal([1, 1]);
    timers.stop();
  });
});

describe('followers', () => {
  const happening: Happening = { kind: 'agent', agent: 'a', state: 'online' };

  it('get what happens from their call on, and end with the workflow', async () => {
    const followers = new Followers();
    followers.tell('wf', happening);
    const stream = followers.follow('wf', new AbortController().signal);
    followers.tell('wf', happening);
    followers.tell('other', happening);
    followers.end('wf');
    const seen: Happening[] = [];
    for await (const each of stream) seen.push(each);
    expect(seen).to.have.length(1);
    expect(followers.watched('wf')).to.equal(false);
  });

  it('are ended with an error when they fall too far behind', async () => {
    const followers = new Followers();
    const stream = followers.follow('wf', new AbortController().signal);
    for (let count = 0; count < 10_050; count++) followers.tell('wf', happening);
    let seen = 0;
    await rejects(
      'limit_exceeded',
      (async () => {
        for await (const _ of stream) seen++;
      })(),
    );
    expect(seen).to.equal(10_000);
    expect(followers.watched('wf')).to.equal(false);
  });
});

describe('releasers', () => {
  it('release in reverse, once, and go on when one fails', async () => {
    const released: string[] = [];
    const errors: string[] = [];
    const releasers = new Releasers({ ...silentLog, error: message => errors.push(message) });
    releasers.add('store', () => void released.push('store'));
    releasers.add('socket', () => {
      throw new Error('stuck');
    });
    releasers.add('engine', async () => {
      await Promise.resolve();
      released.push('engine');
    });
    await Promise.all([releasers.release(), releasers.release()]);
    expect(released).to.deep.equal(['engine', 'store']);
    expect(errors).to.deep.equal(['socket could not be closed: stuck']);
  });
});

describe('vault', () => {
  const key = new Uint8Array(32).fill(1);

  it('opens what it sealed, for any value', () => {
    const { seal, open } = vault(key);
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const plain = JSON.parse(JSON.stringify(value)) as JsonValue;
        expect(open('ref', seal('ref', plain).sealed)).to.deep.equal(plain);
      }),
    );
  });

  it('opens nothing under another reference or key, nor when one bit was changed', () => {
    const { seal, open } = vault(key);
    const { sealed } = seal('wf/a', 'secret');
    const fails = (work: () => unknown): void => {
      expect(work).to.throw(EngineError).with.property('code', 'key_missing');
    };
    fails(() => open('wf/b', sealed));
    fails(() => vault(new Uint8Array(32).fill(2)).open('wf/a', sealed));
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      fails(() => open('wf/a', changed));
    }
    fails(() => open('wf/a', sealed.subarray(0, 10)));
    fails(() => vault(new Uint8Array(5)));
  });

  it('seals the same value differently each time, and fingerprints it the same', () => {
    const one = vault(key);
    expect(Buffer.from(one.seal('r', 1).sealed).equals(Buffer.from(one.seal('r', 1).sealed))).to.equal(false);
    expect(one.fingerprint('p', { a: 1, b: 2 })).to.equal(vault(key).fingerprint('p', { b: 2, a: 1 }));
    expect(one.fingerprint('p', 'x')).to.not.equal(one.fingerprint('q', 'x'));
    expect(one.fingerprint('p', 'x')).to.not.equal(vault(new Uint8Array(32).fill(2)).fingerprint('p', 'x'));
  });
});
