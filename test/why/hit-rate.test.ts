// Every fault of the table is really brought about, and "why" has to name it and who can act: the rate is printed, and
// anything under N of N fails.
// Belongs here: the tables with what they run on. Does not belong here: rows (*-faults.ts), judging (fault.ts).
import { expect } from 'chai';
import { agentsBroker } from '../support/agents-broker.ts';
import { databases } from '../support/databases.ts';
import { isLinux, isRoot, needs } from '../support/needs.ts';
import { services } from '../support/services.ts';
import { canRunBroker, type OwnBroker, startOwnBroker } from '../support/own-broker.ts';
import { temporaryDirectoryFor } from '../support/lasting-directory.ts';
import { agentFaults } from './agent-faults.ts';
import { brokerFaults } from './broker-faults.ts';
import { cloudFaults, serviceFaults } from './cloud-faults.ts';
import { type Fault, judged } from './fault.ts';
import { fullDisk, lostDatabase } from './store-faults.ts';
import { WholeEngine } from './whole-engine.ts';
import { peopleFaults, workflowFaults } from './workflow-faults.ts';

const rate = { hits: 0, of: 0 };

/** One test for each row, so that each miss is told. */
function hits(faults: readonly Fault[]): void {
  for (const fault of faults)
    it(fault.name, async () => {
      rate.of += 1;
      let missed: string | undefined;
      try {
        missed = await judged(fault);
      } finally {
        await fault.mend?.();
      }
      expect(missed, `"why" does not name it: ${missed}`).to.equal(undefined);
      rate.hits += 1;
    });
}

describe('why names what is wrong, and who can act:', function () {
  this.timeout(120_000);
  after(() => console.log(`    "why" named ${rate.hits} of ${rate.of} injected faults.`));

  describe('in a workflow and its VMs', () => {
    const directory = temporaryDirectoryFor('why');
    const engine = new WholeEngine(directory.path);
    before(() => engine.start());
    after(() => engine.close());
    after(() => directory.remove());
    hits(workflowFaults(engine));
    hits(peopleFaults(engine));
    hits(serviceFaults(engine));
  });

  const found = agentsBroker('why an agent or its broker keeps a workflow waiting');
  if (found !== undefined) describe('in an agent', () => hits(agentFaults(found)));

  if (canRunBroker("why a workflow waits for the agents' broker"))
    describe("in the agents' broker", () => {
      const directory = temporaryDirectoryFor('why-broker');
      let broker: OwnBroker;
      before(async () => {
        broker = await startOwnBroker(directory.path);
      });
      after(() => broker.end());
      after(() => directory.remove());
      hits(brokerFaults(() => broker));
    });

  describe('in the store', () => {
    if (
      needs(
        isRoot && isLinux,
        'why a workflow waits for a full disk',
        'root on Linux, to mount a small tmpfs',
      )
    )
      hits([fullDisk()]);
    const lab = databases('why a workflow waits for its database');
    after(() => lab?.drop());
    if (lab) hits([lostDatabase(lab)]);
  });

  const cloud = services('why a workflow waits for its cloud');
  if (cloud)
    describe('in the cloud', () => {
      const directory = temporaryDirectoryFor('why-cloud');
      const engine = new WholeEngine(directory.path);
      before(() => engine.start());
      after(() => engine.close());
      after(() => directory.remove());
      hits(cloudFaults(engine, cloud));
    });
});
