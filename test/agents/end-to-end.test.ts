// Engine's side and real agents over the in-process broker: real scripts, real secrets, a broker that fails.
// Belongs here: what only the two together show. Does not belong here: either side alone.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { startAgent, type RunningAgent } from '../../agent-protocol/agent/agent.ts';
import { commandQueue } from '../../agent-protocol/transport.ts';
import type { EffectId } from '../../engine/base/ids.ts';
import type { JsonValue } from '../../engine/base/json.ts';
import type { PublishContext, PublishFault } from '../../engine/bus/memory.ts';
import type { Command } from '../../engine/machine/types.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { contextOf, idOf, makeWorld, scriptCommand, type World } from './world.ts';

const SECRET = 'hunter2-is-hidden';

describe('engine and a real agent', () => {
  let world: World;
  let agents: RunningAgent[];
  let directory: string;
  let wire: string[];
  let fault: (context: PublishContext) => PublishFault | undefined;

  beforeEach(async () => {
    wire = [];
    fault = () => undefined;
    world = await makeWorld({
      broker: {
        fault: context => fault(context),
        onPublish: ({ message }) => wire.push(Buffer.from(message.body).toString('latin1')),
      },
    });
    agents = [];
    directory = await temporaryDirectory();
    await begin('vm1');
  });

  afterEach(async () => {
    await Promise.all(agents.map(agent => agent.stop()));
    await world.close();
  });

  const begin = async (name: string): Promise<RunningAgent> => {
    const agent = await startAgent({
      directory: path.join(directory, name),
      agent: name,
      transport: world.broker.transport,
      login: { user: name, password: '', name },
      engineKeys: [world.keys.signing.publicKey],
      reconnectMs: 5,
      resendMs: 30,
      killGraceMs: 100,
      pipeGraceMs: 100,
      minimumFreeBytes: 0,
    });
    agents.push(agent);
    await world.side.register({ id: name, ...agent.identity });
    await until(() => world.side.presence.online(name), 'the welcome');
    return agent;
  };

  /** Time passes for the engine while it is waited for. */
  const until = async (condition: () => boolean, what: string): Promise<void> => {
    for (let count = 0; !condition(); count += 1) {
      if (count > 2_000) throw new Error(`waited in vain for ${what}: ${world.sink.kinds().join(', ')}`);
      await new Promise<void>(resolve => setTimeout(resolve, 4));
      await world.clock.advance(250);
    }
  };

  const start = (
    text: string,
    change: Partial<Command> = {},
    secrets: Record<string, JsonValue> = {},
    id = idOf(),
  ) => world.drivers.script.start(id, { ...scriptCommand('vm1'), ...change }, contextOf(secrets, text));

  const ends = (id?: EffectId): number =>
    world.sink.reports.filter(one => one.report.kind === 'finished' && (!id || one.id.step === id.step))
      .length;

  const ended = (count = 1): Promise<void> => until(() => ends() >= count, `${count} ends`);

  const runs = async (): Promise<number> =>
    (await readFile(path.join(directory, 'runs.txt'), 'utf8').catch(() => '')).split('\n').length - 1;

  it('runs a script with its inputs, and brings its hidden output home without showing a secret', async () => {
    const inputs = { name: 'Zoë', url: { $concat: ['pg://', { $secret: 's1' }] } };
    const outputs = [
      { name: 'greeting', hidden: false },
      { name: 'token', hidden: true },
    ];
    const script = `echo "connecting to $url as $name"
      echo "hello $name" > "$heat_outputs_path.greeting"; printf '%s!' "$url" > "$heat_outputs_path.token"`;
    await start(script, { ...scriptCommand('vm1', inputs), outputs }, { s1: SECRET });
    await ended();
    // An end that is sent again before its receipt came is asked about, and reported no second time.
    expect(world.sink.kinds().slice(0, 2)).to.deep.equal(['started', 'finished succeeded']);
    expect(ends()).to.equal(1);
    const ref = 'output/w1/1/app[0].ready/1/token';
    const { outcome } = world.sink;
    if (outcome?.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
    expect(outcome.outputs['token']).to.deep.equal({ secret: ref });
    expect(JSON.stringify(outcome.outputs['greeting'])).to.contain('hello Zoë');
    expect(outcome.tail).to.contain('connecting to ***');
    const [secret] = world.sink.reports.find(one => one.report.kind === 'finished')?.secrets ?? [];
    expect(Buffer.from(secret?.sealed ?? []).toString()).to.equal(`sealed:${ref}:"pg://${SECRET}!"`);
    expect(world.outputs.map(one => one.text).join('')).to.contain('connecting to ***');
    await until(() => wire.some(body => body.includes('"receipt"')), 'the receipt');
    expect(wire.length).to.be.greaterThan(6);
    expect(wire.filter(body => body.includes(SECRET))).to.deep.equal([]);
  });

  it('tells a failure by exit code and tail of stderr', async () => {
    await start('echo fine; echo "no such database" >&2; exit 3');
    await ended();
    expect(world.sink.error).to.include({ kind: 'exit', exitCode: 3, tail: 'no such database\n' });
  });

  it('runs a script once though every message is delivered three times', async () => {
    fault = () => ({ kind: 'duplicate', copies: 2 });
    await start(`echo run >> ${directory}/runs.txt`);
    await ended();
    await start('true', {}, {}, idOf(1, 'app[0].next'));
    await ended(2);
    expect(await runs()).to.equal(1);
    expect(ends(idOf())).to.equal(1);
  });

  it('runs a script once though its connections are cut at each second message', async () => {
    let count = 0;
    fault = () => {
      count += 1;
      return count < 12 && count % 2 === 0
        ? { kind: count % 4 === 0 ? 'cut_after' : 'cut_before' }
        : undefined;
    };
    await start(`echo run >> ${directory}/runs.txt`);
    await ended();
    expect(count).to.be.greaterThan(4);
    expect(await runs()).to.equal(1);
    expect(world.sink.outcome?.kind).to.equal('succeeded');
  });

  it('sends a confirmed command again that the broker lost', async () => {
    let lost = 1;
    fault = ({ routingKey }) =>
      routingKey === commandQueue('vm1') && lost-- > 0 ? { kind: 'lose' } : undefined;
    await start(`echo run >> ${directory}/runs.txt`);
    await ended();
    expect(lost).to.be.lessThan(0);
    expect(await runs()).to.equal(1);
  });

  it('goes on after the broker came back empty in the middle of a script', async () => {
    await start(
      `echo run >> ${directory}/runs.txt; while [ ! -e ${directory}/go ]; do sleep 0.02; done; echo done`,
    );
    await until(() => world.sink.kinds().includes('started'), 'the start');
    world.broker.wipe('disk lost');
    expect(world.broker.queues()).to.deep.equal([]);
    await start('true', {}, {}, idOf(1, 'app[0].next'));
    await writeFile(path.join(directory, 'go'), '');
    await ended(2);
    expect(await runs()).to.equal(1);
    expect(world.sink.kinds().filter(kind => kind.startsWith('finished'))).to.deep.equal([
      'finished succeeded',
      'finished succeeded',
    ]);
  });

  it('finds the same end after the agent was restarted in the middle of the script', async () => {
    await start(
      `echo run >> ${directory}/runs.txt; while [ ! -e ${directory}/go ]; do sleep 0.02; done; exit 9`,
    );
    await until(() => world.sink.kinds().includes('started'), 'the start');
    await agents.pop()?.stop();
    world.side.presence.lost('vm1', 'stopped');
    await writeFile(path.join(directory, 'go'), '');
    await begin('vm1');
    await ended();
    expect(world.sink.error).to.include({ kind: 'exit', exitCode: 9 });
    expect(await runs()).to.equal(1);
  });

  it('stops a running script that is called back', async () => {
    await start('sleep 60');
    await until(() => world.sink.kinds().includes('started'), 'the start');
    await world.drivers.script.cancel(idOf(), 'vm1', 'no longer wanted');
    await ended();
    expect(world.sink.error.kind).to.equal('cancelled');
  });

  it('puts a file with a hidden part where it belongs', async () => {
    const file = path.join(directory, 'app.conf');
    const content = { value: { $concat: ['password=', { $secret: 's1' }] } };
    const command: Command = {
      ...scriptCommand('vm1'),
      action: { kind: 'file', path: file, content, mode: 0o600 },
    };
    await world.drivers.file.start(idOf(), command, contextOf({ s1: SECRET }));
    await ended();
    expect(world.sink.outcome?.kind).to.equal('succeeded');
    expect(await readFile(file, 'utf8')).to.equal(`password=${SECRET}`);
    expect(wire.filter(body => body.includes(SECRET))).to.deep.equal([]);
  });

  it('finds an agent online with its facts, and fails one that is not as asked for', async () => {
    const command: Command = { ...scriptCommand('vm1'), action: { kind: 'online', interpreter: 'bash' } };
    await world.drivers.online.start(idOf(), command, contextOf());
    await ended();
    expect(world.sink.outcome?.kind).to.equal('succeeded');
    const wrong: Command = { ...command, action: { kind: 'online', os: 'windows' } };
    await world.drivers.online.start(idOf(2), wrong, contextOf());
    await ended(2);
    expect(world.sink.error.message).to.contain('os windows expected, found linux');
  });
}).timeout(20_000);
