// Behaviour over deaths: of the agent, the supervisor, the machine, the broker, the journal and the disk.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { treeOf } from '../../agent-protocol/agent/processes.ts';
import type { CommandMessage } from '../../agent-protocol/messages.ts';
import { commandKey } from '../../agent-protocol/messages.ts';
import type { RunningAgent } from '../../agent-protocol/agent/agent.ts';
import { newSigningKey } from '../../agent-protocol/signing.ts';
import { inProject } from '../support/project.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { FakeEngine } from './fake-engine.ts';
import { isLinux, isRoot, needs } from '../support/needs.ts';

const script = (text: string, reboots = 0): CommandMessage['task'] => ({
  kind: 'script',
  interpreter: 'bash',
  text,
  inputs: {},
  reboots,
});
const runsOf = (directory: string): string => {
  const runs = path.join(directory, 'runs');
  return path.join(runs, readdirSync(runs)[0] ?? '');
};
const pidIn = (directory: string, file: string): number =>
  (JSON.parse(readFileSync(path.join(runsOf(directory), file), 'utf8')) as { pid: number }).pid;

describe('agent, over deaths', () => {
  let engine: FakeEngine;
  let directory: string;
  let agents: RunningAgent[] = [];

  beforeEach(async () => {
    engine = new FakeEngine();
    await engine.start();
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.stop();
    await engine.stop();
  });

  async function start(options: Parameters<FakeEngine['startAgent']>[1] = {}): Promise<RunningAgent> {
    const hellos = engine.heard.filter(message => message.kind === 'hello').length;
    const agent = await engine.startAgent(directory, options);
    agents.push(agent);
    await engine.until(() => engine.heard.filter(message => message.kind === 'hello')[hellos]);
    return agent;
  }

  async function stop(agent: RunningAgent): Promise<void> {
    agents = agents.filter(other => other !== agent);
    await agent.stop();
  }

  it('AM8: reboots its machine for a command of its own, and is done when it is back under another boot id', async () => {
    let asked = 0;
    const machine = (bootId: string) => ({ bootId: () => bootId, reboot: () => void (asked += 1) });
    const first = await start(machine('boot-1'));
    const command = await engine.give(engine.command({ kind: 'reboot' }));
    await engine.until(() => asked === 1 || undefined);
    await engine.send(command);
    await stop(first);
    await stop(await start(machine('boot-1')));
    expect(asked, 'asked again by an agent that came back too early').to.equal(2);
    expect(engine.heard.some(message => message.kind === 'finished')).to.equal(false);
    await start(machine('boot-2'));
    const answer = await engine.answer(command.id);
    expect(answer).to.deep.include({ kind: 'finished', result: { kind: 'exit', code: 0 } });
    expect(asked).to.equal(2);
  });

  it('says of a machine that it may not reboot that it may not, and goes on', async () => {
    await start();
    const command = await engine.give(engine.command({ kind: 'reboot' }));
    expect(JSON.stringify(await engine.answer(command.id))).to.contain('may not reboot its machine');
    expect(await engine.run('true')).to.deep.include({ result: { kind: 'exit', code: 0 } });
  });

  it('killed in mid-script, is followed by one that adopts the script: it ran once, to its end', async () => {
    const key = newSigningKey();
    const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const gate = path.join(directory, 'gate');
    const text = `echo run >> ${directory}/runs.log; while [ ! -e ${gate} ]; do sleep 0.02; done; echo over`;
    const child = spawn(
      process.execPath,
      [inProject('dist/test/agent-protocol/agent-child.js'), directory, pem, text],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const line = await new Promise<string>(resolve =>
      child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString())),
    );
    const command = JSON.parse(line) as CommandMessage;
    const dead = new Promise(resolve => child.once('close', resolve));
    child.kill('SIGKILL');
    await dead;
    await engine.stop();
    engine = new FakeEngine('agent-1', undefined, key);
    await engine.start();
    engine.live.set(commandKey(command.id), command.id);
    await start();
    await engine.until(() => engine.has('started', command.id));
    writeFileSync(gate, '');
    expect(await engine.answer(command.id)).to.deep.include({
      result: { kind: 'exit', code: 0 },
      stdout: 'over\n',
    });
    expect(readFileSync(path.join(directory, 'runs.log'), 'utf8')).to.equal('run\n');
  });

  it('collects the end of a script that ended while no agent was there', async () => {
    const agent = await start();
    const gate = path.join(directory, 'gate');
    const command = await engine.give(
      engine.command(script(`while [ ! -e ${gate} ]; do sleep 0.02; done; exit 9`)),
    );
    await engine.until(() => engine.has('started', command.id));
    const supervisor = pidIn(directory, 'supervisor.json');
    await stop(agent);
    writeFileSync(gate, '');
    while (treeOf(supervisor, 'none').length > 0) await new Promise(resolve => setTimeout(resolve, 10));
    await start();
    expect(await engine.answer(command.id)).to.deep.include({ result: { kind: 'exit', code: 9 } });
  });

  it('enforces the timeout although no agent is there', async () => {
    const agent = await start();
    const command = await engine.give(engine.command(script('sleep 60'), { timeout: 300 }));
    await engine.until(() => engine.has('started', command.id));
    const supervisor = pidIn(directory, 'supervisor.json');
    await stop(agent);
    while (treeOf(supervisor, 'none').length > 0) await new Promise(resolve => setTimeout(resolve, 10));
    await start();
    expect(await engine.answer(command.id)).to.deep.include({ result: { kind: 'timeout' } });
  });

  it('says interrupted, with evidence, when the supervisor was killed, and leaves nothing running', async () => {
    await start();
    const command = await engine.give(engine.command(script('sleep 60')));
    await engine.until(() => engine.has('started', command.id));
    const record = path.join(runsOf(directory), 'script.json');
    while (!existsSync(record)) await new Promise(resolve => setTimeout(resolve, 5));
    const scriptPid = pidIn(directory, 'script.json');
    process.kill(pidIn(directory, 'supervisor.json'), 'SIGKILL');
    const answer = await engine.answer(command.id);
    expect(answer).to.include({ kind: 'interrupted' });
    expect(JSON.stringify(answer)).to.match(
      /is gone and left no exit record; what it left running was stopped/,
    );
    expect(treeOf(scriptPid, 'none')).to.deep.equal([]);
  });

  it('reboots when a script exits 194, and runs it again under the next boot id', async () => {
    let wanted: (() => void) | undefined;
    const rebooted = new Promise<void>(resolve => {
      wanted = resolve;
    });
    const first = await start({ bootId: () => 'boot-1', reboot: () => wanted?.() });
    const text = '[ "$WORKFLOW_REASON" = reboot ] && exit 0; exit 194';
    const command = await engine.give(engine.command(script(text, 1)));
    await rebooted;
    await stop(first);
    await start({ bootId: () => 'boot-2', reboot: () => undefined });
    expect(await engine.answer(command.id)).to.deep.include({ result: { kind: 'exit', code: 0 } });
  });

  it('stops after as many reboots as are allowed, and never reboots a machine that is not its own', async () => {
    const agent = await start();
    const task = script('exit 3010', 3);
    const command = await engine.give(engine.command(task));
    expect(JSON.stringify(await engine.answer(command.id))).to.match(/may not reboot its machine/);
    await stop(agent);
  });

  it('a machine that restarted in mid-script is an interruption', async () => {
    const agent = await start({ bootId: () => 'boot-1' });
    const command = await engine.give(engine.command(script('sleep 60')));
    await engine.until(() => engine.has('started', command.id));
    const supervisor = pidIn(directory, 'supervisor.json');
    await stop(agent);
    writeFileSync(path.join(runsOf(directory), 'cancel'), '');
    process.kill(supervisor, 'SIGSTOP');
    await start({ bootId: () => 'boot-2' });
    expect(await engine.answer(command.id)).to.deep.include({
      kind: 'interrupted',
      evidence: 'the machine was restarted in the middle: boot id boot-1 is now boot-2',
    });
    process.kill(supervisor, 'SIGCONT');
    process.kill(supervisor, 'SIGTERM');
    while (treeOf(supervisor, 'none').length > 0) await new Promise(resolve => setTimeout(resolve, 10));
  });

  it('sends outcomes again until their receipt, over a broker that comes back empty', async () => {
    engine.receipts = false;
    await start({ resendMs: 40 });
    const answer = await engine.run('true');
    await engine.until(() => engine.answers(answer.id)[2]);
    engine.broker.wipe('test');
    engine.receipts = true;
    await engine.start();
    const before = engine.answers(answer.id).length;
    await engine.until(() => engine.answers(answer.id)[before]);
    await engine.until(() => (engine.live.size === 0 ? true : undefined));
  });

  it('a journal that is gone is a new incarnation; a damaged one starts nothing', async () => {
    const first = await start();
    const before = first.identity.incarnation;
    await engine.run('true');
    const old = engine.command(script('true'));
    await stop(first);
    rmSync(path.join(directory, 'journal'));
    const second = await start();
    expect(second.identity.incarnation).not.to.equal(before);
    await engine.give(old);
    expect(await engine.answer(old.id)).to.include({ reason: 'wrong_incarnation' });
    await engine.run('true');
    await stop(second);
    const file = path.join(directory, 'journal');
    const bytes = readFileSync(file);
    bytes[20] = (bytes[20] as number) ^ 255;
    writeFileSync(file, bytes);
    await start();
    const command = await engine.give(engine.command(script('true')));
    expect(await engine.answer(command.id)).to.include({ reason: 'journal_damaged' });
  });

  it('does not take a journal for its own when the keys that belong to it are gone', async () => {
    await stop(await start());
    rmSync(path.join(directory, 'identity.json'));
    const refused = await engine.startAgent(directory).catch((error: Error) => error.message);
    expect(refused).to.include('identity.json is gone').and.include('remove the directory');
  });

  it('shares its directory with no other agent', async () => {
    await start();
    const refused = await engine.startAgent(directory).catch((error: Error) => error.message);
    expect(refused).to.match(/Another agent \(process \d+\) uses/);
  });

  it('on a disk that a script has filled, reports the outcome and refuses what is new', async () => {
    if (!needs(isRoot && isLinux, 'an agent on a full disk', 'root on Linux, to mount a small tmpfs')) return;
    const place = path.join(directory, 'small');
    mkdirSync(place);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', place]);
    try {
      directory = place;
      const agent = await start({ minimumFreeBytes: 64 * 1024 });
      const full = await engine.run(`cat /dev/zero > ${place}/fill; echo full; exit 5`);
      expect(full).to.deep.include({ result: { kind: 'exit', code: 5 } });
      const refused = await engine.run('true');
      expect(refused).to.include({ kind: 'refused', reason: 'no_space' });
      rmSync(path.join(place, 'fill'));
      expect(await engine.run('true')).to.deep.include({ result: { kind: 'exit', code: 0 } });
      await stop(agent);
    } finally {
      execFileSync('umount', ['-l', place]);
    }
  });
});
