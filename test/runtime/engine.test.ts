// One workflow from creation to its end, as those outside see it; what a restart takes up; what is kept in memory.
import { expect } from 'chai';
import type { Happening } from '../../engine/runtime/api.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { failed, succeeded } from '../support/drivers.ts';
import { CLUSTER, createRequest, members, World } from './kit.ts';
import { rejects } from '../store/conformance.ts';

const prepared = succeeded({ address: { text: '10.0.0.1' } });

describe('engine', () => {
  const worlds: World[] = [];
  const world = async (...args: ConstructorParameters<typeof World>): Promise<World> => {
    const made = new World(...args);
    worlds.push(made);
    await made.engine.start();
    return made;
  };
  afterEach(async () => {
    for (const made of worlds.splice(0)) await made.engine.stop();
  });

  it('takes a workflow to its goal, step by step, and gives its outputs', async () => {
    const { driver, service, create, settled } = bound(await world());
    await create('wf', { members: members(2) });
    expect(driver.steps()).to.have.members(['sql[0].prepared', 'sql[1].prepared']);
    await driver.finish('sql[0].prepared', prepared);
    await settled();
    const waiting = (await service.workflow('wf')).steps.find(step => step.id === 'sql[0].joined');
    expect(waiting?.waitsFor).to.deep.equal(['sql.prepared (1 of 2)']);
    await driver.finish('sql[1].prepared', prepared);
    await settled();
    await driver.finish('sql[0].joined');
    await driver.finish('sql[1].joined');
    await settled();
    const view = await service.workflow('wf');
    expect(view.record).to.include({ status: 'complete', reason: '' });
    expect(view.outputs).to.deep.equal({ addresses: ['10.0.0.1', '10.0.0.1'] });
    expect(view.goal).to.deep.equal(['sql.joined']);
    expect((await service.list()).map(record => record.status)).to.deep.equal(['complete']);
  });

  it('answers a report only for the current command', async () => {
    const { driver, create } = bound(await world());
    await create('wf');
    const { id } = driver.last('sql[0].prepared');
    const outcome = { kind: 'finished', outcome: prepared } as const;
    expect(await driver.report({ ...id, dispatch: 99 }, outcome)).to.equal('stale');
    expect(await driver.report({ ...id, generation: 2 }, outcome)).to.equal('stale');
    expect(await driver.report({ ...id, workflow: 'nobody' }, outcome)).to.equal('unknown_workflow');
    expect(await driver.report(id, outcome)).to.equal('recorded');
    expect(await driver.report(id, outcome)).to.be.oneOf(['recorded', 'stale']);
  });

  it('retries when its time has come, also after a restart, with the same clock time', async () => {
    const disk = new MemoryDisk();
    const first = await world(disk);
    await first.create('wf');
    await first.driver.finish('sql[0].prepared', failed());
    await first.settled();
    expect(first.driver.started).to.have.length(1);
    await first.engine.stop();
    expect(first.clock.waiting).to.equal(0);

    const second = await world(disk);
    expect(second.driver.started).to.have.length(0);
    second.clock.advance(29_000);
    await second.settled();
    expect(second.driver.started).to.have.length(0);
    second.clock.advance(2_000);
    await second.settled();
    expect(second.driver.started.map(started => started.id.dispatch)).to.deep.equal([2]);
  });

  it('row 18: fails a workflow at its deadline, also after a restart', async () => {
    const disk = new MemoryDisk();
    const first = await world(disk);
    const source = CLUSTER.replace('inputs:', 'deadline: 1h\ninputs:');
    await first.create('wf', { document: { source, fileName: 'cluster.yaml', files: {} } });
    await first.engine.stop();
    expect(first.clock.waiting).to.equal(0);
    const second = await world(disk);
    second.clock.advance(3_599_000);
    await second.settled();
    expect((await second.service.workflow('wf'))?.record.status).to.equal('running');
    second.clock.advance(2_000);
    await second.settled();
    const { record } = (await second.service.workflow('wf')) ?? {};
    expect(record?.status).to.equal('cancelling');
    expect(record?.reason).to.contain('Not complete within its deadline of 1h00m');
  });

  it('sends the identical command again after a restart', async () => {
    const disk = new MemoryDisk();
    const first = await world(disk);
    await first.create('wf', { members: members(2) });
    await first.engine.stop();
    const second = await world(disk);
    const sent = (from: World): unknown => from.driver.started.map(({ id, command }) => ({ id, command }));
    expect(sent(second)).to.deep.equal(sent(first));
    expect(second.engine.term).to.equal(first.engine.term + 1);
    expect(await second.driver.finish('sql[0].prepared', prepared)).to.equal('recorded');
  });

  it('absorbs at its start what an earlier engine accepted and did not absorb', async () => {
    const disk = new MemoryDisk();
    const first = await world(disk);
    await first.create('wf');
    const row = { requestId: 'r1', workflow: 'wf', kind: 'cancel', payload: {}, by: 'me', at: 0 } as const;
    expect(await first.store.submit(row)).to.equal('accepted');
    await first.engine.stop();
    const second = await world(disk);
    expect(await second.store.result('r1')).to.deep.equal({ status: 'applied' });
    expect(await second.store.pending(10)).to.deep.equal([]);
  });

  it('keeps a finished workflow out of memory and finds it again when asked', async () => {
    const { engine, driver, create, settled, service } = bound(await world());
    await create('wf');
    expect(engine.inMemory).to.equal(1);
    await driver.finish('sql[0].prepared', prepared);
    await settled();
    await driver.finish('sql[0].joined');
    await settled();
    expect(engine.inMemory).to.equal(0);
    expect((await service.workflow('wf')).record.status).to.equal('complete');
    expect(engine.inMemory).to.equal(0);
    const late = driver.report(driver.last('sql[0].joined').id, { kind: 'started' });
    await engine.idle();
    expect(await late).to.be.oneOf(['recorded', 'stale']);
    expect(engine.inMemory).to.equal(0);
  });

  it('deletes with undo, erases everything, and refuses the id from then on', async () => {
    const { driver, create, settled, service, store } = bound(await world());
    await create('wf');
    await driver.finish('sql[0].prepared', prepared);
    await settled();
    await driver.finish('sql[0].joined');
    await settled();
    const happened: Happening[] = [];
    const follower = (async () => {
      for await (const happening of service.follow('wf', new AbortController().signal))
        happened.push(happening);
    })();
    const act = { requestId: 'd1', workflow: 'wf', by: 'me', kind: 'delete', abandon: false } as const;
    expect(await service.act(act)).to.deep.equal({ status: 'applied' });
    await settled();
    expect(driver.started.at(-1)?.command.action).to.include({ kind: 'script' });
    await driver.finish('sql[0].prepared');
    await settled();
    await follower;
    expect(happened.length).to.be.greaterThan(1);
    await rejects('not_found', service.workflow('wf'));
    await rejects('not_found', service.events('wf', 0, 10));
    await rejects('not_found', service.act({ ...act, requestId: 'd2', kind: 'resume' }));
    expect(await service.act({ ...act, requestId: 'd3' })).to.deep.equal({ status: 'applied' });
    expect(await store.tombstone('wf')).to.equal(true);
    await rejects('conflict', service.create(createRequest('wf', { requestId: 'again' })));
  });

  it('leaves a tombstone for a delete that came before its create', async () => {
    const { service } = bound(await world());
    const act = { requestId: 'd1', workflow: 'early', by: 'me', kind: 'delete', abandon: false } as const;
    expect(await service.act(act)).to.deep.equal({ status: 'applied' });
    await rejects('conflict', service.create(createRequest('early')));
  });

  it('refuses in one commit a create that comes right behind the delete of its id', async () => {
    const { engine, service, history } = bound(await world());
    const row = { requestId: 'd1', workflow: 'early', kind: 'delete', payload: {}, by: 'me', at: 0 } as const;
    const deleted = engine.submit(row);
    await rejects('conflict', service.create(createRequest('early')));
    expect(await deleted).to.deep.equal({ status: 'applied' });
    expect(history).to.deep.equal(['commit']);
  });

  it('tells a driver its term, contents, and hidden values; the store holds none in clear', async () => {
    const { engine, driver, create, settled, store } = bound(await world());
    await create('wf');
    await driver.finish('sql[0].prepared', prepared);
    await settled();
    const { command, context } = driver.last('sql[0].joined');
    expect(context.term).to.equal(engine.term);
    if (command.action.kind !== 'script') throw new Error('not a script');
    expect(context.content(command.action.digest)).to.equal('echo join');
    const tagged = command.action.inputs['password'] as { $secret: string };
    expect(await context.secret(tagged.$secret)).to.equal('correct horse');
    const stored = JSON.stringify([await store.load('wf'), await store.events('wf', 0, 1_000)]);
    expect(stored).to.not.contain('correct horse');
  });

  it('gives a driver that fails the same command again, later', async () => {
    const { driver, create, clock, settled } = bound(await world());
    driver.failure = new Error('the broker is away');
    await create('wf');
    expect(driver.started).to.have.length(0);
    driver.failure = undefined;
    clock.advance(60_000);
    await settled();
    expect(driver.steps()).to.deep.equal(['sql[0].prepared']);
  });

  it('stops with nothing left behind and says so to who still asks', async () => {
    const { engine, driver, clock, create, service } = bound(await world());
    await create('wf');
    await engine.stop();
    expect(await engine.ended).to.equal(undefined);
    expect(clock.waiting).to.equal(0);
    await rejects('transport_closed', driver.finish('sql[0].prepared', prepared));
    await rejects(
      'transport_closed',
      service.act({ requestId: 'r9', workflow: 'wf', by: 'me', kind: 'cancel' }),
    );
  });
});

/** Methods that can be taken out of the world by destructuring. */
function bound(from: World) {
  const { engine, driver, clock, service, store, history, faults } = from;
  const create = from.create.bind(from);
  const settled = from.settled.bind(from);
  return { engine, driver, clock, service, store, history, faults, create, settled };
}
