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

  apply(requestId: string, deadline = 600, more: JsonObject = {}): Promise<JsonObject> {
    const inputs = { password: 'correct horse' };
    return this.ask('apply', {
      definition: CLUSTER,
      request_id: requestId,
      stack_name: 's',
      inputs,
      members: MEMBERS,
      deadline,
      ...more,
    });
  }

  async resources(stack: string): Promise<unknown> {
    return (await this.world.service.ofStack(stack)).map(({ id, resource }) => `${id} ${resource}`);
  }

  async status(): Promise<unknown> {
    return (await this.ask('status', {}))['status'];
  }

  tries(): number {
    return this.world.driver.steps().filter(step => step === 'sql[0].prepared').length;
  }
}

describe('suspend, by Heat', () => {
  let caller: Caller;
  beforeEach(async () => {
    caller = new Caller();
    await caller.world.engine.start();
    await caller.apply('one');
  });

  it('is at rest once nothing runs, and then waits for a person, who may be an update', async () => {
    const { after } = await caller.ask('suspend', { request_id: 's' });
    expect(after).to.be.greaterThan(0);
    const by = 'heat user u';
    expect(await caller.ask('status', {})).to.include({ status: 'running', suspended: by, at_rest: false });
    await caller.world.driver.finish('sql[0].prepared', failed());
    await caller.world.settled();
    const status = await caller.ask('status', {});
    expect(status).to.include({ status: 'held', suspended: by, at_rest: true, over: false });
    expect(status['reason']).to.equal(`it is suspended by ${by}: resume it`);
    await caller.apply('two');
    expect(await caller.ask('status', {})).to.include({ status: 'running', suspended: '' });
  });

  it('ends with a resume, which changes nothing where nothing is suspended', async () => {
    await caller.ask('resume', { request_id: 'r1' });
    await caller.ask('suspend', { request_id: 's' });
    await caller.ask('resume', { request_id: 'r2' });
    expect(await caller.ask('status', {})).to.include({ status: 'running', suspended: '' });
  });

  it('leaves a failed workflow failed with the resume', async () => {
    await caller.ask('cancel', { request_id: 'c' });
    await caller.world.driver.finish('sql[0].prepared', failed());
    await caller.world.settled();
    for (const method of ['suspend', 'resume', 'resume']) await caller.ask(method, { request_id: method });
    expect(await caller.status()).to.equal('failed');
    expect(caller.tries()).to.equal(1);
  });
});

describe('apply, by Heat', () => {
  let caller: Caller;
  beforeEach(async () => {
    caller = new Caller();
    await caller.world.engine.start();
    await caller.apply('one');
  });

  it('says what the resource is called; of one that was made without, with the first change', async () => {
    expect(await caller.resources('s')).to.deep.equal(['wf undefined']);
    const named = { resource_name: 'cluster' };
    await caller.apply('two', 600, named);
    expect(await caller.resources('s')).to.deep.equal(['wf undefined']);
    await caller.apply('three', 600, { ...named, inputs: { password: 'battery staple' } });
    expect(await caller.resources('s')).to.deep.equal(['wf cluster']);
    await caller.apply('four', 600, { ...named, workflow_id: 'wf2' });
    await caller.apply('four', 600, { ...named, workflow_id: 'wf2' });
    await caller.apply('five', 600, { inputs: { password: 'of old' } });
    expect(await caller.resources('s')).to.deep.equal(['wf2 cluster', 'wf cluster']);
    expect(await caller.resources('other')).to.deep.equal([]);
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
