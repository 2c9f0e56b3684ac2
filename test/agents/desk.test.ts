// What agents say, and what becomes of it: reports, receipts, welcomes.
// Belongs here: the desk's promises D1, D2, D4, D5. Does not belong here: hostile agents (hostile.test.ts), changed
// journals (reception.test.ts), sending of commands (test/drivers).
import { expect } from 'chai';
import { seal } from '../../agent-protocol/sealing.ts';
import { DEAD_LETTERS, RESULTS_QUEUE } from '../../agent-protocol/transport.ts';
import type { EffectId } from '../../engine/base/ids.ts';
import { Puppet } from './puppet.ts';
import { contextOf, idOf, makeWorld, scriptCommand, settle, type World } from './world.ts';

describe('agent desk', () => {
  let world: World;
  let agent: Puppet;

  beforeEach(async () => {
    world = await makeWorld();
    agent = await new Puppet(world).join();
  });

  afterEach(() => world.close());

  const dispatch = async (
    number = 1,
    outputs: { name: string; hidden: boolean }[] = [],
  ): Promise<EffectId> => {
    const id = idOf(number);
    await world.drivers.script.start(id, scriptCommand('a1', {}, { outputs }), contextOf());
    await settle();
    return id;
  };

  /** Holds every commit back until the returned function is called. */
  const holdCommits = (): (() => void) => {
    let commit = (): void => undefined;
    world.sink.gate = new Promise(resolve => {
      commit = resolve;
    });
    return () => commit();
  };

  it('answers a hello with a signed welcome that names term, live commands and sealing key', async () => {
    const id = await dispatch();
    const hello = await agent.hello();
    const welcome = agent.of('welcome').at(-1);
    expect(welcome).to.deep.include({ nonce: hello.nonce, term: 7, live: [id], incarnation: 'inc-1' });
    expect(welcome?.sealingKey).to.equal(world.keys.sealingKeyText);
    expect(world.side.presence.online('a1')).to.equal(true);
  });

  it('reports accepted, started and finished, and sends a receipt for the end', async () => {
    const id = await dispatch();
    await agent.tell(id, { kind: 'accepted' });
    await agent.tell(id, { kind: 'started', bootId: 'boot-1' });
    await agent.finish(id, { stdout: 'all\ngood' });
    expect(world.sink.kinds()).to.deep.equal(['accepted', 'started', 'finished succeeded']);
    expect(world.sink.outcome).to.deep.equal({ kind: 'succeeded', outputs: {}, tail: 'all\ngood' });
    expect(agent.of('receipt')).to.have.length(1);
    expect(agent.of('receipt')[0]).to.deep.include({ id, verdict: 'recorded' });
    expect(world.side.ledger.size).to.equal(0);
  });

  it('acks a result only once its report is committed, and sends the receipt after that', async () => {
    const id = await dispatch();
    const commit = holdCommits();
    await agent.finish(id);
    expect(world.broker.depth(RESULTS_QUEUE)).to.include({ unsettled: 1 });
    expect(agent.of('receipt')).to.deep.equal([]);
    commit();
    await settle();
    expect(world.broker.depth(RESULTS_QUEUE)).to.include({ unsettled: 0, ready: 0 });
    expect(agent.of('receipt')).to.have.length(1);
  });

  it('takes a result again when the store was away', async () => {
    const id = await dispatch();
    world.sink.fail = true;
    await agent.finish(id);
    expect(world.broker.depth(RESULTS_QUEUE)).to.include({ unsettled: 1 });
    for (let tries = 0; tries < 25; tries += 1) await world.clock.advance(1_000);
    world.sink.fail = false;
    await world.clock.advance(1_500);
    // RabbitMQ from 4.0 on gives up what it delivered twenty times.
    expect(world.broker.redelivered(RESULTS_QUEUE)).to.equal(0);
    expect(world.sink.kinds()).to.deep.equal(['finished succeeded']);
    expect(world.broker.depth(RESULTS_QUEUE)).to.include({ unsettled: 0, ready: 0 });
  });

  it('takes a result again after its connection was lost before the commit', async () => {
    const id = await dispatch();
    const commit = holdCommits();
    await agent.finish(id);
    world.broker.cut('lost', login => login.user === 'engine');
    await settle();
    await world.clock.advance(1_000);
    commit();
    await settle();
    expect(world.sink.kinds()).to.deep.equal(['finished succeeded', 'finished succeeded']);
    expect(world.broker.depth(RESULTS_QUEUE)).to.include({ unsettled: 0, ready: 0 });
  });

  it('answers a result that nobody waits for as stale, and reports no end', async () => {
    world.sink.verdict = 'stale';
    await agent.finish(idOf(99));
    expect(world.sink.kinds()).to.deep.equal(['accepted']);
    expect(agent.of('receipt')[0]).to.deep.include({ verdict: 'stale' });
    expect(world.broker.depth(DEAD_LETTERS)).to.include({ ready: 0 });
  });

  it('leaves a result that it does not know to the engine that replaced it', async () => {
    world.sink.fail = true;
    await agent.finish(idOf(99));
    expect(agent.of('receipt')).to.deep.equal([]);
    expect(world.broker.depth(RESULTS_QUEUE)).to.include({ unsettled: 1 });
  });

  it("does not take the refusal of an outdated engine's command for the end of its own", async () => {
    const id = await dispatch();
    await agent.tell(id, { kind: 'refused', reason: 'old_term', message: 'Its term 3 is lower than 7.' });
    expect(world.sink.kinds()).to.deep.equal([]);
    expect(world.alarms.map(alarm => alarm.message).join()).to.include('term 3');
    await agent.finish(id);
    expect(world.sink.kinds()).to.deep.equal(['finished succeeded']);
  });

  it('absorbs the same result many times and reports it once', async () => {
    const id = await dispatch();
    for (let count = 0; count < 4; count += 1) await agent.finish(id);
    expect(world.sink.kinds().filter(kind => kind.startsWith('finished'))).to.deep.equal([
      'finished succeeded',
    ]);
    expect(agent.of('receipt').map(one => one.verdict)).to.deep.equal(Array(4).fill('recorded'));
  });

  it('hands hidden outputs on sealed and never in clear', async () => {
    const password = { name: 'password', hidden: true };
    const id = await dispatch(1, [password, { name: 'port', hidden: false }]);
    const context = { agent: 'a1', incarnation: 'inc-1', id, purpose: 'output:password' } as const;
    const box = seal(world.keys.sealing.publicKey, context, Buffer.from('{"text":"s3cret"}'));
    await agent.finish(id, {
      outputs: { password: { sealed: box }, port: { json: 5432 }, extra: { text: 'not asked for' } },
    });
    const ref = 'output/w1/1/app[0].ready/1/password';
    const outputs = { password: { secret: ref }, port: { json: 5432 } };
    expect(world.sink.outcome).to.deep.equal({ kind: 'succeeded', outputs });
    const secrets = world.sink.reports.at(-1)?.secrets ?? [];
    expect(secrets.map(one => one.ref)).to.deep.equal([ref]);
    expect(Buffer.from(secrets[0]?.sealed ?? []).toString()).to.equal(`sealed:${ref}:"s3cret"`);
  });

  it('fails a step whose hidden output is clear, made for another command, or sealed though not hidden', async () => {
    const other = { agent: 'a1', incarnation: 'inc-1', id: idOf(50), purpose: 'output:password' } as const;
    const foreign = seal(world.keys.sealing.publicKey, other, Buffer.from('{"text":"x"}'));
    const cases = [
      { hidden: true, value: { text: 'in clear' }, says: 'unsealed' },
      { hidden: true, value: { sealed: foreign }, says: 'cannot be opened' },
      { hidden: false, value: { sealed: foreign }, says: 'not hidden' },
    ];
    for (const [index, { hidden, value, says }] of cases.entries()) {
      const id = await dispatch(index + 1, [{ name: 'password', hidden }]);
      await agent.finish(id, { outputs: { password: value } });
      expect(world.sink.error.kind).to.equal('outputs');
      expect(world.sink.error.message).to.contain(says);
    }
  });

  it('passes live output on, bounded, and lets it decide nothing', async () => {
    const id = await dispatch();
    const piece = { kind: 'output', stream: 'stdout', offset: 0, skipped: 0, text: 'x'.repeat(8_000) };
    await agent.tell(id, piece);
    expect(world.outputs[0]).to.deep.include({ agent: 'a1', id, stream: 'stdout' });
    for (let count = 0; count < 200; count += 1)
      await agent.say({ ...piece, agent: 'a1', incarnation: 'inc-1', id } as never);
    await settle();
    expect(world.outputs).to.have.length(131);
    expect(world.side.desk.counts).to.include({ output: 131, outputDropped: 70 });
    expect(world.sink.reports).to.deep.equal([]);
  });

  it('says what is known of an agent, and once that it is gone', async () => {
    const changes: string[] = [];
    world.side.presence.listen(change => changes.push(`${change.state} ${change.reason ?? ''}`));
    world.side.presence.lost('a1', 'its connection was closed');
    world.side.presence.lost('a1', 'again');
    expect(changes).to.deep.equal(['offline its connection was closed']);
    expect(world.side.presence.of('a1')).to.deep.include({ state: 'offline', bootId: 'boot-1' });
    await agent.hello();
    expect(changes.at(-1)).to.equal('online ');
  });
});
