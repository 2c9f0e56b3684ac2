// Our client against the real Keystone and what its catalogue names.
// Belongs here: logins of each kind, tokens taken back. Does not belong here: actions (test/drivers), edge cases
// (session.test.ts).
import { expect } from 'chai';
import type { JsonObject } from '../../engine/base/json.ts';
import { Clouds } from '../../engine/openstack/clouds.ts';
import { type CloudCall, CloudFault } from '../../engine/openstack/types.ts';
import { type Services, services } from '../support/services.ts';
import { Demo, idOf, passwordOf } from './demo.ts';

const real = services('our client of OpenStack with the real one');
const STACKS: CloudCall = { service: 'orchestration', method: 'GET', path: '/stacks' };

if (real) suite(real);

function suite(found: Services): void {
  describe('Our client with a real OpenStack', () => {
    const clouds = (): Clouds => new Clouds({}, () => Date.now());
    let demo: Demo;

    before(async () => {
      demo = await Demo.login(found);
    });

    it('logs in by password and calls Heat', async () => {
      const answer = await (await clouds().of(passwordOf(found))).call(STACKS);
      expect(answer.status).to.equal(200);
      expect(answer.body).to.have.property('stacks');
    });

    it('says what Keystone says to a wrong password', async () => {
      const wrong = passwordOf(found);
      const auth = { ...(wrong['auth'] as object), password: 'hunter2' };
      const session = await clouds().of({ ...wrong, auth });
      const fault = await session.call(STACKS).catch((thrown: unknown) => thrown);
      expect(fault).to.be.instanceOf(CloudFault).and.deep.include({ kind: 'unauthorised', status: 401 });
      expect((fault as CloudFault).message).to.match(/Keystone refuses .*authentication/);
      expect((fault as CloudFault).message).not.to.contain('hunter2');
    });

    it('logs in by an application credential, and says so once that is deleted', async () => {
      const made = await demo.makeCredential();
      const sessions = clouds();
      expect((await (await sessions.of(demo.entryOf(made))).call(STACKS)).status).to.equal(200);
      await demo.dropCredential(made);
      const fresh = await clouds().of(demo.entryOf(made));
      const fault = await fresh.call(STACKS).catch((thrown: unknown) => thrown);
      expect(fault).to.be.instanceOf(CloudFault).and.have.property('kind', 'unauthorised');
    });

    it('acts by a trust as who gave it', async () => {
      const sessions = clouds();
      const trustee = await idOf(await sessions.of(passwordOf(found, 'admin')), 'admin');
      const { projects } = (await demo.call('identity', 'GET', '/auth/projects')) as unknown as {
        readonly projects: readonly { readonly id: string; readonly name: string }[];
      };
      const project = projects.find(({ name }) => name === 'demo')?.id ?? '';
      const { trust } = (await demo.call('identity', 'POST', '/OS-TRUST/trusts', {
        trust: {
          trustor_user_id: demo.userId,
          trustee_user_id: trustee,
          project_id: project,
          impersonation: true,
          roles: [{ name: 'member' }],
        },
      })) as unknown as { readonly trust: { readonly id: string } };
      const { auth_url, username, password } = passwordOf(found, 'admin')['auth'] as JsonObject;
      const entry = { auth_type: 'v3password', auth: { auth_url, username, password, trust_id: trust.id } };
      const answer = await (await sessions.of(entry as JsonObject)).call(STACKS);
      expect(answer.status).to.equal(200);
      expect(JSON.stringify(answer.body)).to.contain('stacks');
      await demo.call('identity', 'DELETE', `/OS-TRUST/trusts/${trust.id}`);
      const fault = await (await clouds().of(entry as JsonObject))
        .call(STACKS)
        .catch((thrown: unknown) => thrown);
      expect(fault).to.be.instanceOf(CloudFault).and.have.property('kind', 'unauthorised');
    });
  });
}
