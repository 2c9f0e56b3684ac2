// The canary in a real Heat: which places hold a hidden value in clear is known, to the table, and no other does.
// Belongs here: a stack with hidden values of every source that Heat knows. Does not belong here: scripts (canary.test.ts),
// reading the places (sinks.ts).
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { heatSuite } from '../heat/suite.ts';
import { Demo } from '../openstack/demo.ts';
import { services } from '../support/services.ts';
import { answersOf, Firehose, logsOf, type Sinks, tablesOf } from './sinks.ts';

const suite = 'the canary in a real Heat';
const found = services(suite);

const definition = {
  workflow_version: '2026-11-01',
  inputs: { password: { type: 'string', hidden: true } },
  entities: {
    service: {
      type: 'service',
      states: {
        told: { action: { signal: { name: 'key' } }, outputs: { key: { type: 'string', hidden: true } } },
        joined: {
          requires: ['told'],
          action: {
            set: { outputs: { url: 'https://<% inputs.password %>:<% service.outputs.told.key %>@host' } },
          },
          outputs: { url: { type: 'string', hidden: true } },
        },
        called: {
          requires: ['joined'],
          action: {
            openstack: {
              service: 'orchestration',
              method: 'POST',
              path: '/validate',
              headers: { 'x-canary': '<% inputs.password %>' },
              body: {
                template: { heat_template_version: '2018-08-31', description: '<% inputs.password %>' },
              },
              outputs: { all: '<% response.body %>' },
            },
          },
          outputs: { all: { type: 'string', hidden: true } },
        },
        asked: { requires: ['called'], action: { approval: { message: 'May it go on?' } } },
      },
    },
  },
  goal: 'service.asked',
  outputs: { url: { value: '<% service.outputs.joined.url %>', hidden: true }, plain: { value: 'shown' } },
};

const template = {
  heat_template_version: '2021-04-16',
  parameters: {
    password: { type: 'string', hidden: true },
    id: { type: 'string' },
    secret: { type: 'string', hidden: true },
  },
  resources: {
    flow: {
      type: 'Murano::Workflow',
      properties: {
        definition,
        inputs: { password: { get_param: 'password' } },
        credential: { id: { get_param: 'id' }, secret: { get_param: 'secret' } },
      },
    },
  },
  outputs: {
    all: { value: { get_attr: ['flow', 'show'] } },
    graph: { value: { get_attr: ['flow', 'graph'] } },
  },
};

/** Whoever asks sends it: the command line to heat-api, that to heat-engine, that to the engine. */
const ON_THE_BUS = ["Heat's own messages", 'requests to the engine'];
/** Parameters and properties as Heat keeps those of every resource; the tables not with `encrypt_parameters_and_properties`. */
const KEPT_BY_HEAT = ['event show flow', 'table heat.raw_template', 'table heat.resource_properties_data'];

/** Files of the engine, by name. */
const filesIn = (directory: string): Sinks =>
  new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => [`file ${entry.name}`, readFileSync(path.join(entry.parentPath, entry.name), 'latin1')]),
  );

if (found !== undefined) {
  describe(suite, function () {
    this.timeout(120_000);
    const { create, directory, engine, heat } = heatSuite(found, 'heat-canary');
    const firehose = new Firehose(found);

    let demo: Demo;
    before(async () => (demo = await Demo.login(found)));
    before(() => firehose.start());
    after(() => firehose.stop());

    it('is in the places that the documentation names, and in no other', async () => {
      const [password, key] = [`canary-${randomUUID()}`, `canary-${randomUUID()}`];
      const logs = logsOf(found, 'heat');
      const right = await demo.makeCredential();
      await create('canary', template, { parameters: { password, ...right } });
      await heat.told('canary', 'flow', /waits for the signal 'key'/);
      await heat.signal('canary', 'flow', { signal: 'key', data: { key } });
      await heat.told('canary', 'flow', /May it go on\?/);
      const whileItRuns = await answersOf(heat, 'canary', ['flow']);
      await heat.signal('canary', 'flow', { reject: 'service.asked', data: { key } });
      await heat.signal('canary', 'flow', { reject: 'service.asked' });
      const failed = await heat.settled('canary');
      expect(failed?.stack_status).to.equal('CREATE_FAILED');
      const sinks: Sinks = new Map([
        ...[...whileItRuns].map(([name, text]) => [name, text] as const),
        ...(await tablesOf(found)),
        ...logs(),
        ...filesIn(directory),
        ['output of the engine', engine.output],
      ]);
      for (const [name, text] of await answersOf(heat, 'canary', ['flow']))
        sinks.set(name, sinks.get(name) + text);
      for (const [name, text] of firehose.sinks('murano_workflow')) sinks.set(name, text);
      const holding = (secret: string): string[] =>
        [...sinks]
          .filter(([, text]) => text.includes(secret))
          .map(([name]) => name)
          .toSorted();
      expect(sinks.get('answers of the engine')).to.include('May it go on?');
      expect(holding(key)).to.deep.equal(ON_THE_BUS);
      expect(holding(password)).to.deep.equal([...ON_THE_BUS, ...KEPT_BY_HEAT].toSorted());
      expect(holding(right.secret), 'the right of the owner').to.deep.equal(
        [...ON_THE_BUS, ...KEPT_BY_HEAT].toSorted(),
      );
      await demo.dropCredential(right);
    });
  });
}
