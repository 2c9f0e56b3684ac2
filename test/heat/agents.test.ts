// Murano::Agent and Murano::Member in a real Heat, with the engine on a real broker of agents; no machine runs.
// Belongs here: what Heat keeps and shows of them, and its order. Does not belong here: agents that enrol (test/agents).
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { needs } from '../support/needs.ts';
import { services } from '../support/services.ts';
import { HeatError } from './openstack.ts';
import { heatSuite } from './suite.ts';

const suite = 'agents and members in a real Heat';
const found = services(suite);
const hasBroker = found?.openrc['AGENTS_TRANSPORT_URL'] !== undefined;

/** Nothing is done on the machines: what is seen is who is a member. */
const gathering = {
  workflow_version: '2026-11-01',
  entities: {
    web: { type: 'vm_group', members: { min: 1, max: 5 }, states: { there: {} } },
  },
  goal: 'web.there',
  outputs: { names: { value: '<% web.members.map(m, m.name) %>' } },
};

const template = (servers: readonly string[], data: object = {}): object => ({
  heat_template_version: '2021-04-16',
  resources: Object.fromEntries([
    ...servers.flatMap((server, index) => [
      [`agent${index}`, { type: 'Murano::Agent', properties: { user_data: `#!/bin/sh\necho ${index}\n` } }],
      [
        `member${index}`,
        {
          type: 'Murano::Member',
          properties: { agent: { get_resource: `agent${index}` }, server, name: `web-${index}`, data },
        },
      ],
    ]),
    [
      'flow',
      {
        type: 'Murano::Workflow',
        properties: {
          definition: gathering,
          members: { web: servers.map((_, index) => ({ get_attr: [`member${index}`, 'member'] })) },
        },
      },
    ],
  ]),
  outputs: {
    names: { value: { get_attr: ['flow', 'outputs', 'names'] } },
    first: { value: { get_attr: ['agent0', 'user_data'] } },
    member: { value: { get_attr: ['member0', 'member'] } },
  },
});

/** The parts of a multipart message, in clear. */
const partsOf = (userData: string): string =>
  [...userData.matchAll(/\r?\n\r?\n([\w+/=\r\n]+)/g)]
    .map(([, part = '']) => Buffer.from(part, 'base64').toString())
    .join('\n');

if (found !== undefined && needs(hasBroker, suite, 'a broker of agents: test/services/up.sh')) {
  describe(suite, function () {
    this.timeout(120_000);
    const { create, engine, heat } = heatSuite(found, 'heat-agents', {
      agentsVhost: `heat-agents-${process.pid}`,
    });
    const outputs = async (name: string): Promise<Record<string, unknown>> => {
      const { outputs: all = [] } = await heat.show(name);
      return Object.fromEntries(all.map(({ output_key, output_value }) => [output_key, output_value]));
    };

    it('are made before the workflow that has them as members, with user data that stay as they are', async () => {
      const servers = [randomUUID(), randomUUID()];
      await create('agents', template(servers));
      expect((await heat.settled('agents'))?.stack_status_reason).to.equal(
        'Stack CREATE completed successfully',
      );
      const before = await outputs('agents');
      expect(before['names']).to.deep.equal(['web-0', 'web-1']);
      const { physical_resource_id: agent } = await heat.resource('agents', 'agent0');
      expect(before['member']).to.deep.equal({ agent, name: 'web-0', data: {} });
      const parts = partsOf(String(before['first']));
      expect(parts).to.include('#cloud-config').and.to.include('echo 0');
      await engine.stop();
      await engine.start();
      expect((await outputs('agents'))['first']).to.equal(before['first']);
      await heat.delete('agents');
      expect(await heat.settled('agents')).to.equal(undefined);
    });

    it('refuses what is no server, and what a member is not, with the reason', async () => {
      await create('wrong', template(['not-a-server']));
      const stack = await heat.settled('wrong');
      expect(stack?.stack_status).to.equal('CREATE_FAILED');
      expect(stack?.stack_status_reason).to.match(/no server's UUID/);
      const colour = {
        heat_template_version: '2021-04-16',
        resources: { agent: { type: 'Murano::Agent', properties: { format: 'ignition' } } },
      };
      const refused = await heat.create('colour', colour).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect((refused as HeatError).message).to.include('ignition');
    });
  });
}
