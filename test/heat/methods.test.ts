// What Heat asks, at awkward moments: `apply` while the workflow moves. With an engine of memory store and manual clock.
// Belongs here: moments that a real Heat meets once in a thousand runs. Does not belong here: stacks (stacks.test.ts).
import { expect } from 'chai';
import type { JsonObject } from '../../engine/base/json.ts';
import { heatEndpoint } from '../../engine/heat/methods.ts';
import { CLUSTER, World } from '../runtime/kit.ts';
import { failed } from '../support/drivers.ts';

const MEMBERS = { sql: [{ agent: 'agent-0', name: 'sql-0' }] };

class Caller {
  readonly world = new World();
  readonly #endpoint = heatEndpoint(this.world.service, this.world.clock);

  async ask(method: string, args: JsonObject): Promise<JsonObject> {
    const context = { userId: 'u', projectId: 'p', requestId: 'r' };
    const serve = this.#endpoint.methods[method];
    const answer = await serve?.({ method, args: { workflow_id: 'wf', ...args }, version: '1.0', context });
    await this.world.settled();
    return answer as JsonObject;
  }

  apply(requestId: string, deadline = 600): Promise<JsonObject> {
    const inputs = { password: 'correct horse' };
    return this.ask('apply', {
      definition: CLUSTER,
      request_id: requestId,
      stack_name: 's',
      inputs,
      members: MEMBERS,
      deadline,
    });
  }

  async status(): Promise<unknown> {
    return (await this.ask('status', {}))['status'];
  }

  tries(): number {
    return this.world.driver.steps().filter(step => step === 'sql[0].prepared').length;
  }
}

describe('apply, by Heat', () => {
  let caller: Caller;
  beforeEach(async () => {
    caller = new Caller();
    await caller.world.engine.start();
    await caller.apply('one');
  });

  it('comes while what runs is called back: it is not taken, and goes on by the same request once that has ended', async () => {
    await caller.ask('cancel', { request_id: 'c' });
    expect(await caller.status()).to.equal('cancelling');
    expect((await caller.apply('two'))['taken']).to.equal(false);
    await caller.world.driver.finish('sql[0].prepared', failed());
    await caller.world.settled();
    expect(await caller.status()).to.equal('failed');
    expect((await caller.apply('two'))['taken']).to.equal(true);
    expect(await caller.status()).to.equal('running');
    expect(caller.tries()).to.equal(2);
  });

  it('comes twice: a workflow that failed goes on once', async () => {
    const fail = async (): Promise<void> => {
      await caller.ask('cancel', { request_id: `c${caller.tries()}` });
      await caller.world.driver.finish('sql[0].prepared', failed());
      await caller.world.settled();
    };
    await fail();
    await caller.apply('two');
    await fail();
    expect((await caller.apply('two'))['taken']).to.equal(true);
    expect(await caller.status()).to.equal('failed');
    expect(caller.tries()).to.equal(2);
    await caller.apply('three');
    expect(caller.tries()).to.equal(3);
  });

  it('comes twice at once, from two workers of Heat: both are taken, the workflow goes on once', async () => {
    await caller.ask('cancel', { request_id: 'c' });
    await caller.world.driver.finish('sql[0].prepared', failed());
    await caller.world.settled();
    const answers = await Promise.all([caller.apply('two', 500), caller.apply('three', 500)]);
    expect(answers.map(answer => answer['taken'])).to.deep.equal([true, true]);
    expect(await caller.status()).to.equal('running');
    expect(caller.tries()).to.equal(2);
  });

  it('meets the end of the workflow between its look and its request: it is done, not refused', async () => {
    const { service, driver } = caller.world;
    driver.answer = () => ({ kind: 'succeeded', outputs: {} });
    const act = service.act.bind(service);
    service.act = async request => {
      await driver.report(driver.last('sql[0].prepared').id, {
        kind: 'finished',
        outcome: { kind: 'succeeded', outputs: { address: { json: 'a' } } },
      });
      await caller.world.settled();
      return act(request);
    };
    const answer = await caller.apply('two', 300);
    expect(answer).to.include({ valid: true, taken: true });
  });
});
