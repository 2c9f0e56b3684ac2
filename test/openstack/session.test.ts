// Our client of OpenStack: tokens, addresses, bounds, and what it says when something is wrong.
// Belongs here: the client against a cloud in this process. Does not belong here: real services (services.test.ts).
import { expect } from 'chai';
import type { JsonValue } from '../../engine/base/json.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { addressOf, endpointOf, microversionHeaders } from '../../engine/openstack/catalogue.ts';
import { Clouds } from '../../engine/openstack/clouds.ts';
import { exchange } from '../../engine/openstack/exchange.ts';
import { sentenceOf } from '../../engine/openstack/sentences.ts';
import { type CloudCall, CloudFault } from '../../engine/openstack/types.ts';
import { FakeCloud, reply } from './fake-cloud.ts';

const LIST: CloudCall = { service: 'compute', method: 'GET', path: '/servers' };

async function faultOf(promise: Promise<unknown>): Promise<CloudFault> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).to.be.instanceOf(CloudFault);
  return thrown as CloudFault;
}

describe('A session with a cloud', () => {
  let cloud: FakeCloud;
  let now = 0;
  const clouds = (settings = {}): Clouds => new Clouds(settings, () => now);

  beforeEach(async () => {
    now = Date.now();
    cloud = await FakeCloud.open();
  });
  afterEach(() => cloud.close());

  it('logs in once for calls that begin together, and bears the token below the endpoint', async () => {
    const sessions = clouds();
    await Promise.all(
      Array.from({ length: 20 }, async () => (await sessions.of(cloud.credential)).call(LIST)),
    );
    expect(cloud.logins).to.equal(1);
    expect(cloud.seen).to.have.length(20);
    expect(cloud.seen[0]?.url).to.equal('/compute/v2.1/servers');
    expect(cloud.seen[0]?.headers['x-auth-token']).to.equal('token-1');
  });

  it('renews the token in the last minute of its life, and not before', async () => {
    const session = await clouds().of(cloud.credential);
    await session.call(LIST);
    now += 3_539_000;
    await session.call(LIST);
    expect(cloud.logins).to.equal(1);
    now += 1_000;
    await session.call(LIST);
    expect(cloud.logins).to.equal(2);
  });

  it('sends a call again that was refused because of its token, whatever its method', async () => {
    const session = await clouds().of(cloud.credential);
    await session.call(LIST);
    cloud.revoked.add('token-1');
    const posts = Array.from({ length: 5 }, () => session.call({ ...LIST, method: 'POST', body: { a: 1 } }));
    const answers = await Promise.all(posts);
    expect(answers.map(answer => answer.status)).to.deep.equal([200, 200, 200, 200, 200]);
    expect(cloud.logins).to.equal(2);
  });

  it('says that the right is lost when a fresh token is refused too', async () => {
    cloud.revoked.add('token-1').add('token-2');
    const fault = await faultOf((await clouds().of(cloud.credential)).call(LIST));
    expect(fault.kind).to.equal('unauthorised');
    expect(fault.message).to.equal(
      'GET /servers of compute was refused: The request you have made is stale.',
    );
    expect(cloud.logins).to.equal(2);
  });

  it('takes a refusal by rights for a lost right, and one by quota for an answer', async () => {
    const session = await clouds().of(cloud.credential);
    cloud.answer = (_, response) =>
      reply(response, 403, { forbidden: { message: "Policy doesn't allow os_compute_api:servers:create" } });
    expect((await faultOf(session.call(LIST))).kind).to.equal('unauthorised');
    const spent = { forbidden: { message: 'Quota exceeded for cores: Requested 4, but used 8 of 10 cores' } };
    cloud.answer = (_, response) => reply(response, 403, spent);
    expect(await session.call(LIST)).to.deep.include({ status: 403, body: spent });
  });

  it('sends nothing twice whose answer got lost, and says that it may have happened', async () => {
    const session = await clouds().of(cloud.credential);
    cloud.answer = (_, response) => void response.destroy();
    const fault = await faultOf(session.call({ ...LIST, method: 'POST' }));
    expect(fault.kind).to.equal('unsure');
    expect(cloud.seen).to.have.length(1);
  });

  it('knows that nothing happened where nobody listens', async () => {
    const { credential } = cloud;
    await cloud.close();
    const fault = await faultOf((await clouds().of(credential)).call(LIST));
    expect(fault.kind).to.equal('unreachable');
    cloud = await FakeCloud.open();
  });

  it('drops an answer that is too long, or too late', async () => {
    cloud.answer = (_, response) => {
      if (response.req.url === '/late') return;
      response.on('error', () => {});
      response.end('x'.repeat(LIMITS.cloudAnswerBytes + 1));
    };
    const fault = await faultOf((await clouds().of(cloud.credential)).call(LIST));
    expect(fault.message).to.contain(String(LIMITS.cloudAnswerBytes));
    const late = exchange({ method: 'GET', url: new URL(`${cloud.url}/late`), headers: {}, timeout: 20 });
    expect((await faultOf(late)).message).to.match(/did not answer in time/);
  });

  it('follows no redirect with its token', async () => {
    cloud.answer = (_, response) => {
      response.setHeader('location', `${cloud.url}/elsewhere`);
      reply(response, 302, {});
    };
    const answer = await (await clouds().of(cloud.credential)).call(LIST);
    expect([answer.status, cloud.seen.length]).to.deep.equal([302, 1]);
  });

  it('takes region and interface from the credential, else from the settings', async () => {
    await (await clouds({ region: 'Two' }).of(cloud.credential)).call(LIST);
    await (await clouds({ region: 'Two' }).of({ ...cloud.credential, region_name: 'One' })).call(LIST);
    await (await clouds({ interface: 'internal' }).of(cloud.credential)).call(LIST);
    expect(cloud.seen.map(({ url }) => url)).to.deep.equal([
      '/two/servers',
      '/compute/v2.1/servers',
      '/inside/servers',
    ]);
  });

  it('says what to write where nobody says where Keystone is', async () => {
    const { auth_url: _, ...auth } = cloud.credential['auth'] as { readonly auth_url: string };
    const fault = await faultOf((await clouds().of({ ...cloud.credential, auth })).call(LIST));
    expect(fault.message).to.contain('openstack.auth_url');
  });

  it('names the key of a credential that is wrong, and no value of it', async () => {
    const wrong: readonly JsonValue[] = [
      { ...cloud.credential, auth: { application_credential_id: 'x', password: 'hunter2' } },
      { auth_type: 'v3password', auth: { username: 'demo', password: 'hunter2' } },
      { auth_type: 'v3password', auth: { password: 'hunter2', project_name: 'demo' } },
      'hunter2',
    ];
    for (const credential of wrong) {
      const fault = await faultOf(clouds().of(credential));
      expect(fault.kind).to.equal('unfit');
      expect(fault.message)
        .to.match(/credential cannot be used/)
        .and.not.to.contain('hunter2');
    }
  });

  it('logs in again for a credential that was not used for long, and keeps no more than the limit', async () => {
    const sessions = clouds();
    const first = await sessions.of(cloud.credential);
    for (let other = 0; other < LIMITS.cloudSessions; other += 1)
      await sessions.of({ ...cloud.credential, region_name: `r${other}` });
    expect(await sessions.of(cloud.credential)).not.to.equal(first);
  });
});

