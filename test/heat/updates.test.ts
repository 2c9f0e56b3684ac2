// `stack update` of Murano::Workflow in a real Heat: another definition, other inputs, at any time, and back again.
// Belongs here: what becomes of the stack, and which steps ran. Does not belong here: updates that only let a failed workflow go on
// (stacks.test.ts), members (postgresql.test.ts), what an update does to steps (test/machine).
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { services } from '../support/services.ts';
import { heatSuite } from './suite.ts';
import { template, workflow } from './templates.ts';

const found = services('updates of Murano::Workflow');

const set = (text: string, more: object = {}): object => ({
  action: { set: { outputs: { text } } },
  outputs: { text: { type: 'string' } },
  ...more,
});

/** `first` reads the input `who`, `second` another, `third` the output of `first`. */
const chain = (more: object = {}, goal = 'third'): object =>
  workflow(
    {
      first: set("<% 'hello ' + inputs.who %>"),
      second: set('<% inputs.other %>'),
      third: set('<% service.outputs.first.text %>', { requires: ['first', 'second'] }),
      ...more,
    },
    goal,
    {
      inputs: { who: { type: 'string' }, other: { type: 'string', default: 'as ever' } },
      outputs: { text: { value: '<% service.outputs.third.text %>' } },
    },
  );

const asks = { requires: ['third'], action: { approval: { message: 'Is it well?' } } };

