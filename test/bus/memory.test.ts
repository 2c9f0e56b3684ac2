// The in-process broker: the transport suite, and what only it can do.
// Belongs here: faults, the injected scheduler, topic patterns. Does not belong here: the suite (conformance.ts).
import { expect } from 'chai';
import { memoryBroker, type MemoryUser, type PublishFault } from '../../engine/bus/memory.ts';
import { topicMatches } from '../../engine/bus/topic.ts';
import { exercise, Inbox, refusal, TALK, textOf, wire } from './conformance.ts';

const admin = { user: 'admin', password: 'a', name: 'test' };
const limited = { user: 'limited', password: 'l', name: 'limited' };
const users: Record<string, MemoryUser> = {
  admin: { password: 'a' },
  limited: {
    password: 'l',
    permissions: {
      configure: /^$/,
      read: /^own$/,
      write: /^talk$/,
      topics: { talk: /^own\.(result|hello)$/ },
    },
  },
};

exercise('memory://', async () => {
  const broker = memoryBroker({ users });
  return {
    transport: broker.transport,
    admin,
    limited,
    cut: async () => void broker.cut('cut by the test'),
    wipe: async () => broker.wipe('wiped by the test'),
    block: async () => broker.block('low on memory'),
    unblock: async () => broker.unblock(),
    dispose: async () => broker.stop('the test is over'),
  };
});

