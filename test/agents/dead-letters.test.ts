// Dead letters read off the broker and kept: what is told of them, bounds, a store that is away, a restart.
// Belongs here: LetterReader and Letters over the broker in the process. Does not belong here: RabbitMQ (amqp.test.ts), HTTP
// (test/admin/dead-letters.test.ts).
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { encode } from '../../agent-protocol/codec.ts';
import { commandQueue, DEAD_LETTERS, FROM_AGENTS } from '../../agent-protocol/transport.ts';
import { Book } from '../../engine/agents/book.ts';
import { Letters, type NewLetter } from '../../engine/agents/letters/letters.ts';
import { LetterReader } from '../../engine/agents/letters/reader.ts';
import { EngineError } from '../../engine/base/errors.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import type { KeptRecord, RecordChange } from '../../engine/runtime/ports.ts';
import { silentLog } from '../../engine/runtime/log.ts';
import { openLetters } from '../../engine/agent-letters.ts';
import { World as RuntimeWorld } from '../runtime/kit.ts';
import { Puppet } from './puppet.ts';
import { contextOf, idOf, makeWorld, scriptCommand, settle, type World } from './world.ts';

/** Keeps what is written, and fails when told to. */
class Shelf {
  readonly records = new Map<string, KeptRecord>();
  writes = 0;
  fail = false;

  async keep(changes: readonly RecordChange[]): Promise<void> {
    if (this.fail) throw new Error('the store is away');
    this.writes += 1;
    for (const change of changes) {
      if (change.value === undefined) this.records.delete(`${change.kind}/${change.id}`);
      else this.records.set(`${change.kind}/${change.id}`, change);
    }
  }

  open = (): Letters => new Letters(new Book([...this.records.values()], this));
}

async function refusalOf(asked: Promise<unknown>): Promise<EngineError> {
  const thrown = await asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof EngineError) return thrown;
  throw new Error('it was not refused');
}

const LETTER: NewLetter = {
  at: 1,
  queue: 'engine.results',
  why: 'rejected',
  signer: 'nobody',
  bytes: 2,
  digest: 'd',
};

