// Agents over a RabbitMQ of three nodes, with replicated queues: it may lose one, and without a majority it waits.
// Belongs here: B15. Does not belong here: a broker of one node in trouble (amqp-restart.test.ts).
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { canRunBroker, type OwnBroker, startOwnCluster } from '../support/own-broker.ts';
import { TEMPORARY_PREFIX, temporaryDirectory } from '../support/temporary.ts';
import { type AmqpWorld, eventually, makeAmqpWorld } from './amqp-world.ts';
import { contextOf, idOf, scriptCommand } from './world.ts';

const NODES = 3;
const STEPS = 40;
const AGENTS = ['vm0', 'vm1', 'vm2'];

if (canRunBroker('agents over a RabbitMQ of three nodes')) {
  describe('engine and real agents over three nodes with quorum queues', function () {
    // Nodes take their time to start, and to see that others are gone.
    this.timeout(600_000);
    let nodes: readonly OwnBroker[];
    let place: string;
    let world: AmqpWorld;
    let directory: string;

    before(async () => {
      place = await mkdtemp(path.join(tmpdir(), TEMPORARY_PREFIX));
      nodes = await startOwnCluster(place, NODES);
    });
    after(async () => {
      for (const node of nodes) await node.end();
      await rm(place, { recursive: true, force: true });
    });

    beforeEach(async () => {
      directory = await temporaryDirectory();
      // The last is asked for its management; the first is where everybody connects first.
      const [last] = nodes.slice(-1) as [OwnBroker];
      world = await makeAmqpWorld(last.found, directory, {
        queueKind: 'quorum',
        hosts: nodes.map(({ found }) => found.broker),
      });
      for (const agent of AGENTS) await world.begin(agent);
      await until(() => AGENTS.every(agent => world.side.presence.online(agent)), 'everybody online');
    });
    afterEach(() => world.close());

    const until = (condition: () => boolean, what: string): Promise<void> =>
      eventually(condition, () => `${what}\n${world.sink.kinds().join(', ')}\n${world.logged.join('\n')}`);
    const ends = (): number =>
      new Set(world.sink.reports.filter(one => one.report.kind === 'finished').map(one => one.id.step)).size;
    const begin = async (first: number, count: number): Promise<void> => {
      for (let step = first; step < first + count; step += 1)
        await world.drivers.script.start(
          idOf(1, `app[${step}].ready`),
          scriptCommand(AGENTS[step % AGENTS.length] as string),
          contextOf({}, `echo ${step} >> ${directory}/runs.txt`),
        );
    };
    /** What is said of the broker to operators. */
    const standing = (): string => world.watch.view().warnings?.join() ?? '';
    const ran = async (): Promise<readonly string[]> =>
      (await readFile(path.join(directory, 'runs.txt'), 'utf8')).trim().split('\n');

    it('B15: loses the node that all are connected to in mid-fan-out, then its majority: it waits, and nothing is lost or run twice', async () => {
      const [one, two] = nodes as [OwnBroker, OwnBroker];
      await begin(0, STEPS);
      await until(() => ends() >= STEPS / 4, 'a part of the ends');
      await one.kill();
      await until(() => ends() === STEPS, 'all ends, over two nodes');

      await two.kill();
      // Who was connected to the third still is: the broker's management tells that it is not enough.
      await until(
        () => /no majority of nodes while \S+ and \S+ are down/.test(standing()),
        'that one of three is not enough',
      );
      expect(world.watch.trouble()?.reason).to.match(/is away: |stores nothing: /);
      await begin(STEPS, AGENTS.length);
      expect(ends()).to.equal(STEPS);
      await two.start();
      await until(() => ends() === STEPS + AGENTS.length, 'the rest, with a majority again');
      expect(await ran()).to.have.lengthOf(STEPS + AGENTS.length);
      expect(new Set(await ran())).to.have.lengthOf(STEPS + AGENTS.length);
      await one.start();
    });
  });
}
