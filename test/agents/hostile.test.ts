// Agents that lie, shout or send rubbish (S5, S7, B8): refused, counted, bounded, and nobody else notices.
// Belongs here: promise D3 of engine/agents/desk.ts and the judge. Does not belong here: honest agents.
import { expect } from 'chai';
import { DEAD_LETTERS, FROM_AGENTS } from '../../agent-protocol/transport.ts';
import { ALLOWANCES } from '../../engine/agents/budget.ts';
import { Puppet } from './puppet.ts';
import { contextOf, idOf, makeWorld, scriptCommand, settle, until, type World } from './world.ts';

describe('a hostile agent', () => {
  let world: World;
  let victim: Puppet;
  let mallory: Puppet;
  const id = idOf();
  const finished = {
    kind: 'finished',
    agent: 'a1',
    incarnation: 'inc-1',
    id,
    result: { kind: 'exit', code: 0 },
    outputs: {},
    stdout: '',
    stderr: '',
  } as const;

  beforeEach(async () => {
    world = await makeWorld();
    victim = await new Puppet(world).join();
    mallory = await new Puppet(world, 'mallory').join();
    await world.drivers.script.start(id, scriptCommand('a1'), contextOf());
    await settle();
  });

  afterEach(() => world.close());

  const lies: [string, () => Promise<void>, string][] = [
    ['signs for another with its own key', () => victim.say(finished, { signedBy: mallory }), 'not trusted'],
    ['speaks for another under its own key', () => mallory.say(finished), 'another agent'],
    ['invents an agent', () => mallory.say(finished, { as: 'nobody' }), 'unknown agent'],
    [
      'reports another’s command as itself',
      () => mallory.say({ ...finished, agent: 'mallory' }),
      'of another agent',
    ],
    ['sends no message at all', () => mallory.publish(Buffer.from('hi'), 'finished'), 'UTF-8 JSON'],
    [
      'sends an unknown kind',
      () => mallory.publish(Buffer.from('{"kind":"format_disk"}'), 'finished'),
      'kind',
    ],
    ['sends a huge message', () => mallory.publish(Buffer.alloc(5_000_000, 32), 'finished'), '5000000 bytes'],
    [
      'sends a result as output',
      () => mallory.publish(Buffer.from(JSON.stringify({ ...finished, agent: 'mallory' })), 'output'),
      'under the key of another kind',
    ],
    [
      'comes from another incarnation',
      () => mallory.say({ ...finished, agent: 'mallory', incarnation: 'inc-9' }),
      'not the bound one',
    ],
  ];

  for (const [what, lie, says] of lies) {
    it(`that ${what} is refused once and changes nothing`, async () => {
      await lie();
      await settle();
      expect(world.sink.reports).to.deep.equal([]);
      expect(world.side.desk.counts.refused).to.equal(1);
      expect(world.broker.depth(DEAD_LETTERS)).to.include({ ready: 1 });
      expect(world.alarms.at(-1)?.message).to.contain(says);
      await victim.finish(id);
      expect(world.sink.kinds()).to.deep.equal(['finished succeeded']);
    });
  }

  it('that changes a signed body is refused', async () => {
    const tapped: Uint8Array[] = [];
    const listening = await makeWorld({ broker: { onPublish: ({ message }) => tapped.push(message.body) } });
    const agent = await new Puppet(listening).join();
    const connection = await listening.broker.transport.connect({ user: 'x', password: '', name: 'x' });
    const headers = { key: agent.signing.id, signature: new Uint8Array(64) };
    const body = tapped[0] as Uint8Array;
    await connection.publish(FROM_AGENTS, 'a1.hello', { body, messageId: 'x', headers });
    await settle();
    expect(listening.alarms.at(-1)?.message).to.contain('signature does not fit');
    await listening.close();
  });

  it('leaves few dead letters however much it sends', async () => {
    for (let count = 0; count < 80; count += 1) await mallory.publish(Buffer.from('no'), 'finished');
    await until(() => world.side.desk.counts.refused === 80);
    await settle();
    expect(world.broker.depth(DEAD_LETTERS)?.ready).to.equal(50);
    expect(world.side.desk.counts.dropped).to.equal(30);
  });

  it('that says hello without end is not answered without end, and others are heard', async () => {
    for (let count = 0; count < 60; count += 1) await mallory.hello();
    expect(mallory.of('welcome')).to.have.length(20);
    await victim.hello();
    expect(victim.of('welcome')).to.have.length(2);
  });

  it('that floods is dropped beyond its allowance until time passes, and others are heard', async () => {
    const few = { ...ALLOWANCES, messages: { burst: 10, perSecond: 5 } };
    const listening = await makeWorld({ side: { allowances: few } });
    const [loud, quiet] = [await new Puppet(listening).join(), await new Puppet(listening, 'a2').join()];
    const stale = { ...finished, id: idOf(9) };
    for (let count = 0; count < 30; count += 1) await loud.say(stale);
    await settle();
    expect(loud.of('receipt')).to.have.length(9);
    expect(listening.side.desk.counts).to.include({ taken: 11, dropped: 21, refused: 0 });
    expect(listening.alarms.at(-1)).to.deep.include({ agent: 'a1', kind: 'flood' });
    await quiet.hello();
    expect(quiet.of('welcome')).to.have.length(2);
    await listening.clock.advance(1_000);
    await loud.say(stale);
    await settle();
    expect(loud.of('receipt')).to.have.length(10);
    await listening.close();
  });
});
