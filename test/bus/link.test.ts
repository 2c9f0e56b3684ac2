// The engine's lasting link: what outlives a connection, over the in-process broker.
// Belongs here: L1-L4. Does not belong here: messages (test/agents, test/drivers).
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { Link, type Letter } from '../../engine/bus/link.ts';
import { memoryBroker, type MemoryBrokerOptions } from '../../engine/bus/memory.ts';
import { ManualClock, settle } from '../agents/world.ts';
import { TALK, wire } from './conformance.ts';

const letter = (key: string, change: Partial<Letter> = {}): Letter => ({
  key,
  exchange: '',
  routingKey: 'own',
  message: wire(key),
  ...change,
});

const failing = async (promise: Promise<void>): Promise<EngineError> => {
  const thrown = await promise.catch((error: unknown) => error);
  if (!(thrown instanceof EngineError)) throw new Error(`not an EngineError: ${String(thrown)}`);
  return thrown;
};

describe('link to the broker', () => {
  const links: Link[] = [];

  afterEach(async () => {
    await Promise.all(links.splice(0).map(link => link.close()));
  });

  const make = (options: MemoryBrokerOptions = {}) => {
    const broker = memoryBroker(options);
    const clock = new ManualClock();
    const states: string[] = [];
    const link = new Link({
      transport: broker.transport,
      login: { user: 'engine', password: '', name: 'engine' },
      clock,
      random: () => 0,
      topology: () => TALK,
      onState: state => states.push(state.kind),
    });
    links.push(link);
    const queued = () => broker.peek('own').map(one => one.message.messageId);
    return { broker, clock, states, link, queued };
  };

  it('sends what it took while the broker was away, in order, once it is back', async () => {
    const { broker, clock, states, link, queued } = make();
    broker.stop('not started');
    await link.start();
    const sent = Promise.all(['1', '2', '3'].map(key => link.send(letter(key))));
    await settle();
    expect(link.waiting).to.equal(3);
    broker.start();
    await clock.advance(1_000);
    await sent;
    expect(queued()).to.deep.equal(['id-1', 'id-2', 'id-3']);
    expect(states).to.deep.equal(['down', 'connected']);
  });

  it('waits longer before each try, up to a bound, and begins anew after a success', async () => {
    const { broker, clock, states, link } = make();
    broker.stop('away');
    await link.start();
    const tries: number[] = [];
    for (let count = 0; count < 9; count += 1) {
      const before = states.length;
      let waited = 0;
      while (states.length === before) {
        waited += 50;
        await clock.advance(50);
        if (waited > 20_000) throw new Error('no further try');
      }
      tries.push(waited);
    }
    expect(tries).to.deep.equal([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  }).timeout(10_000);

  it('sends again what was not confirmed when the connection was lost, and nothing that was', async () => {
    let cut = true;
    const { broker, clock, link, queued } = make({
      fault: ({ message }) => {
        if (message.messageId !== 'id-2' || !cut) return undefined;
        cut = false;
        return { kind: 'cut_before' };
      },
    });
    await link.start();
    const sent = Promise.all(['1', '2', '3'].map(key => link.send(letter(key))));
    await settle();
    await clock.advance(1_000);
    await sent;
    expect(queued().sort()).to.include.members(['id-1', 'id-2', 'id-3']);
    expect(queued().filter(id => id === 'id-2')).to.have.length(1);
    expect(broker.depth('own')?.ready).to.be.at.most(4);
  });

  it('replaces a letter under the same key, withdraws one, and drops one meant for this connection only', async () => {
    const { broker, clock, link, queued } = make();
    broker.stop('away');
    await link.start();
    const replaced = failing(link.send(letter('k')));
    const withdrawn = failing(link.send(letter('w')));
    const kept = link.send(letter('k', { message: wire('newer') }));
    link.withdraw('w');
    expect((await replaced).code).to.equal('transport_closed');
    expect((await withdrawn).message).to.contain('withdrawn');
    expect((await failing(link.send(letter('o', { once: true })))).message).to.contain('no connection');
    broker.start();
    await clock.advance(1_000);
    await kept;
    expect(queued()).to.deep.equal(['id-newer']);
  });

  it('consumes and declares again after a loss, and sees what was not settled once more', async () => {
    const { broker, clock, link } = make();
    await link.start();
    const got: string[] = [];
    await link.read('own', 10, delivery => {
      got.push(`${delivery.message.messageId} ${delivery.redelivered}`);
    });
    await link.send(letter('1'));
    await settle();
    broker.cut('lost');
    await settle();
    await clock.advance(1_000);
    expect(got).to.deep.equal(['id-1 false', 'id-1 true']);
    broker.wipe('disk lost');
    await settle();
    await clock.advance(1_000);
    expect(broker.depth('own')).to.include({ consumers: 1 });
  });

  it('sends a nacked letter again after a pause, not at once', async () => {
    let nacks = 2;
    const { clock, link, queued } = make({ fault: () => (nacks-- > 0 ? { kind: 'nack' } : undefined) });
    await link.start();
    const sent = link.send(letter('1'));
    await settle();
    expect(queued()).to.deep.equal([]);
    await clock.advance(150);
    await clock.advance(150);
    await sent;
    expect(queued()).to.deep.equal(['id-1']);
  });

  it('L4: tries over another connection what the broker refuses for long, each time later, and anew once it was stored', async () => {
    let refuses = true;
    const { clock, link, states, queued } = make({ fault: () => (refuses ? { kind: 'nack' } : undefined) });
    await link.start();
    const sent = link.send(letter('1'));
    const connects = async (seconds: number): Promise<number> => {
      for (let tenths = 0; tenths < seconds * 10; tenths += 1) await clock.advance(100);
      return states.splice(0).filter(state => state === 'connected').length;
    };
    expect(await connects(9)).to.equal(1);
    expect(await connects(2)).to.equal(1);
    expect(await connects(19)).to.equal(0);
    expect(await connects(2)).to.equal(1);
    refuses = false;
    await connects(1);
    await sent;
    expect(queued()).to.deep.equal(['id-1']);
    refuses = true;
    link.send(letter('2')).catch(() => undefined);
    expect(await connects(11)).to.equal(1);
  });

  it('gives a letter up that no declared queue ever takes, and says so', async () => {
    const { link } = make();
    await link.start();
    const error = await failing(
      link.send(letter('1', { routingKey: 'nowhere', topology: { ...TALK, queues: [...TALK.queues] } })),
    );
    expect(error.code).to.equal('transport_refused');
    expect(error.message).to.contain('nowhere').and.to.contain('NO_ROUTE');
  });

  it('keeps few publishes unconfirmed however many it holds', async () => {
    const { broker, link } = make();
    await link.start();
    broker.block('low on memory');
    const sent = Promise.all(Array.from({ length: 2_000 }, (_, index) => link.send(letter(String(index)))));
    await settle();
    expect(link.waiting).to.equal(2_000);
    broker.unblock();
    await sent;
    expect(broker.depth('own')).to.include({ ready: 2_000 });
    expect(link.waiting).to.equal(0);
  });
});
