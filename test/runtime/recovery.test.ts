// What a starting engine does with the workflows it finds, counted: rows are read once, and nothing is made of them
// before something happens. That it takes up the right things stands in engine.test.ts and crashes.test.ts.
import path from 'node:path';
import { expect } from 'chai';
import type { EffectId } from '../../engine/base/ids.ts';
import { type Machine, machine } from '../../engine/runtime/machine.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { openSqliteStore } from '../../engine/store/sqlite/store.ts';
import { succeeded } from '../support/drivers.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { members, World } from './kit.ts';

const prepared = succeeded({ address: { text: '10.0.0.1' } });

/** The machine, and how often each of these was called. */
function counted(): { readonly machine: Machine; readonly calls: Record<string, number> } {
  const calls: Record<string, number> = { parseDefinition: 0, compileGraph: 0, reseat: 0, restore: 0 };
  const count =
    <Args extends unknown[], Result>(name: string, call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      calls[name] = (calls[name] ?? 0) + 1;
      return call(...args);
    };
  const { parseDefinition, compileGraph, reseat, restore } = machine;
  return {
    calls,
    machine: {
      ...machine,
      parseDefinition: count('parseDefinition', parseDefinition),
      compileGraph: count('compileGraph', compileGraph),
      reseat: count('reseat', reseat),
      restore: count('restore', restore),
    },
  };
}

