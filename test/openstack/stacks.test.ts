// The action `stack` with a real Heat: made, failed, tried again, taken back, and never made twice.
// Belongs here: workflows against the services. Does not belong here: single looks of the driver (test/drivers).
import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { Workplace } from '../support/cli-process.ts';
import { services, type Services } from '../support/services.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { Demo, passwordOf } from './demo.ts';
import { CloudEngine } from './engine.ts';

const real = services('the action stack with a real Heat');
if (real) suite(real);

const TEMPLATE = `
heat_template_version: 2018-08-31
parameters:
  size: {type: number}
  key: {type: string, hidden: true}
resources:
  value: {type: OS::Heat::Value, properties: {type: number, value: {get_param: size}}}
outputs:
  Size: {value: {get_attr: [value, value]}}
  key: {value: {get_param: key}}
`;

const workflow = (size: string): string => `
workflow_version: 2026-11-01
inputs:
  gib: {type: integer, default: 3}
  key: {type: string, hidden: true, default: very-secret-key}
entities:
  net:
    type: service
    states:
      made:
        action:
          stack:
            template: {file: net.yaml}
            parameters: {size: "${size}", key: "<% inputs.key %>"}
            outputs: {count: Size}
        outputs: {count: {type: integer}, key: {type: string, hidden: true}}
goal: net.made
outputs:
  next: {value: "<% net.outputs.made.count + 1 %>"}
`;

const FAILING = `
              heat_template_version: 2018-08-31
              parameters: {broken: {type: boolean}, seconds: {type: number, default: 0}}
              resources:
                one:
                  type: OS::Heat::TestResource
                  properties: {fail: {get_param: broken}, wait_secs: {get_param: seconds}}
`;

/** A workflow of one stack, its template in place. */
const asked = (template: string, parameters: string, rest = ''): string => `
workflow_version: 2026-11-01
entities:
  net:
    type: service
    states:
      made:
        ${rest}
        action:
          stack:
            ${parameters}
            template: |${template}
goal: net.made
`;

