// A broker that takes nothing because it has raised an alarm: nothing hangs for good, it is said, and all goes on after.
// Belongs here: publishers that are blocked. Does not belong here: a broker that is gone (trouble.test.ts).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { inProject } from '../support/project.ts';
import { services } from '../support/services.ts';
import { rabbitmqctl } from './daemons.ts';
import { heatSuite } from './suite.ts';
import { template, waiting } from './templates.ts';

const suite = 'a broker that has raised an alarm';
const found = services(suite);
if (found !== undefined) {
  describe(suite, function () {
    this.timeout(120_000);
    const limit = (share: number): Promise<void> =>
      rabbitmqctl(found, 'set_vm_memory_high_watermark', String(share));

    // Before the suite's own: no stack can be deleted while nothing is taken.
    afterEach(() => limit(0.4));
    const { create, heat } = heatSuite(found, 'heat-alarm');

    const ask = async (): Promise<{ seconds: number; unavailable?: string; refused?: string }> => {
      const url = (found.openrc['MURANO_WORKFLOW_TRANSPORT_URL'] ?? '').replace('amqp', 'rabbit');
      const words = [inProject('test/heat/ask_engine.py'), inProject('heat-resource'), url];
      const { stdout } = await promisify(execFile)('/usr/bin/python3', [
        '-W',
        'ignore',
        ...words,
        'show',
        'workflow_id=x',
      ]);
      return JSON.parse(stdout) as Awaited<ReturnType<typeof ask>>;
    };

    it('is said within seconds, and a stack in mid-create goes on when it is over', async () => {
      expect(await ask()).to.include({ refused: 'NotFound' });
      await create('alarm', template({ flow: { definition: waiting('5s') } }));
      await heat.told('alarm', 'flow', /service\.begun reached/);
      await limit(0);
      const asked = heat.show('alarm');
      const said = await ask();
      expect(said.unavailable)
        .to.match(/does not answer \(no answer in \d seconds\)/)
        .and.include('has raised no alarm');
      expect(said.seconds).to.be.below(10);
      await limit(0.4);
      expect((await asked).stack_status).to.match(/^CREATE_/);
      expect((await heat.settled('alarm'))?.stack_status_reason).to.equal(
        'Stack CREATE completed successfully',
      );
      expect(await ask()).to.include({ refused: 'NotFound' });
    });
  });
}
