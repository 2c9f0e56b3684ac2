// The `online` driver: waits for the agent, compares facts.
// Belongs here: OD1, OD2 and the driver suite. Does not belong here: presence (test/agents).
import { expect } from 'chai';
import type { Command } from '../../engine/machine/types.ts';
import { FACTS, Puppet } from '../agents/puppet.ts';
import { contextOf, idOf, makeWorld, settle, type World } from '../agents/world.ts';
import { exerciseDriver } from './conformance.ts';

type Online = Extract<Command['action'], { kind: 'online' }>;

const online = (facts: Omit<Online, 'kind'> = {}): Command => ({
  action: { kind: 'online', ...facts },
  agent: 'a1',
  timeout: 60_000,
  reason: 'first',
  outputs: [],
});

exerciseDriver('online', async () => {
  const world = await makeWorld();
  const agent = await new Puppet(world).join({ hello: false });
  let joined = false;
  return {
    driver: world.drivers.online,
    sink: world.sink,
    command: online(),
    finish: async () => {
      if (!joined) await agent.hello();
      joined = true;
    },
    answerCancel: settle,
    dispose: world.close,
  };
});

describe('online', () => {
  let world: World;
  let agent: Puppet;

  beforeEach(async () => {
    world = await makeWorld();
    agent = await new Puppet(world).join({ hello: false });
  });

  afterEach(() => world.close());

  const start = (command: Command, dispatch = 1) =>
    world.drivers.online.start(idOf(dispatch), command, contextOf());

  it('is reached by the hello it waited for, without any timer, and tells the facts', async () => {
    await start(online({ os: 'linux', minDisk: 1_000, interpreter: 'bash' }));
    await settle();
    expect(world.sink.reports).to.deep.equal([]);
    expect(world.clock.timers).to.equal(0);
    await agent.hello();
    expect(world.sink.outcome).to.deep.equal({
      kind: 'succeeded',
      outputs: { facts: { json: { ...FACTS } } },
    });
  });

  it('is reached at once when the agent is there already, and not when it is gone again', async () => {
    await agent.hello();
    await start(online());
    await settle();
    expect(world.sink.kinds()).to.deep.equal(['finished succeeded']);
    world.side.presence.lost('a1', 'gone');
    await start(online(), 2);
    await settle();
    expect(world.sink.reports).to.have.length(1);
    await agent.hello();
    expect(world.sink.reports).to.have.length(2);
  });

  it('fails at once on a machine that is not as asked for, naming all that was expected and found', async () => {
    await start(online({ os: 'windows', minDisk: 50_000_000_000, interpreter: 'powershell' }));
    await agent.hello();
    expect(world.sink.error.message)
      .to.contain('os windows expected, found linux (Debian 12)')
      .and.to.contain('50000000000 bytes of free disk expected, found 10000000000')
      .and.to.contain('interpreter powershell expected, found bash, sh')
      .and.to.contain('vm-1');
  });
});
