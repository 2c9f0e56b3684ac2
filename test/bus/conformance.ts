// What every transport behind agent-protocol/transport.ts must do: one suite, run over each implementation.
// Belongs here: behaviour that both the in-process broker and RabbitMQ have. Does not belong here: what only one
// of them has (memory.test.ts).
import { expect } from 'chai';
import {
  TransportError,
  type Connection,
  type Delivery,
  type Login,
  type Topology,
  type Transport,
  type WireMessage,
} from '../../agent-protocol/transport.ts';

/** A broker made for one test, with what is needed to hurt it. */
export interface TransportLab {
  readonly transport: Transport;
  /** May do everything. */
  readonly admin: Login;
  /** May read the queue `own` and write the exchange `talk` under `own.…`, and nothing else. */
  readonly limited: Login;
  /** Ends every connection without a handshake; queues survive. */
  cut(): Promise<void>;
  /** As `cut`, and no queue, exchange or message is left. */
  wipe(): Promise<void>;
  block(): Promise<void>;
  unblock(): Promise<void>;
  dispose(): Promise<void>;
}

export const TALK: Topology = {
  exchanges: [
    { name: 'talk', type: 'topic' },
    { name: 'dead', type: 'fanout' },
  ],
  queues: [
    { name: 'own', deadLetterExchange: 'dead', deliveryLimit: 3 },
    { name: 'other' },
    { name: 'dead' },
  ],
  bindings: [
    { exchange: 'talk', queue: 'own', routingKey: '*.result' },
    { exchange: 'talk', queue: 'other', routingKey: '#.hello' },
    { exchange: 'dead', queue: 'dead', routingKey: '' },
  ],
};

export const wire = (text: string): WireMessage => ({
  body: Buffer.from(text),
  messageId: `id-${text}`,
  headers: { key: 'test', signature: Uint8Array.of(1, 2, 3) },
});

export const textOf = (delivery: Delivery): string => Buffer.from(delivery.message.body).toString();

/** Deliveries of a consumer as they come, with a way to wait for the n-th. */
export class Inbox {
  readonly got: Delivery[] = [];
  #wake: (() => void)[] = [];

  readonly take = (delivery: Delivery): void => {
    this.got.push(delivery);
    for (const wake of this.#wake.splice(0)) wake();
  };

  async atLeast(count: number): Promise<readonly Delivery[]> {
    while (this.got.length < count) await new Promise<void>(resolve => this.#wake.push(resolve));
    return this.got;
  }

  texts(): string[] {
    return this.got.map(textOf);
  }
}

/** How a promise that must reject with a TransportError did. */
export async function refusal(promise: Promise<unknown>): Promise<TransportError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof TransportError)) throw new Error(`not a TransportError: ${String(thrown)}`);
  return thrown;
}

