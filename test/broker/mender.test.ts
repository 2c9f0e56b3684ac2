// When the broker is looked at and mended, with time that moves only when the test says so.
// Belongs here: rules MN1 to MN3. Does not belong here: what a real broker then has (test/agents/amqp.test.ts).
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { Mender } from '../../engine/broker/mender.ts';
import { ManualClock, settle } from '../agents/world.ts';

function makeWorld() {
  const calls: string[] = [];
  const logged: string[] = [];
  const clock = new ManualClock();
  const say = (text: string): void => void logged.push(text);
  const world = {
    calls,
    logged,
    clock,
    queues: ['engine.results'],
    silent: new Set<string>(),
    lost: [] as string[],
    swept: [] as string[],
    fail: undefined as string | undefined,
    gate: Promise.resolve(),
  };
  const call = async <T>(name: string, answer: T): Promise<T> => {
    calls.push(name);
    await world.gate;
    if (world.fail !== undefined) throw new EngineError('transport_closed', world.fail, 'Wait.');
    return answer;
  };
  const never = async (): Promise<void> => expect.fail('not asked for');
  const mender = new Mender({
    bus: {
      prepare: () => call('prepare', []),
      survey: async () => {
        await call('survey', []);
        const seen = world.queues.map(
          name => [name, { messages: 0, consumers: 0, silent: world.silent.has(name) }] as const,
        );
        return { queues: new Map(seen), connections: new Map(), losing: [] };
      },
      removeQueue: async name => {
        world.silent.delete(name);
        await call(`remove ${name}`, undefined);
      },
      users: {
        createEnrolment: never,
        admit: never,
        revoke: never,
        remove: never,
        restore: () => call('restore', world.lost.splice(0)),
        sweep: async known => {
          await call('sweep', undefined);
          return world.swept.filter(agent => !known(agent));
        },
      },
    },
    clock,
    log: { info: say, warn: say, error: say },
    records: () => [],
    agents: () => ['known'],
    queues: () => ['engine.results'],
    declare: () => call('declare', undefined),
    seen: () => undefined,
  });
  return { ...world, world, mender };
}

const MEND = ['prepare', 'restore', 'sweep', 'survey'];

describe('the mender of the broker', () => {
  it('MN1: mends at once, looks every 15 seconds, and mends again after five minutes and when it is told', async () => {
    const { calls, clock, mender } = makeWorld();
    mender.soon();
    await settle();
    expect(calls.splice(0)).to.deep.equal(MEND);
    for (let looks = 0; looks < 19; looks += 1) await clock.advance(15_000);
    expect(calls.splice(0)).to.deep.equal(Array.from({ length: 19 }, () => 'survey'));
    await clock.advance(15_000);
    expect(calls.splice(0)).to.deep.equal(MEND);
    mender.soon();
    await settle();
    expect(calls.splice(0)).to.deep.equal(MEND);
    await mender.close();
  });

  it('MN2: one round at a time; what is asked for in between is one more', async () => {
    const { calls, world, mender } = makeWorld();
    let open = (): void => undefined;
    world.gate = new Promise(resolve => {
      open = resolve;
    });
    mender.soon();
    mender.soon();
    mender.soon();
    await settle();
    expect(calls).to.deep.equal(['prepare']);
    open();
    await settle();
    expect(calls).to.deep.equal([...MEND, ...MEND]);
    await mender.close();
  });

  it('tries again what failed, tells each failure once and its end, and forgets no mending', async () => {
    const { calls, clock, logged, world, mender } = makeWorld();
    world.fail = 'nobody answers';
    mender.soon();
    await settle();
    for (let tries = 0; tries < 5; tries += 1) await clock.advance(15_000);
    expect(logged).to.deep.equal(['nobody answers']);
    expect(mender.trouble).to.equal('nobody answers');
    expect(calls.splice(0)).to.deep.equal(Array.from({ length: 6 }, () => 'prepare'));
    world.fail = undefined;
    await clock.advance(15_000);
    expect(calls).to.deep.equal(MEND);
    expect(logged[1]).to.match(/answers again/);
    expect(mender.trouble).to.equal(undefined);
    await mender.close();
  });

  it('MN3: removes and declares a queue of ours that nobody leads for half a minute, and no other', async () => {
    const { calls, clock, logged, world, mender } = makeWorld();
    world.queues.push('another.one');
    world.silent.add('engine.results').add('another.one');
    mender.soon();
    await settle();
    await clock.advance(15_000);
    expect(calls.splice(0)).to.deep.equal([...MEND, 'survey']);
    await clock.advance(15_000);
    expect(calls.splice(0)).to.deep.equal(['survey', 'remove engine.results', 'declare']);
    expect(logged).to.deep.equal([
      "The queue 'engine.results' of the agents' broker has no leader, so that nothing goes in or out: it is made anew. What was in it is sent again.",
    ]);
    await clock.advance(60_000);
    expect(new Set(calls)).to.deep.equal(new Set(['survey']));
    await mender.close();
  });

  it('MN3: lets a queue be that has its leader back before, however often it had none', async () => {
    const { calls, clock, world, mender } = makeWorld();
    mender.soon();
    await settle();
    for (let looks = 0; looks < 8; looks += 1) {
      if (looks % 2 === 0) world.silent.add('engine.results');
      else world.silent.clear();
      await clock.advance(15_000);
    }
    expect(calls).to.not.contain('remove engine.results');
    await mender.close();
  });

  it('says what was lost and what was left, and declares queues that are gone', async () => {
    const { calls, logged, world, mender } = makeWorld();
    world.lost.push('agent.known', 'enrol.known');
    world.swept.push('known', 'gone');
    world.queues.pop();
    mender.soon();
    await settle();
    expect(calls).to.deep.equal([...MEND, 'declare']);
    expect(logged[0]).to.include('lacked 2 users of agents');
    expect(logged[1]).to.include('of 1 agents that are no more');
    await mender.close();
  });

  it('leaves no timer and calls nothing once it is closed', async () => {
    const { calls, clock, mender } = makeWorld();
    mender.soon();
    await settle();
    await mender.close();
    calls.length = 0;
    mender.soon();
    await clock.advance(1_000_000);
    expect(calls).to.deep.equal([]);
    expect(clock.timers).to.equal(0);
  });
});