if (found !== undefined)
  describe('updates of Murano::Workflow', function () {
    this.timeout(60_000);
    const { create, engine, heat } = heatSuite(found, 'heat-updates');
    const id = async (stack: string): Promise<string> =>
      (await heat.resource(stack, 'flow')).physical_resource_id;
    /** Steps that were written since, each with the statuses that it went through. */
    const since = async (stack: string, after: number): Promise<readonly string[]> =>
      (await engine.entries(await id(stack), after)).flatMap(({ change }) =>
        change.kind === 'step' && change.from !== change.record.status
          ? [`${change.step} ${change.record.status}`]
          : [],
      );
    /** Steps of which anything was written since. */
    const touched = async (stack: string, after: number): Promise<readonly string[]> => [
      ...new Set(
        (await engine.entries(await id(stack), after)).flatMap(({ change }) =>
          change.kind === 'step' ? [change.step] : [],
        ),
      ),
    ];
    const last = async (stack: string): Promise<number> =>
      (await engine.entries(await id(stack))).at(-1)?.seq ?? 0;
    const outputOf = async (stack: string): Promise<unknown> =>
      ((await heat.resource(stack, 'flow')).attributes['outputs'] as { readonly text?: unknown }).text;

    it('runs again what reads an input that changed, and nothing else', async () => {
      const flow = (who: string): object => template({ flow: { definition: chain(), inputs: { who } } });
      await create('inputs', flow('one'));
      await heat.settled('inputs');
      const [before, workflowId] = [await last('inputs'), await id('inputs')];
      await heat.update('inputs', flow('two'));
      expect((await heat.settled('inputs'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect(await id('inputs')).to.equal(workflowId);
      expect(await outputOf('inputs')).to.equal('hello two');
      expect(await touched('inputs', before)).to.eql(['service.first', 'service.third']);
      await heat.told('inputs', 'flow', /^The plan: /);
      const again = await last('inputs');
      await heat.update('inputs', flow('two'), { tags: 'changed' });
      expect((await heat.settled('inputs'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect(await touched('inputs', again)).to.eql([]);
    });

    it('runs what a definition adds, and takes back what it has no more', async () => {
      await create('definition', template({ flow: { definition: chain(), inputs: { who: 'one' } } }));
      await heat.settled('definition');
      const before = await last('definition');
      const more = chain({ fourth: set('<% inputs.who %>', { requires: ['third'] }) }, 'fourth');
      await heat.update('definition', template({ flow: { definition: more, inputs: { who: 'one' } } }));
      expect((await heat.settled('definition'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect(await since('definition', before)).to.eql(['service.fourth reached']);
      const after = await last('definition');
      await heat.update('definition', template({ flow: { definition: chain(), inputs: { who: 'one' } } }));
      expect((await heat.settled('definition'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect(await since('definition', after)).to.eql(['service.fourth undone']);
    });

    it('changes what is still being created', async () => {
      await create(
        'early',
        template({ flow: { definition: chain({ well: asks }, 'well'), inputs: { who: 'one' } } }),
      );
      await heat.told('early', 'flow', /waits for an approval/);
      // Within a second Heat 19 itself may lose the row's template between the two, and keep the row locked.
      await delay(3_000);
      const before = await last('early');
      await heat.update('early', template({ flow: { definition: chain(), inputs: { who: 'one' } } }));
      expect((await heat.settled('early'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect(await outputOf('early')).to.equal('hello one');
      const ran = await since('early', before);
      expect(ran.filter(step => step.endsWith('reached'))).to.eql([]);
    });

    it('takes the newest of two updates while the first still runs, and repeats nothing', async () => {
      const flow = (definition: object, who: string): object =>
        template({ flow: { definition, inputs: { who } } });
      await create('newest', flow(chain(), 'one'));
      await heat.settled('newest');
      const before = await last('newest');
      await heat.update('newest', flow(chain({ well: asks }, 'well'), 'two'));
      await heat.told('newest', 'flow', /waits for an approval/);
      // As above: Heat 19 itself does not bear two within a second.
      await delay(3_000);
      await heat.update('newest', flow(chain(), 'three'));
      expect((await heat.settled('newest'))?.stack_status).to.equal('UPDATE_COMPLETE');
      const entries = await engine.entries(await id('newest'), before);
      const texts = entries.flatMap(({ change }) =>
        change.kind === 'step' && change.step === 'service.third' && change.record.status === 'reached'
          ? [change.record.outputs?.['text']]
          : [],
      );
      expect([...new Set(texts)]).to.eql(['hello two', 'hello three']);
      expect(await outputOf('newest')).to.equal('hello three');
      expect(await touched('newest', before)).to.not.include('service.second');
    });

    it('row 24: goes back the shortest way when an update fails and Heat rolls it back', async () => {
      const flow = (definition: object): object => template({ flow: { definition, inputs: { who: 'one' } } });
      await create('back', flow(chain()));
      await heat.settled('back');
      const before = await last('back');
      await heat.update('back', flow(chain({ well: asks }, 'well')), { disable_rollback: false });
      const { resource_status_reason: plan } = await heat.told('back', 'flow', /^The plan: /);
      expect(plan).to.match(/^The plan: 1 to run.*: service\.well \(.+\)$/);
      await heat.told('back', 'flow', /waits for an approval/);
      await heat.signal('back', 'flow', { reject: 'service.well' });
      expect((await heat.settled('back'))?.stack_status).to.equal('ROLLBACK_COMPLETE');
      const ran = await since('back', before);
      expect(ran.filter(step => !step.startsWith('service.well'))).to.eql([]);
      const { attributes } = await heat.resource('back', 'flow');
      expect(attributes['state']).to.equal('complete');
    });

    it('fails with the reason where a change cannot be made, and leaves the workflow as it is', async () => {
      const flow = (definition: object): object => template({ flow: { definition, inputs: { who: 'one' } } });
      await create('refused', flow(chain()));
      await heat.settled('refused');
      const before = await last('refused');
      const other = {
        ...chain(),
        entities: { service: { type: 'vm_group', members: { min: 0 }, states: { first: {} } } },
        goal: 'service.first',
        outputs: {},
      };
      await heat.update('refused', flow(other));
      const failed = await heat.settled('refused');
      expect(failed?.stack_status).to.equal('UPDATE_FAILED');
      expect(failed?.stack_status_reason).to.include('service was a service and is to be a vm_group');
      expect(await since('refused', before)).to.eql([]);
      await heat.update('refused', flow(chain()));
      expect((await heat.settled('refused'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect(await since('refused', before)).to.eql([]);
    });

    it('is asked once although the engine was away when it was asked', async () => {
      const flow = (who: string): object => template({ flow: { definition: chain(), inputs: { who } } });
      await create('away', flow('one'));
      await heat.settled('away');
      const before = await last('away');
      await heat.update('away', flow('two'));
      await engine.kill();
      await engine.start();
      expect((await heat.settled('away'))?.stack_status).to.equal('UPDATE_COMPLETE');
      expect(await outputOf('away')).to.equal('hello two');
      expect(await touched('away', before)).to.eql(['service.first', 'service.third']);
    });

    describe('operations', () => {
      const counted = workflow(
        {
          up: set('<% "up" %>'),
          saved: { requires: ['up'], action: { wait: { for: '1s' } } },
        },
        'up',
        {
          operations: {
            backup: { inputs: { label: { type: 'string' } }, steps: [{ rerun: ['service.saved'] }] },
            ask: { steps: [{ rerun: ['service.agreed'] }] },
          },
        },
      ) as { readonly entities: { readonly service: { readonly states: { [name: string]: object } } } };
      counted.entities.service.states['agreed'] = { action: { approval: { message: 'Shall it be?' } } };
      const flow = (operations: readonly object[]): object =>
        template({ flow: { definition: counted, operations } });
      const backup = (id: string): object => ({ operation: 'backup', id, inputs: { label: id } });

      it('R8: run by an update that names them, once each, and none by a create', async () => {
        await create('operated', flow([backup('first')]));
        expect((await heat.settled('operated'))?.stack_status).to.equal('CREATE_COMPLETE');
        const before = await last('operated');
        expect(await touched('operated', 0)).to.eql(['service.up']);
        await heat.update('operated', flow([backup('first'), backup('second'), backup('third')]));
        expect((await heat.settled('operated'))?.stack_status).to.equal('UPDATE_COMPLETE');
        expect(await touched('operated', before)).to.eql(['service.saved']);
        const ids = (await engine.entries(await id('operated'), before)).flatMap(({ change }) =>
          change.kind === 'workflow' ? (change.record.operations ?? []).map(one => one.id) : [],
        );
        expect([...new Set(ids)]).to.eql(['second', 'third']);
      });

      it('R8: start by a signal, and fail an update when they fail', async () => {
        await create('signalled', flow([]));
        await heat.settled('signalled');
        await heat.signal('signalled', 'flow', { operation: 'backup', inputs: { label: 'x' }, id: 'one' });
        await heat.told('signalled', 'flow', /Signal: operation backup, id one$/);
        await heat.update('signalled', flow([{ operation: 'ask', id: 'one-more' }]));
        await heat.told('signalled', 'flow', /waits for an approval/);
        await heat.signal('signalled', 'flow', { reject: 'service.agreed' });
        const stack = await heat.settled('signalled');
        expect(stack?.stack_status).to.equal('UPDATE_FAILED');
        expect(stack?.stack_status_reason).to.include('The operation ask, one-more, is failed');
      });

      it('R8: signalled twice with one id are one', async () => {
        await create('twice', flow([]));
        await heat.settled('twice');
        const before = await last('twice');
        const ran = async (): Promise<number> =>
          (await since('twice', before)).filter(step => step === 'service.saved reached').length;
        await heat.signal('twice', 'flow', backup('one'));
        await heat.told('twice', 'flow', /Signal: operation backup, id one$/);
        await heat.signal('twice', 'flow', backup('one'));
        while ((await ran()) === 0) await delay(200);
        await heat.update('twice', flow([backup('one'), backup('two')]));
        expect((await heat.settled('twice'))?.stack_status).to.equal('UPDATE_COMPLETE');
        expect(await ran()).to.equal(2);
        const reasons = (await heat.events('twice')).map(event => event.resource_status_reason);
        expect(reasons.filter(reason => reason?.includes('refused'))).to.eql([]);
      });

      it('are checked before anything happens', async () => {
        const thrown = await heat.create('misspelt', flow([{ operation: 'bakcup', id: 'x' }])).then(
          () => undefined,
          (error: Error) => error,
        );
        expect(thrown?.message).to.include("has no operation 'bakcup'").and.include('backup');
      });
    });
  });