describe('The catalogue', () => {
  const endpoint = { interface: 'public', region: 'One', url: 'https://cloud.example/volume/v3/p1/' };
  const catalogue = [{ type: 'volumev3', name: 'cinderv3', endpoints: [endpoint] }];

  it('knows a service by its official type and by its old ones', () => {
    for (const type of ['block-storage', 'volumev3', 'volume'])
      expect(endpointOf(catalogue, type, { interface: 'public' })).to.equal(endpoint);
  });

  it('says what it has when it lacks a service, an interface or a region', () => {
    const say = (...asked: Parameters<typeof endpointOf>): string => {
      try {
        return endpointOf(...asked).url;
      } catch (thrown) {
        return (thrown as CloudFault).message;
      }
    };
    expect(say(catalogue, 'nova', { interface: 'public' })).to.equal(
      "The catalogue has no service 'nova'. It has volumev3.",
    );
    expect(say(catalogue, 'volume', { interface: 'admin', region: 'One' })).to.equal(
      "The service 'volume' has no admin endpoint in the region 'One'.",
    );
  });

  it('lets no path leave its endpoint', () => {
    expect(addressOf(endpoint, '/volumes?limit=1').href).to.equal(
      'https://cloud.example/volume/v3/p1/volumes?limit=1',
    );
    const paths = [
      'volumes',
      '/../p2',
      '/%2e%2e/p2',
      '/a/../../p2',
      '/a\\b',
      '/a b',
      '/a#b',
      '@evil.example/',
    ];
    for (const path of paths)
      expect(() => addressOf(endpoint, path), path).to.throw(CloudFault, /stay below/);
  });

  it('asks each service for a microversion by the header that it reads', () => {
    expect(microversionHeaders('compute', '2.90')).to.deep.equal({
      'openstack-api-version': 'compute 2.90',
      'x-openstack-nova-api-version': '2.90',
    });
    expect(microversionHeaders('volumev3', '3.60')).to.deep.equal({ 'openstack-api-version': 'volume 3.60' });
    expect(microversionHeaders('network', undefined)).to.deep.equal({});
  });
});

describe("A service's own sentence", () => {
  it('is found wherever the service puts it', () => {
    const texts = [
      '{"error": {"code": 401, "message": "said", "title": "Unauthorized"}}',
      '{"badRequest": {"code": 400, "message": "said"}}',
      '{"code": 404, "title": "Not Found", "error": {"message": "said"}, "explanation": "x"}',
      '{"NeutronError": {"type": "IpInUse", "message": "said", "detail": ""}}',
      '{"errors": [{"status": 409, "title": "Conflict", "detail": "said"}]}',
    ];
    for (const text of texts) expect(sentenceOf({ text }), text).to.equal('said');
    for (const text of ['', '<html>', '[]', '3', '{"a": {"b": {"c": {"message": "deep"}}}}'])
      expect(sentenceOf({ text }), text).to.equal(undefined);
  });
});
