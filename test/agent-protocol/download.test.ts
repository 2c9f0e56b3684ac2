// The `file` task that downloads, from a real server: the sum decides, and nothing half is ever left.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import type { RunningAgent } from '../../agent-protocol/agent/agent.ts';
import { download } from '../../agent-protocol/agent/download.ts';
import type { CommandMessage, Finished } from '../../agent-protocol/messages.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { FakeEngine } from './fake-engine.ts';

const BODY = Buffer.from('version 1\0\xff'.repeat(20_000), 'latin1');
const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a file that is downloaded', () => {
  let engine: FakeEngine;
  let directory: string;
  let target: string;
  let server: Server;
  let base: string;
  let agents: RunningAgent[] = [];
  let answers: { [path: string]: (request: IncomingMessage, response: ServerResponse) => void };

  beforeEach(async () => {
    engine = new FakeEngine();
    await engine.start();
    directory = await temporaryDirectory();
    mkdirSync(path.join(directory, 'files'));
    target = path.join(directory, 'files', 'app.bin');
    answers = { '/app': (_, response) => void response.end(BODY) };
    server = createServer((request, response) => {
      const answer = answers[(request.url ?? '').split('?')[0] ?? ''];
      if (answer) answer(request, response);
      else response.writeHead(404).end();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.stop();
    await engine.stop();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  async function start(): Promise<RunningAgent> {
    const hellos = engine.heard.filter(message => message.kind === 'hello').length;
    const agent = await engine.startAgent(path.join(directory, 'agent'));
    agents.push(agent);
    await engine.until(() => engine.heard.filter(message => message.kind === 'hello')[hellos]);
    return agent;
  }

  const give = (url: string, change: Partial<CommandMessage> = {}): Promise<CommandMessage> =>
    engine.give(
      engine.command(
        { kind: 'file', path: target, download: { url, sha256: sumOf(BODY) }, mode: 0o750 },
        change,
      ),
    );

  async function resultOf(command: CommandMessage): Promise<Finished['result']> {
    const answer = await engine.answer(command.id);
    if (answer.kind !== 'finished') throw new Error(JSON.stringify(answer));
    return answer.result;
  }

  const left = (): string[] => readdirSync(path.dirname(target));
  const fails = async (url: string): Promise<string> => {
    const result = await resultOf(await give(url));
    return result.kind === 'error' ? result.reason : result.kind;
  };

  it('appears whole, with its mode, in place of what was there', async () => {
    await start();
    writeFileSync(target, 'old');
    expect(await resultOf(await give(`${base}/app`))).to.deep.equal({ kind: 'exit', code: 0 });
    expect(readFileSync(target).equals(BODY)).to.equal(true);
    expect(statSync(target).mode & 0o7777).to.equal(0o750);
    expect(left()).to.deep.equal(['app.bin']);
  });

  it('is not put in place when its sum is another: what was there stays', async () => {
    await start();
    writeFileSync(target, 'old');
    answers['/app'] = (_, response) => void response.end('tampered with');
    const reason = await fails(`${base}/app?token=t0ken`);
    expect(reason)
      .to.contain(sumOf(Buffer.from('tampered with')))
      .and.contain('Nothing was changed.');
    expect(reason, 'what a query holds is shown to nobody').not.to.contain('t0ken');
    expect(readFileSync(target, 'utf8')).to.equal('old');
    expect(left()).to.deep.equal(['app.bin']);
  });

  it('says what the server answered, and where nobody answers', async () => {
    await start();
    expect(await fails(`${base}/gone`)).to.equal(`${base}/gone answered 404 Not Found.`);
    expect(await fails('http://127.0.0.1:1/x')).to.match(/^http:\/\/127\.0\.0\.1:1\/x cannot be read: /);
    expect(await fails(base.replace('http:', 'https:')), 'https is TLS').to.contain('cannot be read');
    expect(left()).to.deep.equal([]);
  });

  it('follows a few redirects, to http and https only', async () => {
    await start();
    const to = (location: string) => (_: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(302, { location }).end();
    answers['/moved'] = to('/app');
    expect(await resultOf(await give(`${base}/moved`))).to.deep.equal({ kind: 'exit', code: 0 });
    answers['/loop'] = to('/loop');
    expect(await fails(`${base}/loop`)).to.contain('redirected more than 5 times');
    answers['/file'] = to('file:///etc/passwd');
    expect(await fails(`${base}/file`)).to.contain('redirects to what is no http or https address');
  });

  it('fails when the connection breaks in the middle, and leaves nothing', async () => {
    await start();
    answers['/app'] = (_, response) => {
      response.writeHead(200, { 'content-length': String(BODY.length) });
      response.write(BODY.subarray(0, 1_000), () => response.destroy());
    };
    expect(await fails(`${base}/app`)).to.contain('cannot be read');
    expect(left()).to.deep.equal([]);
  });

  it('ends at the timeout of its attempt, and at a cancel', async () => {
    await start();
    const stalls = new Set<() => void>();
    answers['/app'] = (_, response) => {
      response.write('x');
      for (const wake of stalls) wake();
    };
    expect(await resultOf(await give(`${base}/app`, { timeout: 100 }))).to.deep.equal({ kind: 'timeout' });
    const begun = new Promise<void>(resolve => stalls.add(resolve));
    const command = await give(`${base}/app`);
    await begun;
    await engine.cancel(command.id);
    expect(await resultOf(command)).to.deep.equal({ kind: 'cancelled' });
    expect(left()).to.deep.equal([]);
  });

  it('is begun anew by the next agent when one dies in the middle, and leaves one file', async () => {
    const first = await start();
    const begun = new Promise<void>(resolve => {
      answers['/app'] = (_, response) => void response.write(BODY.subarray(0, 1_000), () => resolve());
    });
    const command = await give(`${base}/app`);
    await begun;
    agents = [];
    await first.stop();
    expect(engine.answers(command.id)).to.deep.equal([]);
    answers['/app'] = (_, response) => void response.end(BODY);
    await start();
    expect(await resultOf(command)).to.deep.equal({ kind: 'exit', code: 0 });
    expect(left()).to.deep.equal(['app.bin']);
  });

  it('has no more bytes than it may, whether the server says so before or not', async () => {
    const file = await open(path.join(directory, 'part'), 'w');
    const bounded = async (url: string): Promise<string> => {
      const { signal } = new AbortController();
      const limits = { redirects: 0, downloadBytes: 1_000 };
      return download({ url, sha256: sumOf(BODY) }, file, signal, limits).then(
        () => 'done',
        (error: Error) => error.message,
      );
    };
    answers['/said'] = (_, response) => void response.writeHead(200, { 'content-length': '1001' }).write('x');
    answers['/unsaid'] = (_, response) => {
      for (let count = 0; count < 20; count += 1) response.write('x'.repeat(100));
      response.end();
    };
    for (const way of ['said', 'unsaid'])
      expect(await bounded(`${base}/${way}`)).to.contain('more than the 1000 bytes');
    await file.close();
  });
});
