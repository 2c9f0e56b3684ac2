// The property `credential` in a running heat-engine: workflows call OpenStack by the right of who owns the stack.
// Belongs here: the way of that right from a template to Keystone, and what its loss is in Heat.
// Does not belong here: which places hold it (test/canary), the calls themselves (test/openstack).
import { expect } from 'chai';
import { Demo, type ApplicationCredential } from '../openstack/demo.ts';
import { services } from '../support/services.ts';
import { heatSuite } from './suite.ts';

const suite = 'the credential of a workflow in Heat';
const found = services(suite);

/**
 * Makes a thing of Heat's API by a call, and says whose projects it sees. A stack it makes not: the Keystone of the
 * services lets no application credential give trusts (test/openstack makes stacks by a password).
 */
const definition = {
  workflow_version: '2026-11-01',
  entities: {
    own: {
      type: 'service',
      states: {
        asked: { action: { approval: { message: 'Go on?' } } },
        known: {
          requires: ['asked'],
          action: {
            openstack: {
              service: 'identity',
              path: '/auth/projects',
              outputs: { project: '<% response.json.projects[0].name %>' },
            },
          },
          outputs: { project: { type: 'string' } },
        },
        made: {
          requires: ['known'],
          action: {
            openstack: {
              service: 'orchestration',
              method: 'POST',
              path: '/software_configs',
              body: { name: 'made-by-call', group: 'script', config: 'true' },
              outputs: { id: '<% response.json.software_config.id %>' },
            },
          },
          undo: {
            openstack: {
              service: 'orchestration',
              method: 'DELETE',
              path: "/software_configs/<% own.outputs.?made.?id.orValue('none') %>",
              expect: [204, 404],
            },
          },
          outputs: { id: { type: 'string' } },
        },
      },
    },
  },
  goal: 'own.made',
  outputs: {
    project: { value: '<% own.outputs.known.project %>' },
    id: { value: '<% own.outputs.made.id %>' },
  },
};

const template = (isGiven: boolean, workflow: object = definition): object => ({
  heat_template_version: '2021-04-16',
  parameters: { id: { type: 'string', default: '' }, secret: { type: 'string', hidden: true, default: '' } },
  resources: {
    flow: {
      type: 'Murano::Workflow',
      properties: {
        definition: workflow,
        hold_in_heat: 5,
        ...(isGiven && { credential: { id: { get_param: 'id' }, secret: { get_param: 'secret' } } }),
      },
    },
  },
  outputs: { all: { value: { get_attr: ['flow', 'outputs'] } } },
});

if (found !== undefined) {
  describe(suite, function () {
    this.timeout(180_000);
    const { create, heat } = heatSuite(found, 'heat-credential');
    const made: ApplicationCredential[] = [];
    let demo: Demo;
    before(async () => (demo = await Demo.login(found)));
    after(() => Promise.all(made.map(each => demo.dropCredential(each).catch(() => undefined))));

    const fresh = async (): Promise<ApplicationCredential> => {
      const credential = await demo.makeCredential();
      made.push(credential);
      return credential;
    };
    it('row 48: is asked for before anything starts, where the definition needs it', async () => {
      await create('right-none', template(false));
      const stack = await heat.settled('right-none');
      expect(stack?.stack_status).to.equal('CREATE_FAILED');
      expect(stack?.stack_status_reason)
        .to.contain("own.known (openstack) calls the owner's cloud")
        .and.contain('credential: {id: …, secret: …}');
    });

    it('acts as the owner; lost in the middle it holds the resource, and an update with another goes on', async () => {
      const lost = await fresh();
      await create('right', template(true), { parameters: lost });
      await heat.told('right', 'flow', /Go on\?/);
      await demo.dropCredential(lost);
      await heat.signal('right', 'flow', { approve: 'own.asked' });
      const held = await heat.settled('right');
      expect(held?.stack_status).to.equal('CREATE_FAILED');
      expect(held?.stack_status_reason).to.match(/held: .*The owner's authorisation was lost/);
      const other = await fresh();
      await heat.update('right', template(true), { parameters: other });
      const stack = await heat.settled('right');
      expect(stack?.stack_status_reason).to.equal('Stack UPDATE completed successfully');
      const outputs = stack?.outputs?.[0]?.output_value as { project: string; id: string };
      expect(outputs.project).to.equal('demo');
      expect((await demo.try('orchestration', 'GET', `/software_configs/${outputs.id}`)).status).to.equal(
        200,
      );
      await heat.remove('right');
      expect((await demo.try('orchestration', 'GET', `/software_configs/${outputs.id}`)).status).to.equal(
        404,
      );
    });

    it('is that of the newest update also where that failed: a delete takes back by it', async () => {
      const first = await fresh();
      await create('newest', template(true), { parameters: first });
      await heat.told('newest', 'flow', /Go on\?/);
      await heat.signal('newest', 'flow', { approve: 'own.asked' });
      const stack = await heat.settled('newest');
      const change = stack?.outputs?.[0]?.output_value as { id: string };
      const [own, other] = [definition.entities.own, await fresh()];
      const states = {
        ...own.states,
        broken: {
          requires: ['made'],
          action: { openstack: { service: 'orchestration', path: '/software_configs/nowhere' } },
        },
      };
      const broken = { ...definition, entities: { own: { ...own, states } }, goal: 'own.broken' };
      await heat.update('newest', template(true, broken), { parameters: other });
      expect((await heat.settled('newest'))?.stack_status).to.equal('UPDATE_FAILED');
      await demo.dropCredential(first);
      await heat.remove('newest');
      expect((await demo.try('orchestration', 'GET', `/software_configs/${change.id}`)).status).to.equal(404);
    });
  });
}
