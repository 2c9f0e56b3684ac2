// The `openstack` action carried out: where it is sent, what an answer means, and what follows when none came.
// Belongs here: single commands against a cloud in this process. Does not belong here: a real Nova (test/openstack).
import { expect } from 'chai';
import type { JsonValue } from '../../engine/base/json.ts';
import { OpenstackWork } from '../../engine/drivers/cloud/openstack-work.ts';
import { EngineDriver } from '../../engine/drivers/engine-driver.ts';
import { Teller } from '../../engine/drivers/tell.ts';
import type { Command, Outcome } from '../../engine/machine/types.ts';
import { Clouds } from '../../engine/openstack/clouds.ts';
import { contextOf, idOf, RecordingSink, settle, until, WatchedClock } from '../agents/world.ts';
import { FakeCloud, reply } from '../openstack/fake-cloud.ts';

type OpenstackAction = Extract<Command['action'], { kind: 'openstack' }>;
const KEY = 'correct-horse';

describe("calls of the owner's cloud", () => {
  let cloud: FakeCloud;
  let sink: RecordingSink;
  let clock: WatchedClock;
  let driver: EngineDriver;
  let sealed: Map<string, JsonValue>;

  beforeEach(async () => {
    cloud = await FakeCloud.open();
    sealed = new Map();
    sink = new RecordingSink();
    clock = new WatchedClock();
    const seal = (ref: string, value: JsonValue) => {
      sealed.set(ref, value);
      return { ref, sealed: Uint8Array.of(1) };
    };
    const work = new OpenstackWork({ clouds: new Clouds({}, () => clock.now()), clock, seal });
    driver = new EngineDriver({ sink, clock, teller: new Teller(sink, clock) }, work);
  });
  afterEach(async () => {
    await driver.close();
    await cloud.close();
  });

  const commandFor = (action: Partial<OpenstackAction>, outputs: Command['outputs'] = []): Command => ({
    action: {
      kind: 'openstack',
      service: 'compute',
      method: 'GET',
      path: '/servers',
      headers: {},
      outputs: {},
      repeatable: (action.method ?? 'GET') === 'GET',
      ...action,
    },
    credential: 'right',
    timeout: 600_000,
    reason: 'first',
    outputs,
  });
  const context = () => contextOf({ right: cloud.credential, key: KEY });

  let dispatch = 0;
  async function outcomeOf(
    action: Partial<OpenstackAction>,
    outputs: Command['outputs'] = [],
  ): Promise<Outcome> {
    const { length } = sink.reports;
    await driver.start(idOf((dispatch += 1)), commandFor(action, outputs), context());
    await until(() => sink.reports.length === length + 2);
    return sink.outcome as Outcome;
  }

  it('sends it below the endpoint of the catalogue, with the token and the microversion', async () => {
    await outcomeOf({
      method: 'POST',
      path: '/servers/a/action',
      microversion: '2.79',
      headers: { 'x-n': 5 },
      body: { os: { adminPass: { $secret: 'key' }, big: { $integer: '9007199254740993' } } },
    });
    const [{ method, url, headers, body } = { headers: {} }] = cloud.seen;
    expect([method, url]).to.deep.equal(['POST', '/compute/v2.1/servers/a/action']);
    expect(headers).to.include({
      'x-auth-token': 'token-1',
      'openstack-api-version': 'compute 2.79',
      'x-n': '5',
      'content-type': 'application/json',
    });
    expect(JSON.parse(body ?? '')).to.deep.equal({ os: { adminPass: KEY, big: '9007199254740993' } });
    expect(sink.outcome?.kind).to.equal('succeeded');
  });

  it('sends text as it is, of the type that the headers give', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    await outcomeOf({ method: 'PUT', path: '/file', body: 'plain', headers });
    expect(cloud.seen[0]).to.deep.include({ body: 'plain' });
    expect(cloud.seen[0]?.headers).to.include(headers);
  });

  it('takes outputs from the answer, integers exactly, hidden ones sealed', async () => {
    cloud.answer = (_, response) =>
      reply(response, 202, '{"server": {"id": "a-1", "adminPass": "made"}, "ram": 9007199254740993}');
    const outcome = await outcomeOf(
      { outputs: { id: '<% response.json.server.id %>', pass: '<% response.json.server.adminPass %>' } },
      [
        { name: 'id', hidden: false },
        { name: 'ram', hidden: false },
        { name: 'pass', hidden: true },
      ],
    );
    expect(outcome).to.deep.equal({
      kind: 'succeeded',
      outputs: {
        id: { encoded: 'a-1' },
        ram: { encoded: { $integer: '9007199254740993' } },
        pass: { secret: [...sealed.keys()][0] },
      },
    });
    expect([...sealed.values()]).to.deep.equal(['made']);
  });

  it("names call, endpoint, status and the service's own sentence, with hidden values masked", async () => {
    const message = `Invalid input for ${KEY}: 'x' is too short`;
    cloud.answer = (_, response) => reply(response, 400, { badRequest: { code: 400, message } });
    await outcomeOf({ method: 'POST', path: '/servers?all=1', body: { a: { $secret: 'key' } } });
    expect(sink.error).to.include({ kind: 'http', status: 400 });
    expect(sink.error.message).to.equal(
      `POST /servers of compute at ${cloud.url}/compute/v2.1 answered 400, where 200 to 299 are expected: Invalid input for ***: 'x' is too short`,
    );
    expect(JSON.stringify(sink.error)).not.to.contain(KEY);
  });

  it('says what the catalogue has where it has no such service', async () => {
    await outcomeOf({ service: 'compite' });
    expect(sink.error).to.deep.include({ kind: 'refused' });
    expect(sink.error.message).to.contain("no service 'compite'. It has compute, orchestration");
    expect(cloud.seen).to.deep.equal([]);
  });

  it('row 35: looks again while it is not as wanted, and while nobody answers', async () => {
    cloud.answer = (_, response) => {
      const times = cloud.seen.length;
      if (times === 1) return void response.destroy();
      if (times === 2) return reply(response, 503, {});
      reply(response, 200, { server: { status: times === 3 ? 'BUILD' : 'ACTIVE' } });
    };
    const command = commandFor({ until: "<% response.json.server.status == 'ACTIVE' %>" });
    await driver.start(idOf((dispatch += 1)), command, context());
    for (const [times, pause] of [
      [1, 5_000],
      [2, 7_500],
      [3, 11_250],
    ] as const) {
      await until(() => cloud.seen.length === times && clock.last === clock.now() + pause);
      await clock.advance(pause);
    }
    await until(() => sink.outcome !== undefined);
    expect(sink.outcome?.kind).to.equal('succeeded');
    expect(cloud.seen).to.have.length(4);
  });

  it('SC2: does not wait for what will not change', async () => {
    cloud.answer = (_, response) => reply(response, 404, { itemNotFound: { message: 'gone' } });
    await outcomeOf({ until: '<% response.status == 200 %>' });
    expect(sink.error).to.include({ kind: 'http', status: 404 });
  });

  it('makes a call again whose token was refused, whatever its method: it was not carried out', async () => {
    await outcomeOf({});
    cloud.revoked.add('token-1');
    const outcome = await outcomeOf({ method: 'POST', body: {} });
    expect(outcome.kind).to.equal('succeeded');
    expect(cloud.logins).to.equal(2);
  });

  it("says that the owner's authorisation was lost when a fresh token is refused too", async () => {
    cloud.revoked.add('token-1').add('token-2');
    await outcomeOf({ method: 'POST', body: {} });
    expect(sink.error.kind).to.equal('unauthorised');
    expect(sink.error.message).to.match(
      /^The owner's authorisation was lost: POST \/servers of compute was refused/,
    );
    await driver.start(
      idOf((dispatch += 1)),
      { ...commandFor({}), credential: undefined } as never,
      context(),
    );
    await until(() => sink.reports.length === 4);
    expect(sink.error).to.include({ kind: 'unauthorised' });
  });

  it('OW1: does not know what became of a POST whose answer was lost, and says so', async () => {
    cloud.answer = (_, response) => void response.destroy();
    const outcome = await outcomeOf({ method: 'POST', body: {} });
    expect(outcome.kind).to.equal('interrupted');
    expect(outcome).to.have.property('evidence').that.contains('may have been carried out all the same');
    expect(cloud.seen).to.have.length(1);
    expect((await outcomeOf({})).kind, 'a GET').to.equal('failed');
    expect(sink.error.kind).to.equal('unreachable');
  });

  it('OW1: knows that nothing was carried out where nobody listens, or nobody could log in', async () => {
    const { credential } = cloud;
    await cloud.close();
    const dead = contextOf({ right: credential });
    await driver.start(idOf((dispatch += 1)), commandFor({ method: 'POST' }), dead);
    await until(() => sink.outcome !== undefined);
    expect(sink.error.kind).to.equal('unreachable');
    cloud = await FakeCloud.open();
  });

  it('OW1: after a crash makes again what may be made twice, and nothing else', async () => {
    const begun = { ...context(), begun: { endsAt: 300_000 } };
    await driver.start(idOf((dispatch += 1)), commandFor({ method: 'POST' }), begun);
    await until(() => sink.outcome !== undefined);
    expect(sink.outcome?.kind).to.equal('interrupted');
    expect(cloud.seen).to.have.length(0);
    const { length } = sink.reports;
    await driver.start(idOf((dispatch += 1)), commandFor({}), begun);
    await until(() => sink.reports.length > length);
    expect(sink.outcome?.kind).to.equal('succeeded');
  });

  it('sends nothing that leaves its endpoint, and does not tell the hidden part of it', async () => {
    const path = { $concat: ['/servers/', { $secret: 'key' }, '/../../../identity'] };
    await outcomeOf({ path });
    expect(sink.error.kind).to.equal('refused');
    expect(sink.error.message).to.contain('with its hidden part').and.not.to.contain(KEY);
    expect(cloud.seen).to.deep.equal([]);
  });

  it('is broken off by a cancel in the middle, also of the login', async () => {
    cloud.answer = () => undefined;
    await driver.start(idOf((dispatch += 1)), commandFor({}), context());
    await until(() => cloud.seen.length === 1);
    await driver.cancel(idOf(dispatch), undefined, 'no longer wanted');
    await settle();
    expect(sink.error.kind).to.equal('cancelled');
    cloud.isSilent = true;
    const { length } = sink.reports;
    const other = { ...context(), secret: async () => ({ ...cloud.credential, region_name: 'Two' }) };
    await driver.start(idOf((dispatch += 1)), commandFor({}), other);
    await until(() => cloud.logins === 2);
    await driver.cancel(idOf(dispatch), undefined, 'no longer wanted');
    await until(() => sink.reports.length === length + 2);
    expect(sink.error.kind).to.equal('cancelled');
  });
});
