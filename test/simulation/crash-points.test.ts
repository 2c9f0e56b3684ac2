// Kills at every place where one can fall: the agent at each of its I/Os, the engine at each pair of them.
// Belongs here: enumeration, compared with the run without faults. Does not belong here: drawn faults
// (simulation.test.ts), the engine killed once (there too).
import { expect } from 'chai';
import { GROWN } from './grown-scenario.ts';
import { difference, oracle } from './run.ts';
import { FAMILY, LATE, SCENARIOS, type Scenario } from './scenarios.ts';
import { World } from './world.ts';

/** Small enough that every pair of its I/Os can be tried; one state is idempotent, the other has a probe. */
const small: Scenario = {
  name: 'small',
  exact: true,
  members: { box: 1 },
  definition: `workflow_version: 2026-11-01
entities:
  box:
    type: vm
    states:
      prepared:
        action: {script: {sh: "sleep 20\\napply prepared"}}
        idempotent: true
        timeout: 10m
        retry: {attempts: 90, delay: 1s}
      ready:
        requires: [prepared]
        action: {script: {sh: "apply ready"}}
        probe: {script: {sh: "check ready"}}
        timeout: 10m
        retry: {attempts: 90, delay: 1s}
goal: box.ready
`,
};

const cluster = SCENARIOS[0] as Scenario;

describe('simulation, wherever a kill may fall', () => {
  // Before an I/O is nearly after the last one: the VM with all the phases is enough for that.
  for (const [where, least] of [
    ['before', 25],
    ['after', 80],
  ] as const) {
    it(`ends the same when an agent is killed ${where} any one of its I/Os`, async () => {
      const expected = await oracle(cluster, false);
      let kills = 0;
      for (const [vm, ios] of Object.entries(expected.agentIos)) {
        if (where === 'before' && vm !== 'db-0') continue;
        for (let io = 0; io < ios; io += 1) {
          const killAgent = (name: string, life: number) => (at: number) => {
            if (name !== vm || life !== 1 || at !== io) return undefined;
            kills += 1;
            return where;
          };
          const actual = await new World({ seed: 3, scenario: cluster, faults: [], killAgent }).run();
          expect(difference(cluster, expected, actual), `${vm} killed ${where} I/O ${io}`).to.equal(
            undefined,
          );
        }
      }
      expect(kills).to.be.greaterThan(least);
    });
  }

  it('ends the same when the engine is killed at any two of its I/Os', async () => {
    const expected = await oracle(small, false);
    let pairs = 0;
    for (let first = 0; first < expected.engineIos; first += 1) {
      let killed = true;
      for (let second = 0; killed; second += 1) {
        killed = false;
        const killEngine = (life: number) => (at: number) => {
          if (life === 2 && at === second) killed = true;
          const dies = (life === 1 && at === first) || (life === 2 && at === second);
          return dies ? 'after' : undefined;
        };
        const actual = await new World({ seed: 3, scenario: small, faults: [], killEngine }).run();
        const place = `killed after I/O ${first}, then after ${second}`;
        expect(difference(small, expected, actual), place).to.equal(undefined);
        pairs += 1;
      }
    }
    expect(pairs).to.be.greaterThan(expected.engineIos * 8);
  });

  describe('where a step runs a child', () => {
    // In parts, so that each keeps within the time of a test.
    for (const part of [0, 1, 2]) {
      it(`row 40: ends the same when the engine is killed at any one of its I/Os, there and back (${part + 1} of 3)`, async () => {
        const expected = await oracle(FAMILY, true);
        expect(expected.engineIos).to.be.greaterThan(60);
        for (let io = part; io < expected.engineIos; io += 3) {
          // Before an I/O is nearly after the last one.
          const where = io % 4 === 0 ? 'before' : 'after';
          const killEngine = (life: number) => (at: number) => (life === 1 && at === io ? where : undefined);
          const world = new World({ seed: 3, scenario: FAMILY, faults: [], killEngine, remove: true });
          expect(difference(FAMILY, expected, await world.run()), `killed ${where} I/O ${io}`).to.equal(
            undefined,
          );
        }
      });
    }
  });

  describe('where a token is renewed, a failure rescued, and another taken back', () => {
    const killedAt =
      (...places: readonly number[]) =>
      (life: number) =>
      (at: number) =>
        places[life - 1] === at ? ('after' as const) : undefined;

    it('does all that', async () => {
      const calm = await oracle(LATE, false);
      expect(calm.effects).to.deep.equal({ 'box-0': ['mended', 'soothed', 'token', 'used'] });
      const lasting = { ...LATE, name: 'lasting', definition: LATE.definition.replace('valid_for: 1s', '') };
      const unrenewed = await oracle(lasting, false);
      expect(calm.agentIos['box-0']).to.be.greaterThan(unrenewed.agentIos['box-0'] as number);
    });

    it('ends the same when its agent is killed after any one of its I/Os', async () => {
      const expected = await oracle(LATE, false);
      for (let io = 0; io < (expected.agentIos['box-0'] as number); io += 1) {
        const killAgent = (_vm: string, life: number) => killedAt(io)(life);
        const actual = await new World({ seed: 3, scenario: LATE, faults: [], killAgent }).run();
        expect(difference(LATE, expected, actual), `killed after I/O ${io}`).to.equal(undefined);
      }
    });

    it('ends the same when its engine is killed at any one of its I/Os, and again at some later one', async () => {
      const expected = await oracle(LATE, false);
      for (let first = 0; first < expected.engineIos; first += 1) {
        for (const second of [undefined, 5 + (first % 7), 12 + (first % 5)]) {
          const killEngine = second === undefined ? killedAt(first) : killedAt(first, second);
          const actual = await new World({ seed: 3, scenario: LATE, faults: [], killEngine }).run();
          const place = `killed after I/O ${first}, then after ${second ?? 'none'}`;
          expect(difference(LATE, expected, actual), place).to.equal(undefined);
        }
      }
    });
  });

  describe('where the definition changes and an operation runs', () => {
    it('does all that', async () => {
      const { status, effects } = await oracle(GROWN, false);
      const each = ['added', 'large', 'prepared', 'saved'];
      expect({ status, effects }).to.eql({ status: 'complete', effects: { 'node-0': each, 'node-1': each } });
    });

    for (const part of [0, 1, 2]) {
      it(`R3, R8: ends the same when the engine is killed at any one of its I/Os (${part + 1} of 3)`, async () => {
        const expected = await oracle(GROWN, false);
        expect(expected.engineIos).to.be.greaterThan(40);
        for (let io = part; io < expected.engineIos; io += 3) {
          const where = io % 4 === 0 ? 'before' : 'after';
          const killEngine = (life: number) => (at: number) => (life === 1 && at === io ? where : undefined);
          const actual = await new World({ seed: 3, scenario: GROWN, faults: [], killEngine }).run();
          expect(difference(GROWN, expected, actual), `killed ${where} I/O ${io}`).to.equal(undefined);
        }
      });
    }
  });
});