describe('memory:// under faults', () => {
  const open = async (fault: PublishFault) => {
    let given = false;
    const broker = memoryBroker({
      users,
      fault: () => {
        if (given) return undefined;
        given = true;
        return fault;
      },
    });
    const connection = await broker.transport.connect(admin);
    await connection.declare(TALK);
    return { broker, connection };
  };

  it('loses the message when cut before it is stored, and keeps it when cut after', async () => {
    for (const [kind, ready] of [
      ['cut_before', 0],
      ['cut_after', 1],
    ] as const) {
      const { broker, connection } = await open({ kind });
      expect((await refusal(connection.publish('', 'own', wire('x')))).reason).to.equal('closed');
      expect(broker.depth('own')).to.include({ ready });
    }
  });

  it('drops a confirm, confirms what it loses, nacks, doubles and overtakes as told', async () => {
    const silent = await open({ kind: 'no_confirm' });
    const never = refusal(silent.connection.publish('', 'own', wire('x')));
    await silent.connection.publish('', 'own', wire('y'));
    expect(silent.broker.peek('own')).to.have.length(2);
    silent.broker.cut('over');
    expect((await never).reason).to.equal('closed');

    const losing = await open({ kind: 'lose' });
    await losing.connection.publish('', 'own', wire('x'));
    expect(losing.broker.depth('own')).to.include({ ready: 0 });

    const refusing = await open({ kind: 'nack' });
    expect((await refusal(refusing.connection.publish('', 'own', wire('x')))).reason).to.equal('nacked');

    const doubling = await open({ kind: 'duplicate', copies: 3 });
    await doubling.connection.publish('', 'own', wire('x'));
    expect(doubling.broker.depth('own')).to.include({ ready: 4 });
  });

  it('delays one message past the next ones', async () => {
    const { connection } = await open({ kind: 'delay', milliseconds: 5 });
    const inbox = new Inbox();
    await connection.consume('own', 10, inbox.take);
    await connection.publish('', 'own', wire('slow'));
    await connection.publish('', 'own', wire('fast'));
    await inbox.atLeast(2);
    expect(inbox.texts()).to.deep.equal(['fast', 'slow']);
  });

  it('puts a message before those that wait', async () => {
    const broker = memoryBroker({
      fault: ({ message }) => (message.messageId === 'id-2' ? { kind: 'front' } : undefined),
    });
    const connection = await broker.transport.connect(admin);
    await connection.declare(TALK);
    await connection.publish('', 'own', wire('1'));
    await connection.publish('', 'own', wire('2'));
    expect(broker.peek('own').map(one => one.message.messageId)).to.deep.equal(['id-2', 'id-1']);
  });

  it('cannot be reached while stopped and keeps its messages', async () => {
    const broker = memoryBroker();
    const connection = await broker.transport.connect(admin);
    await connection.declare(TALK);
    await connection.publish('', 'own', wire('x'));
    broker.stop('maintenance');
    expect(await connection.closed).to.equal('maintenance');
    expect((await refusal(broker.transport.connect(admin))).reason).to.equal('unreachable');
    broker.start();
    await broker.transport.connect(admin);
    expect(broker.depth('own')).to.include({ ready: 1 });
  });

  it('closes the connections of a user that is deleted, and limits their number', async () => {
    const broker = memoryBroker({ users: { ...users, one: { password: '1', maxConnections: 1 } } });
    const login = { user: 'one', password: '1', name: 'x' };
    const connection = await broker.transport.connect(login);
    expect((await refusal(broker.transport.connect(login))).message).to.contain('connection limit');
    broker.removeUser('one');
    expect(await connection.closed).to.contain('deleted');
    expect((await refusal(broker.transport.connect(login))).reason).to.equal('refused');
  });

  it('ends a consumer whose queue is deleted', async () => {
    const broker = memoryBroker();
    const connection = await broker.transport.connect(admin);
    await connection.declare(TALK);
    await connection.consume('own', 1, () => undefined);
    broker.deleteQueue('own');
    expect(await connection.closed).to.contain("'own'");
  });

  it('closes the connection that settles a delivery twice', async () => {
    const broker = memoryBroker();
    const connection = await broker.transport.connect(admin);
    await connection.declare(TALK);
    const inbox = new Inbox();
    await connection.consume('own', 1, inbox.take);
    await connection.publish('', 'own', wire('x'));
    const [delivery] = await inbox.atLeast(1);
    delivery?.ack();
    delivery?.ack();
    expect(await connection.closed).to.contain('unknown delivery tag');
  });

  it('keeps what it was given although the publisher reuses its buffer', async () => {
    const broker = memoryBroker();
    const connection = await broker.transport.connect(admin);
    await connection.declare(TALK);
    const message = wire('good');
    const published = connection.publish('', 'own', message);
    (message.body as Buffer).write('evil');
    await published;
    const inbox = new Inbox();
    await connection.consume('own', 1, inbox.take);
    expect((await inbox.atLeast(1)).map(textOf)).to.deep.equal(['good']);
  });

  it('does nothing but what its scheduler runs', async () => {
    const tasks: (() => void)[] = [];
    const scheduler = { soon: (task: () => void) => void tasks.push(task), after: () => undefined };
    const broker = memoryBroker({ scheduler });
    const drain = async (): Promise<void> => {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
        task();
        await Promise.resolve();
      }
    };
    const connecting = broker.transport.connect(admin);
    await drain();
    const connection = await connecting;
    const declared = connection.declare(TALK);
    expect(broker.queues()).to.deep.equal([]);
    await drain();
    await declared;
    expect(broker.queues()).to.include('own');
  });

  it('takes back many unsettled messages in their order', async () => {
    const broker = memoryBroker({ scheduler: { soon: queueMicrotask, after: () => undefined } });
    const connection = await broker.transport.connect(admin);
    await connection.declare(TALK);
    const count = 3_000;
    await Promise.all(
      Array.from({ length: count }, (_, index) => connection.publish('', 'own', wire(String(index)))),
    );
    const inbox = new Inbox();
    await connection.consume('own', count, inbox.take);
    await inbox.atLeast(count);
    broker.cut('over');
    expect(broker.depth('own')).to.deep.equal({ ready: count, unsettled: 0, consumers: 0 });
    expect(broker.peek('own').map(one => Number(Buffer.from(one.message.body).toString()))).to.deep.equal(
      Array.from({ length: count }, (_, index) => index),
    );
  });
});

describe('topic patterns', () => {
  it('match words, one word and any number of words', () => {
    const cases: [string, string, boolean][] = [
      ['a.b', 'a.b', true],
      ['a.b', 'a.b.c', false],
      ['*.result', 'x.result', true],
      ['*.result', 'x.y.result', false],
      ['#', '', true],
      ['#', 'a.b.c', true],
      ['a.#', 'a', true],
      ['#.hello', 'hello', true],
      ['#.hello', 'x.y.hello', true],
      ['a.#.z', 'a.b.c.z', true],
      ['a.#.z', 'a.b.c', false],
      ['#.#.x', 'x', true],
    ];
    for (const [pattern, key, expected] of cases)
      expect(topicMatches(pattern, key), `${pattern} ~ ${key}`).to.equal(expected);
  });
});
