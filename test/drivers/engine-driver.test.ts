// What the engine carries out itself: started once, ended once, in its time, and never twice where that does harm.
import { expect } from 'chai';
import type { Ended } from '../../engine/agents/outcome.ts';
import { EngineDriver, type Task } from '../../engine/drivers/engine-driver.ts';
import { Teller } from '../../engine/drivers/tell.ts';
import { contextOf, idOf, ManualClock, RecordingSink, scriptCommand, settle } from '../agents/world.ts';

describe('a driver of what the engine does itself', () => {
  let sink: RecordingSink;
  let clock: ManualClock;
  let driver: EngineDriver;
  let tasks: Task[];
  let repeatable: boolean;
  let finish: (ended: Ended) => void;
  const command = scriptCommand('a1');
  const done: Ended = { outcome: { kind: 'succeeded', outputs: {} }, secrets: [] };

  beforeEach(() => {
    sink = new RecordingSink();
    clock = new ManualClock();
    tasks = [];
    repeatable = false;
    const carryOut = (task: Task): Promise<Ended> => {
      tasks.push(task);
      return new Promise((resolve, reject) => {
        finish = resolve;
        task.signal.addEventListener('abort', () => reject(task.signal.reason));
      });
    };
    driver = new EngineDriver(
      { sink, clock, teller: new Teller(sink, clock) },
      { isRepeatable: () => repeatable, carryOut },
    );
  });
  afterEach(() => driver.close());

  const start = async (begun?: { readonly endsAt: number }): Promise<void> => {
    await driver.start(idOf(), command, { ...contextOf(), ...(begun && { begun }) });
    await settle();
  };

  it('ED1: does nothing before it is committed as started', async () => {
    let open: () => void = () => undefined;
    sink.gate = new Promise(resolve => (open = resolve));
    await start();
    expect(sink.kinds()).to.deep.equal(['started']);
    expect(tasks).to.have.length(0);
    open();
    await settle();
    expect(tasks).to.have.length(1);
    finish(done);
    await settle();
    expect(sink.kinds()).to.deep.equal(['started', 'finished succeeded']);
    expect(clock.timers).to.equal(0);
  });

  it('ED1: waits for a store that is away, and is not begun where it is no longer wanted', async () => {
    sink.fail = true;
    await start();
    expect(tasks).to.have.length(0);
    sink.fail = false;
    sink.verdict = 'stale';
    await clock.advance(1_000);
    expect(sink.kinds()).to.deep.equal(['started']);
    expect(tasks).to.have.length(0);
  });

  it('converges on a start of the same id', async () => {
    await start();
    await start();
    expect(tasks).to.have.length(1);
  });

  it('ED2: what may have been begun is interrupted, unless doing it again does no harm', async () => {
    await start({ endsAt: clock.now() + 1_000 });
    expect(tasks).to.have.length(0);
    expect(sink.outcome?.kind).to.equal('interrupted');
    repeatable = true;
    await start({ endsAt: clock.now() + 1_000 });
    expect(tasks).to.have.length(1);
    expect(sink.kinds()).not.to.include('started');
  });

  it('ED3: ends in its time, with what was seen last', async () => {
    await start();
    tasks[0]?.note('It is still building.');
    await clock.advance(59_999);
    expect(sink.kinds()).to.deep.equal(['started']);
    await clock.advance(1);
    expect(sink.error).to.deep.include({
      kind: 'timeout',
      message: 'It did not end within 60 s. It is still building.',
    });
  });

  it('ED3: what began under another engine has the time that is left', async () => {
    repeatable = true;
    await start({ endsAt: clock.now() + 5_000 });
    await clock.advance(5_000);
    expect(sink.error.kind).to.equal('timeout');
  });

  it('ED4: is left when it is called back, also before it is committed as started', async () => {
    await start();
    await driver.cancel(idOf(), undefined, 'the test says so');
    await settle();
    expect(sink.error).to.deep.include({
      kind: 'cancelled',
      message: 'It was called back: the test says so.',
    });
    sink.fail = true;
    await start();
    sink.fail = false;
    await driver.cancel(idOf(), undefined, 'again');
    await settle();
    expect(sink.error.message).to.contain('again');
    expect(tasks).to.have.length(1);
    await driver.cancel(idOf(), undefined, 'once more');
    expect(sink.outcome?.kind).to.equal('refused');
  });

  it('ED4: of a restarted engine too, before anything is done again', async () => {
    repeatable = true;
    void driver.start(idOf(), command, { ...contextOf(), begun: { endsAt: clock.now() + 1_000 } });
    void driver.cancel(idOf(), undefined, 'the deadline passed');
    await settle();
    expect(tasks).to.have.length(0);
    expect(sink.error.kind).to.equal('cancelled');
  });

  it('ED4: reports nothing when the engine closes', async () => {
    await start();
    await driver.close();
    await settle();
    expect(sink.kinds()).to.deep.equal(['started']);
    await driver.start(idOf(2), command, contextOf());
    await settle();
    expect(tasks).to.have.length(1);
  });
});
