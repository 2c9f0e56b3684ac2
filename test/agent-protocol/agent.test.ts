// Behaviour of a whole agent with real scripts: what they get and give, how they end, what stops them.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { createSealer, open } from '../../agent-protocol/sealing.ts';
import { readPublicKey } from '../../agent-protocol/signing.ts';
import { treeOf } from '../../agent-protocol/agent/processes.ts';
import type { RunningAgent } from '../../agent-protocol/agent/agent.ts';
import { DEAD_LETTERS } from '../../agent-protocol/transport.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { FakeEngine } from './fake-engine.ts';
import { isRoot, needs } from '../support/needs.ts';

describe('agent', () => {
  let engine: FakeEngine;
  let agent: RunningAgent;
  let directory: string;

  beforeEach(async () => {
    engine = new FakeEngine();
    await engine.start();
    directory = await temporaryDirectory();
    agent = await engine.startAgent(directory);
    await engine.until(() => engine.heard.find(message => message.kind === 'hello'));
  });
  afterEach(async () => {
    await agent.stop();
    await engine.stop();
  });

  const exitOf = (answer: Awaited<ReturnType<FakeEngine['run']>>): unknown =>
    answer.kind === 'finished' ? answer.result : answer;

  it('gives a script its inputs as variables and as a file, and takes outputs both ways', async () => {
    const answer = await engine.run(
      `echo "$name $list $WORKFLOW_REASON"; cat "$WORKFLOW_INPUTS"
       printf 5432 > "$heat_outputs_path.port"; echo '{"ports": [1, 2], "other": 1}' > "$WORKFLOW_OUTPUTS"; echo oops >&2`,
      {
        inputs: { name: 'größe "1"', list: [1, { a: null }] },
        outputs: [
          { name: 'port', hidden: false },
          { name: 'ports', hidden: false },
          { name: 'absent', hidden: false },
        ],
      },
    );
    expect(answer).to.deep.include({
      kind: 'finished',
      result: { kind: 'exit', code: 0 },
      outputs: { port: { text: '5432' }, ports: { json: [1, 2] } },
      stdout: 'größe "1" [1,{"a":null}] first\n{"name":"größe \\"1\\"","list":[1,{"a":null}]}',
      stderr: 'oops\n',
    });
  });

  it('tells started, output and the end, in this order, and forgets after the receipt', async () => {
    const answer = await engine.run('echo live');
    const kinds = engine.heard.map(message => message.kind).filter(kind => kind !== 'hello');
    expect(kinds).to.deep.equal(['started', 'output', 'finished']);
    await engine.run('true', { id: { ...answer.id, dispatch: 2 } });
    expect(readdirSync(path.join(directory, 'runs')).length).to.be.lessThan(2);
  });

  it('passes hidden values sealed, hides them wherever they are printed, and leaves none on disk', async () => {
    const key = readPublicKey(agent.identity.sealingKey, 'x25519');
    if (key === undefined) throw new Error('no key');
    const command = engine.command(
      { kind: 'script', interpreter: 'bash', text: '', inputs: {}, reboots: 0 },
      { outputs: [{ name: 'token', hidden: true }] },
    );
    const { agent: name, incarnation, id } = command;
    const sealed = createSealer(key).seal(
      { agent: name, incarnation, id, purpose: 'inputs' },
      Buffer.from('{"password":"hunter2-secret"}'),
    );
    const text = `echo "p=$password"; printf %s "$password" | base64; ls -l "$WORKFLOW_INPUTS" | cut -c1-10
      tr '\\0' ' ' < /proc/$$/cmdline | grep -cF "$password"; printf %s "$password" > "$heat_outputs_path.token"`;
    engine.receipts = false;
    await engine.give({
      ...command,
      task: { kind: 'script', interpreter: 'bash', text, inputs: {}, reboots: 0, sealed },
    });
    const answer = await engine.answer(id);
    if (answer.kind !== 'finished') throw new Error(answer.kind);
    expect(answer.stdout).to.equal('p=***\n***\n-rw-------\n0\n');
    const token = answer.outputs['token'];
    if (token === undefined || !('sealed' in token)) throw new Error('not sealed');
    const opened = open(
      engine.sealing.privateKey,
      { agent: name, incarnation, id, purpose: 'output:token' },
      token.sealed,
    );
    expect(Buffer.from(opened ?? []).toString()).to.equal('{"text":"hunter2-secret"}');
    expect(JSON.stringify(engine.heard)).not.to.contain('hunter2');
    expect(readFileSync(path.join(directory, 'journal'), 'latin1')).not.to.contain('hunter2');
    const left = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(file =>
      /inputs\.json|script\.sh/.test(file),
    );
    expect(left).to.deep.equal([]);
  });

  it('reports exit codes, signals, a missing interpreter and a missing directory as what they are', async () => {
    expect(exitOf(await engine.run('exit 77'))).to.deep.equal({ kind: 'exit', code: 77 });
    expect(exitOf(await engine.run('kill -SEGV $$'))).to.deep.equal({ kind: 'signal', signal: 'SIGSEGV' });
    const task = { kind: 'script', text: 'x', inputs: {}, reboots: 0 } as const;
    const cmd = await engine.give(engine.command({ ...task, interpreter: 'cmd' }));
    expect(JSON.stringify(exitOf(await engine.answer(cmd.id)))).to.match(
      /cmd is not installed on this machine/,
    );
    const lost = await engine.give(
      engine.command({ ...task, interpreter: 'sh', workingDirectory: '/no/such' }),
    );
    expect(JSON.stringify(exitOf(await engine.answer(lost.id)))).to.match(/\/no\/such is not a directory/);
  });

  it('runs scripts with CRLF and a byte order mark, and python', async () => {
    expect(exitOf(await engine.run('\ufeffif true; then\r\n  exit 3\r\nfi\r\n'))).to.deep.equal({
      kind: 'exit',
      code: 3,
    });
    const python = await engine.give(
      engine.command({ kind: 'script', interpreter: 'python', text: 'print("hé")', inputs: {}, reboots: 0 }),
    );
    expect(await engine.answer(python.id)).to.include({ stdout: 'hé\n' });
  });

  it('ends soon after the main process although a grandchild holds its pipes, and lets that one live', async () => {
    const answer = await engine.run('sleep 5 & echo $!; exit 0');
    if (answer.kind !== 'finished') throw new Error(answer.kind);
    const pid = Number(answer.stdout);
    expect(treeOf(pid, 'none')).to.deep.equal([pid]);
    process.kill(pid, 'SIGKILL');
  });

  it('kills the whole tree at the timeout, also what ignores TERM or left the session', async () => {
    const text = `trap '' TERM; bash -c "trap '' TERM; while :; do sleep 0.1; done" & setsid sleep 77 & echo $!; wait; sleep 60`;
    const answer = await engine.run(text, { timeout: 400 });
    if (answer.kind !== 'finished') throw new Error(answer.kind);
    expect(answer.result).to.deep.equal({ kind: 'timeout' });
    expect(treeOf(Number(answer.stdout), 'none')).to.deep.equal([]);
  });

  it('stops a running script on cancel and never starts a queued or unseen one', async () => {
    const running = await engine.give(
      engine.command({ kind: 'script', interpreter: 'sh', text: 'sleep 60', inputs: {}, reboots: 0 }),
    );
    const queued = await engine.give(
      engine.command({ kind: 'script', interpreter: 'sh', text: 'true', inputs: {}, reboots: 0 }),
    );
    await engine.until(() => engine.has('started', running.id));
    await engine.cancel(queued.id);
    expect(await engine.answer(queued.id)).to.include({ kind: 'refused', reason: 'cancelled' });
    await engine.cancel(running.id);
    expect(exitOf(await engine.answer(running.id))).to.deep.equal({ kind: 'cancelled' });
    const unseen = engine.command({
      kind: 'script',
      interpreter: 'sh',
      text: 'true',
      inputs: {},
      reboots: 0,
    });
    await engine.cancel(unseen.id);
    await engine.until(() => engine.answers(unseen.id)[0]);
    await engine.give(unseen);
    await engine.until(() => engine.answers(unseen.id)[1]);
    expect(engine.has('started', unseen.id)).to.equal(undefined);
    expect(engine.has('started', queued.id)).to.equal(undefined);
  });

  it('keeps endless output within its bounds, on disk and on the wire', async () => {
    engine.receipts = false;
    const answer = await engine.run('head -c 60000000 /dev/zero | tr "\\0" "x"; printf "\\377\\376end"');
    if (answer.kind !== 'finished') throw new Error(answer.kind);
    expect(answer.stdout.length).to.be.lessThan(9000);
    expect(answer.stdout).to.match(/x\ufffd\ufffdend$/);
    const [run = ''] = readdirSync(path.join(directory, 'runs'));
    const kept = readdirSync(path.join(directory, 'runs', run)).filter(file => file.startsWith('stdout.'));
    const bytes = kept
      .map(file => statSync(path.join(directory, 'runs', run, file)).size)
      .reduce((a, b) => a + b, 0);
    expect(bytes).to.be.lessThan(1_000_000);
    const live = engine.heard.filter(message => message.kind === 'output');
    expect(live.length).to.be.greaterThan(0);
    expect(live.map(piece => piece.text.length).reduce((a, b) => a + b, 0)).to.be.lessThan(300_000);
  });

  it('refuses outputs that are links, not JSON, or too large', async () => {
    const outputs = [{ name: 'a', hidden: false }];
    expect(
      JSON.stringify(await engine.run('ln -s /etc/passwd "$heat_outputs_path.a"', { outputs })),
    ).to.match(/Output a cannot be read/);
    expect(
      JSON.stringify(
        await engine.run('ln /proc/version "$heat_outputs_path.a" || mkfifo "$heat_outputs_path.a"', {
          outputs,
        }),
      ),
    ).to.match(/not a plain file/);
    expect(JSON.stringify(await engine.run('echo nonsense > "$WORKFLOW_OUTPUTS"', { outputs }))).to.match(
      /holds no JSON/,
    );
    expect(
      JSON.stringify(await engine.run('head -c 300000 /dev/zero > "$heat_outputs_path.a"', { outputs })),
    ).to.match(/larger than/);
  });

  it('writes a file whole, with its mode, and says why when it cannot', async () => {
    const file = path.join(directory, 'made', 'x.conf');
    const command = await engine.give(
      engine.command({ kind: 'file', path: file, text: 'a=1\n', mode: 0o640 }),
    );
    expect(exitOf(await engine.answer(command.id))).to.deep.equal({ kind: 'exit', code: 0 });
    expect(readFileSync(file, 'utf8')).to.equal('a=1\n');
    expect(statSync(file).mode & 0o7777).to.equal(0o640);
    const bad = await engine.give(engine.command({ kind: 'file', path: '/proc/nothing/x', text: '' }));
    expect(JSON.stringify(await engine.answer(bad.id))).to.match(/could not do it/);
  });

  it('runs as another user, who sees nothing of the agent', async () => {
    if (!needs(isRoot, 'run_as another user', 'to be root')) return;
    const task = {
      kind: 'script',
      interpreter: 'sh',
      inputs: { a: 'b' },
      reboots: 0,
      runAs: 'nobody',
    } as const;
    const text = `id -un; cat "$WORKFLOW_INPUTS"; echo "$HOME"; cat ${directory}/identity.json; echo v > "$heat_outputs_path.o"`;
    const command = await engine.give(
      engine.command({ ...task, text }, { outputs: [{ name: 'o', hidden: false }] }),
    );
    const answer = await engine.answer(command.id);
    expect(answer).to.deep.include({ outputs: { o: { text: 'v\n' } } });
    expect(JSON.stringify(answer))
      .to.match(/nobody\\n\{\\"a\\":\\"b\\"\}/)
      .and.match(/Permission denied/);
    const unknown = await engine.give(engine.command({ ...task, runAs: 'no-such-user', text: 'id' }));
    expect(JSON.stringify(await engine.answer(unknown.id))).to.match(/there is no such user/);
  });

  it('sends what it cannot believe to the dead letters, once', async () => {
    const stranger = new FakeEngine('agent-1', engine.transport);
    const command = engine.command({
      kind: 'script',
      interpreter: 'sh',
      text: 'true',
      inputs: {},
      reboots: 0,
    });
    await stranger.start();
    await stranger.send(command);
    await stranger.stop();
    await engine.run('true');
    expect(engine.has('accepted', command.id)).to.equal(undefined);
    expect(engine.broker.depth(DEAD_LETTERS)?.ready).to.equal(1);
  });
});
