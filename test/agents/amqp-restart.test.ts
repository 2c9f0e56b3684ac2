// Agents over a RabbitMQ that is killed in the middle of a fan-out, that loses everything it had, or raises an alarm.
// Belongs here: what needs a broker of its own. Does not belong here: trouble that a shared one survives (amqp.test.ts).
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { canRunBroker, type OwnBroker, startOwnBroker } from '../support/own-broker.ts';
import { TEMPORARY_PREFIX, temporaryDirectory } from '../support/temporary.ts';
import { type AmqpWorld, eventually, makeAmqpWorld } from './amqp-world.ts';
import { contextOf, idOf, scriptCommand } from './world.ts';

const AGENTS = 4;
const STEPS = 40;

if (canRunBroker('agents over a RabbitMQ in trouble')) {
  describe('engine and real agents over a RabbitMQ that', function () {
    // A broker takes its time to start.
    this.timeout(600_000);
    let own: OwnBroker;
    let world: AmqpWorld;
    let directory: string;
    let agents: readonly string[];

    before(async () => {
      // Outlives each test's own directory; its end removes it.
      own = await startOwnBroker(await mkdtemp(path.join(tmpdir(), TEMPORARY_PREFIX)));
    });
    after(() => own.end());

    beforeEach(async () => {
      directory = await temporaryDirectory();
      world = await makeAmqpWorld(own.found, directory);
      agents = Array.from({ length: AGENTS }, (_, index) => `vm${index}`);
      for (const agent of agents) await world.begin(agent);
      await until(() => agents.every(agent => world.side.presence.online(agent)), 'everybody online');
    });

    afterEach(() => world.close());

    const until = (condition: () => boolean, what: string): Promise<void> =>
      eventually(condition, () => `${what}\n${world.sink.kinds().join(', ')}\n${world.logged.join('\n')}`);
    const ends = (): number =>
      new Set(world.sink.reports.filter(one => one.report.kind === 'finished').map(one => one.id.step)).size;
    const fanOut = async (): Promise<void> => {
      for (let step = 0; step < STEPS; step += 1)
        await world.drivers.script.start(
          idOf(1, `app[${step}].ready`),
          scriptCommand(agents[step % AGENTS] as string),
          contextOf({}, `echo ${step} >> ${directory}/runs.txt`),
        );
    };
    const ran = async (): Promise<readonly string[]> =>
      (await readFile(path.join(directory, 'runs.txt'), 'utf8')).trim().split('\n');

    it('B1: is killed and started again in the middle of a fan-out: each script runs once, each end arrives', async () => {
      await fanOut();
      await until(() => ends() >= STEPS / 4, 'a part of the ends');
      await own.kill();
      expect(ends()).to.be.lessThan(STEPS);
      await own.start();
      await until(() => ends() === STEPS, 'all ends');
      expect(await ran()).to.have.lengthOf(STEPS);
    });

    it('B1: has forgotten in its fall which files a queue has: nobody leads it, it is made anew, and each end arrives', async () => {
      await fanOut();
      await until(() => ends() >= STEPS / 4, 'a part of the ends');
      // What a broker has not written yet that is killed soon after a queue was declared.
      const queue = `list_to_atom("${world.bus.vhost}_engine.results")`;
      await own.found.control(
        `eval 'ok = dets:delete(ra_directory_reverse, ${queue}), ok = dets:sync(ra_directory_reverse).'`,
      );
      await own.kill();
      await own.start();
      await until(() => ends() === STEPS, 'all ends');
      expect(await ran()).to.have.lengthOf(STEPS);
      expect(world.logged.filter(line => line.startsWith('The queue')).join()).to.match(
        /The queue 'engine\.results' .* has no leader/,
      );
    });

    it('B2: is reset, and has neither users, vhosts nor queues: filled again by itself, and each script runs once', async () => {
      await fanOut();
      await until(() => ends() >= STEPS / 4, 'a part of the ends');
      for (const command of ['stop_app', 'reset', 'start_app']) await own.found.control(command);
      await until(() => ends() === STEPS, 'all ends');
      expect(await ran()).to.have.lengthOf(STEPS);
      expect(world.logged.join('\n')).to.match(/lacked \d users of agents/);
    });

    it('B9: raises an alarm and takes nothing: that is said, nothing is lost, and all goes on after it', async () => {
      const watermark = (share: number): Promise<string> =>
        own.found.control(`eval 'vm_memory_monitor:set_vm_memory_high_watermark(${share}).'`);
      await watermark(0.00001);
      await fanOut();
      await until(() => world.states.at(-1)?.kind === 'blocked', 'the alarm');
      expect(world.watch.view().bus).to.deep.include({ state: 'blocked' });
      expect(ends()).to.equal(0);
      await watermark(0.6);
      await until(() => ends() === STEPS, 'all ends');
      expect(await ran()).to.have.lengthOf(STEPS);
      expect(world.states.at(-1)).to.deep.equal({ kind: 'connected' });
    });
  });
}
