// The command against an engine over its local socket and over HTTP: the same words do the same, and are answered alike.
// Belongs here: what both ways have in common, and what only the way over HTTP has: being cut, refused, unknown. Does not belong
// here: what commands say (test/cli/), routes (test/admin/), tokens of Keystone (keystone.test.ts).
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import type { Session } from '../../engine/cli/host.ts';
import { language } from '../../engine/cli/language.ts';
import { embeddedHost } from '../../engine/host.ts';
import { type Called, callCli } from '../support/fake-engine.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const ASKS = `
workflow_version: 2026-11-01
inputs: {n: {type: integer, default: 1}}
entities:
  s:
    type: service
    states:
      asked: {action: {approval: {message: Really?}}}
      told: {requires: [asked], action: {signal: {name: go}}, outputs: {seats: {type: integer}}}
      done: {requires: [told], action: {set: {outputs: {answer: "<% inputs.n %>"}}}, outputs: {answer: {type: integer}}}
goal: s.done
outputs: {answer: {value: "<% s.outputs.done.answer %>"}}
`;

/** Times pass between two calls. */
const timeless = (text: string): string =>
  text.replaceAll(/\b\d+(\.\d+)?(ms|s|m\d\ds|m)\b/g, 'T').replaceAll(/ +/g, ' ');

const linesOf = (text: string): readonly unknown[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as unknown);

describe('the command, here and over HTTP', () => {
  let directory: string;
  let session: Session;
  let ways: { readonly [way in 'socket' | 'http']: (...words: string[]) => Promise<Called> };
  const url = (): string => session.trial?.url ?? '';
  const token = (): string => session.trial?.token ?? '';

  const call = (env: Record<string, string>, ...words: string[]): Promise<Called> =>
    callCli({ host: embeddedHost(), language, directory, env }, ...words);

  beforeEach(async () => {
    directory = await temporaryDirectory();
    await writeFile(path.join(directory, 'asks.yaml'), ASKS);
    const options = { logLevel: 'error', logToStderr: false, trial: '127.0.0.1:0' } as const;
    session = await embeddedHost().start(path.join(directory, 'state'), options);
    ways = {
      socket: (...words) => call({ MURANO_WORKFLOW_STATE: 'state' }, ...words),
      http: (...words) => call({ MURANO_WORKFLOW_ENDPOINT: url(), OS_TOKEN: token() }, ...words),
    };
  });
  afterEach(() => session.close());

  it('reads the same by both ways', async () => {
    expect((await ways.http('run', 'asks.yaml', '--name', 'wf')).code).to.equal(3);
    const asked: readonly (readonly string[])[] = [
      ['status', '--json'],
      ['status', 'wf', '--json'],
      ['why', 'wf', '--json'],
      ['why', 'wf', 's.done', '--json'],
      ['events', 'wf', '--json'],
      ['graph', 'wf', '--format', 'mermaid'],
      ['agents', '--json'],
      ['status'],
      ['status', 'wf'],
      ['why', 'wf', 's.done'],
      ['events', 'wf'],
      ['plan', 'wf', '--inputs', 'n=2'],
      ['status', 'nobody'],
      ['why', 'wf', 's.dnoe'],
      ['retry', 'wf', 's.done'],
      ['undo', 'wf', 's.asked', '--dry-run'],
      ['agents', 'dead-letters', '--json'],
      ['agents', 'discard', '7'],
    ];
    for (const words of asked) {
      const [here, there] = [await ways.socket(...words), await ways.http(...words)];
      const told = ({ out }: Called): unknown => (words.includes('--json') ? linesOf(out) : timeless(out));
      const all = (called: Called): unknown => [called.code, told(called), timeless(called.err)];
      expect(all(there), words.join(' ')).to.deep.equal(all(here));
    }
  });

  for (const way of ['socket', 'http'] as const)
    it(`takes a workflow to its end over ${way}`, async () => {
      const ask = (...words: string[]): Promise<Called> => ways[way](...words);
      const code = async (...words: string[]): Promise<number> => (await ask(...words)).code;
      expect(await code('run', 'asks.yaml', '--name', 'wf')).to.equal(3);
      for (const words of [
        ['reject', 'wf', 's.asked'],
        ['retry', 'wf', 's.asked'],
        ['suspend', 'wf'],
      ])
        expect(await code(...words), words[0]).to.equal(0);
      expect(await code('resume', 'wf')).to.equal(3);
      expect(await code('approve', 'wf', 's.asked')).to.equal(0);
      expect(await code('cancel', 'wf')).to.equal(0);
      expect(await code('resume', 'wf')).to.equal(3);
      expect(await code('signal', 'wf', 'go', '--data', 'seats=3')).to.equal(0);
      const ended = await ask('resume', 'wf');
      expect(ended.code, ended.err).to.equal(0);
      expect(ended.out).to.match(/answer +1/);
      const updated = await ask('update', 'wf', '--inputs', 'n=2');
      expect(updated.code, updated.err).to.equal(0);
      expect(updated.out).to.match(/answer +2/);
      const refused = await ask('update', 'wf', '--inputs', 'n=many');
      expect(refused.code).to.equal(2);
      expect(await code('delete', 'wf')).to.equal(0);
      expect(await code('status', 'wf')).to.equal(5);
    });

  it('tells every problem of a definition over HTTP, and makes nothing', async () => {
    await writeFile(path.join(directory, 'bad.yaml'), ASKS.replace('goal: s.done', 'goal: s.dnoe'));
    const { code, err } = await ways.http('run', 'bad.yaml');
    expect(code).to.equal(2);
    expect(err).to.include('s.dnoe');
  });

  it('goes on with what it follows after its connection was cut, without a gap or a repetition', async () => {
    await ways.socket('run', 'asks.yaml', '--name', 'wf');
    const way = await cuttable(url());
    const reached = await embeddedHost().reach({ endpoint: new URL(way.url), token: token() });
    const stop = new AbortController();
    const happenings = reached.api.follow('wf', stop.signal)[Symbol.asyncIterator]();
    const { record } = await reached.api.workflow('wf');
    way.cut();
    await ways.socket('approve', 'wf', 's.asked');
    way.cut();
    await ways.socket('signal', 'wf', 'go', '--data', 'seats=1');
    const log = await session.api.events('wf', record.seq, 1_000);
    for (const { seq } of log) {
      const { value } = (await happenings.next()) as { value: { entry?: { seq: number } } };
      expect(value.entry?.seq).to.equal(seq);
    }
    stop.abort();
    expect(await happenings.next()).to.deep.equal({ value: undefined, done: true });
    await reached.close();
    way.close();
  });

  it('says what is wrong with the way to an engine, and what to do', async () => {
    const other = createHttp((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
    const secure = createHttps(await selfSigned(directory), (_, response) => response.end()).listen(
      0,
      '127.0.0.1',
    );
    await Promise.all([once(other, 'listening'), once(secure, 'listening')]);
    const portOf = (server: { address(): unknown }): number =>
      (server.address() as { readonly port: number }).port;
    const rows: readonly (readonly [string, number, RegExp, RegExp])[] = [
      [
        'http://127.0.0.1:1',
        4,
        /127\.0\.0\.1:1 does not answer: .*ECONNREFUSED/,
        /address and port of --endpoint/,
      ],
      ['http://nowhere.invalid', 4, /nowhere\.invalid does not answer: /, /address and port of --endpoint/],
      [
        `http://127.0.0.1:${portOf(other)}`,
        4,
        /is no endpoint of an engine/,
        /address and port of --endpoint/,
      ],
      [`https://127.0.0.1:${portOf(secure)}`, 4, /does not answer: .*certificate/, /OS_CACERT, or cacert/],
      [
        url().replace('http:', 'https:'),
        4,
        /does not answer/,
        /http:\/\/ where the endpoint speaks https:\/\//,
      ],
      ['localhost', 2, /is no address of an endpoint/, /Give https:\/\/HOST:PORT/],
      [`${url()}?x=1`, 2, /is no address of an endpoint/, /Give https:\/\/HOST:PORT/],
    ];
    for (const [endpoint, code, says, next] of rows) {
      const called = await call({}, 'status', '--endpoint', endpoint);
      expect(called.code, endpoint).to.equal(code);
      expect(called.err.replaceAll(/\s+/g, ' '), endpoint).to.match(says).and.match(next);
    }
    const unknown = await call({ OS_TOKEN: 'wrong' }, 'status', '--endpoint', url());
    expect(unknown.code).to.equal(6);
    expect(unknown.err.replaceAll(/\s+/g, ' '))
      .to.match(/does not know who asks/)
      .and.match(/--os-cloud NAME/);
    const two = await call({}, 'status', '--endpoint', url(), '--state-dir', 'state');
    expect(two.code).to.equal(2);
    other.close();
    secure.close();
  });

  it('believes a certificate whose authority is named', async () => {
    const certificate = await selfSigned(directory);
    const page = JSON.stringify({ workflows: [] });
    const secure = createHttps(certificate, (_, response) => response.end(page)).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const { port } = secure.address() as { readonly port: number };
    const env = { OS_CACERT: path.join(directory, 'cert.pem') };
    const { code, out } = await call(env, 'status', '--endpoint', `https://localhost:${port}`);
    expect(out).to.include('No workflows here');
    expect(code).to.equal(0);
    secure.close();
  });

  it('names the endpoint in the commands that it advises, where it was said to it', async () => {
    await ways.socket('run', 'asks.yaml', '--name', 'wf');
    const { out } = await call({ OS_TOKEN: token() }, 'why', 'wf', '--endpoint', url());
    expect(out.replaceAll(/\s+/g, ' ')).to.include(`murano-workflow approve wf s.asked --endpoint ${url()}`);
  });
});

/** A way to the endpoint whose connections a test cuts; new ones may come. */
async function cuttable(to: string) {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  const server: Server = createServer(here => {
    const there = connect(Number(port), hostname);
    for (const socket of [here, there])
      sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    here.pipe(there).pipe(here);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = server.address() as { readonly port: number };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${own.port}`, cut, close: () => (cut(), server.close()) };
}

async function selfSigned(directory: string): Promise<{ readonly key: Buffer; readonly cert: Buffer }> {
  const [key, cert] = ['key.pem', 'cert.pem'].map(name => path.join(directory, name)) as [string, string];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
