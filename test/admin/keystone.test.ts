// Tokens of the real Keystone at the door of the endpoint: roles, projects, tokens that are taken back or have ended.
// Belongs here: what only Keystone shows, and what of its answers is kept. Does not belong here: the door otherwise (door.test.ts).
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { KeystoneAuthenticator, type RoleNames } from '../../engine/admin/auth/keystone.ts';
import type { Principal } from '../../engine/admin/auth/types.ts';
import { readCredential } from '../../engine/base/credential.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import { Clouds } from '../../engine/openstack/clouds.ts';
import { authenticate } from '../../engine/openstack/keystone.ts';
import { tokenOwner, type TokenOwner } from '../../engine/openstack/tokens.ts';
import type { Cloud } from '../../engine/openstack/types.ts';
import { passwordOf } from '../openstack/demo.ts';
import { rejects } from '../store/conformance.ts';
import { type Services, services } from '../support/services.ts';
import { Desk } from './kit.ts';

const NAMES: RoleNames = {
  reader: ['reader', 'member'],
  operator: ['member'],
  auditor: ['auditor'],
  everywhere: ['admin'],
};

describe("what is kept of Keystone's answers", () => {
  let now = 1_000_000;
  let asked: string[] = [];
  let owner: TokenOwner | undefined;
  const known: TokenOwner = {
    userId: 'u',
    userName: 'name',
    projectId: 'p',
    roles: ['member', 'other'],
    expiresAt: 2_000_000,
  };
  const make = (): KeystoneAuthenticator =>
    new KeystoneAuthenticator({
      ask: async token => {
        asked.push(token);
        if (token === 'away') throw new Error('nobody answers');
        return owner;
      },
      roles: NAMES,
      keep: 10_000,
      now: () => now,
    });
  const show = (auth: KeystoneAuthenticator, token: string): Promise<Principal | undefined> =>
    auth.authenticate({ 'x-auth-token': token });

  beforeEach(() => {
    now = 1_000_000;
    asked = [];
    owner = known;
  });

  it('makes roles of ours of those of Keystone', async () => {
    const who = await show(make(), 'a');
    expect(who).to.deep.include({ user: 'u', project: 'p', by: 'name (u)', everywhere: false });
    expect([...(who?.roles ?? [])]).to.deep.equal(['reader', 'operator']);
  });

  it('asks once for a moment, however many ask, and again after it: what is revoked counts no longer', async () => {
    const auth = make();
    await Promise.all([show(auth, 'a'), show(auth, 'a'), show(auth, 'a')]);
    expect(asked).to.have.length(1);
    owner = undefined;
    now += 9_999;
    expect(await show(auth, 'a')).to.deep.include({ user: 'u' });
    now += 1;
    expect(await show(auth, 'a')).to.equal(undefined);
    expect(await show(auth, 'a')).to.equal(undefined);
    expect(asked).to.have.length(2);
  });

  it('lets nothing count beyond its own end', async () => {
    const auth = make();
    owner = { ...known, expiresAt: now + 500 };
    expect(await show(auth, 'a')).to.deep.include({ user: 'u' });
    now += 500;
    expect(await show(auth, 'a')).to.equal(undefined);
    expect(asked).to.have.length(2);
  });

  it('keeps no failure to ask, and tells it from a token that is none', async () => {
    const auth = make();
    await rejects('transport_closed', show(auth, 'away'));
    await rejects('transport_closed', show(auth, 'away'));
    expect(asked).to.have.length(2);
    expect(await auth.authenticate({})).to.equal(undefined);
  });
});

const real = services('the endpoint with the real Keystone');

if (real) suite(real);

