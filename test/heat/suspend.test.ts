// `stack suspend` and `stack resume` of Murano::Workflow in a real Heat: nothing begins while its machines stand.
// Belongs here: what becomes of stack and workflow. Does not belong here: what holds while it is suspended (test/machine).
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { services } from '../support/services.ts';
import { heatSuite } from './suite.ts';
import { asking, greeting, template, workflow } from './templates.ts';

const found = services('suspend of Murano::Workflow');

/** Answers when the test says so: an attempt under way that nothing else ends. */
class Slow {
  readonly asked: string[] = [];
  readonly #open: ServerResponse[] = [];
  readonly #server = createServer(({ url = '' }, response) => {
    this.asked.push(url);
    this.#open.push(response);
  });

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async wasAsked(path: string): Promise<void> {
    while (!this.asked.includes(path)) await delay(50);
  }

  answer(): void {
    for (const response of this.#open.splice(0)) response.end('{}');
  }

  async stop(): Promise<void> {
    this.answer();
    await new Promise(resolve => this.#server.close(resolve));
  }
}

if (found !== undefined)
  describe('suspend of Murano::Workflow', function () {
    this.timeout(120_000);
    const slow = new Slow();
    before(() => slow.start());
    after(() => slow.stop());
    const { create, engine, heat } = heatSuite(found, 'heat-suspend', {
      settings: () => `egress: {allow: ['127.0.0.1:${slow.port}']}\n`,
    });
    const call = (name: string): object => ({
      action: { http: { url: `http://127.0.0.1:${slow.port}/${name}` } },
    });
    /** Complete at once; its operation calls twice, one call after the other. */
    const twice = (name: string): object =>
      workflow(
        { up: {}, one: call(`${name}/one`), two: { requires: ['one'], ...call(`${name}/two`) } },
        'up',
        {
          operations: { twice: { steps: [{ rerun: ['service.one', 'service.two'] }] } },
        },
      );
    const settledAs = async (stack: string): Promise<string> => {
      const settled = await heat.settled(stack);
      return `${settled?.stack_status}: ${settled?.stack_status_reason}`;
    };
    const stateOf = async (stack: string): Promise<unknown> =>
      (await heat.resource(stack, 'flow')).attributes['state'];

    const suspendedBy = async (stack: string): Promise<string | undefined> => {
      const { physical_resource_id: id } = await heat.resource(stack, 'flow');
      const records = (await engine.entries(id)).flatMap(({ change }) =>
        change.kind === 'workflow' ? [change.record] : [],
      );
      return records.at(-1)?.suspended?.by;
    };

    /** The stack, with the first of the operation's two calls under way. */
    async function inTheMiddle(stack: string): Promise<void> {
      await create(stack, template({ flow: { definition: twice(stack) } }));
      await heat.settled(stack);
      await heat.signal(stack, 'flow', { operation: 'twice' });
      await slow.wasAsked(`/${stack}/one`);
    }

    it('waits for the attempt that runs, sends no other, and goes on with the resume', async () => {
      await inTheMiddle('middle');
      await heat.act('middle', 'suspend');
      while ((await suspendedBy('middle')) === undefined) await delay(100);
      // Two looks of Heat's at least.
      await delay(2_500);
      expect((await heat.show('middle')).stack_status).to.equal('SUSPEND_IN_PROGRESS');
      slow.answer();
      expect(await settledAs('middle')).to.match(/^SUSPEND_COMPLETE/);
      await delay(1_000);
      expect(slow.asked).to.not.include('/middle/two');
      await engine.kill();
      await engine.start();
      expect(await suspendedBy('middle')).to.match(/^heat user /);
      expect(slow.asked).to.not.include('/middle/two');
      await heat.act('middle', 'resume');
      expect(await settledAs('middle')).to.match(/^RESUME_COMPLETE/);
      await slow.wasAsked('/middle/two');
      slow.answer();
      while ((await stateOf('middle')) !== 'complete') await delay(200);
    });

    it('is complete at once where nothing is under way, and changes nothing', async () => {
      await create('still', template({ flow: { definition: greeting, inputs: { who: 'x' } } }));
      await heat.settled('still');
      for (const action of ['suspend', 'resume', 'suspend', 'resume'] as const) {
        await heat.act('still', action);
        expect(await settledAs('still')).to.match(new RegExp(`^${action.toUpperCase()}_COMPLETE`));
      }
      expect(await stateOf('still')).to.equal('complete');
    });

    it('does not keep a delete from undoing what was done', async () => {
      await inTheMiddle('gone');
      await heat.act('gone', 'suspend');
      await delay(1_000);
      slow.answer();
      expect(await settledAs('gone')).to.match(/^SUSPEND_COMPLETE/);
      await heat.delete('gone');
      expect(await heat.settled('gone')).to.equal(undefined);
      expect(slow.asked).to.not.include('/gone/two');
    });

    it('is refused by Heat itself while the stack is created, which goes on', async () => {
      await create('early', template({ flow: { definition: asking } }));
      await heat.told('early', 'flow', /waits for an approval/);
      await heat.act('early', 'suspend');
      expect(await settledAs('early')).to.match(/^SUSPEND_FAILED.*invalid for suspend/);
      await heat.signal('early', 'flow', { approve: 'service.agreed' });
      while ((await stateOf('early')) !== 'complete') await delay(200);
    });
  });