function suite(found: Services): void {
  describe('The action stack in a real Heat', function () {
    this.timeout(60_000);
    let engine: CloudEngine;
    let demo: Demo;
    const right = passwordOf(found);

    before(async () => {
      demo = await Demo.login(found);
    });
    beforeEach(async () => {
      engine = new CloudEngine(await temporaryDirectory());
      await engine.start();
    });
    afterEach(() => engine.stop());

    const listOf = async (id: string) => {
      const { stacks } = await demo.call('orchestration', 'GET', '/stacks');
      const all = stacks as unknown as readonly { stack_name: string; stack_status: string }[];
      return all.filter(({ stack_name }) => stack_name.startsWith(`w-${id}-net-made`));
    };
    const stacksOf = async (id: string): Promise<readonly string[]> =>
      (await listOf(id)).map(({ stack_status }) => stack_status);
    const namesOf = async (id: string): Promise<readonly string[]> =>
      (await listOf(id)).map(({ stack_name }) => stack_name);

    it('makes a stack as its owner, takes its outputs, and deletes it with the workflow', async () => {
      const files = { 'net.yaml': TEMPLATE };
      const credential = right;
      expect(await engine.create('made', workflow('<% inputs.gib %>'), credential, { files })).to.deep.equal(
        [],
      );
      const { record, outputs } = await engine.settled('made');
      expect([record.status, record.reason]).to.deep.equal(['complete', '']);
      expect(outputs).to.deep.equal({ next: 4 });
      expect(await stacksOf('made')).to.deep.equal(['CREATE_COMPLETE']);
      expect(await engine.deleted('made')).to.equal('deleted');
      expect(await stacksOf('made')).to.deep.equal([]);
    });

    it('R3: makes another beside the first that it replaces, and deletes the first once the new one is there', async () => {
      const files = { 'net.yaml': TEMPLATE };
      const text = workflow('<% inputs.gib %>').replace(
        'outputs: {count: {',
        'on_change: replace\n        outputs: {count: {',
      );
      expect(await engine.create('beside', text, right, { files })).to.deep.equal([]);
      expect((await engine.settled('beside')).record.status).to.equal('complete');
      const [first] = await namesOf('beside');
      await engine.act('beside', { kind: 'update', inputs: { gib: 5 } });
      const { record, outputs } = await engine.settled('beside');
      expect([record.status, record.reason]).to.deep.equal(['complete', '']);
      expect(outputs).to.deep.equal({ next: 6 });
      const names = await namesOf('beside');
      expect(names).to.have.lengthOf(1);
      expect(names).not.to.include(first);
      expect(await engine.deleted('beside')).to.equal('deleted');
      expect(await stacksOf('beside')).to.deep.equal([]);
    });

    it('is refused without a credential, before anything starts', async () => {
      const problems = await engine.create('bare', workflow('3'), undefined, {
        files: { 'net.yaml': TEMPLATE },
      });
      expect(problems.map(({ code }) => code)).to.deep.equal(['credential_missing']);
    });

    it('row 39: changes the stack that failed when it is tried again, and makes no second one', async () => {
      const text = asked(
        FAILING,
        'parameters: {broken: "<% attempt == 1 %>"}',
        'retry: {attempts: 2, delay: 1s}',
      );
      expect(await engine.create('twice', text, right)).to.deep.equal([]);
      const { record, steps } = await engine.settled('twice');
      expect([record.status, record.reason]).to.deep.equal(['complete', '']);
      expect(steps[0]?.record.attempt).to.equal(2);
      expect(await stacksOf('twice')).to.deep.equal(['UPDATE_COMPLETE']);
      expect(await engine.deleted('twice')).to.equal('deleted');
    });

    it("fails with Heat's reason, and goes on from there", async () => {
      const text = asked(FAILING, 'parameters: {broken: "<% attempt == 1 %>"}');
      expect(await engine.create('broken', text, right)).to.deep.equal([]);
      const failed = await engine.settled('broken');
      expect(failed.record.status).to.equal('failed');
      expect(failed.record.reason).to.match(
        /net.made failed: The stack w-broken-\S+ is CREATE_FAILED: .*Test Resource failed/,
      );
      await engine.act('broken', { kind: 'resume' });
      expect((await engine.settled('broken')).record.status).to.equal('complete');
      expect(await stacksOf('broken')).to.deep.equal(['UPDATE_COMPLETE']);
      expect(await engine.deleted('broken')).to.equal('deleted');
    });

    it("is held when the owner's authorisation is lost in the middle, and goes on with another credential", async () => {
      const lost = await demo.makeCredential();
      const text = asked(FAILING, 'parameters: {broken: false}', 'requires: [agreed]');
      const withQuestion = text.replace(
        'states:',
        'states:\n      agreed: {action: {approval: {message: Go on?}}}',
      );
      expect(await engine.create('lost', withQuestion, demo.entryOf(lost))).to.deep.equal([]);
      await engine.until('lost', ({ record }) => record.status === 'held');
      await demo.dropCredential(lost);
      await engine.act('lost', { kind: 'approve', step: 'net.agreed' });
      const held = await engine.until('lost', ({ record }) => record.reason.includes('authorisation'));
      expect(held.record.status).to.equal('held');
      expect(held.record.reason).to.match(
        /^net.made waits for an operator.*The owner's authorisation was lost: Keystone refuses the credential: /,
      );
      await engine.act('lost', { kind: 'resume', credential: right });
      const { record } = await engine.settled('lost');
      expect([record.status, record.reason]).to.deep.equal(['complete', '']);
      expect(await engine.deleted('lost')).to.equal('deleted');
      expect(await stacksOf('lost')).to.deep.equal([]);
    });

    it('row 39: is made once although the engine is killed before it knows of it', async () => {
      const clouds = JSON.stringify({
        clouds: { demo: { ...right, identity_api_version: 3 } },
      });
      const text = asked(FAILING, 'parameters: {broken: false, seconds: 8}');
      const place = await Workplace.make({ 'clouds.yaml': clouds, 'killed.workflow.yaml': text });
      const first = place.start('run', 'killed.workflow.yaml', '--cloud', 'demo');
      while ((await stacksOf('killed')).length === 0) await delay(50);
      first.child.kill('SIGKILL');
      await first.ended;
      const second = await place.run('resume', 'killed');
      expect(second.code, second.out + second.err).to.equal(0);
      expect(await stacksOf('killed')).to.deep.equal(['CREATE_COMPLETE']);
      const end = await place.run('delete', 'killed', '--cloud', 'demo');
      expect(end.code, end.out + end.err).to.equal(0);
      expect(await stacksOf('killed')).to.deep.equal([]);
    });
  });
}
