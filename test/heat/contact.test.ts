// `murano-workflow engine` while the broker is not there yet, goes away, takes nothing, and when it is told to stop.
// Belongs here: what the engine says and keeps of its contact to Heat. Does not belong here: what stacks go through (trouble.test.ts).
import { expect } from 'chai';
import { services } from '../support/services.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { Door } from './door.ts';
import { EngineProcess } from './engine-process.ts';
import { heatSuite } from './suite.ts';
import { greeting } from './templates.ts';

const suite = 'the contact of an engine to its broker';
const found = services(suite);
if (found !== undefined) {
  describe(suite, function () {
    this.timeout(60_000);

    it('is said once it is there, and why it is not before that, once and without a password', async () => {
      const door = new Door(found);
      await door.open();
      await door.shut();
      const engine = new EngineProcess(door.through(found), await temporaryDirectory());
      try {
        engine.launch();
        await engine.said('cannot reach the broker of Heat, and tries again');
        expect(engine.output).to.include(`127.0.0.1:${door.port}: connect ECONNREFUSED`);
        expect(engine.output).to.not.include('serves murano_workflow');
        await door.open();
        await engine.said('serves murano_workflow');
        expect(engine.output.match(/cannot reach the broker of Heat/g)).to.have.length(1);
        expect(engine.output).to.not.include('guest:guest').and.to.not.include(':guest@');
      } finally {
        await engine.stop();
        await door.shut();
      }
    });

    it('is not waited for by an engine that is told to stop', async () => {
      const door = new Door(found);
      await door.open();
      await door.shut();
      const engine = new EngineProcess(door.through(found), await temporaryDirectory());
      engine.launch();
      await engine.said('cannot reach the broker of Heat');
      await engine.stop();
      expect(engine.running).to.equal(false);
    });
  });
}

const stopping = 'an engine that is stopped while Heat asks';
if (found !== undefined) {
  describe(stopping, function () {
    this.timeout(120_000);
    const { create, engine, heat } = heatSuite(found, 'heat-stopping');

    it('costs no create: what it took is answered, what it did not is asked of the next', async () => {
      const root = { type: 'OS::Heat::TestResource', properties: { value: 'x', wait_secs: 2 } };
      const who = { get_attr: ['root', 'output'] };
      const flow = { type: 'Murano::Workflow', properties: { definition: greeting, inputs: { who } } };
      const flows = Array.from({ length: 30 }, (_, index) => [`flow${index}`, flow] as const);
      await create('stopped', {
        heat_template_version: '2021-04-16',
        resources: { root, ...Object.fromEntries(flows) },
      });
      // All thirty ask when the root is there; the engine ends among them, and another one takes over.
      while (!(await heat.events('stopped')).some(event => event.resource_name.startsWith('flow')));
      await engine.stop();
      const ended = (await heat.events('stopped')).filter(event =>
        /greeted reached/.test(event.resource_status_reason),
      );
      expect(ended.length).to.be.below(30);
      await engine.start();
      const stack = await heat.settled('stopped');
      expect(stack?.stack_status_reason).to.equal('Stack CREATE completed successfully');
    });
  });
}
