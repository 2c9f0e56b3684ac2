// Hellos: restarted, re-created, reverted and copied agents.
// Belongs here: promises R1-R3 of engine/agents/reception.ts. Does not belong here: results (desk.test.ts).
import { expect } from 'chai';
import { createAgentSide } from '../../engine/agents/side.ts';
import type { EffectId } from '../../engine/base/ids.ts';
import { Puppet } from './puppet.ts';
import { contextOf, idOf, makeWorld, scriptCommand, settle, type World } from './world.ts';

describe('hello of an agent', () => {
  let world: World;
  let agent: Puppet;
  let id: EffectId;

  beforeEach(async () => {
    world = await makeWorld();
    agent = await new Puppet(world).join();
    id = idOf();
    await world.drivers.script.start(id, scriptCommand('a1'), contextOf());
    await settle();
    await agent.tell(id, { kind: 'accepted' });
  });

  afterEach(() => world.close());

  it('with a new journal gives up what the old one was told, and shuts the old one out', async () => {
    agent.incarnation = 'inc-2';
    await agent.hello();
    expect(world.sink.kinds()).to.deep.equal(['accepted', 'finished interrupted']);
    expect(world.alarms.map(alarm => alarm.kind)).to.deep.equal(['new_incarnation']);
    expect(world.sink.doubts, 'A12').to.eql([['a1', 'vm_replaced', 'inc-2']]);
    expect(agent.of('welcome').at(-1)).to.deep.include({ incarnation: 'inc-2', live: [] });
    agent.incarnation = 'inc-1';
    await agent.hello();
    expect(world.alarms.map(alarm => alarm.kind)).to.include('retired_incarnation');
    expect(world.directory.get('a1')?.incarnation).to.equal('inc-2');
    await agent.finish(id);
    expect(world.sink.kinds()).to.deep.equal(['accepted', 'finished interrupted']);
  });

  it('of an agent that was registered anew gives up what the one before it was told', async () => {
    const puppet = new Puppet(world);
    puppet.incarnation = 'inc-2';
    await world.side.register(puppet.card, { replace: true });
    await puppet.connect();
    await puppet.hello();
    expect(world.sink.kinds()).to.deep.equal(['accepted', 'finished interrupted']);
    expect(world.directory.get('a1')?.incarnation).to.equal('inc-2');
    expect(world.sink.doubts, 'A13').to.eql([['a1', 'vm_replaced', 'inc-2']]);
    await puppet.hello();
    expect(world.sink.doubts, 'once').to.have.length(1);
  });

  it('for the first time puts nothing in doubt', () => {
    expect(world.sink.doubts).to.eql([]);
  });

  it('is not answered by an engine that was replaced', async () => {
    const before = agent.of('welcome').length;
    world.sink.fail = true;
    await agent.hello();
    expect(agent.of('welcome')).to.have.length(before);
    world.sink.fail = false;
    await world.clock.advance(1_000);
    await settle();
    expect(agent.of('welcome')).to.have.length(before + 1);
  });

  it('is asked for again by a new engine, until the agent was heard', async () => {
    const other = createAgentSide({ ...world.sideOptions, term: () => 8 });
    await other.connect();
    await other.open();
    await settle();
    expect(agent.of('greet').map(({ term }) => term)).to.deep.equal([8]);
    await world.clock.advance(15_000);
    await settle();
    expect(agent.of('greet').map(({ term }) => term)).to.deep.equal([8, 8]);
    await agent.hello();
    await other.close();
  });

  it('does not bind a new journal while the interruptions of the old one cannot be committed', async () => {
    world.sink.fail = true;
    agent.incarnation = 'inc-2';
    await agent.hello();
    expect(world.directory.get('a1')?.incarnation).to.equal('inc-1');
    world.sink.fail = false;
    await world.clock.advance(1_500);
    expect(world.directory.get('a1')?.incarnation).to.equal('inc-2');
    expect(world.sink.kinds()).to.deep.equal(['accepted', 'finished interrupted']);
  });

  it('A12: does not bind a new journal before its workflows know what is in doubt', async () => {
    world.sink.failDoubts = true;
    agent.incarnation = 'inc-2';
    await agent.hello();
    expect(world.directory.get('a1')?.incarnation).to.equal('inc-1');
    world.sink.failDoubts = false;
    await world.clock.advance(1_500);
    expect(world.directory.get('a1')?.incarnation).to.equal('inc-2');
    expect(world.sink.doubts).to.eql([['a1', 'vm_replaced', 'inc-2']]);
  });

  it('shows a reverted VM by its journal, but not when one hello is delivered twice', async () => {
    const first = await agent.hello({ journal: 9 });
    await agent.hello({ journal: 12 });
    await agent.say(first);
    await settle();
    expect(world.alarms).to.deep.equal([]);
    await agent.hello({ journal: 5 });
    expect(world.alarms.map(alarm => alarm.kind)).to.deep.equal(['journal_went_back']);
    expect(world.sink.kinds()).to.deep.equal(['accepted', 'finished interrupted']);
    expect(
      world.sink.doubts.map(([, why]) => why),
      'A14',
    ).to.eql(['vm_reverted']);
    expect(world.directory.get('a1')?.journal).to.equal(5);
  });

  it('keeps what the agent says right after it waiting until it is bound', async () => {
    const hello = agent.hello({ incarnation: 'inc-2' });
    await agent.say({ kind: 'accepted', agent: 'a1', incarnation: 'inc-2', id: idOf(9) });
    await hello;
    expect(world.side.desk.counts).to.include({ refused: 0, stale: 1 });
  });

  it('sends again what was not accepted, in its order, and not what was', async () => {
    const waiting = [idOf(1, 'app[0].second'), idOf(1, 'app[0].third')];
    for (const one of waiting) await world.drivers.script.start(one, scriptCommand('a1'), contextOf());
    await settle();
    agent.got.length = 0;
    await agent.hello();
    expect(agent.of('welcome')[0]?.live).to.deep.equal([id, ...waiting]);
    expect(agent.of('command').map(command => command.id)).to.deep.equal(waiting);
  });

  it('in a version of the protocol that this engine does not speak is refused with both numbers', async () => {
    await agent.hello({ protocol: 2 });
    expect(agent.of('welcome')).to.have.length(1);
    expect(world.alarms.at(-1)?.message).to.contain('version 2').and.to.contain('speaks 1');
  });

  it('is answered again when the connection was lost before the welcome was confirmed', async () => {
    world.broker.stop('maintenance');
    await settle();
    world.broker.start();
    await agent.connect();
    const answered = agent.of('welcome').length;
    await agent.hello();
    expect(agent.of('welcome')).to.have.length(answered);
    await world.clock.advance(1_000);
    await world.clock.advance(1_500);
    expect(agent.of('welcome').length).to.be.greaterThan(answered);
  });
});
