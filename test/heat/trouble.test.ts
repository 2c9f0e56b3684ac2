// Murano::Workflow when something breaks: Heat, the engine, the broker, at the worst moments.
// Belongs here: one fault a test, and what users then see. Does not belong here: what goes as it should (stacks.test.ts).
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { services } from '../support/services.ts';
import { kill, start } from './daemons.ts';
import { HeatError } from './openstack.ts';
import { heatSuite } from './suite.ts';
import { asking, greeting, template, waiting } from './templates.ts';

const found = services('Murano::Workflow when something breaks');
if (found !== undefined) {
  describe('Murano::Workflow when something breaks', function () {
    this.timeout(240_000);
    const { create, engine, heat } = heatSuite(found, 'heat-trouble');
    const refusal = async (asked: Promise<unknown>): Promise<string> => {
      const thrown = await asked.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!(thrown instanceof HeatError)) throw new Error(`not refused: ${String(thrown)}`);
      return thrown.message;
    };

    it('goes on when the engine is killed in mid-create and started again', async () => {
      await create('killed', template({ flow: { definition: waiting('4s') } }));
      await heat.told('killed', 'flow', /service\.begun reached/);
      await engine.kill();
      await delay(2_000);
      await engine.start();
      expect((await heat.settled('killed'))?.stack_status_reason).to.equal(
        'Stack CREATE completed successfully',
      );
    });

    it('refuses a stack at once while no engine answers, and says what to look at', async () => {
      await engine.stop();
      const message = await refusal(heat.create('absent', template({ flow: { definition: asking } })));
      expect(message).to.include('The workflow engine does not answer');
      expect(message).to.include('murano-workflow engine');
    });

    it('deletes a stack whose workflow the engine never took, though no engine answers', async () => {
      // What the workflow needs is known only in mid-create, and then the engine is gone.
      const slow = { type: 'OS::Heat::TestResource', properties: { value: 'x', wait_secs: 4 } };
      const flow = {
        type: 'Murano::Workflow',
        properties: { definition: greeting, inputs: { who: { get_attr: ['slow', 'output'] } } },
      };
      await create('never', { heat_template_version: '2021-04-16', resources: { slow, flow } });
      await engine.stop();
      const failed = await heat.settled('never');
      expect(failed?.stack_status).to.equal('CREATE_FAILED');
      expect(failed?.stack_status_reason).to.include('The workflow engine does not answer');
      await heat.delete('never');
      expect(await heat.settled('never')).to.equal(undefined);
    });

    it('deletes during create: what runs is called back and the workflow is gone', async () => {
      await create('early', template({ flow: { definition: waiting('300s') } }));
      await heat.told('early', 'flow', /service\.begun reached/);
      await heat.delete('early');
      expect(await heat.settled('early')).to.equal(undefined);
    });

    it('updates during create: the update takes over, with the same workflow', async () => {
      await create('over', template({ flow: { definition: asking } }));
      await heat.told('over', 'flow', /waits for an approval/);
      const { physical_resource_id: id } = await heat.resource('over', 'flow');
      const longer = template({ flow: { definition: asking, hold_in_heat: 900 } });
      await heat.update('over', longer);
      // Within a second Heat 19 itself may lose the row's template between the two, and keep the row locked.
      await delay(3_000);
      await heat.update('over', longer);
      for (;;) {
        await heat.signal('over', 'flow', { approve: 'service.agreed' }).catch(() => undefined);
        const stack = await heat.show('over');
        if (!stack.stack_status.endsWith('IN_PROGRESS')) break;
        await delay(300);
      }
      expect((await heat.show('over')).stack_status).to.equal('UPDATE_COMPLETE');
      expect((await heat.resource('over', 'flow')).physical_resource_id).to.equal(id);
    });

    it('deletes what is to be abandoned though no engine answers, and the engine forgets it when it is back', async () => {
      await create('left', template({ flow: { definition: waiting('300s'), on_delete: 'abandon' } }));
      await heat.told('left', 'flow', /service\.begun reached/);
      await engine.kill();
      await heat.delete('left');
      expect(await heat.settled('left')).to.equal(undefined);
    });

    it('fails the delete of what is to be undone while no engine answers, and a second delete does it', async () => {
      await create('kept', template({ flow: { definition: greeting, inputs: { who: 'x' } } }));
      await heat.settled('kept');
      await engine.stop();
      await heat.delete('kept');
      const failed = await heat.settled('kept');
      expect(failed?.stack_status).to.equal('DELETE_FAILED');
      expect(failed?.stack_status_reason).to.include('The workflow engine does not answer');
      // Its attributes are not waited for one by one.
      const began = performance.now();
      expect((await heat.resource('kept', 'flow')).resource_status).to.equal('DELETE_FAILED');
      expect(performance.now() - began).to.be.below(15_000);
      await engine.start();
      await heat.delete('kept');
      expect(await heat.settled('kept')).to.equal(undefined);
    });

    it('makes anew what failed and was then deleted behind the back of Heat', async () => {
      await create('gone', template({ flow: { definition: asking } }));
      await heat.told('gone', 'flow', /waits for an approval/);
      const { physical_resource_id: id } = await heat.resource('gone', 'flow');
      await heat.signal('gone', 'flow', { reject: 'service.agreed' });
      await heat.settled('gone');
      await engine.forget(id);
      await heat.update('gone', template({ flow: { definition: asking } }));
      for (;;) {
        await heat.signal('gone', 'flow', { approve: 'service.agreed' }).catch(() => undefined);
        if (!(await heat.show('gone')).stack_status.endsWith('IN_PROGRESS')) break;
        await delay(300);
      }
      expect((await heat.show('gone')).stack_status).to.equal('UPDATE_COMPLETE');
      expect((await heat.resource('gone', 'flow')).physical_resource_id).to.not.equal(id);
    });

    it('waits as long as the update says for a person, not as long as before', async () => {
      await create('longer', template({ flow: { definition: asking, hold_in_heat: 0 } }));
      expect((await heat.settled('longer'))?.stack_status_reason).to.match(/held: /);
      await heat.update('longer', template({ flow: { definition: asking, hold_in_heat: 600 } }));
      await heat.told('longer', 'flow', /state changed/);
      await delay(3_000);
      expect((await heat.show('longer')).stack_status).to.equal('UPDATE_IN_PROGRESS');
      await heat.signal('longer', 'flow', { approve: 'service.agreed' });
      expect((await heat.settled('longer'))?.stack_status).to.equal('UPDATE_COMPLETE');
    });

    it('calls back what runs, and gives back what is held, a fifth before a short timeout of the stack', async () => {
      await create('slow', template({ flow: { definition: waiting('300s') } }), { timeout_mins: 1 });
      await create('late', template({ flow: { definition: asking } }), { timeout_mins: 1 });
      await delay(20_000);
      for (const name of ['slow', 'late'])
        expect((await heat.show(name)).stack_status).to.equal('CREATE_IN_PROGRESS');
      const slow = await heat.settled('slow');
      expect(slow?.stack_status).to.equal('CREATE_FAILED');
      expect(slow?.stack_status_reason).to.match(/Not complete within its deadline/);
      while ((await heat.resource('slow', 'flow')).attributes['state'] !== 'failed') await delay(300);
      const late = await heat.settled('late');
      expect(late?.stack_status).to.equal('CREATE_FAILED');
      expect(late?.stack_status_reason).to.match(/held: /);
      await heat.update('late', template({ flow: { definition: asking } }));
      await heat.told('late', 'flow', /waits for an approval/);
      for (;;) {
        await heat.signal('late', 'flow', { approve: 'service.agreed' }).catch(() => undefined);
        if (!(await heat.show('late')).stack_status.endsWith('IN_PROGRESS')) break;
        await delay(300);
      }
      expect((await heat.show('late')).stack_status).to.equal('UPDATE_COMPLETE');
    });

    it('finds the same workflow when heat-engine is killed in mid-create and the stack updated after', async () => {
      await create('orphan', template({ flow: { definition: waiting('3s') } }));
      await heat.told('orphan', 'flow', /service\.begun reached/);
      const { physical_resource_id: id } = await heat.resource('orphan', 'flow');
      await kill(found, 'heat-engine');
      await start(found);
      await heat.update('orphan', template({ flow: { definition: waiting('3s') } }));
      expect((await heat.settled('orphan'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect((await heat.resource('orphan', 'flow')).physical_resource_id).to.equal(id);
    });

    it('goes on when the broker is restarted in mid-create', async () => {
      await create('broker', template({ flow: { definition: waiting('5s') } }));
      await heat.told('broker', 'flow', /service\.begun reached/);
      await kill(found, 'rabbit');
      await start(found);
      expect((await heat.settled('broker'))?.stack_status_reason).to.equal(
        'Stack CREATE completed successfully',
      );
    });
  });
}
