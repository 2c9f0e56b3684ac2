// Workflows beside servers of a real Nova (with its fake driver: no machine runs).
// Belongs here: what a workflow takes from servers, and Heat's order between them. Does not belong here: agents in them.
import { expect } from 'chai';
import { novaIn, services } from '../support/services.ts';
import { heatSuite } from './suite.ts';
import { greeting } from './templates.ts';

const suite = 'workflows beside servers of Nova';
const found = services(suite);
if (found !== undefined && novaIn(found, suite)) {
  describe(suite, function () {
    this.timeout(180_000);
    const { create, heat } = heatSuite(found, 'heat-servers');

    it('begins when the servers are there, with what Heat knows of them, and goes before them', async () => {
      const server = {
        type: 'OS::Nova::Server',
        properties: {
          flavor: 'tiny',
          image: 'empty',
          networks: [{ allocate_network: 'none' }],
          user_data_format: 'RAW',
        },
      };
      const flow = {
        type: 'Murano::Workflow',
        properties: { definition: greeting, inputs: { who: { get_attr: ['server', 'name'] } } },
      };
      await create('servers', {
        heat_template_version: '2021-04-16',
        resources: { flow, server },
        outputs: { text: { value: { get_attr: ['flow', 'outputs', 'text'] } } },
      });
      const stack = await heat.settled('servers');
      expect(stack?.stack_status_reason).to.equal('Stack CREATE completed successfully');
      expect(stack?.outputs?.[0]?.output_value).to.match(/^hello servers-server-/);
      const ends = (await heat.events('servers'))
        .filter(event => event.resource_status === 'CREATE_COMPLETE')
        .map(event => event.resource_name);
      expect(ends.indexOf('server')).to.be.lessThan(ends.indexOf('flow'));
    });
  });
}
