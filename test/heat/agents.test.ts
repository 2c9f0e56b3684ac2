// Murano::Agent and Murano::Member in a real Heat, with the engine on a real broker of agents; in most tests no machine runs.
// Belongs here: what Heat keeps and shows of them, and its order. Does not belong here: agents that enrol (test/agents).
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { canHaveMachines, Machine } from '../support/machines.ts';
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

/** The same, once a person has agreed. */
const agreed = {
  ...gathering,
  entities: {
    ...gathering.entities,
    service: { type: 'service', states: { asked: { action: { approval: { message: 'Go on?' } } } } },
  },
  goal: ['web.there', 'service.asked'],
};

const ownData = (index: number): object => ({ user_data: `#!/bin/sh\necho ${index}\n` });

/** `more`: other properties of the workflow. */
const template = (
  servers: readonly string[],
  data: object = {},
  definition: object = gathering,
  { more = {}, agent = ownData }: { more?: object; agent?: (index: number) => object } = {},
): object => ({
  heat_template_version: '2021-04-16',
  resources: Object.fromEntries([
    ...servers.flatMap((server, index) => [
      [`agent${index}`, { type: 'Murano::Agent', properties: agent(index) }],
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
          definition,
          ...more,
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
    const { create, directory, engine, heat } = heatSuite(found, 'heat-agents', {
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

    it('row 30: join and leave while the workflow is still being created, and nothing of the others runs again', async () => {
      const servers = [randomUUID(), randomUUID(), randomUUID()];
      const flow = (count: number): object => template(servers.slice(0, count), {}, agreed);
      const happened = async (): Promise<readonly string[]> => {
        const { physical_resource_id: id } = await heat.resource('growing', 'flow');
        return (await engine.entries(id)).flatMap(({ change }) =>
          change.kind === 'step' && change.from !== change.record.status
            ? [`${change.step} ${change.record.status}`]
            : [],
        );
      };
      /** What was asked is called back with each update, and asked again. */
      const asked = async (times: number): Promise<void> => {
        while ((await happened()).filter(step => step === 'service.asked paused').length < times)
          await delay(200);
        // Within a second Heat 19 itself may lose the row's template between two updates, and keep the row locked.
        await delay(3_000);
      };
      await create('growing', flow(2));
      await heat.told('growing', 'flow', /waits for an approval/);
      await asked(1);
      await heat.update('growing', flow(3));
      await asked(2);
      expect((await happened()).filter(step => step.startsWith('web'))).to.eql([
        'web[0].there reached',
        'web[1].there reached',
        'web[2].there reached',
      ]);
      await heat.update('growing', flow(1));
      await asked(3);
      await heat.signal('growing', 'flow', { approve: 'service.asked' });
      expect((await heat.settled('growing'))?.stack_status_reason).to.equal(
        'Stack UPDATE completed successfully',
      );
      expect((await outputs('growing'))['names']).to.eql(['web-0']);
      expect((await happened()).filter(step => step === 'web[0].there reached')).to.have.length(1);
    });

    if (needs(canHaveMachines(), suite, 'root on Linux, to make namespaces'))
      it('R3: run again what reads a file that an update changed, and nothing else', async () => {
        const server = randomUUID();
        const script = (file: string, more: object = {}): object => ({
          ...more,
          action: { script: { bash: { file } } },
        });
        const states = {
          first: script('first.sh'),
          second: script('second.sh', { requires: ['first'] }),
          third: script('third.sh', { requires: ['second'] }),
        };
        const definition = {
          workflow_version: '2026-11-01',
          entities: { web: { type: 'vm_group', members: { min: 1, max: 5 }, states } },
          goal: 'web.third',
          outputs: { names: { value: '<% web.members.map(m, m.name) %>' } },
        };
        const flow = (second: string): object => {
          const files = { 'first.sh': 'echo 1', 'second.sh': second, 'third.sh': 'echo 3' };
          return template([server], {}, definition, { more: { files }, agent: () => ({}) });
        };
        const begun = async (after: number): Promise<readonly string[]> => {
          const { physical_resource_id: id } = await heat.resource('files', 'flow');
          return (await engine.entries(id, after)).flatMap(({ change }) =>
            change.kind === 'step' && change.from !== 'running' && change.record.status === 'running'
              ? [change.step]
              : [],
          );
        };
        await create('files', flow('echo 2'));
        while ((await heat.resource('files', 'member0')).resource_status !== 'CREATE_COMPLETE')
          await delay(200);
        const userData = String((await outputs('files'))['first']);
        const home = path.join(directory, 'machine');

        const machine = await Machine.start(home, server, userData);
        try {
          expect((await heat.settled('files'))?.stack_status_reason).to.equal(
            'Stack CREATE completed successfully',
          );
          expect(await begun(0)).to.eql(['web[0].first', 'web[0].second', 'web[0].third']);
          const { physical_resource_id: id } = await heat.resource('files', 'flow');
          const after = (await engine.entries(id)).at(-1)?.seq ?? 0;
          await heat.update('files', flow('echo two'));
          expect((await heat.settled('files'))?.stack_status).to.equal('UPDATE_COMPLETE');
          expect(await begun(after)).to.eql(['web[0].second']);
          await heat.remove('files');
        } finally {
          await machine.powerOff();
        }
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
