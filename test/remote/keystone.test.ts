// The command against an engine elsewhere whose endpoint believes the real Keystone.
// Belongs here: who asks, as clouds.yaml and the variables OS_… say it; tokens that end. Does not belong here: what commands say and
// do (both-ways.test.ts), who may what (test/admin/keystone.test.ts).
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { KeystoneAuthenticator } from '../../engine/admin/auth/keystone.ts';
import { language } from '../../engine/cli/language.ts';
import { embeddedHost } from '../../engine/host.ts';
import { Clouds } from '../../engine/openstack/clouds.ts';
import { tokenOwner } from '../../engine/openstack/tokens.ts';
import { Desk } from '../admin/kit.ts';
import { passwordOf } from '../openstack/demo.ts';
import { type Called, callCli } from '../support/fake-engine.ts';
import { type Services, services } from '../support/services.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const real = services('the command against an endpoint with the real Keystone');
if (real) suite(real);

function suite(found: Services): void {
  describe('the command against an endpoint with the real Keystone', () => {
    let desk: Desk;
    let directory: string;
    let seen: Set<string>;
    let ended: ReadonlySet<string>;
    const { auth } = passwordOf(found, 'demo') as unknown as {
      readonly auth: { readonly [key: string]: string };
    };

    const call = (env: Record<string, string>, ...words: string[]): Promise<Called> =>
      callCli({ host: embeddedHost(), language, directory, env }, ...words, '--endpoint', desk.url);
    const variables = Object.fromEntries(
      Object.entries(auth).map(([key, value]) => [`OS_${key.toUpperCase()}`, value]),
    );

    beforeEach(async () => {
      directory = await temporaryDirectory();
      const clouds = { there: { auth }, mistyped: { auth: { ...auth, password: 'no' } } };
      await writeFile(path.join(directory, 'clouds.yaml'), JSON.stringify({ clouds }));
      const admin = await new Clouds({}, () => Date.now()).of(passwordOf(found, 'admin'));
      [seen, ended] = [new Set(), new Set()];
      const ask = async (token: string): ReturnType<typeof tokenOwner> => {
        seen.add(token);
        return ended.has(token) ? undefined : tokenOwner(admin, token);
      };
      const roles = { reader: ['member'], operator: ['member'], auditor: [], everywhere: [] };
      desk = await new Desk().open(new KeystoneAuthenticator({ ask, roles, keep: 0, now: () => Date.now() }));
    });
    afterEach(() => desk.close());

    /** The project of who asks, as Keystone says it. */
    async function ownProject(): Promise<string> {
      const reached = await embeddedHost().reach({
        endpoint: new URL(desk.url),
        credential: passwordOf(found, 'demo'),
      });
      await reached.api.list();
      await reached.close();
      const admin = await new Clouds({}, () => Date.now()).of(passwordOf(found, 'admin'));
      const [token] = seen;
      return (await tokenOwner(admin, token as string))?.projectId ?? '';
    }

    const WAYS: readonly (readonly [string, Record<string, string>, readonly string[]])[] = [
      ['--os-cloud', {}, ['--os-cloud', 'there']],
      ['OS_CLOUD', { OS_CLOUD: 'there' }, []],
      ['OS_AUTH_URL, OS_USERNAME and so on', variables, []],
    ];
    for (const [name, env, words] of WAYS)
      it(`shows what is of the project of ${name}, and acts on it`, async () => {
        await desk.world.create('own', { project: await ownProject() });
        await desk.world.create('other', { project: 'another' });
        const list = await call(env, 'status', '--json', ...words);
        expect(list.code, list.err).to.equal(0);
        expect(
          (JSON.parse(list.out) as { workflows: { id: string }[] }).workflows.map(({ id }) => id),
        ).to.deep.equal(['own']);
        expect((await call(env, 'status', 'other', ...words)).code).to.equal(5);
        expect((await call(env, 'cancel', 'other', ...words)).code).to.equal(5);
        expect((await call(env, 'cancel', 'own', ...words)).code).to.equal(0);
      });

    it('asks for another token when the one that it has has ended', async () => {
      await desk.world.create('own', { project: await ownProject() });
      const reached = await embeddedHost().reach({
        endpoint: new URL(desk.url),
        credential: passwordOf(found, 'demo'),
      });
      seen.clear();
      expect(await reached.api.list()).to.have.length(1);
      ended = new Set(seen);
      expect(await reached.api.list()).to.have.length(1);
      expect(seen).to.have.property('size', 2);
      await reached.close();
    });

    it('says that Keystone, the endpoint or the file does not know who asks', async () => {
      const wrong = await call({}, 'status', '--os-cloud', 'mistyped');
      expect(wrong.code).to.equal(6);
      expect(wrong.err.replaceAll(/\s+/g, ' ')).to.match(
        /There is no token to ask the engine with: .*clouds.yaml/,
      );
      const token = await call({ OS_TOKEN: 'nonsense' }, 'status');
      expect(token.code).to.equal(6);
      expect(token.err.replaceAll(/\s+/g, ' ')).to.include('does not know who asks');
      const unknown = await call({}, 'status', '--os-cloud', 'nobody');
      expect(unknown.code).to.equal(2);
      expect(unknown.err).to.include("has no cloud 'nobody'");
    });
  });
}
