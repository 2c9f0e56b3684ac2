// The `http` action carried out: what is sent, what an answer means, what of it may be known.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { JsonValue } from '../../engine/base/json.ts';
import { EngineDriver } from '../../engine/drivers/engine-driver.ts';
import { HttpWork } from '../../engine/drivers/http-work.ts';
import { Teller } from '../../engine/drivers/tell.ts';
import { readEgress } from '../../engine/drivers/web/egress.ts';
import type { Command, Outcome } from '../../engine/machine/types.ts';
import { contextOf, idOf, RecordingSink, settle, WatchedClock } from '../agents/world.ts';

type HttpAction = Extract<Command['action'], { kind: 'http' }>;

describe('calls of services', () => {
  let server: Server;
  let url: string;
  let sink: RecordingSink;
  let clock: WatchedClock;
  let driver: EngineDriver;
  let sealed: Map<string, JsonValue>;
  let heard: { readonly headers: IncomingMessage['headers']; readonly body: string; readonly line: string }[];
  let answer: (response: ServerResponse, times: number) => void;

  beforeEach(async () => {
    heard = [];
    sealed = new Map();
    answer = response => void response.end('{}');
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece: Buffer) => (body += piece.toString()));
      request.on('end', () => {
        heard.push({ headers: request.headers, body, line: `${request.method} ${request.url}` });
        answer(response, heard.length);
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/things`;
    sink = new RecordingSink();
    clock = new WatchedClock();
    const seal = (ref: string, value: JsonValue) => {
      sealed.set(ref, value);
      return { ref, sealed: Uint8Array.of(1) };
    };
    const work = new HttpWork({ web: { egress: readEgress(['127.0.0.1']) }, clock, seal });
    driver = new EngineDriver({ sink, clock, teller: new Teller(sink, clock) }, work);
  });

  afterEach(async () => {
    await driver.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  const commandFor = (action: Partial<HttpAction>, outputs: Command['outputs'] = []): Command => ({
    action: { kind: 'http', method: 'GET', url, headers: {}, outputs: {}, repeatable: true, ...action },
    timeout: 600_000,
    reason: 'first',
    outputs,
  });
  const SECRETS = { 'input/token': 'correct-horse', 'input/short': 'ab' };

  async function until(condition: () => boolean): Promise<void> {
    // A name that leads nowhere may take its time: the test's own limit is the bound.
    while (!condition()) await new Promise(resolve => setTimeout(resolve, 1));
  }
  async function outcomeOf(action: Partial<HttpAction>, outputs: Command['outputs'] = []): Promise<Outcome> {
    await driver.start(idOf(), commandFor(action, outputs), contextOf(SECRETS));
    await until(() => sink.outcome !== undefined);
    return sink.outcome as Outcome;
  }

  it('sends what the command says, hidden values filled in', async () => {
    const headers = { authorization: { $concat: ['Bearer ', { $secret: 'input/token' }] }, 'x-n': 5 };
    const body = { name: 'web', key: { $secret: 'input/token' }, big: { $integer: '9007199254740993' } };
    await outcomeOf({
      method: 'POST',
      headers,
      body,
      url: { $concat: [`${url}?t=`, { $secret: 'input/short' }] },
    });
    expect(heard[0]?.line).to.equal('POST /v1/things?t=ab');
    expect(heard[0]?.headers).to.include({
      authorization: 'Bearer correct-horse',
      'x-n': '5',
      'content-type': 'application/json',
    });
    expect(JSON.parse(heard[0]?.body ?? '')).to.deep.equal({
      name: 'web',
      key: 'correct-horse',
      big: '9007199254740993',
    });
    expect(sink.outcome?.kind).to.equal('succeeded');
  });

  it('sends text as it is, and says nothing of a type that the headers give', async () => {
    await outcomeOf({ method: 'PUT', body: '<a/>', headers: { 'content-type': 'text/xml' } });
    expect(heard[0]).to.deep.include({ body: '<a/>' });
    expect(heard[0]?.headers['content-type']).to.equal('text/xml');
  });

  it('takes outputs from expressions, and those without one from keys of the body', async () => {
    answer = response =>
      response
        .writeHead(201, { 'X-Id': 'h-1' })
        .end('{"port": 9007199254740993, "a": {"b": [7]}, "token": "t"}');
    const outputs = ['id', 'port', 'first', 'none'].map(name => ({ name, hidden: false }));
    const sources = {
      id: "<% response.headers['x-id'] %>",
      first: '<% response.json.a.b[0] %>',
      none: '<% response.json.gone %>',
    };
    const outcome = await outcomeOf({ outputs: sources }, [...outputs, { name: 'token', hidden: true }]);
    const ref = 'output/w1/1/app[0].ready/1/token';
    expect(outcome).to.deep.equal({
      kind: 'succeeded',
      outputs: {
        id: { encoded: 'h-1' },
        port: { encoded: { $integer: '9007199254740993' } },
        first: { encoded: 7 },
        token: { secret: [...sealed.keys()][0] },
      },
    });
    expect([...sealed.values()]).to.deep.equal(['t']);
    expect([...sealed.keys()][0]).to.match(/^output\/.*\/token$/, ref);
  });

  it('SC1: refuses an output that would show a hidden value that was sent, unless it is hidden', async () => {
    answer = response => void response.end('{"echo": "it is correct-horse!"}');
    const headers = { 'x-token': { $secret: 'input/token' } };
    await outcomeOf({ headers }, [{ name: 'echo', hidden: false }]);
    expect(sink.error).to.include({ kind: 'outputs' });
    expect(sink.error.message).to.contain("'echo'").and.not.to.contain('horse');
    await driver.start(
      idOf(2),
      commandFor({ headers }, [{ name: 'echo', hidden: true }]),
      contextOf(SECRETS),
    );
    await until(() => sink.outcome?.kind === 'succeeded');
  });

  it('fails when the answer is not as expected, with its status and its end, masked', async () => {
    answer = response => response.writeHead(409).end('no: correct-horse is taken, Y29ycmVjdC1ob3JzZQ==');
    await outcomeOf({ headers: { 'x-token': { $secret: 'input/token' } } });
    expect(sink.error).to.deep.include({ kind: 'http', status: 409, tail: 'no: *** is taken, ***' });
    expect(sink.error.message).to.equal(`GET ${url} answered 409, where 200 to 299 are expected.`);
  });

  it('names of an address with a hidden part only the host', async () => {
    answer = response => response.writeHead(500).end();
    await outcomeOf({ url: { $concat: [`${url}/`, { $secret: 'input/short' }] } });
    expect(sink.error.message).to.match(/^GET 127\.0\.0\.1:\d+ answered 500/);
  });

  it('names nothing of an address whose host is hidden, whatever becomes of the call', async () => {
    const secrets = { whole: 'http://Hidden-Host.example/a', host: 'Hidden-Host' };
    const hidden = [{ $secret: 'whole' }, { $concat: ['http://', { $secret: 'host' }, '.example/'] }];
    for (const [at, address] of hidden.entries()) {
      await driver.start(idOf(at), commandFor({ url: address }), contextOf(secrets));
      await until(() => sink.reports.length === 2 * (at + 1));
      expect(sink.error.message).to.contain('the hidden address');
      expect(JSON.stringify(sink.error)).not.to.match(/hidden-host/i);
    }
  });

  it('expects what it is told to: codes, or an expression', async () => {
    answer = response => response.writeHead(404).end('{"ready": false}');
    expect((await outcomeOf({ expect: [200, 404] })).kind).to.equal('succeeded');
    const judge = async (expected: string, dispatch: number): Promise<Outcome | undefined> => {
      const before = sink.reports.length;
      await driver.start(idOf(dispatch), commandFor({ expect: expected }), contextOf());
      await until(() => sink.reports.length === before + 2);
      return sink.outcome;
    };
    expect((await judge('<% response.json.ready == false %>', 2))?.kind).to.equal('succeeded');
    expect((await judge('<% response.json.ready %>', 3))?.kind).to.equal('failed');
    expect(sink.error.message).to.contain("'expect' is not true of that");
    expect((await judge('<% response.json.gone == 1 %>', 4))?.kind).to.equal('failed');
    expect(sink.error.message).to.contain("'gone' is absent");
  });

  it('row 35: looks again until the answer is as it should be, after 5 s and ever more rarely', async () => {
    answer = (response, times) => {
      if (times === 1) return void response.destroy();
      if (times === 2) return response.writeHead(503).end();
      response.end(times === 3 ? '{"status": "BUILD"}' : '{"status": "ACTIVE", "id": "a"}');
    };
    await driver.start(
      idOf(),
      commandFor({ until: "<% response.json.status == 'ACTIVE' %>" }, [{ name: 'id', hidden: false }]),
      contextOf(),
    );
    for (const [times, pause] of [
      [1, 5_000],
      [2, 7_500],
      [3, 11_250],
    ] as const) {
      await until(() => heard.length === times && clock.last === clock.now() + pause);
      await clock.advance(pause - 1);
      expect(heard).to.have.length(times);
      await clock.advance(1);
    }
    await until(() => sink.outcome !== undefined);
    expect(sink.outcome).to.deep.include({ outputs: { id: { encoded: 'a' } } });
    expect(heard).to.have.length(4);
    expect(clock.timers).to.equal(0);
  });

  it('SC2: does not wait for what will not change: another answer than expected ends it at once', async () => {
    answer = response => response.writeHead(401).end('who?');
    await outcomeOf({ until: '<% response.status == 200 %>' });
    expect(sink.error).to.include({ kind: 'http', status: 401 });
  });

  it('says when the time is over what it saw last', async () => {
    answer = response => void response.end('{"status": "BUILD"}');
    await driver.start(idOf(), commandFor({ until: "<% response.json.status == 'ACTIVE' %>" }), contextOf());
    await until(() => heard.length === 1 && clock.last === clock.now() + 5_000);
    await clock.advance(600_000);
    await until(() => sink.outcome !== undefined);
    expect(sink.error.kind).to.equal('timeout');
    expect(sink.error.message).to.equal(
      `It did not end within 600 s. GET ${url} answered 200, and 'until' is not true of that.`,
    );
  });

  it('gives one look a time of its own, and looks again', async () => {
    answer = (response, times) => void (times > 1 && response.end('{}'));
    await driver.start(idOf(), commandFor({ until: '<% response.status == 200 %>' }), contextOf());
    await until(() => heard.length === 1);
    await clock.advance(60_000);
    await until(() => clock.last === clock.now() + 5_000);
    await clock.advance(5_000);
    await until(() => sink.outcome?.kind === 'succeeded');
  });

  it('says who does not answer, and whom it may not call', async () => {
    await outcomeOf({ url: 'http://127.0.0.1:1/x' });
    expect(sink.error.kind).to.equal('unreachable');
    await driver.start(
      idOf(2),
      commandFor({ url: 'http://169.254.169.254/x', until: '<% true %>' }),
      contextOf(),
    );
    await until(() => sink.reports.length === 4);
    expect(sink.error.kind).to.equal('refused');
    expect(sink.error.message).to.contain('169.254.169.254:80').and.contain('egress.allow');
  });

  it('sends nothing that no header or address can be', async () => {
    const secrets = { bad: 'two\nlines', place: 'nowhere' };
    await driver.start(idOf(), commandFor({ headers: { a: { $secret: 'bad' } } }), contextOf(secrets));
    await until(() => sink.outcome !== undefined);
    expect(sink.error).to.include({ kind: 'refused' });
    expect(sink.error.message).to.contain("'a'").and.not.to.contain('lines');
    await driver.start(idOf(2), commandFor({ url: { $secret: 'place' } }), contextOf(secrets));
    await until(() => sink.reports.length === 4);
    expect(sink.error.message).to.contain('with its hidden part').and.not.to.contain('nowhere');
    expect(heard).to.have.length(0);
  });

  it('is broken off by a cancel in the middle', async () => {
    answer = () => undefined;
    await driver.start(idOf(), commandFor({}), contextOf());
    await until(() => heard.length === 1);
    await driver.cancel(idOf(), undefined, 'no longer wanted');
    await settle();
    expect(sink.error.kind).to.equal('cancelled');
  });
});
