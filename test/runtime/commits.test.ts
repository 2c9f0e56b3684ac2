// The order decide → commit → let out → ack, and what happens when a commit fails, is lost, or is another's to make.
import { expect } from 'chai';
import { EngineError, type ErrorCode } from '../../engine/base/errors.ts';
import { machine } from '../../engine/runtime/machine.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { succeeded } from '../support/drivers.ts';
import type { Fault } from '../support/stores.ts';
import { createRequest, members, World } from './kit.ts';
import { rejects } from '../store/conformance.ts';

const prepared = succeeded({ address: { text: '10.0.0.1' } });
const fault = (code: ErrorCode, happened = false): Fault => ({
  error: new EngineError(code, `planned ${code}`, 'nothing'),
  happened,
});

/** Lets everything run that is ready, without waiting for times to come. */
const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve));
};

describe('commits of the runtime', () => {
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

  /** Moves time on until everything is absorbed: pauses between tries are part of the waiting. */
  async function through(from: World): Promise<void> {
    for (let round = 0; round < 30; round++) {
      await turns(5);
      from.clock.advance(1_000);
    }
    await from.settled();
  }

  it('lets nothing out and acks nothing before the commit is durable', async () => {
    let release = (): void => {};
    const inner = new MemoryStore();
    const commit = inner.commit.bind(inner);
    inner.commit = async batch => {
      await new Promise<void>(resolve => {
        release = resolve;
      });
      await commit(batch);
    };
    const made = await world(new MemoryDisk(), { inner });
    const { driver, engine, service, history } = made;
    const start = driver.start.bind(driver);
    driver.start = async (...args) => {
      history.push('start');
      await start(...args);
    };
    const creating = service.create(createRequest('wf')).then(() => history.push('answer'));
    await turns();
    expect(history).to.deep.equal([]);
    release();
    await creating;
    expect(history).to.deep.equal(['commit', 'start', 'answer']);

    const told: string[] = [];
    const abort = new AbortController();
    const following = (async () => {
      for await (const happening of service.follow('wf', abort.signal)) told.push(happening.kind);
    })();
    const acked = driver.finish('sql[0].prepared', prepared).then(() => history.push('ack'));
    await turns();
    expect(history).to.have.length(3);
    expect(told).to.deep.equal([]);
    const seen = await service.workflow('wf');
    expect(seen.steps.map(step => step.record.status)).to.deep.equal(['running', 'waiting']);
    release();
    await acked;
    expect(history.slice(3)).to.deep.equal(['commit', 'start', 'ack']);
    await turns();
    expect(told.length).to.be.greaterThan(0);
    abort.abort();
    await following;
    await engine.idle();
  });

  it('commits together what arrived while the last commit was in flight', async () => {
    const made = await world();
    await made.create('wf', { members: members(60) });
    const before = made.history.length;
    await Promise.all(made.driver.steps().map(step => made.driver.finish(step, prepared)));
    await made.settled();
    expect(made.history.length - before).to.equal(1);
    expect(made.driver.steps()).to.have.length(120);
  });

  it('shares a commit among reports that come turn by turn, one each', async () => {
    const made = await world();
    await made.create('wf', { members: members(10) });
    const before = made.history.length;
    const acked: Promise<unknown>[] = [];
    for (const step of made.driver.steps()) {
      const next = new Promise(resolve => setImmediate(resolve));
      acked.push(made.driver.finish(step, prepared));
      await next;
    }
    await Promise.all(acked);
    await made.settled();
    expect(made.history.length - before).to.equal(1);
  });

  it('lets accepted and started share the commit of the end, but not wait for it for ever', async () => {
    const made = await world();
    await made.create('wf');
    const { engine, driver, history, clock } = made;
    const commits = (): number => history.filter(what => what === 'commit').length;
    const before = commits();
    const { id } = driver.last('sql[0].prepared');
    const accepted = engine.report(id, { kind: 'accepted' });
    await turns();
    expect(commits()).to.equal(before);
    await Promise.all([
      accepted,
      engine.report(id, { kind: 'started' }),
      driver.finish('sql[0].prepared', prepared),
    ]);
    expect(commits()).to.equal(before + 1);
    const next = engine.report(driver.last('sql[0].joined').id, { kind: 'started' });
    await turns();
    clock.advance(25);
    expect(await next).to.equal('recorded');
    expect(commits()).to.equal(before + 2);
  });

  it('tries a failed commit again from what the store has, and sends each command once', async () => {
    const made = await world();
    await made.create('wf');
    const faults = [fault('store_failed'), fault('store_failed')];
    made.faults.commit = () => faults.shift();
    const acked = made.driver.finish('sql[0].prepared', prepared);
    await through(made);
    expect(await acked).to.equal('recorded');
    expect(made.driver.steps()).to.deep.equal(['sql[0].prepared', 'sql[0].joined']);
    expect((await made.service.events('wf', 0, 100)).map(entry => entry.seq)).to.deep.equal(
      (await made.service.events('wf', 0, 100)).map((_, index) => index + 1),
    );
  });

  it('blames no workflow for commits that fail now and then, while the store takes others between', async () => {
    const made = await world();
    await made.create('wf');
    let left = 4;
    made.faults.commit = batch =>
      batch.workflows.length > 0 && left-- > 0 ? fault('store_failed') : undefined;
    const acked = made.driver.finish('sql[0].prepared', prepared);
    await through(made);
    expect(left).to.equal(-1);
    expect(await acked).to.equal('recorded');
    expect((await made.service.workflow('wf')).record.status).to.equal('running');
  });

  for (const happened of [true, false]) {
    it(`asks what became of a commit whose answer was lost: it did ${happened ? '' : 'not '}happen`, async () => {
      const made = await world();
      await made.create('wf');
      const faults = [fault('commit_unknown', happened)];
      const silence = [new EngineError('store_failed', 'planned silence', 'nothing')];
      made.faults.commit = () => faults.shift();
      made.faults.committed = () => silence.shift();
      const cancel = {
        requestId: 'r1',
        workflow: 'wf',
        by: 'me',
        kind: 'fail',
        step: 'sql[0].prepared',
      } as const;
      const acked = made.driver.finish('sql[0].prepared', prepared);
      const acted = made.service.act({ ...cancel, kind: 'cancel' });
      await through(made);
      expect(await acked).to.equal('recorded');
      expect(await acted).to.deep.equal({ status: 'applied' });
      const log = await made.service.events('wf', 0, 100);
      const reached = log.filter(
        ({ change }) => change.kind === 'step' && change.record.status === 'reached',
      );
      expect(reached).to.have.length(1);
      expect(log.map(entry => entry.seq)).to.deep.equal(log.map((_, index) => index + 1));
    });
  }

  it('stops at once when another engine took over, and lets nothing more out', async () => {
    const disk = new MemoryDisk();
    const zombie = await world(disk);
    await zombie.create('wf');
    const successor = await world(disk);
    const sent = zombie.driver.started.length;
    await rejects('fenced', zombie.driver.finish('sql[0].prepared', prepared));
    expect((await zombie.engine.ended)?.code).to.equal('fenced');
    expect(zombie.driver.started).to.have.length(sent);
    expect(zombie.clock.waiting).to.equal(0);
    await rejects('fenced', zombie.driver.finish('sql[0].prepared', prepared));
    await rejects('fenced', zombie.service.create(createRequest('other')));
    expect(await successor.driver.finish('sql[0].prepared', prepared)).to.equal('recorded');
  });

  it('does not even call a report stale once another engine took over', async () => {
    const disk = new MemoryDisk();
    const zombie = await world(disk);
    await zombie.create('wf');
    await world(disk);
    const { id } = zombie.driver.last('sql[0].prepared');
    const reported = rejects('fenced', zombie.engine.report({ ...id, dispatch: 7 }, { kind: 'started' }));
    await zombie.engine.idle();
    await reported;
  });

  it('sets aside only the workflow that cannot be written, and says why', async () => {
    const made = await world();
    const ids = ['a', 'b', 'bad', 'c', 'd'];
    for (const id of ids) await made.create(id);
    made.faults.commit = batch =>
      batch.workflows.some(each => each.id === 'bad') ? fault('store_failed') : undefined;
    const finished = ids.map(id => {
      const command = made.driver.started.find(each => each.id.workflow === id);
      if (command === undefined) throw new Error(id);
      return made.engine.report(command.id, { kind: 'finished', outcome: prepared });
    });
    const outcomes = Promise.allSettled(finished);
    await through(made);
    expect((await outcomes).map(outcome => outcome.status)).to.deep.equal(
      ids.map(id => (id === 'bad' ? 'rejected' : 'fulfilled')),
    );
    const { record } = await made.service.workflow('bad');
    expect(record.status).to.equal('held');
    expect(record.reason).to.contain('Set aside').and.contain('planned store_failed');
    expect((await made.service.workflow('a')).record.status).to.equal('running');
    expect(made.driver.steps().filter(step => step === 'sql[0].joined')).to.have.length(4);

    made.faults.commit = () => undefined;
    await made.service.act({ requestId: 'r1', workflow: 'bad', by: 'me', kind: 'resume' });
    await made.settled();
    expect((await made.service.workflow('bad')).record.reason).to.not.contain('Set aside');
    const again = made.driver.started.filter(each => each.id.workflow === 'bad');
    expect(again.length).to.be.at.least(2);
    expect(again.at(-1)?.id).to.deep.equal(again[0]?.id);
  });

  it('sets aside a workflow whose rules throw; the others go on', async () => {
    const faulty = {
      ...machine,
      decide: ((graph, state, event) => {
        if (state.workflow.id === 'bad' && event.kind === 'report') throw new TypeError('planned mistake');
        return machine.decide(graph, state, event);
      }) as typeof machine.decide,
    };
    const made = await world(new MemoryDisk(), { machine: faulty });
    await made.create('bad');
    await made.create('good');
    const [bad, good] = made.driver.started;
    if (bad === undefined || good === undefined) throw new Error('not started');
    const outcome = { kind: 'finished', outcome: prepared } as const;
    const [badly, well] = await Promise.allSettled([
      made.engine.report(bad.id, outcome),
      made.engine.report(good.id, outcome),
    ]);
    expect([badly.status, well.status]).to.deep.equal(['rejected', 'fulfilled']);
    expect((await made.service.workflow('bad')).record.reason).to.contain('planned mistake');
    expect((await made.service.list()).map(record => record.status)).to.deep.equal(['held', 'running']);
    await rejects('internal', made.engine.report(bad.id, outcome));
  });

  it('waits while the disk is full, sets nobody aside, and goes on when there is room', async () => {
    const made = await world();
    await made.create('wf');
    let full = true;
    made.faults.commit = batch => (full && batch.workflows.length > 0 ? fault('store_full') : undefined);
    let acked = false;
    const answer = made.driver.finish('sql[0].prepared', prepared).then(() => {
      acked = true;
    });
    for (let round = 0; round < 20; round++) {
      await turns(5);
      made.clock.advance(5_000);
    }
    expect(acked).to.equal(false);
    expect(made.engine.setAside('wf')).to.equal(undefined);
    expect(made.driver.steps()).to.deep.equal(['sql[0].prepared']);
    full = false;
    await through(made);
    await answer;
    expect(made.driver.steps()).to.deep.equal(['sql[0].prepared', 'sql[0].joined']);
  });

  it('waits while the store is away; a stop in the meantime loses nothing', async () => {
    const disk = new MemoryDisk();
    const first = await world(disk);
    await first.create('wf');
    first.faults.commit = () => fault('store_failed');
    first.faults.committed = () => fault('store_failed').error;
    const asked = first.service.act({ requestId: 'r1', workflow: 'wf', by: 'me', kind: 'cancel' });
    const refused = rejects('transport_closed', asked);
    await turns();
    await first.engine.stop();
    await refused;
    const second = await world(disk);
    expect(
      await second.service.act({ requestId: 'r1', workflow: 'wf', by: 'me', kind: 'cancel' }),
    ).to.deep.equal({
      status: 'applied',
    });
    const log = await second.service.events('wf', 0, 100);
    expect(
      log.filter(({ change }) => change.kind === 'workflow' && change.record.status === 'cancelling'),
    ).to.have.length(1);
  });
});
