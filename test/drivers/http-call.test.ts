// One call of a service: what leaves, what is refused before anything does, what of an answer is believed.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { LIMITS } from '../../engine/base/limits.ts';
import { readEgress } from '../../engine/drivers/web/egress.ts';
import { openWays } from '../../engine/drivers/web/ways.ts';
import {
  type CallFailure,
  callHttp,
  type HttpRequest,
  type HttpWays,
} from '../../engine/drivers/web/http-call.ts';
import { temporaryDirectory } from '../support/temporary.ts';

describe('a call of an HTTP service', () => {
  let server: Server;
  let port: number;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  let calls: number;

  beforeEach(async () => {
    calls = 0;
    handle = (_, response) => void response.end('{"ok": true}');
    server = createServer((request, response) => {
      calls += 1;
      handle(request, response);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });

  afterEach(() => {
    server.closeAllConnections();
    return new Promise(resolve => server.close(resolve));
  });

  const ways = (change: Partial<HttpWays> = {}): HttpWays => ({
    egress: readEgress(['127.0.0.1']),
    ...change,
  });
  const call = (request: Partial<HttpRequest> = {}, given = ways(), signal = new AbortController().signal) =>
    callHttp({ method: 'GET', url: `http://127.0.0.1:${port}/x`, headers: {}, ...request }, given, signal);
  const failing = async (promise: Promise<unknown>): Promise<CallFailure> =>
    promise.then(
      () => expect.fail('there was an answer'),
      (thrown: unknown) => thrown as CallFailure,
    );

  it('sends method, path, headers and body, and gives status, headers and body', async () => {
    handle = (request, response) => {
      const { method, url, headers } = request;
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString()));
      request.on('end', () => {
        response.writeHead(201, { 'X-Seen': String(headers['x-mine']), 'set-cookie': ['a=1', 'b=2'] });
        response.end(`${method} ${url} ${body}`);
      });
    };
    const answer = await call({ method: 'POST', headers: { 'x-mine': 'yes' }, body: 'héllo' });
    expect(answer.status).to.equal(201);
    expect(answer.headers['x-seen']).to.equal('yes');
    expect(answer.headers['set-cookie']).to.equal('a=1, b=2');
    expect(answer.body).to.equal('POST /x héllo');
  });

  it('calls nobody whom the operator has not allowed, and asks for no address', async () => {
    let asked = 0;
    const lookUp = () => Promise.resolve([{ address: '127.0.0.1', family: (asked += 1) && 4 }]);
    const given = ways({ egress: readEgress(['other.example']), lookUp });
    const failure = await failing(call({ url: `http://inside.example:${port}/` }, given));
    expect(failure.kind).to.equal('refused');
    expect(failure.message).to.contain(`inside.example:${port}`).and.contain('egress.allow');
    expect([asked, calls]).to.deep.equal([0, 0]);
  });

  it('EG1, HC1: an allowed name that leads to this machine is not called; what was judged is what is called', async () => {
    const lookUp = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    const url = `http://good.example:${port}/`;
    const refused = await failing(call({ url }, { egress: readEgress(['good.example']), lookUp }));
    expect(refused.kind).to.equal('refused');
    expect(refused.message).to.contain('at 127.0.0.1');
    expect(calls).to.equal(0);
    handle = (request, response) => void response.end(request.headers.host);
    const answer = await call({ url }, ways({ lookUp }));
    expect(answer.body).to.equal(`good.example:${port}`);
  });

  it('judges addresses that look like names: octal, hexadecimal, mapped, in brackets', async () => {
    const egress = readEgress(['*', 'good.example']);
    for (const host of ['0x7f.1', '017700000001', '2130706433', '[::ffff:127.0.0.1]', '[::1]', '127.0.0.1.'])
      expect((await failing(call({ url: `http://${host}:${port}/` }, { egress }))).kind, host).to.equal(
        'refused',
      );
    expect(calls).to.equal(0);
  });

  it('HC2: does not follow a redirect', async () => {
    handle = (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    expect((await call()).status).to.equal(302);
    expect(calls).to.equal(1);
  });

  it('believes no answer that is too long, in body or headers', async () => {
    handle = (_, response) => void response.end(Buffer.alloc(LIMITS.httpAnswerBytes + 1));
    const long = await failing(call());
    expect(long.kind).to.equal('unreachable');
    expect(long.message).to.contain(`more than ${LIMITS.httpAnswerBytes} bytes`);
    handle = (_, response) => {
      for (let name = 0; name < 40; name += 1) response.setHeader(`x-${name}`, 'v'.repeat(1_000));
      response.end();
    };
    expect((await failing(call())).kind).to.equal('unreachable');
  });

  it('believes no certificate but of the authorities that it is told', async () => {
    const directory = await temporaryDirectory();
    const [key, cert] = ['key.pem', 'cert.pem'].map(name => path.join(directory, name)) as [string, string];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
    ];
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
    const secure = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.end('trusted'),
    );
    await new Promise<void>(resolve => secure.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/`;
    const failure = await failing(call({ url }));
    const known = await openWays({ allow: ['127.0.0.1'], caFile: cert });
    const answer = await call({ url }, known);
    secure.closeAllConnections();
    await new Promise(resolve => secure.close(resolve));
    expect(failure.kind).to.equal('unreachable');
    expect(failure.message).to.match(/self.signed/);
    expect(answer.body).to.equal('trusted');
  });

  it('says that nobody answers, and where', async () => {
    handle = (_, response) => void response.destroy();
    const failure = await failing(call());
    expect(failure.kind).to.equal('unreachable');
    expect(failure.message).to.contain(`127.0.0.1:${port} does not answer`);
  });

  it('is given up with the reason of its signal', async () => {
    const stop = new AbortController();
    const reason = new Error('no longer wanted');
    handle = () => stop.abort(reason);
    expect(await failing(call({}, ways(), stop.signal))).to.equal(reason);
  });

  it('never says what was sent', async () => {
    const secret = 'correct-horse\nbattery';
    const failure = await failing(call({ headers: { authorization: secret } }));
    expect(failure.message).not.to.contain('correct-horse');
    expect(calls).to.equal(0);
  });
});