/** Defines the suite for one transport. */
export function exercise(name: string, makeLab: () => Promise<TransportLab>): void {
  describe(`${name} as a transport`, () => {
    let lab: TransportLab;
    let connection: Connection;

    beforeEach(async () => {
      lab = await makeLab();
      connection = await lab.transport.connect(lab.admin);
      await connection.declare(TALK);
    });

    afterEach(async () => {
      await connection.close();
      await lab.dispose();
    });

    const consume = async (queue: string, prefetch = 10, from = connection): Promise<Inbox> => {
      const inbox = new Inbox();
      await from.consume(queue, prefetch, inbox.take);
      return inbox;
    };

    it('delivers a message as it was published: body, id, key, signature and routing key', async () => {
      const inbox = await consume('own');
      await connection.publish('talk', 'a1.result', wire('hello'));
      const [delivery] = await inbox.atLeast(1);
      expect(delivery?.routingKey).to.equal('a1.result');
      expect(delivery?.redelivered).to.equal(false);
      expect(textOf(delivery as Delivery)).to.equal('hello');
      expect(delivery?.message.messageId).to.equal('id-hello');
      expect(delivery?.message.headers.key).to.equal('test');
      expect([...(delivery?.message.headers.signature ?? [])]).to.deep.equal([1, 2, 3]);
    });

    it('keeps the order of one publisher', async () => {
      const inbox = await consume('own', 100);
      await Promise.all(['1', '2', '3', '4', '5'].map(text => connection.publish('', 'own', wire(text))));
      await inbox.atLeast(5);
      expect(inbox.texts()).to.deep.equal(['1', '2', '3', '4', '5']);
    });

    it('confirms into a queue that nobody reads yet', async () => {
      await connection.publish('', 'own', wire('kept'));
      const inbox = await consume('own');
      await inbox.atLeast(1);
      expect(inbox.texts()).to.deep.equal(['kept']);
    });

    it('returns a message that no queue takes', async () => {
      expect(await refusal(connection.publish('talk', 'a1.nothing', wire('x')))).to.include({
        reason: 'returned',
      });
      expect(await refusal(connection.publish('', 'nowhere', wire('x')))).to.include({ reason: 'returned' });
      await connection.publish('', 'own', wire('the connection goes on'));
    });

    it('closes the connection over an unknown exchange or queue, and says which', async () => {
      const publishing = await lab.transport.connect(lab.admin);
      const error = await refusal(publishing.publish('nosuch', 'k', wire('x')));
      expect(error.reason).to.equal('closed');
      expect(error.message).to.contain('NOT_FOUND').and.to.contain('nosuch');
      expect(await publishing.closed).to.contain('nosuch');

      const consuming = await lab.transport.connect(lab.admin);
      expect((await refusal(consuming.consume('nosuch', 1, () => undefined))).message).to.contain(
        'NOT_FOUND',
      );
      expect(await consuming.closed).to.contain('nosuch');
    });

    it('closes the connection when a queue is declared again with other properties', async () => {
      const second = await lab.transport.connect(lab.admin);
      await second.declare(TALK);
      const changed = { exchanges: [], queues: [{ name: 'own' }], bindings: [] };
      expect((await refusal(second.declare(changed))).message).to.contain('PRECONDITION_FAILED');
      expect(await second.closed).to.contain('own');
    });

    it('holds back beyond the prefetch until something is settled', async () => {
      const inbox = await consume('own', 2);
      for (const text of ['1', '2', '3']) await connection.publish('', 'own', wire(text));
      await inbox.atLeast(2);
      expect(inbox.texts()).to.deep.equal(['1', '2']);
      inbox.got[0]?.ack();
      await inbox.atLeast(3);
      expect(inbox.texts()).to.deep.equal(['1', '2', '3']);
    });

    it('delivers what was unsettled at a cut again, first, in its order and marked', async () => {
      const inbox = await consume('own', 3);
      for (const text of ['1', '2', '3']) await connection.publish('', 'own', wire(text));
      await inbox.atLeast(3);
      inbox.got[1]?.ack();
      await connection.publish('', 'other', wire('after the ack, so it has arrived'));
      await lab.cut();
      expect(await connection.closed).to.be.a('string');

      connection = await lab.transport.connect(lab.admin);
      await connection.publish('', 'own', wire('4'));
      const again = await consume('own', 10);
      await again.atLeast(3);
      expect(again.texts()).to.deep.equal(['1', '3', '4']);
      expect(again.got.map(one => one.redelivered)).to.deep.equal([true, true, false]);
    });

    it('ignores settling after the connection closed', async () => {
      const inbox = await consume('own');
      await connection.publish('', 'own', wire('late'));
      const [delivery] = await inbox.atLeast(1);
      await lab.cut();
      await connection.closed;
      delivery?.ack();
      connection = await lab.transport.connect(lab.admin);
      expect((await consume('own').then(next => next.atLeast(1))).map(textOf)).to.deep.equal(['late']);
    });

    it('requeues to the same place, and dead-letters what is refused or delivered too often', async () => {
      const inbox = await consume('own', 1);
      const dead = await consume('dead');
      await connection.publish('', 'own', wire('poison'));
      for (let count = 1; count <= 3; count += 1) {
        const delivery = (await inbox.atLeast(count))[count - 1];
        expect(delivery?.redelivered).to.equal(count > 1);
        delivery?.nack({ requeue: true });
      }
      await connection.publish('', 'own', wire('refused'));
      (await inbox.atLeast(4))[3]?.nack({ requeue: false });
      await dead.atLeast(2);
      expect(dead.texts()).to.deep.equal(['poison', 'refused']);
      expect(dead.got.map(one => one.routingKey)).to.deep.equal(['own', 'own']);
    });

    it('shares a queue among its consumers', async () => {
      const [first, second] = [await consume('own', 1), await consume('own', 1)];
      await connection.publish('', 'own', wire('1'));
      await connection.publish('', 'own', wire('2'));
      await first.atLeast(1);
      await second.atLeast(1);
      expect([...first.texts(), ...second.texts()].sort()).to.deep.equal(['1', '2']);
    });

    it('stops delivering after a cancel, and still takes the settling of what it delivered', async () => {
      const inbox = new Inbox();
      const consumer = await connection.consume('own', 10, inbox.take);
      await connection.publish('', 'own', wire('before'));
      const [delivery] = await inbox.atLeast(1);
      await consumer.cancel();
      delivery?.ack();
      await connection.publish('', 'own', wire('after'));
      const next = await consume('own');
      await next.atLeast(1);
      expect([inbox.texts(), next.texts()]).to.deep.equal([['before'], ['after']]);
    });

    it('rejects what was not confirmed when the connection is lost, and everything after', async () => {
      await lab.block();
      const open = refusal(connection.publish('', 'own', wire('unsure')));
      await lab.cut();
      await lab.unblock();
      expect((await open).reason).to.equal('closed');
      expect((await refusal(connection.publish('', 'own', wire('x')))).reason).to.equal('closed');
      expect((await refusal(connection.consume('own', 1, () => undefined))).reason).to.equal('closed');
    });

    it('neither confirms nor rejects while publishers are blocked, says so, and goes on after', async () => {
      const told: (string | undefined)[] = [];
      const blocked = new Promise<void>(resolve => {
        connection.onBlocked(reason => {
          told.push(reason);
          resolve();
        });
      });
      await lab.block();
      let settled = false;
      const publishing = connection.publish('', 'own', wire('waits')).finally(() => {
        settled = true;
      });
      await blocked;
      expect(settled).to.equal(false);
      expect(told[0]).to.be.a('string');
      await lab.unblock();
      await publishing;
      const inbox = await consume('own');
      await inbox.atLeast(1);
      expect(told.at(-1)).to.equal(undefined);
    });

    it('comes back empty after losing its disk, and takes the same topology again', async () => {
      await connection.publish('', 'own', wire('gone'));
      await lab.wipe();
      await connection.closed;
      connection = await lab.transport.connect(lab.admin);
      expect((await refusal(connection.publish('', 'own', wire('x')))).reason).to.equal('returned');
      await connection.declare(TALK);
      await connection.publish('', 'own', wire('new'));
      const inbox = await consume('own');
      await inbox.atLeast(1);
      expect(inbox.texts()).to.deep.equal(['new']);
    });

    it('refuses a wrong password', async () => {
      const wrong = { ...lab.limited, password: 'wrong' };
      expect((await refusal(lab.transport.connect(wrong))).reason).to.equal('refused');
    });

    it('lets a user read and write what it may and closes its connection over anything else', async () => {
      const allowed = await lab.transport.connect(lab.limited);
      await allowed.publish('talk', 'own.result', wire('mine'));
      await (await consume('own', 10, allowed)).atLeast(1);
      await allowed.close();
      const forbidden: ((limited: Connection) => Promise<unknown>)[] = [
        limited => limited.publish('talk', 'other.result', wire('forged')),
        limited => limited.publish('', 'own', wire('around the exchange')),
        limited => limited.consume('other', 1, () => undefined),
        limited => limited.declare({ exchanges: [], queues: [{ name: 'mine' }], bindings: [] }),
      ];
      for (const attempt of forbidden) {
        const limited = await lab.transport.connect(lab.limited);
        const error = await refusal(attempt(limited));
        expect(error.reason).to.equal('refused');
        expect(error.message).to.contain('ACCESS_REFUSED');
        expect(await limited.closed).to.contain('ACCESS_REFUSED');
      }
    });

    it('lets a close send what was said before it', async () => {
      const inbox = await consume('own');
      await connection.publish('', 'own', wire('read'));
      (await inbox.atLeast(1))[0]?.ack();
      await connection.close();
      connection = await lab.transport.connect(lab.admin);
      await connection.publish('', 'own', wire('next'));
      const next = await consume('own');
      await next.atLeast(1);
      expect(next.texts()).to.deep.equal(['next']);
    });
  });
}