describe('a starting engine', () => {
  const worlds: World[] = [];
  const world = (...args: ConstructorParameters<typeof World>): World => {
    const made = new World(...args);
    worlds.push(made);
    return made;
  };
  afterEach(async () => {
    for (const made of worlds.splice(0)) {
      await made.engine.stop();
      await made.store.close();
    }
  });

  const IDS = ['one', 'two', 'three'];

  it('tells the driver which of the commands that it sends again had been started, and when their time is over', async () => {
    const disk = new MemoryDisk();
    const first = world(disk);
    await first.engine.start();
    await first.create('one', { members: members(2) });
    expect(first.driver.started.map(({ context }) => context.begun)).to.deep.equal([undefined, undefined]);
    const [begun] = first.driver.started;
    const told = first.driver.report(begun?.id as EffectId, { kind: 'started' });
    await first.settled();
    expect(await told).to.equal('recorded');
    await first.engine.stop();

    const second = world(disk);
    await second.engine.start();
    await second.settled();
    const endsAt = first.clock.now() + (begun?.command.timeout ?? 0);
    expect(second.driver.started.map(({ context }) => context.begun)).to.deep.equal([{ endsAt }, undefined]);
  });

  it('compiles a definition once, and unfolds a workflow at the first thing that happens to it', async () => {
    const disk = new MemoryDisk();
    const first = world(disk);
    await first.engine.start();
    for (const id of IDS) {
      const own = members(2).sql?.map(member => ({ ...member, agent: `${member.agent}-${id}` })) ?? [];
      await first.create(id, { members: { sql: own } });
    }
    await first.engine.stop();

    const { machine: watched, calls } = counted();
    const second = world(disk, { machine: watched });
    expect(await second.engine.start()).to.include({ workflows: 3, effects: 6 });
    await second.settled();
    expect(second.driver.started.map(({ id, command }) => `${id.workflow} ${command.agent}`)).to.deep.equal(
      IDS.flatMap(id => [`${id} agent-0-${id}`, `${id} agent-1-${id}`]),
    );
    expect(calls).to.deep.equal({ parseDefinition: 1, compileGraph: 1, reseat: 0, restore: 0 });

    await second.driver.finish('sql[0].prepared', prepared);
    await second.driver.finish('sql[1].prepared', prepared);
    expect(calls).to.deep.include({ compileGraph: 1, reseat: 1, restore: 1 });
  });

  it('sets a timer for what is due without unfolding its workflow', async () => {
    const disk = new MemoryDisk();
    const first = world(disk);
    await first.engine.start();
    await first.create('wf');
    const { due } = (await first.store.load('wf'))?.steps[0]?.record ?? {};
    await first.engine.stop();

    const { machine: watched, calls } = counted();
    const second = world(disk, { machine: watched });
    await second.engine.start();
    expect([second.clock.waiting, calls['restore']]).to.deep.equal([1, 0]);
    second.clock.advance((due?.at ?? 0) - second.clock.now());
    await second.settled();
    expect(calls['restore']).to.equal(1);
    expect(second.driver.cancelled.map(({ id }) => id.step)).to.deep.equal(['sql[0].prepared']);
  });

  it('does no harm by a time that comes while rows are still read: what was out is called back once, and goes on', async () => {
    const disk = new MemoryDisk();
    const first = world(disk);
    await first.engine.start();
    for (const id of IDS) await first.create(id);
    const { due } = (await first.store.load('one'))?.steps[0]?.record ?? {};
    await first.engine.stop();

    const inner = new MemoryStore(disk);
    const second = world(disk, { inner: new Proxy(inner, { get: slowly }) });
    const { clock, driver, engine } = second;
    // Between two rows time comes for what was read already.
    async function* read() {
      for await (const batch of inner.loadLive()) {
        for (const stored of batch) {
          yield [stored];
          clock.advance((due?.at ?? 0) - clock.now());
          while (engine.inMemory > 0 && driver.cancelled.length === 0) await clock.turn();
        }
      }
    }
    function slowly(target: MemoryStore, name: string | symbol): unknown {
      if (name === 'loadLive') return read;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    }
    expect(await engine.start()).to.include({ workflows: 3, effects: 3 });
    clock.advance(0);
    await second.settled();
    expect(driver.cancelled.map(({ id }) => id.workflow).sort()).to.deep.equal([...IDS].sort());
    expect(driver.started.map(({ id }) => `${id.workflow} ${id.dispatch}`).sort()).to.deep.equal(
      IDS.map(id => `${id} 1`).sort(),
    );
    const [out] = driver.cancelled.filter(({ id }) => id.workflow === 'one');
    if (out === undefined) throw new Error('one was not called back');
    const outcome = { kind: 'failed', error: { kind: 'cancelled', message: 'called back' } } as const;
    expect(await engine.report(out.id, { kind: 'finished', outcome })).to.equal('recorded');
    // Its command was handed out after it was called back: what that says now changes nothing.
    await engine.report(out.id, { kind: 'finished', outcome: prepared });
    clock.advance(3_600_000);
    await second.settled();
    const again = driver.started.filter(({ id }) => id.workflow === 'one').map(({ id }) => id.dispatch);
    expect(again).to.deep.equal([1, 2]);
  });

  it('sets aside one whose rows belong to another definition, and says so in the list', async () => {
    const disk = new MemoryDisk();
    const first = world(disk);
    await first.engine.start();
    await first.create('bad');
    await first.create('good');
    const row = (await first.store.load('bad'))?.steps[0];
    if (row === undefined) throw new Error('no step was written');
    const commitSeq = await first.store.committed();
    const nothing = { log: [], secrets: [], requests: [] };
    const workflows = [{ id: 'bad', steps: [{ ...row, number: 99 }], ...nothing }];
    await first.store.commit({ commitSeq, workflows });
    await first.engine.stop();

    const second = world(disk);
    expect(await second.engine.start()).to.include({ workflows: 1, effects: 1 });
    expect(second.driver.started.map(({ id }) => id.workflow)).to.deep.equal(['good']);
    const [bad, good] = await second.service.list();
    expect([bad?.status, good?.status]).to.deep.equal(['held', 'running']);
    expect(bad?.reason).to.contain('Set aside').and.contain('no step number 99');
  });

  it('asks the store twice for two hundred workflows, whatever they hold', async () => {
    const file = path.join(await temporaryDirectory(), 'engine.db');
    const first = world(new MemoryDisk(), { inner: await openSqliteStore(file) });
    await first.engine.start();
    const create = (number: number): Promise<void> => first.create(`wf-${number}`, { members: members(3) });
    await Promise.all(Array.from({ length: 250 }, (_, number) => create(number)));
    await first.engine.stop();
    await first.store.close();

    const asked: string[] = [];
    const inner = await openSqliteStore(file, { observe: sql => asked.push(sql) });
    asked.splice(0);
    expect(await world(new MemoryDisk(), { inner }).engine.start()).to.include({ effects: 750 });
    const [ofWorkflows, ofSteps] = ['FROM workflow w WHERE w.live = 1', 'JOIN step s'];
    const times = (text: string | undefined): number => asked.filter(sql => sql.includes(text ?? '')).length;
    expect([times(ofWorkflows), times(ofSteps)]).to.deep.equal([3, 2]);
  });
});
