// By what right the command line calls a cloud: entries of clouds.yaml, secrets beside them, variables, and none.
// Belongs here: finding and reading them. Does not belong here: whether Keystone likes them (test/openstack).
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import type { JsonObject } from '../../engine/base/json.ts';
import { loadCredential, newRight } from '../../engine/cli/cloud.ts';
import type { Context } from '../../engine/cli/host.ts';
import { callCli, FakeEngine } from '../support/fake-engine.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { stepView, workflowView } from '../support/workflow-views.ts';

const OWN = `clouds:
  mine:
    auth: {auth_url: 'http://keystone/v3', username: ann, project_name: shop, domain_name: Default}
    region_name: One
    interface: internalURL
    identity_api_version: 3
    cacert: ca.pem
  app:
    auth_type: v3applicationcredential
    auth: {auth_url: 'http://keystone/v3', application_credential_id: id, application_credential_secret: s}
  implied: {auth: {application_credential_id: id, application_credential_secret: s}}
  loose: {verify: false, auth: {username: ann}}
  token: {auth_type: v3token, auth: {token: t}}
  nobody: {auth: {password: p, project_name: shop}}
`;
const SECURE = "clouds: {mine: {auth: {password: 'from secure'}}}\n";

describe('The credential of the command line', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    await writeFile(path.join(directory, 'clouds.yaml'), OWN);
    await writeFile(path.join(directory, 'secure.yaml'), SECURE);
  });

  const load = (env: Context['env'], name?: string, place = directory): Promise<JsonObject | undefined> =>
    loadCredential({ env, directory: place } as Context, name);
  const refusal = async (promise: Promise<unknown>): Promise<string> => {
    const thrown: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const { message, next = '' } = thrown as { readonly message: string; readonly next?: string };
    return `${message} ${next}`;
  };

  it('is the entry that is named, its secrets from secure.yaml, its paths from where it stands', async () => {
    expect(await load({}, 'mine')).to.deep.equal({
      auth_type: 'v3password',
      auth: {
        auth_url: 'http://keystone/v3',
        username: 'ann',
        password: 'from secure',
        project_name: 'shop',
        user_domain_name: 'Default',
      },
      region_name: 'One',
      interface: 'internal',
      cacert: path.join(directory, 'ca.pem'),
    });
    expect(await load({ OS_CLOUD: 'app' })).to.have.property('auth_type', 'v3applicationcredential');
    expect(await load({ OS_CLOUD: 'app' }, 'mine')).to.have.property('auth_type', 'v3password');
    expect(await load({}, 'implied')).to.have.property('auth_type', 'v3applicationcredential');
  });

  it("is looked for where OpenStack's own client looks, the nearest first", async () => {
    const home = path.join(directory, 'home');
    const folder = path.join(home, '.config', 'openstack');
    await mkdir(folder, { recursive: true });
    const entry = (id: string): string =>
      `clouds: {far: {auth: {application_credential_id: ${id}, application_credential_secret: s}}}\n`;
    await writeFile(path.join(folder, 'clouds.yaml'), entry('home'));
    const elsewhere = await temporaryDirectory();
    const idOf = (credential: JsonObject | undefined) =>
      ((credential ?? {})['auth'] as JsonObject)['application_credential_id'];
    expect(idOf(await load({ HOME: home }, 'far', elsewhere))).to.equal('home');
    const own = path.join(elsewhere, 'own.yaml');
    await writeFile(own, entry('own'));
    expect(idOf(await load({ HOME: home, OS_CLIENT_CONFIG_FILE: own }, 'far', elsewhere))).to.equal('own');
    const xdg = path.join(elsewhere, 'xdg', 'openstack');
    await mkdir(xdg, { recursive: true });
    await writeFile(path.join(xdg, 'clouds.yaml'), entry('xdg'));
    const env = { HOME: home, XDG_CONFIG_HOME: path.join(elsewhere, 'xdg') };
    expect(idOf(await load(env, 'far', elsewhere))).to.equal('xdg');
  });

  it('is what the variables say where no entry is named, and nothing where nothing is said', async () => {
    const env = {
      OS_AUTH_URL: 'http://keystone/v3',
      OS_USERNAME: 'ann',
      OS_PASSWORD: 'p',
      OS_PROJECT_NAME: 'shop',
      OS_PROJECT_ID: '',
      OS_REGION_NAME: 'Two',
    };
    expect(await load(env)).to.deep.equal({
      auth_type: 'v3password',
      auth: { auth_url: 'http://keystone/v3', username: 'ann', password: 'p', project_name: 'shop' },
      region_name: 'Two',
    });
    expect(await load({})).to.equal(undefined);
    expect(await newRight({ env, directory } as unknown as Context, {})).to.deep.equal({});
    expect(await newRight({ env, directory } as unknown as Context, { cloud: 'app' })).to.have.property(
      'credential',
    );
  });

  it('says what is wrong, and never a secret', async () => {
    expect(await refusal(load({}, 'mien')))
      .to.contain("no cloud 'mien'")
      .and.contain('mine, app, implied');
    expect(await refusal(load({}, 'loose')))
      .to.contain('verify: false')
      .and.contain('cacert: FILE');
    expect(await refusal(load({}, 'token'))).to.contain('auth_type');
    expect(await refusal(load({}, 'nobody'))).to.contain('there is no username');
    const empty = await temporaryDirectory();
    expect(await refusal(load({ HOME: empty }, 'mine', empty)))
      .to.contain('there is no clouds.yaml')
      .and.contain(path.join(empty, '.config', 'openstack', 'clouds.yaml'));
    await writeFile(path.join(empty, 'clouds.yaml'), 'clouds: {mine: {auth: {password: very-secret');
    const broken = await refusal(load({}, 'mine', empty));
    expect(broken).to.contain('clouds.yaml').and.not.to.contain('very-secret');
  });

  it('goes with a resume and a deletion where it is named, and else stays as it is', async () => {
    const engine = new FakeEngine();
    engine.workflows.set('w', workflowView([stepView('a.b', { status: 'failed' })], { status: 'failed' }));
    engine.onRequest = id =>
      void engine.workflows.set(
        id,
        workflowView([stepView('a.b', { status: 'reached' })], { status: 'complete' }),
      );
    const asked = async (...words: readonly string[]) => {
      const called = await callCli({ engine, directory }, ...words);
      expect(called.out + called.err).not.to.contain('from secure');
      return engine.acted.at(-1);
    };
    expect(await asked('resume', 'w')).not.to.have.property('credential');
    expect(await asked('resume', 'w', '--cloud', 'mine')).to.have.nested.property(
      'credential.auth.password',
      'from secure',
    );
    const { length } = engine.acted;
    const refused = await callCli({ engine, directory }, 'resume', 'w', '--cloud', 'mien');
    expect(refused.code).to.equal(2);
    expect(engine.acted).to.have.length(length);
  });
});
