// Numbers for Prometheus: counted by what happens, read with the right roles, and those that the page of operating names.
// Belongs here: names, labels, values. Does not belong here: what alerts are made of them.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import sinon from 'sinon';
import type { Authenticator } from '../../engine/admin/auth/types.ts';
import { failed, succeeded } from '../support/drivers.ts';
import { inProject } from '../support/project.ts';
import { trafficOf } from '../../engine/agent-accounts.ts';
import type { EffectId } from '../../engine/base/ids.ts';
import { Link } from '../../engine/bus/link.ts';
import { memoryBroker } from '../../engine/bus/memory.ts';
import { Clouds } from '../../engine/openstack/clouds.ts';
import { STANDING } from '../../engine/runtime/standing.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { Puppet } from '../agents/puppet.ts';
import { makeWorld, ManualClock, settle } from '../agents/world.ts';
import { FakeCloud } from '../openstack/fake-cloud.ts';
import { members, World } from '../runtime/kit.ts';
import { Desk } from './kit.ts';

describe('the numbers of the endpoint', () => {
  let desk: Desk;
  const read = async (): Promise<string> => (await desk.ask('/metrics')).body['text'] as string;
  /** Of one line; undefined: there is none. */
  const value = (text: string, line: string): number | undefined => {
    const found = text.split('\n').find(one => one.startsWith(`murano_workflow_${line} `));
    return found === undefined ? undefined : Number(found.split(' ').at(-1));
  };

  let disk: MemoryDisk;

  beforeEach(async () => {
    disk = new MemoryDisk();
    desk = await new Desk(new World(disk)).open();
  });
  afterEach(() => desk.close());

  it('are those of the page of operating, no more and no less', async () => {
    await desk.ask('/healthz');
    const page = readFileSync(inProject('docs', 'operating.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(murano_workflow_\w+)` \| (\w+) \|/gm)].map(
      ([, name, kind]) => `${name} ${kind}`,
    );
    const types = [...(await read()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(
      ([, name, kind]) => `${name} ${kind}`,
    );
    expect(types.sort()).to.deep.equal(rows.sort());
  });

  it('count what happens', async () => {
    const { driver, clock } = desk.world;
    await desk.world.create('wf');
    const [{ id } = { id: undefined }] = driver.started;
    if (id === undefined) throw new Error('nothing was sent');
    clock.advance(50);
    const started = driver.report(id, { kind: 'started' });
    // News wait for company, which does not come.
    clock.advance(25);
    await started;
    clock.advance(2_000);
    await driver.finish('sql[0].prepared', succeeded({ address: { text: '10.0.0.1' } }));
    await desk.world.settled();
    await driver.finish('sql[0].joined');
    await desk.world.settled();
    const text = await read();
    expect(value(text, 'started_total')).to.equal(1);
    expect(value(text, 'finished_total{result="complete"}')).to.equal(1);
    expect(value(text, 'attempts_total{reason="first"}')).to.equal(2);
    expect(value(text, 'step_transitions_total{kind="script",to="reached"}')).to.equal(2);
    expect(value(text, 'requests_total{kind="create",result="applied"}')).to.equal(1);
    expect(value(text, 'live{status="complete"}')).to.equal(1);
    expect(value(text, 'waiting{for="nothing"}')).to.equal(1);
    expect(value(text, 'dispatch_to_accept_seconds_sum')).to.be.closeTo(0.075, 0.001);
    expect(value(text, 'step_duration_seconds_count{kind="script",result="reached"}')).to.equal(2);
    expect(value(text, 'step_overhead_seconds_count')).to.equal(2);
    expect(value(text, 'flush_batch_size_sum')).to.be.at.least(3);
    expect(value(text, 'engine_owned')).to.equal(1);
  });

  it('tell of who waits for a person, and of commits that failed', async () => {
    const { driver, clock, faults } = desk.world;
    await desk.world.create('wf');
    let failures = 1;
    faults.commit = () => (failures-- > 0 ? { error: new Error('broken'), happened: false } : undefined);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const told = driver.finish('sql[0].prepared', failed(3));
      // A commit that failed is tried again after a pause.
      while (!(await over(told))) clock.advance(10);
      await desk.world.settled();
      clock.advance(3_600_000);
      await desk.world.settled();
    }
    const text = await read();
    expect(value(text, 'awaiting_operator')).to.equal(1);
    expect(value(text, 'finished_total{result="failed"}')).to.equal(1);
    expect(value(text, 'flush_failures_total{class="internal"}')).to.equal(1);
  });

  it('tell how long the step stands still that has stood longest, and by what for; also after a restart', async () => {
    const { driver, clock } = desk.world;
    const standing = async (reason: string): Promise<number | undefined> =>
      value(await read(), `oldest_waiting_seconds{reason="${reason}"}`);
    await desk.world.create('wf', { members: members(2) });
    clock.advance(60_000);
    expect(await standing('agent')).to.equal(60);
    const started = driver.report(driver.started[0]?.id as EffectId, { kind: 'started' });
    // News wait for company, which does not come.
    clock.advance(25);
    await started;
    clock.advance(39_975);
    expect([await standing('agent'), await standing('machine')]).to.deep.equal([100, 100]);
    await driver.finish('sql[1].prepared', failed(3));
    await desk.world.settled();
    clock.advance(5_000);
    expect([await standing('agent'), await standing('retry')]).to.deep.equal([0, 5]);
    await desk.close();
    desk = new Desk(new World(disk, { clock }));
    await desk.open();
    await desk.world.settled();
    clock.advance(5_000);
    expect([(await standing('machine')) ?? 0, await standing('retry')]).to.deep.equal([110, 10]);
    await desk.world.service.act({
      requestId: 'd',
      workflow: 'wf',
      by: 'ann',
      kind: 'delete',
      abandon: true,
    });
    await desk.world.settled();
    for (const reason of STANDING) expect(await standing(reason), reason).to.equal(0);
  });

  it('tell how long the broker takes to confirm, and what it did not take', async () => {
    const broker = memoryBroker();
    const clock = new ManualClock();
    const { observers } = desk.world.engine;
    const link = new Link({
      transport: broker.transport,
      login: { user: 'engine', password: '', name: 'engine' },
      clock,
      random: () => 0,
      topology: () => ({ exchanges: [], queues: [{ name: 'own' }], bindings: [] }),
      onPublished: (...told) => observers.published(...told),
    });
    await link.start();
    const message = {
      body: Buffer.from('x'),
      messageId: 'm',
      headers: { key: 'k', signature: Buffer.alloc(64) },
    };
    await link.send({ key: 'a', exchange: '', routingKey: 'own', message });
    const lost = { key: 'b', exchange: '', routingKey: 'nowhere', message, optional: true };
    await link.send(lost).catch(() => undefined);
    const text = await read();
    expect(value(text, 'publish_confirm_seconds_count')).to.equal(1);
    expect(value(text, 'publish_failures_total{reason="returned"}')).to.equal(1);
    await link.close();
  });

  it('tell what services of clouds answer, by names that nobody chose', async () => {
    const cloud = await FakeCloud.open();
    const clouds = new Clouds(
      {},
      () => Date.now(),
      (...told) => desk.world.engine.observers.called(...told),
    );
    const session = await clouds.of(cloud.credential);
    await session.call({ service: 'compute', method: 'GET', path: '/servers' });
    await session.call({ service: 'no-such', method: 'GET', path: '/x' }).catch(() => undefined);
    desk.world.engine.observers.called('chosen-by-somebody', 'unreachable', 1_500);
    await cloud.close();
    const text = await read();
    expect(value(text, 'openstack_calls_total{service="identity",outcome="201"}')).to.equal(1);
    expect(value(text, 'openstack_calls_total{service="compute",outcome="200"}')).to.equal(1);
    expect(value(text, 'openstack_calls_total{service="other",outcome="unreachable"}')).to.equal(1);
    expect(value(text, 'openstack_call_seconds_sum{service="other"}')).to.equal(1.5);
    expect(text).not.to.contain('chosen-by-somebody');
  });

  it('tell how messages of agents were judged, and what waits on the way', async () => {
    const agents = await makeWorld();
    const agent = await new Puppet(agents).join();
    desk.traffic = trafficOf(agents.side, { backlog: 4 }, undefined);
    await agent.publish(Buffer.from('{}'), 'finished');
    await settle();
    const text = await read();
    expect(value(text, 'agent_messages_total{verdict="taken"}')).to.equal(1);
    expect(value(text, 'agent_messages_total{verdict="refused"}')).to.equal(1);
    expect(value(text, 'enrolments_total{verdict="enrolled"}')).to.equal(0);
    expect(value(text, 'result_backlog')).to.equal(4);
    expect(value(text, 'publish_unconfirmed')).to.equal(0);
    expect(await read()).to.contain('agent_messages_total{verdict="taken"} 1\n');
    await agents.close();
  });

  it('look once at what several of them tell', async () => {
    const counts = sinon.spy(desk.world.engine.store, 'counts');
    await read();
    expect(counts.callCount).to.equal(1);
  });

  it('name routes as they are documented, and nothing of whom they are about', async () => {
    await desk.world.create('telltale', { project: 'p-secret' });
    await desk.ask('/v1/workflows/telltale');
    await desk.ask('/v1/nowhere/telltale');
    const text = await read();
    expect(value(text, 'http_requests_total{method="GET",route="/v1/workflows/:id",status="200"}')).to.equal(
      1,
    );
    expect(text).not.to.match(/telltale|p-secret|agent-0|sql\[/);
  });

  it('are for who sees every project', async () => {
    const roles = new Set(['reader', 'operator'] as const);
    const who = { by: 'u', user: 'u', project: 'p', roles, everywhere: false };
    const auth: Authenticator = { scheme: 'Bearer', authenticate: async () => who };
    const guarded = await new Desk().open(auth);
    expect((await guarded.ask('/metrics')).status).to.equal(403);
    await guarded.close();
  });
});

const over = async (promise: Promise<unknown>): Promise<boolean> => {
  const turn = new Promise(resolve => setImmediate(resolve));
  return Promise.race([promise.then(() => true), turn.then(() => false)]);
};
