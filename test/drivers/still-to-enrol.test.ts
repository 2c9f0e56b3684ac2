// What is to be done by an agent that has still to enrol waits for it, as a VM takes its time to boot.
// Belongs here: that wait. Does not belong here: enrolment itself (test/agents/), agents that are registered.
import { expect } from 'chai';
import { Puppet } from '../agents/puppet.ts';
import { contextOf, idOf, makeWorld, scriptCommand, settle, type World } from '../agents/world.ts';
import type { Command } from '../../engine/machine/types.ts';

describe('a command to an agent that has still to enrol', () => {
  let world: World;

  beforeEach(async () => {
    world = await makeWorld();
    await world.directory.expect('a1');
  });

  afterEach(() => world.close());

  const online: Command = { ...scriptCommand('a1'), action: { kind: 'online' } };

  it('is sent once it has said hello', async () => {
    await world.drivers.script.start(idOf(), scriptCommand('a1'), contextOf());
    await settle();
    expect(world.sink.reports).to.deep.equal([]);
    const agent = await new Puppet(world).join();
    await settle();
    expect(agent.of('command')).to.have.lengthOf(1);
    expect(world.sink.reports).to.deep.equal([]);
  });

  it('is ended by its cancel, as nobody has it', async () => {
    await world.drivers.script.start(idOf(), scriptCommand('a1'), contextOf());
    await world.drivers.script.cancel(idOf(), 'a1', 'no longer wanted');
    await settle();
    expect(world.sink.outcome?.kind).to.equal('refused');
    const agent = await new Puppet(world).join();
    await settle();
    expect(agent.of('command')).to.deep.equal([]);
  });

  it('is what `online` is for', async () => {
    await world.drivers.online.start(idOf(), online, contextOf());
    await settle();
    expect(world.sink.reports).to.deep.equal([]);
    await new Puppet(world).join();
    await settle();
    expect(world.sink.outcome?.kind).to.equal('succeeded');
  });

  it('fails for one that nobody knows', async () => {
    await world.drivers.script.start(idOf(), scriptCommand('a2'), contextOf());
    await world.drivers.online.start(idOf(2), { ...online, agent: 'a2' }, contextOf());
    await settle();
    expect(world.sink.kinds()).to.deep.equal(['finished failed', 'finished failed']);
  });
});
