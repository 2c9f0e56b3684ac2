// Murano::Workflow in a real Heat: stacks as users create, update, signal and delete them.
// Belongs here: what goes as it should. Does not belong here: what breaks (trouble.test.ts).
import { expect } from 'chai';
import { services } from '../support/services.ts';
import { HeatError } from './openstack.ts';
import { heatSuite } from './suite.ts';
import { asking, greeting, listening, template, waiting } from './templates.ts';

const found = services('Murano::Workflow in a real Heat');
if (found !== undefined) {
  describe('Murano::Workflow in a real Heat', function () {
    this.timeout(120_000);
    const { create, heat } = heatSuite(found, 'heat-stacks');

    it('gives the outputs of one workflow to the next, in the order that Heat finds by itself', async () => {
      const resources = {
        second: { definition: greeting, inputs: { who: { get_attr: ['first', 'outputs', 'text'] } } },
        first: { definition: greeting, inputs: { who: 'Heat' } },
      };
      const outputs = {
        text: { value: { get_attr: ['second', 'outputs', 'text'] } },
        progress: { value: { get_attr: ['first', 'progress'] } },
        graph: { value: { get_attr: ['first', 'graph'] } },
      };
      await create('chain', template(resources, outputs));
      const stack = await heat.settled('chain');
      expect(stack?.stack_status_reason).to.equal('Stack CREATE completed successfully');
      const values = Object.fromEntries(
        (stack?.outputs ?? []).map(one => [one.output_key, one.output_value]),
      );
      expect(values).to.deep.include({ text: 'hello hello Heat', progress: { done: 1, of: 1 } });
      expect(values['graph']).to.include('s_greeted_IN_service');
    });

    it('shows ten mistakes of a definition at once, each with its place, before anything is created, also in previews', async () => {
      const broken = {
        workflow_version: '2026-11-01',
        colour: 'red',
        inputs: { size: { type: 'nmber' } },
        entities: {
          service: {
            type: 'servce',
            states: {
              a: { requires: ['b'] },
              c: { action: { wait: { four: '5s' } } },
              d: { timeout: 30 },
              filter: {},
            },
          },
          other: {
            type: 'service',
            states: { e: { condition: '<% inputs.sise %>' }, f: { retry: { attempts: 0 } } },
          },
        },
        goal: 'service.x',
      };
      const said = [
        "'colour'",
        "'nmber'",
        "'servce'",
        "'four'",
        'Write 30s or 30m',
        "'filter'",
        '/entities/service/states/a/requires/0',
        '/goal',
        '/entities/other/states/e/condition',
        '/entities/other/states/f/retry/attempts',
      ];
      const body = template({ wrong: { definition: broken, inputs: { nobody: 1 } } });
      for (const path of ['/stacks', '/stacks/preview']) {
        const error = await heat.call('POST', path, { stack_name: 'wrong', template: body }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error).to.be.instanceOf(HeatError);
        const { message } = error as HeatError;
        for (const words of said) expect(message, path).to.include(words);
      }
      expect(await heat.find('wrong')).to.equal(undefined);
    });

    it('refuses inputs of the wrong type, and leaves those that come from other resources to their time', async () => {
      const first = { definition: greeting, inputs: { who: 'x' } };
      const wrong = {
        definition: greeting,
        inputs: { who: { a: 1 }, whom: { get_attr: ['first', 'outputs', 'text'] } },
      };
      const error = await heat.create('inputs', template({ first, wrong })).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect((error as HeatError).message).to.include('The input who cannot be used');
      expect((error as HeatError).message).to.not.include('is required');
    });

    it('takes part in the validation of templates', async () => {
      const body = { template: template({ flow: { definition: greeting, nonsense: 1 } }) };
      const answer = await heat.call('POST', '/validate', body).catch((thrown: unknown) => thrown);
      expect((answer as HeatError).message).to.include('Unknown Property nonsense');
      const right = { template: template({ flow: { definition: greeting } }) };
      expect(await heat.call('POST', '/validate', right)).to.have.property('Parameters');
    });

    it('shows what is wrong with changed properties before anything happens, also in a dry run', async () => {
      await create('checked', template({ flow: { definition: greeting, inputs: { who: 'one' } } }));
      await heat.settled('checked');
      const { id } = await heat.show('checked');
      const wrong = [
        [{ definition: greeting, inputs: { who: [1], whom: 2 } }, ['/whom', 'The input who cannot be used']],
        [{ definition: { ...greeting, goal: 'service.nowhere' }, inputs: { who: 'one' } }, ['/goal']],
        [
          { definition: greeting, inputs: { who: 'one' }, members: { service: [{ agent: 'a', name: 'n' }] } },
          ['/service'],
        ],
      ] as const;
      for (const [properties, said] of wrong)
        for (const preview of ['', '/preview']) {
          const body = { template: template({ flow: properties }), timeout_mins: 30 };
          const error = await heat.call('PUT', `/stacks/checked/${id}${preview}`, body).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          expect(error, preview).to.be.instanceOf(HeatError);
          for (const words of said) expect((error as HeatError).message, preview).to.include(words);
        }
      expect((await heat.show('checked')).stack_status).to.equal('CREATE_COMPLETE');
    });

    it('does not resume a failed workflow that is only to be abandoned', async () => {
      const flow = (onDelete: string): object =>
        template({ flow: { definition: asking, on_delete: onDelete } });
      await create('policy', flow('undo'));
      await heat.told('policy', 'flow', /waits for an approval/);
      await heat.signal('policy', 'flow', { reject: 'service.agreed' });
      await heat.settled('policy');
      await heat.update('policy', flow('abandon'));
      const stack = await heat.settled('policy');
      expect(stack?.stack_status).to.equal('UPDATE_FAILED');
      expect(stack?.stack_status_reason)
        .to.include('on_delete is abandon from now on')
        .and.include('left as it is');
      expect((await heat.resource('policy', 'flow')).attributes['state']).to.equal('failed');
      await heat.update('policy', flow('abandon'));
      await heat.told('policy', 'flow', /waits for an approval/);
    });

    it('tells steps as events of the stack', async () => {
      await create('told', template({ flow: { definition: waiting('1s') } }));
      await heat.settled('told');
      const reasons = (await heat.events('told')).map(event => event.resource_status_reason);
      for (const words of ['service.begun reached', 'service.rested reached', 'service.ended reached'])
        expect(reasons.join('\n')).to.include(words);
    });

    it('waits for a signal, and takes its data as outputs', async () => {
      await create(
        'signal',
        template(
          { flow: { definition: listening } },
          { word: { value: { get_attr: ['flow', 'outputs', 'word'] } } },
        ),
      );
      await heat.told('signal', 'flow', /waits for the signal 'go'/);
      await heat.signal('signal', 'flow', { signal: 'go', data: { word: 'now' } });
      const stack = await heat.settled('signal');
      expect(stack?.outputs?.[0]?.output_value).to.equal('now');
    });

    it('says no to a signal that means nothing, with what could be said', async () => {
      await create('noise', template({ flow: { definition: asking, hold_in_heat: 600 } }));
      await heat.told('noise', 'flow', /waits for an approval: May it go on\?/);
      await heat.signal('noise', 'flow', { agree: 'service.agreed' });
      await heat.told('noise', 'flow', /refused: .*none that a workflow understands.*"approve": STEP/);
      await heat.signal('noise', 'flow', { approve: 'service.agreed' });
      expect((await heat.settled('noise'))?.stack_status).to.equal('CREATE_COMPLETE');
    });

    it('fails with the reason, goes on by an update, and is not replaced', async () => {
      await create('resume', template({ flow: { definition: asking } }));
      await heat.told('resume', 'flow', /waits for an approval/);
      const { physical_resource_id: id } = await heat.resource('resume', 'flow');
      await heat.signal('resume', 'flow', { reject: 'service.agreed' });
      const failed = await heat.settled('resume');
      expect(failed?.stack_status).to.equal('CREATE_FAILED');
      expect(failed?.stack_status_reason).to.include('service.agreed');

      await heat.update('resume', template({ flow: { definition: asking } }));
      await heat.told('resume', 'flow', /waits for an approval/);
      for (;;) {
        try {
          await heat.signal('resume', 'flow', { approve: 'service.agreed' });
          break;
        } catch (thrown) {
          if (!(thrown instanceof HeatError)) throw thrown;
        }
      }
      expect((await heat.settled('resume'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect((await heat.resource('resume', 'flow')).physical_resource_id).to.equal(id);
    });

    it('gives a held workflow back after hold_in_heat, and an update finds it answered', async () => {
      await create('held', template({ flow: { definition: asking, hold_in_heat: 1 } }));
      const failed = await heat.settled('held');
      expect(failed?.stack_status).to.equal('CREATE_FAILED');
      expect(failed?.stack_status_reason).to.match(/held: .*service\.agreed/);
      await heat.signal('held', 'flow', { approve: 'service.agreed' });
      await heat.update('held', template({ flow: { definition: asking, hold_in_heat: 1 } }));
      expect((await heat.settled('held'))?.stack_status).to.equal('UPDATE_COMPLETE');
    });

    it('checks a stack whose workflow is complete', async () => {
      await create('actions', template({ flow: { definition: greeting, inputs: { who: 'x' } } }));
      await heat.settled('actions');
      await heat.act('actions', 'check');
      expect((await heat.settled('actions'))?.stack_status).to.equal('CHECK_COMPLETE');
    });
  });
}
