// Whole systems under faults: fixed seeds, a crash at every I/O, and that a seed means the same run each time.
// Belongs here: what `npm test` runs of the simulation. Does not belong here: fresh seeds (soak.ts), planted bugs (mutants/).
import { expect } from 'chai';
import { CLOUDY } from './cloud-scenario.ts';
import { GROWN } from './grown-scenario.ts';
import { difference, oracle, repeatCommand, runSeed } from './run.ts';
import { FAMILY, SCENARIOS, SORRY, type Scenario, WAVES } from './scenarios.ts';
import { World } from './world.ts';

/** Some of these found bugs once; the rest are as good as any. */
const FOUND = [1001, 1004, 1160, 1352, 1387, 1561];
const FIXED = [...FOUND, ...Array.from({ length: 90 }, (_, index) => 7_000 + index)];

describe('simulation', () => {
  for (const scenario of SCENARIOS) {
    it(`${scenario.name}: reaches its goal without faults, and leaves nothing owed after delete`, async () => {
      expect((await oracle(scenario, false)).status).to.equal('complete');
      expect((await oracle(scenario, true)).status).to.equal('deleted');
    });
  }

  it(`keeps every rule and comes to its end in ${FIXED.length} fixed worlds`, async () => {
    for (const seed of FIXED) {
      const { failure, scenario } = await runSeed(seed);
      expect(failure, `seed ${seed} (${scenario}); repeat it with: ${repeatCommand(seed)}`).to.equal(
        undefined,
      );
    }
  });

  it('leaves nothing of a workflow that undoes its failure, in twenty worlds and at any crash of its engine', async () => {
    const scenario = SORRY;
    const expected = await oracle(scenario, false);
    expect(expected).to.deep.include({ status: 'failed', effects: { 'db-0': [], 'db-1': [] } });
    for (let seed = 1; seed <= 20; seed += 1) {
      const actual = await new World({ seed, scenario, remove: false }).run();
      expect(difference(scenario, expected, actual), `seed ${seed}`).to.equal(undefined);
    }
    for (let io = 0; io < expected.engineIos; io += 1) {
      const killEngine = (life: number) => (at: number) =>
        life === 1 && at === io ? ('after' as const) : undefined;
      const actual = await new World({ seed: 3, scenario, faults: [], killEngine }).run();
      expect(difference(scenario, expected, actual), `killed after I/O ${io}`).to.equal(undefined);
    }
  });

  it('R4: lets members take their turns, there and back, in ten worlds and at crashes of its engine', async () => {
    const [there, back] = [await oracle(WAVES, false), await oracle(WAVES, true)];
    expect([there.status, back.status]).to.deep.equal(['complete', 'deleted']);
    for (let seed = 1; seed <= 10; seed += 1) {
      const remove = seed % 2 === 0;
      const actual = await new World({ seed, scenario: WAVES, remove }).run();
      expect(difference(WAVES, remove ? back : there, actual), `seed ${seed}`).to.equal(undefined);
    }
    for (let io = 0; io < back.engineIos; io += 3) {
      const killEngine = (life: number) => (at: number) =>
        life === 1 && at === io ? ('after' as const) : undefined;
      const actual = await new World({
        seed: 3,
        scenario: WAVES,
        faults: [],
        killEngine,
        remove: true,
      }).run();
      expect(difference(WAVES, back, actual), `killed after I/O ${io}`).to.equal(undefined);
    }
  });

  it('row 32, A12: runs again what was reached in VMs that are rebuilt at any moment, in twelve worlds', async () => {
    const cluster = SCENARIOS.find(({ name }) => name === 'cluster') as Scenario;
    const [there, back] = [await oracle(cluster, false), await oracle(cluster, true)];
    const others = [
      'engine_killed',
      'agent_killed',
      'standby_takes_over',
      'broker_cut',
      'store_faults',
    ] as const;
    let builds = 0;
    for (let seed = 1; seed <= 12; seed += 1) {
      const remove = seed % 3 === 0;
      const faults = ['vm_rebuilt', ...(seed % 2 === 0 ? others : [])] as const;
      const world = new World({ seed, scenario: cluster, remove, faults });
      const actual = await world.run();
      builds += world.vms.reduce((sum, vm) => sum + vm.builds - 1, 0);
      expect(difference(cluster, remove ? back : there, actual), `seed ${seed}`).to.equal(undefined);
    }
    expect(builds).to.be.above(25);
  });

  it('row 40: brings a child to its end once, there and back, in ten worlds', async () => {
    const [there, back] = [await oracle(FAMILY, false), await oracle(FAMILY, true)];
    expect([there.status, back.status]).to.deep.equal(['complete', 'deleted']);
    expect(there.states).to.deep.include({
      'site.up': 'reached {"count":3}',
      'site.clustered/all.agreed': 'reached {}',
    });
    for (let seed = 1; seed <= 10; seed += 1) {
      const remove = seed % 2 === 0;
      const actual = await new World({ seed, scenario: FAMILY, remove }).run();
      expect(difference(FAMILY, remove ? back : there, actual), `seed ${seed}`).to.equal(undefined);
    }
  });

  it('R3, R8: ends as what the last definition says, whenever that came, and after an operation, in twenty worlds', async () => {
    const [there, back] = [await oracle(GROWN, false), await oracle(GROWN, true)];
    expect([there.status, back.status]).to.deep.equal(['complete', 'deleted']);
    for (let seed = 1; seed <= 20; seed += 1) {
      const remove = seed % 2 === 0;
      const actual = await new World({ seed, scenario: GROWN, remove, early: true }).run();
      expect(difference(GROWN, remove ? back : there, actual), `seed ${seed}`).to.equal(undefined);
    }
  });

  it('S1: sends nothing while it is suspended, and ends as it would have, in thirty worlds and at crashes of its engine', async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const scenario = [...SCENARIOS, WAVES, FAMILY][seed % 5] as Scenario;
      const remove = seed % 2 === 0;
      const actual = await new World({ seed, scenario, remove, pauses: true }).run();
      expect(difference(scenario, await oracle(scenario, remove), actual), `seed ${seed}`).to.equal(
        undefined,
      );
    }
    const scenario = SCENARIOS[1] as Scenario;
    const calm = await new World({ seed: 5, scenario, faults: [], pauses: true, remove: true }).run();
    for (let io = 0; io < calm.engineIos; io += 4) {
      const killEngine = (life: number) => (at: number) =>
        life === 1 && at === io ? ('after' as const) : undefined;
      const world = new World({ seed: 5, scenario, faults: [], killEngine, pauses: true, remove: true });
      expect(difference(scenario, await oracle(scenario, true), await world.run()), `I/O ${io}`).to.equal(
        undefined,
      );
    }
  });

  it("OW1, ED2, row 36: makes one server of the owner's cloud, whatever becomes of its answers and of the engine", async () => {
    const [there, back] = [await oracle(CLOUDY, false), await oracle(CLOUDY, true)];
    expect(there).to.deep.include({ status: 'complete', effects: { cloud: ['mark one', 'server one'] } });
    expect(back).to.deep.include({ status: 'deleted', effects: { cloud: ['mark one'] } });
    const faults = ['service_faults', 'engine_killed', 'standby_takes_over', 'store_faults'] as const;
    for (let seed = 1; seed <= 20; seed += 1) {
      const remove = seed % 2 === 0;
      const actual = await new World({ seed, scenario: CLOUDY, remove, faults }).run();
      expect(difference(CLOUDY, remove ? back : there, actual), `seed ${seed}`).to.equal(undefined);
    }
    for (const where of ['before', 'after'] as const) {
      for (let io = 0; io < back.engineIos; io += 2) {
        const killEngine = (life: number) => (at: number) => (life === 1 && at === io ? where : undefined);
        const world = new World({ seed: 3, scenario: CLOUDY, faults: [], killEngine, remove: true });
        expect(difference(CLOUDY, back, await world.run()), `killed ${where} I/O ${io}`).to.equal(undefined);
      }
    }
  });

  it('gives the same run for the same seed', async () => {
    for (const seed of FOUND.slice(0, 3)) {
      expect(await runSeed(seed)).to.deep.equal(await runSeed(seed));
    }
  });

  for (const where of ['before', 'after'] as const) {
    it(`ends the same when the engine is killed ${where} any one of its I/Os, in create and in delete`, async () => {
      const scenario = SCENARIOS[0] as Scenario;
      const expected = await oracle(scenario, true);
      for (let io = 0; io < expected.engineIos; io += 1) {
        const killEngine = (life: number) => (at: number) => (life === 1 && at === io ? where : undefined);
        const actual = await new World({ seed: 3, scenario, faults: [], killEngine, remove: true }).run();
        expect(difference(scenario, expected, actual), `killed ${where} I/O ${io}`).to.equal(undefined);
      }
    });
  }
});
