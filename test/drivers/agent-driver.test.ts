// Commands on their way to an agent: what is in them, and that they arrive whatever the broker does.
// Belongs here: AD1-AD3, RD1 and the driver suite. Does not belong here: what agents answer (test/agents).
import { expect } from 'chai';
import { open } from '../../agent-protocol/sealing.ts';
import type { CommandMessage, Task } from '../../agent-protocol/messages.ts';
import { commandQueue } from '../../agent-protocol/transport.ts';
import type { Command } from '../../engine/machine/types.ts';
import { Puppet } from '../agents/puppet.ts';
import { contextOf, idOf, makeWorld, scriptCommand, settle, type World } from '../agents/world.ts';
import { exerciseDriver } from './conformance.ts';

exerciseDriver('script', async () => {
  const world = await makeWorld();
  const agent = await new Puppet(world).join();
  return {
    driver: world.drivers.script,
    sink: world.sink,
    command: scriptCommand('a1'),
    finish: id => agent.finish(id),
    answerCancel: async id => {
      await settle();
      if (agent.of('cancel').length > 0)
        await agent.tell(id, { kind: 'refused', reason: 'cancelled', message: 'ok' });
    },
    dispose: world.close,
  };
});

describe('commands to an agent', () => {
  let world: World;
  let agent: Puppet;

  beforeEach(async () => {
    world = await makeWorld();
    agent = await new Puppet(world).join();
  });

  afterEach(() => world.close());

  const send = async (command: Command, secrets: Record<string, string | number> = {}) => {
    await world.drivers.script.start(idOf(), command, contextOf(secrets));
    await settle();
    return agent.of('command').at(-1) as CommandMessage;
  };

  const fileCommand = (change: Partial<Extract<Command['action'], { kind: 'file' }>>): Command => ({
    ...scriptCommand('a1'),
    action: { kind: 'file', path: '/etc/app.conf', content: { value: 'x' }, ...change },
  });

  const opened = (task: Task, purpose: 'inputs' | 'file'): string | undefined => {
    const context = { agent: 'a1', incarnation: 'inc-1', id: idOf(), purpose };
    const bytes =
      task.kind !== 'reboot' && task.sealed && open(agent.sealing.privateKey, context, task.sealed);
    return bytes ? Buffer.from(bytes).toString() : undefined;
  };

  it('carry term, incarnation, text, clear inputs and limits', async () => {
    const inputs = {
      name: 'x',
      big: { $integer: '9007199254740993' },
      own: { $literal: { $secret: 'not one' } },
    };
    const message = await send(scriptCommand('a1', inputs, { timeout: 1_500.4, reason: 'retry' }));
    expect(message).to.deep.include({
      term: 7,
      incarnation: 'inc-1',
      timeout: 1_500,
      reason: 'retry',
      id: idOf(),
    });
    expect(message.task).to.deep.equal({
      kind: 'script',
      interpreter: 'bash',
      text: 'echo hello',
      inputs: { name: 'x', big: '9007199254740993', own: { $secret: 'not one' } },
      reboots: 0,
    });
  });

  it('are exclusive on their machine unless the state opted out', async () => {
    expect((await send(scriptCommand('a1'))).exclusive).to.equal(true);
    world.side.ledger.remove(world.side.ledger.of('a1')[0] as never);
    expect((await send(scriptCommand('a1', {}, { exclusive: false }))).exclusive).to.equal(false);
  });

  it('seal every input that holds a hidden value, whole, and leave no trace of it on the wire', async () => {
    const seen: Buffer[] = [];
    const tapped = await makeWorld({
      broker: { onPublish: ({ message }) => seen.push(Buffer.from(message.body)) },
    });
    const receiver = await new Puppet(tapped).join();
    const url = { $concat: ['pg://u:', { $secret: 's1' }, '@db:', { $secret: 's2' }] };
    const inputs = { plain: 'p', url, list: [1, { deep: { $secret: 's1' } }] };
    await tapped.drivers.script.start(
      idOf(),
      scriptCommand('a1', inputs),
      contextOf({ s1: 'hunter2', s2: 5432 }),
    );
    await settle();
    const [message] = receiver.of('command');
    const task = message?.task as Extract<Task, { kind: 'script' }>;
    expect(task.inputs).to.deep.equal({ plain: 'p' });
    const context = { agent: 'a1', incarnation: 'inc-1', id: idOf(), purpose: 'inputs' } as const;
    const clear = open(receiver.sealing.privateKey, context, task.sealed as NonNullable<typeof task.sealed>);
    expect(JSON.parse(Buffer.from(clear ?? []).toString())).to.deep.equal({
      url: 'pg://u:hunter2@db:5432',
      list: [1, { deep: 'hunter2' }],
    });
    expect(seen.length).to.be.greaterThan(1);
    expect(seen.some(body => body.includes('hunter2'))).to.equal(false);
    await tapped.close();
  });

  it('carry a file’s text, or seal it when any part is hidden', async () => {
    const clear = await send(fileCommand({ mode: 0o600, owner: 'app', content: { digest: 'd1' } }));
    expect(clear.task).to.deep.equal({
      kind: 'file',
      path: '/etc/app.conf',
      text: 'echo hello',
      mode: 0o600,
      owner: 'app',
    });
    world.side.ledger.remove(world.side.ledger.of('a1')[0] as never);
    const content = { value: { $concat: ['password=', { $secret: 's1' }, '\n'] } };
    const sealed = await send(fileCommand({ content }), { s1: 'hunter2' });
    expect(sealed.task).to.not.have.property('text');
    expect(opened(sealed.task, 'file')).to.equal('password=hunter2\n');
  });

  it('carry the address and the sum of a download', async () => {
    const download = { url: 'https://example.org/a', sha256: 'a'.repeat(64) };
    expect((await send(fileCommand({ content: download }))).task).to.deep.equal({
      kind: 'file',
      path: '/etc/app.conf',
      download,
    });
  });

  const impossible: [string, Command, string][] = [
    [
      'a hidden value that cannot be read',
      scriptCommand('a1', { p: { $secret: 'gone' } }),
      "'gone' cannot be read",
    ],
    [
      'a user that would show a hidden value',
      {
        ...scriptCommand('a1'),
        action: { ...(scriptCommand('a1').action as never as object), runAs: { $secret: 's' } } as never,
      },
      'run_as',
    ],
    [
      'an address that would show a hidden value',
      fileCommand({ content: { url: { $secret: 's' }, sha256: 'a'.repeat(64) } }),
      '`url` holds a hidden value',
    ],
    ['a path that is no text', fileCommand({ path: 5 }), 'must be text'],
    [
      'inputs larger than agents take',
      scriptCommand('a1', { p: 'x'.repeat(2_000_000) }),
      'refused by the agent',
    ],
  ];
  for (const [what, command, says] of impossible) {
    it(`fail at once over ${what}, in a sentence, and nothing is sent`, async () => {
      await send(command);
      expect(world.sink.error.kind).to.equal('refused');
      expect(world.sink.error.message).to.contain(says);
      expect(agent.of('command')).to.deep.equal([]);
      expect(world.side.ledger.size).to.equal(0);
    });
  }

  it('wait for the first hello of an agent that never came, and in the queue for one that is away', async () => {
    const late = await new Puppet(world, 'a2').join({ hello: false });
    await world.drivers.script.start(idOf(), scriptCommand('a2'), contextOf());
    await settle();
    expect(late.got).to.deep.equal([]);
    await late.hello();
    expect(late.got.map(one => one.kind)).to.deep.equal(['welcome', 'command']);

    world.broker.cut('away', login => login.user === 'a1');
    await settle();
    await world.drivers.script.start(idOf(2, 'app[1].x'), scriptCommand('a1'), contextOf());
    await settle();
    expect(world.broker.depth(commandQueue('a1'))).to.include({ ready: 1 });
  });

  it('are sent again after a connection that was lost before the confirm, and arrive', async () => {
    let cuts = 2;
    const shaky = await makeWorld({
      broker: {
        fault: ({ routingKey }) => {
          if (routingKey !== commandQueue('a1') || cuts === 0) return undefined;
          cuts -= 1;
          return { kind: cuts === 1 ? 'cut_before' : 'cut_after' };
        },
      },
    });
    cuts = 0;
    const receiver = await new Puppet(shaky).join();
    cuts = 2;
    await shaky.drivers.script.start(idOf(), scriptCommand('a1'), contextOf());
    await settle();
    for (let count = 0; count < 3; count += 1) await shaky.clock.advance(1_000);
    expect(receiver.of('command').map(one => one.id)).to.deep.equal([idOf(), idOf()]);
    expect(shaky.side.link.waiting).to.equal(0);
    await shaky.close();
  });

  it('survive a broker that comes back empty: queues are there again, and what was not accepted is sent', async () => {
    world.broker.cut('away', login => login.user === 'a1');
    await settle();
    await send(scriptCommand('a1'));
    world.broker.wipe('disk lost');
    await settle();
    expect(world.broker.queues()).to.deep.equal([]);
    await world.clock.advance(1_000);
    expect(world.broker.queues()).to.include(commandQueue('a1'));
    await agent.connect();
    await agent.hello();
    expect(agent.of('command').map(one => one.id)).to.deep.equal([idOf()]);
  });

  it('declare the queue of an agent when the broker returns them', async () => {
    world.broker.cut('away', login => login.user === 'a1');
    world.broker.deleteQueue(commandQueue('a1'));
    await settle();
    await send(scriptCommand('a1'));
    expect(world.broker.counts.returned).to.equal(1);
    expect(world.broker.depth(commandQueue('a1'))).to.include({ ready: 1 });
  });

  it('are sent again to an agent that is there and does not accept, and no more once it has', async () => {
    await send(scriptCommand('a1'));
    await world.clock.advance(31_000);
    expect(agent.of('command')).to.have.length(2);
    await agent.tell(idOf(), { kind: 'accepted' });
    await world.clock.advance(31_000);
    expect(agent.of('command')).to.have.length(2);
    expect(world.clock.timers).to.equal(0);
  });

  it('wait while the broker blocks publishers, say so, and go on after', async () => {
    const states: string[] = [];
    const told = await makeWorld({ side: { onLink: state => states.push(state.kind) } });
    const receiver = await new Puppet(told).join();
    told.broker.block('low on memory');
    await told.drivers.script.start(idOf(), scriptCommand('a1'), contextOf());
    await settle();
    expect(receiver.of('command')).to.deep.equal([]);
    expect(states).to.deep.equal(['connected', 'blocked']);
    told.broker.unblock();
    await settle();
    expect(receiver.of('command')).to.have.length(1);
    expect(states.at(-1)).to.equal('connected');
    await told.close();
  });

  it('fail as unreachable when the broker refuses them for good', async () => {
    const none = /^$/;
    const permissions = {
      configure: /./,
      read: /./,
      write: /^(from-agents|dead-letters|engine.results|engine.enrolments)$/,
    };
    const strict = await makeWorld({
      broker: {
        users: {
          engine: { password: '', permissions },
          a1: { password: '', permissions: { configure: none, read: /./, write: /./ } },
        },
      },
    });
    const receiver = await new Puppet(strict).join({ hello: false });
    await strict.directory.bind('a1', receiver.incarnation, 1);
    await strict.drivers.script.start(idOf(), scriptCommand('a1'), contextOf());
    await settle();
    expect(strict.sink.error).to.include({ kind: 'unreachable' });
    expect(strict.sink.error.message).to.contain('ACCESS_REFUSED');
    await strict.close();
  });

  it('are called back by a signed cancel, sent again at a hello until it is answered', async () => {
    await send(scriptCommand('a1'));
    await agent.tell(idOf(), { kind: 'accepted' });
    await world.drivers.script.cancel(idOf(), 'a1', 'no longer wanted');
    await settle();
    expect(agent.of('cancel')).to.have.length(1);
    expect(agent.of('cancel')[0]).to.deep.include({ id: idOf(), term: 7, why: 'no longer wanted' });
    await agent.hello();
    expect(agent.of('cancel')).to.have.length(2);
    await agent.finish(idOf(), { result: { kind: 'cancelled' } });
    expect(world.sink.error.kind).to.equal('cancelled');
    await agent.hello();
    expect(agent.of('cancel')).to.have.length(2);
  });

  it('are called back without a word when they were never sent', async () => {
    await new Puppet(world, 'a2').join({ hello: false });
    await world.drivers.script.start(idOf(), scriptCommand('a2'), contextOf());
    await world.drivers.script.cancel(idOf(), 'a2', 'no longer wanted');
    await settle();
    expect(world.sink.outcome?.kind).to.equal('refused');
    expect(world.side.ledger.size).to.equal(0);
  });

  it('reach the agent as a cancel even when this engine never sent the command', async () => {
    await world.drivers.script.cancel(idOf(), 'a1', 'left over');
    await settle();
    expect(agent.of('cancel')).to.have.length(1);
    await agent.tell(idOf(), { kind: 'refused', reason: 'cancelled', message: 'never started' });
    expect(world.sink.outcome).to.deep.equal({ kind: 'refused', message: 'cancelled: never started' });
  });
});