describe('dead letters', () => {
  let world: World;
  let agent: Puppet;
  let shelf: Shelf;
  let letters: Letters;
  let reader: LetterReader;

  beforeEach(async () => {
    world = await makeWorld({ side: { onRefused: (...told) => reader.refused(...told) } });
    agent = await new Puppet(world).join();
    shelf = new Shelf();
    letters = shelf.open();
    reader = read();
    await reader.start();
  });

  afterEach(async () => {
    await reader.close();
    await world.close();
  });

  const read = (): LetterReader =>
    new LetterReader({
      letters,
      keys: world.keys,
      directory: world.directory,
      link: world.side.link,
      clock: world.clock,
      log: silentLog,
      projectOf: async id => (id === 'a1' ? 'p1' : undefined),
    });
  const poison = async (text = '{}'): Promise<void> => {
    await agent.publish(Buffer.from(text), 'finished');
    await settle();
  };
  const all = (project?: string) =>
    letters.page({ limit: 1_000, ...(project !== undefined && { project }) }).letters;

  it('a poisoned message is one entry, with the reason and no word of what it says; again, it counts up', async () => {
    await poison('{"secret":"hunter2"}');
    const [letter] = all();
    expect(letter).to.deep.include({
      number: 1,
      times: 1,
      queue: 'engine.results',
      why: 'rejected',
      agent: 'a1',
      direction: 'from_agent',
      signer: 'nobody',
      project: 'p1',
      bytes: 20,
    });
    expect(letter?.reason).to.match(/kind/);
    expect(JSON.stringify([...shelf.records.values()])).not.to.contain('hunter2');
    expect(world.broker.depth(DEAD_LETTERS)).to.include({ ready: 0, unsettled: 0 });
    await world.clock.advance(5);
    await poison('{"secret":"hunter2"}');
    expect(all()).to.have.length(1);
    expect(all()[0]).to.deep.include({ number: 1, times: 2, lastAt: (letter?.at ?? 0) + 5 });
  });

  it('of a signed one that is refused, kind and command are told', async () => {
    const incarnation = 'inc-9';
    await agent.say({ kind: 'started', agent: 'a1', incarnation, id: idOf(3), bootId: 'b' });
    await settle();
    const about = { signer: 'agent', kind: 'started', workflow: 'w1', step: 'app[0].ready' };
    expect(all()[0]).to.deep.include({
      ...about,
      reason: 'comes from an incarnation that is not the bound one',
    });
  });

  it('a command that its agent does not take is told by its command, and by our own signature', async () => {
    await world.drivers.script.start(idOf(), scriptCommand('a1'), contextOf());
    await settle();
    const command = agent.of('command').at(-1);
    if (command === undefined) throw new Error('no command came');
    const connection = await world.broker.transport.connect({ user: 'a2', password: '', name: 'a2' });
    await world.directory.expect('a2');
    await world.side.link.declare(world.side.topology());
    const headers = { key: 'nobody', signature: new Uint8Array(64) };
    const forged = { body: encode(command), messageId: randomUUID(), headers };
    await connection.publish('', commandQueue('a2'), forged);
    await connection.consume(commandQueue('a2'), 1, delivery => delivery.nack({ requeue: false }));
    await settle();
    expect(all()[0]).to.deep.include({ agent: 'a2', direction: 'to_agent', signer: 'nobody' });
    expect(all()[0]).not.to.have.any.keys('kind', 'workflow', 'project');
    const letter = world.side.post.letter(command, 'again');
    await connection.publish('', commandQueue('a2'), {
      ...letter.message,
      headers: world.side.post.letter({ ...command, agent: 'a2' }, 'x').message.headers,
      body: world.side.post.letter({ ...command, agent: 'a2' }, 'x').message.body,
    });
    await settle();
    expect(all()[0]).to.deep.include({
      agent: 'a2',
      signer: 'engine',
      kind: 'command',
      workflow: 'w1',
      queue: 'agent.a2',
    });
  });

  it('who is none of ours is nobody’s letter', async () => {
    const connection = await world.broker.transport.connect({ user: 'x', password: '', name: 'x' });
    const headers = { key: '', signature: new Uint8Array(0) };
    const message = { body: Buffer.from('x'), messageId: '', headers };
    await connection.publish(FROM_AGENTS, 'stranger.result', message);
    await settle();
    expect(all()[0]).to.deep.include({ agent: 'stranger', signer: 'nobody' });
    expect(all('p1')).to.deep.equal([]);
  });

  it('is of the project of all the agent’s workflows, and of none where they are of several', async () => {
    const runtime = new RuntimeWorld();
    await runtime.engine.start();
    const groups = (agent: string) => ({ sql: [{ agent, name: agent }] });
    await runtime.create('one', { project: 'p1', members: groups('a1') });
    await runtime.create('two', { project: 'p1', members: groups('a1') });
    await runtime.create('three', { project: 'p1', members: groups('a2') });
    await runtime.create('four', { project: 'p2', members: groups('a2') });
    const real = openLetters(world.side, {
      letters: shelf.open(),
      keys: world.keys,
      engine: () => runtime.engine,
      log: silentLog,
    });
    expect([
      await real.projectOf('a1'),
      await real.projectOf('a2'),
      await real.projectOf('a3'),
    ]).to.deep.equal(['p1', undefined, undefined]);
    await runtime.engine.stop();
  });

  it('is acked only once it is kept: with the store away it waits, is not given back, and counts once', async () => {
    shelf.fail = true;
    await poison();
    expect(world.broker.depth(DEAD_LETTERS)).to.include({ ready: 0, unsettled: 1 });
    expect(shelf.records.size).to.equal(0);
    shelf.fail = false;
    await world.clock.advance(1_500);
    expect(world.broker.depth(DEAD_LETTERS)).to.include({ ready: 0, unsettled: 0 });
    expect(all().map(({ times }) => times)).to.deep.equal([1]);
    expect(shelf.records.get('letter/1')?.value).to.include({ times: 1 });
  });

  it('after a crash between keeping and acking it comes again, and is the same entry', async () => {
    shelf.fail = true;
    await poison();
    shelf.fail = false;
    world.broker.cut('lost', login => login.user === 'engine');
    await settle();
    await world.clock.advance(2_000);
    await settle();
    expect(all().map(({ times }) => times)).to.deep.equal([1]);
    expect(world.broker.depth(DEAD_LETTERS)).to.include({ ready: 0, unsettled: 0 });
  });

  it('outlives the engine, and a number is never given twice', async () => {
    await poison('one');
    await poison('two');
    await letters.discard({ requestId: 'r', by: 'me', upTo: 2 });
    letters = shelf.open();
    expect(letters.size).to.equal(0);
    await letters.add([{ letter: LETTER, again: false }]);
    expect(all()[0]?.number).to.equal(3);
    expect(shelf.open().page({ limit: 1 }).letters).to.deep.equal(all());
  });

  it('of one agent keeps so many, and of all so many; the others are counted', async () => {
    const many = LIMITS.deadLettersOfOne + 3;
    const flood = (id: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        letter: { ...LETTER, agent: id, digest: `${id}-${index}` },
        again: false,
      }));
    await letters.add([{ letter: { ...LETTER, agent: 'quiet' }, again: false }, ...flood('loud', many)]);
    expect(letters.size).to.equal(LIMITS.deadLettersOfOne + 1);
    expect(all().at(-1)?.agent).to.equal('quiet');
    expect(letters.page({ limit: 1 })).to.include({ dropped: 3, kept: LIMITS.deadLettersOfOne + 1 });
    const agents = Math.ceil(LIMITS.deadLetters / 50) + 1;
    await letters.add(Array.from({ length: agents }, (_, index) => flood(`x${index}`, 50)).flat());
    expect(letters.size).to.equal(LIMITS.deadLetters);
    expect(shelf.records.size).to.equal(LIMITS.deadLetters + 1);
    expect(shelf.writes).to.equal(2);
  });

  it('is discarded by number as it was seen, by agent, by project, and twice is once', async () => {
    for (const digest of ['a', 'b', 'c'])
      await letters.add([{ letter: { ...LETTER, digest, agent: 'a1', project: 'p1' }, again: false }]);
    await letters.add([{ letter: { ...LETTER, digest: 'd', agent: 'a2' }, again: false }]);
    await letters.add([{ letter: { ...LETTER, digest: 'a', agent: 'a1', project: 'p1' }, again: false }]);
    const asked = { requestId: 'r', by: 'me' };
    expect((await refusalOf(letters.discard({ ...asked, number: 1, times: 1 }))).code).to.equal('stale');
    expect(await letters.discard({ ...asked, number: 1, times: 2 })).to.equal(1);
    expect(await letters.discard({ ...asked, number: 1, times: 2 })).to.equal(0);
    expect((await refusalOf(letters.discard({ ...asked, number: 9 }))).code).to.equal('not_found');
    expect((await refusalOf(letters.discard({ ...asked, number: 4, project: 'p1' }))).code).to.equal(
      'not_found',
    );
    expect(await letters.discard({ ...asked, upTo: 4, project: 'p1' })).to.equal(2);
    expect(all().map(({ number }) => number)).to.deep.equal([4]);
    expect(await letters.discard({ ...asked, upTo: 4, agent: 'a2' })).to.equal(1);
  });

  it('is read in pages that neither repeat nor leave out', async () => {
    for (let index = 0; index < 5; index += 1)
      await letters.add([{ letter: { ...LETTER, digest: `${index}` }, again: false }]);
    const first = letters.page({ limit: 2 });
    const second = letters.page({ limit: 2, before: first.next ?? 0 });
    const third = letters.page({ limit: 2, before: second.next ?? 0 });
    expect([first, second, third].map(page => page.letters.map(({ number }) => number))).to.deep.equal([
      [5, 4],
      [3, 2],
      [1],
    ]);
    expect(third.next).to.equal(undefined);
  });
});