function suite(found: Services): void {
  describe('the endpoint with the real Keystone', () => {
    let desk: Desk;
    let admin: Cloud;
    const authUrl = found.openrc['OS_AUTH_URL'] ?? '';
    const made: string[] = [];

    const call = async (method: string, path: string, body?: JsonObject): Promise<JsonObject> => {
      const answer = await admin.call({ service: 'identity', method, path, ...(body && { body }) });
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
      return (answer.body ?? {}) as JsonObject;
    };
    const idIn = (answer: JsonObject, key: string): string => (answer[key] as { id: string }).id;
    const password = randomUUID();

    /** A user in a project of its own, with these roles. */
    async function userWith(
      ...roles: string[]
    ): Promise<{ readonly project: string; readonly token: string }> {
      const name = `test-${randomUUID()}`;
      const project = idIn(await call('POST', '/projects', { project: { name } }), 'project');
      made.push(`/projects/${project}`);
      const user = idIn(await call('POST', '/users', { user: { name, password } }), 'user');
      made.push(`/users/${user}`);
      for (const role of roles) {
        const { roles: listed } = await call('GET', `/roles?name=${role}`);
        const [known] = listed as unknown as { id: string }[];
        const id = known?.id ?? (await makeRole(role));
        await call('PUT', `/projects/${project}/users/${user}/roles/${id}`);
      }
      const auth = { auth_url: authUrl, username: name, password, project_id: project };
      const { id: token } = await authenticate(authUrl, readCredential({ auth_type: 'v3password', auth }));
      return { project, token };
    }

    async function makeRole(name: string): Promise<string> {
      const id = idIn(await call('POST', '/roles', { role: { name } }), 'role');
      made.push(`/roles/${id}`);
      return id;
    }

    beforeEach(async () => {
      const clouds = new Clouds({}, () => Date.now());
      admin = await clouds.of(passwordOf(found, 'admin'));
      const ask = (token: string): ReturnType<typeof tokenOwner> => tokenOwner(admin, token);
      const parts = { ask, roles: NAMES, keep: 0, now: () => Date.now() };
      desk = await new Desk().open(new KeystoneAuthenticator(parts));
    });
    afterEach(async () => {
      await desk.close();
      for (const path of made.splice(0).reverse()) await call('DELETE', path);
    });

    const status = async (token: string, path = '/v1/workflows'): Promise<number> =>
      (await desk.ask(path, { headers: { 'X-Auth-Token': token } })).status;

    it('lets in who has a role, to the workflows of the own project, and nobody else', async () => {
      const [one, other] = [await userWith('member'), await userWith('reader')];
      await desk.world.create('one', { project: one.project });
      await desk.world.create('other', { project: other.project });
      expect(await status(one.token, '/v1/workflows/one')).to.equal(200);
      expect(await status(one.token, '/v1/workflows/other')).to.equal(404);
      expect(await status(other.token, '/v1/workflows/other')).to.equal(200);
      const act = (token: string, id: string): ReturnType<Desk['ask']> =>
        desk.ask(`/v1/workflows/${id}/actions`, {
          method: 'POST',
          headers: { 'X-Auth-Token': token },
          body: { kind: 'cancel' },
        });
      expect((await act(other.token, 'other')).status).to.equal(403);
      expect((await act(one.token, 'other')).status).to.equal(404);
      expect((await act(one.token, 'one')).status).to.equal(200);
      expect(await status(one.token, '/v1/audit')).to.equal(403);
      expect(await status('nonsense')).to.equal(401);
      expect(await status('x'.repeat(9_000))).to.equal(401);
    });

    it('lets an auditor read everything, and write nothing', async () => {
      const [owner, auditor] = [await userWith('member'), await userWith('auditor')];
      await desk.world.create('wf', { project: owner.project });
      expect(await status(auditor.token, '/v1/workflows/wf')).to.equal(200);
      expect(await status(auditor.token, '/v1/audit')).to.equal(200);
      const cancel = { method: 'POST', headers: { 'X-Auth-Token': auditor.token }, body: { kind: 'cancel' } };
      expect((await desk.ask('/v1/workflows/wf/actions', cancel)).status).to.equal(403);
    });

    it('lets nobody in whose token is taken back', async () => {
      const { token } = await userWith('reader');
      expect(await status(token)).to.equal(200);
      await admin.call({
        service: 'identity',
        method: 'DELETE',
        path: '/auth/tokens',
        headers: { 'x-subject-token': token },
      });
      expect(await status(token)).to.equal(401);
    });

    it('lets nobody in who has no role of those that count', async () => {
      const role = `role-${randomUUID()}`;
      const { token } = await userWith(role);
      expect(await status(token)).to.equal(403);
    });

    it('says who one is', async () => {
      const { token, project } = await userWith('member');
      const { body } = await desk.ask('/v1/me', { headers: { 'X-Auth-Token': token } });
      expect(body).to.deep.include({ project, roles: ['reader', 'operator'], everywhere: false });
    });
  });
}
