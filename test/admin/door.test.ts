// Who is let in: tokens, roles, projects, other sites, and where the endpoint may listen.
// Belongs here: refusals before any route. Does not belong here: Keystone (keystone.test.ts).
import { request } from 'node:http';
import { expect } from 'chai';
import { oneToken } from '../../engine/admin/auth/local.ts';
import type { Authenticator, Principal, Role } from '../../engine/admin/auth/types.ts';
import { judgePlace, readPlace } from '../../engine/admin/listen.ts';
import { allRoutes } from '../../engine/admin/routes/index.ts';
import { createRequest } from '../runtime/kit.ts';
import { Desk } from './kit.ts';

const routes = allRoutes(() => ({}));

/** By the token's text: `reader p1` is a reader in the project p1. */
const byName: Authenticator = {
  scheme: 'Keystone',
  authenticate: async ({ 'x-auth-token': token }) => {
    if (typeof token !== 'string') return undefined;
    const [role = '', project] = token.split(' ');
    const roles = new Set<Role>(role === 'none' ? [] : [role as Role]);
    const who: Principal = { by: token, user: token, roles, everywhere: false };
    return project === undefined ? who : { ...who, project };
  },
};

describe('the door of the endpoint', () => {
  let desk: Desk;

  beforeEach(() => {
    desk = new Desk();
  });
  afterEach(() => desk.close());

  it('lets nobody in without a token, whatever the route', async () => {
    await desk.open(byName);
    for (const { method, path, role } of routes) {
      const { status, headers } = await desk.ask(path.replaceAll(/\{\w+\}/g, 'x'), {
        method: method.toUpperCase(),
        ...(method !== 'get' && { body: {} }),
      });
      if (role === 'anyone') expect(status, path).to.equal(200);
      else expect([status, headers.get('www-authenticate')], path).to.deep.equal([401, 'Keystone']);
    }
  });

  it('reads no body of whom it does not know', async () => {
    await desk.open(byName);
    const answer = await fetch(`${desk.url}/v1/workflows`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: 'no json',
    });
    expect(answer.status).to.equal(401);
  });

  it('lets nobody in whose roles are none of its own', async () => {
    await desk.open(byName);
    const { status, body } = await desk.ask('/v1/workflows', { headers: { 'X-Auth-Token': 'none p1' } });
    expect(status).to.equal(403);
    expect(body['code']).to.equal('forbidden');
  });

  it('keeps projects apart: what is of another one is not there', async () => {
    await desk.open(byName);
    await desk.world.create('mine', { project: 'p1' });
    await desk.world.create('theirs', { project: 'p2' });
    await desk.world.create('nobodys');
    const headers = { 'X-Auth-Token': 'reader p1' };
    const { body } = await desk.ask('/v1/workflows', { headers });
    expect((body['workflows'] as { id: string }[]).map(({ id }) => id)).to.deep.equal(['mine']);
    const other = await desk.ask('/v1/workflows?project=p2', { headers });
    expect(other.body['workflows']).to.deep.equal([]);
    for (const { method, path, params } of routes) {
      if (params?.shape['id'] === undefined || method !== 'get') continue;
      for (const id of ['theirs', 'nobodys', 'missing']) {
        const place = path.replace('{id}', id).replace('{step}', 'sql%5B0%5D.prepared');
        const answer = await desk.ask(place, { headers });
        expect([answer.status, answer.body['detail']], place).to.deep.equal([
          404,
          `There is no workflow '${id}'.`,
        ]);
      }
    }
    expect((await desk.ask('/v1/workflows/mine', { headers })).status).to.equal(200);
    expect((await desk.ask('/v1/agents', { headers })).status).to.equal(403);
  });

  it('makes workflows in the own project alone, and calls nobody whom a tenant names', async () => {
    await desk.open(byName);
    const { by: _, requestId: __, ...creation } = createRequest('new');
    const ask = async (more: object, token = 'operator p1'): ReturnType<Desk['ask']> =>
      desk.ask('/v1/workflows', {
        method: 'POST',
        headers: { 'X-Auth-Token': token },
        body: { ...creation, ...more },
      });
    expect((await ask({ project: 'p2' })).status).to.equal(403);
    const auth = { application_credential_id: 'i', application_credential_secret: 's' };
    const right = { auth_type: 'v3applicationcredential', auth };
    const elsewhere = { ...right, auth: { ...auth, auth_url: 'http://169.254.169.254/' } };
    expect((await ask({ credential: elsewhere })).status).to.equal(403);
    expect((await ask({ credential: { ...right, cacert: '/etc/shadow' } })).status).to.equal(403);
    const headers = { 'X-Auth-Token': 'operator p1' };
    expect((await ask({ credential: right })).status).to.equal(201);
    expect((await desk.ask('/v1/workflows/new', { headers })).body['summary']).to.include({ project: 'p1' });
    for (const [path, body] of [
      ['plan', { credential: elsewhere }],
      ['actions', { kind: 'resume', credential: elsewhere }],
      ['actions?dry_run=true', { kind: 'update', credential: elsewhere }],
    ] as const) {
      const asked = { method: 'POST', headers, body };
      expect((await desk.ask(`/v1/workflows/new/${path}`, asked)).status, path).to.equal(403);
    }
    expect((await ask({ id: 'other' }, 'reader p1')).status).to.equal(403);
    expect((await ask({}, 'operator p2')).status).to.equal(409);
  });

  it('tells a stream of other projects nothing', async () => {
    await desk.open(byName);
    const leaving = new AbortController();
    const stream = desk.events('/v1/events', leaving.signal, { 'X-Auth-Token': 'reader p1' });
    await stream.next();
    await desk.world.create('theirs', { project: 'p2' });
    await desk.world.create('mine', { project: 'p1' });
    const { value } = await stream.next();
    expect(value?.data['id']).to.equal('mine');
    leaving.abort();
  });

  it('lets an auditor look at every project', async () => {
    await desk.open(byName);
    await desk.world.create('theirs', { project: 'p2' });
    const headers = { 'X-Auth-Token': 'auditor p1' };
    expect((await desk.ask('/v1/workflows/theirs', { headers })).status).to.equal(200);
  });

  it('takes the one token of a trial, and no other', async () => {
    await desk.open(oneToken('secret'));
    const ask = async (authorization: string): Promise<number> =>
      (await desk.ask('/v1/workflows', { headers: { authorization } })).status;
    expect(await ask('Bearer secret')).to.equal(200);
    expect(await ask('Bearer secre')).to.equal(401);
    expect(await ask('')).to.equal(401);
  });

  it('refuses pages of other sites, and, where nobody authenticates, other names for itself', async () => {
    await desk.open();
    const status = async (headers: { readonly [name: string]: string }): Promise<number> =>
      (await desk.ask('/v1/workflows', { headers })).status;
    expect(await status({ Origin: 'https://evil.example' })).to.equal(403);
    expect(await status({ Origin: 'null' })).to.equal(403);
    expect(await status({ Origin: desk.url })).to.equal(200);
    expect(await raw(desk.url, { 'Sec-Fetch-Site': 'cross-site', Host: 'localhost' })).to.equal(403);
    expect(await raw(desk.url, { 'Sec-Fetch-Site': 'same-origin', Host: 'localhost' })).to.equal(200);
    expect(await raw(desk.url, { Host: 'rebound.example' })).to.equal(403);
    expect(await raw(desk.url, { Host: '127.0.0.1.evil.example' })).to.equal(403);
  });

  it('says to browsers what they may do with its answers, whatever the answer', async () => {
    await desk.open();
    for (const path of ['/v1/workflows', '/healthz', '/v1/nothing', '/none.html']) {
      const { headers } = await desk.ask(path);
      expect(headers.get('content-security-policy'), path).to.contain("default-src 'none'");
      expect(headers.get('content-security-policy'), path).not.to.match(/https?:|unsafe|\*/);
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      expect(headers.get('access-control-allow-origin'), path).to.equal(null);
      expect(headers.get('x-powered-by'), path).to.equal(null);
    }
  });

  it('listens without authentication on loopback alone, and in clear nowhere else', async () => {
    await desk.open();
    const judge = (listen: string, scheme: Authenticator['scheme'], encrypted = false): void =>
      judgePlace(readPlace(listen), scheme, encrypted);
    for (const loopback of ['127.0.0.1:1', '127.9.9.9:1', 'localhost:1', '[::1]:1'])
      judge(loopback, undefined);
    for (const other of ['0.0.0.0:1', '[::]:1', '10.0.0.1:1', 'example.org:1', '127.0.0.1.example.org:1']) {
      expect(() => judge(other, undefined, true), other).to.throw('ask nobody who they are');
      expect(() => judge(other, 'Keystone'), other).to.throw('in clear');
      judge(other, 'Keystone', true);
    }
    for (const wrong of ['9080', '127.0.0.1', '127.0.0.1:99999', ':1', 'a b:1'])
      expect(() => readPlace(wrong), wrong).to.throw('admin.listen');
  });
});

/** fetch lets nobody set these headers. */
function raw(url: string, headers: { readonly [name: string]: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/workflows`, { headers }, response => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });
}
