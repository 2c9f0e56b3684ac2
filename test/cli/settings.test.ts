import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { adminShape } from '../../engine/cli/admin-settings.ts';
import { agentsShape } from '../../engine/cli/agent-settings.ts';
import { readSettings, type SettingsEnvironment } from '../../engine/cli/settings.ts';
import { embeddedHost } from '../../engine/host.ts';
import { inProject } from '../support/project.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const ENTRY = {
  auth_url: 'https://controller:5000/v3',
  application_credential_id: 'id',
  application_credential_secret: 'secret',
};
const URL = 'rabbit://heat:secret@controller:5672/';
const settings = (text: string, env: SettingsEnvironment = {}) =>
  readSettings('engine.yaml', env, async () => text);
const refusal = async (text: string): Promise<EngineError> => {
  const thrown = await settings(text).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof EngineError)) throw new Error('not refused');
  return thrown;
};

describe('settings of the engine', () => {
  it('need a state directory and a broker, and know the rest', async () => {
    const found = await settings(`state_dir: /s\nheat: {transport_url: '${URL}', host: one}`);
    expect(found).to.deep.include({ stateDirectory: '/s', logLevel: 'info' });
    expect(found.heat).to.deep.equal({
      transportUrl: URL,
      exchange: 'heat',
      topic: 'murano_workflow',
      server: 'one',
      durable: false,
      autoDelete: false,
      quorum: false,
    });
    expect((await refusal('state_dir: /s')).message).to.include('heat.transport_url');
    expect((await refusal(`heat: {transport_url: '${URL}'}`)).message).to.include('state_dir');
  });

  it('need no broker of Heat where operators are answered: then Heat is not served', async () => {
    const found = await settings('state_dir: /s\nheat: {host: one}\nadmin: {auth: none}');
    expect(found).not.to.have.property('heat');
    expect(found.name).to.equal('one');
  });

  it('keep the audit log for ever, or for whole days', async () => {
    const head = 'state_dir: /s\nadmin: {auth: none}';
    expect(await settings(head)).not.to.have.property('keepAudit');
    expect((await settings(`${head}\naudit: {keep_days: 30}`)).keepAudit).to.equal(30 * 86_400_000);
    for (const days of [0, 1.5, 36_501])
      expect((await refusal(`${head}\naudit: {keep_days: ${days}}`)).message).to.include('audit.keep_days');
  });

  it('take the broker and the directory from the environment first', async () => {
    const env = { MURANO_WORKFLOW_TRANSPORT_URL: 'amqp://other/', MURANO_WORKFLOW_STATE: '/e' };
    const found = await settings(`state_dir: /s\nheat: {transport_url: '${URL}'}`, env);
    expect([found.stateDirectory, found.heat?.transportUrl]).to.deep.equal(['/e', 'amqp://other/']);
  });

  it('name what is wrong with its key, and never quote a password', async () => {
    const unknown = await refusal(`state_dir: /s\nheat: {transport_url: '${URL}', topik: x}`);
    expect(unknown.message).to.include('heat').and.to.include('topik').and.not.to.include('secret');
    expect((await refusal('log_level: loud')).message).to.include('log_level');
    expect((await refusal('- a list')).message).to.include('engine.yaml');
  });

  it('are refused by a check when the broker or the authorities can never be used', async () => {
    const host = embeddedHost();
    const check = async (heat: string): Promise<string> => {
      const found = await settings(`state_dir: /s\nheat: {${heat}}`);
      return host.check(found).then(
        () => '',
        (thrown: unknown) => String(thrown),
      );
    };
    expect(await check(`transport_url: '${URL}'`)).to.equal('');
    expect(await check("transport_url: 'http://u:secret@x/'"))
      .to.include('transport_url')
      .and.not.to.include('secret');
    expect(await check(`transport_url: '${URL}', ca_file: /nowhere.pem`)).to.include('authorities');
  });

  it('are refused by a check where calls could never go out as they say', async () => {
    const check = async (egress: string): Promise<string> =>
      embeddedHost()
        .check(await settings(`state_dir: /s\nheat: {transport_url: '${URL}'}\negress: {${egress}}`))
        .then(
          () => '',
          (thrown: unknown) => String(thrown),
        );
    expect(await check("allow: [api.example.org, '10.0.0.0/8', '*:443']")).to.equal('');
    expect(await check("allow: ['https://api.example.org']")).to.include('is no host that can be allowed');
    expect(await check('ca_file: /nowhere.pem')).to.include('authorities of egress.ca_file');
  });

  it('are refused by a check where operators could never be answered, or not safely', async () => {
    const file = path.join(await temporaryDirectory(), 'entry.yaml');
    const entry = { auth_type: 'v3applicationcredential', auth: ENTRY };
    await writeFile(file, JSON.stringify(entry));
    const check = async (admin: string): Promise<string> =>
      settings(`state_dir: /s\nheat: {transport_url: '${URL}'}\nadmin: {${admin}}`)
        .then(found => embeddedHost().check(found))
        .then(
          () => '',
          (thrown: unknown) => String(thrown),
        );
    expect(await check('auth: none')).to.equal('');
    expect(await check(`auth: keystone, credential_file: ${file}`)).to.equal('');
    const elsewhere = `listen: '0.0.0.0:9080'`;
    expect(await check(`auth: none, ${elsewhere}`)).to.include('ask nobody who they are');
    expect(await check(`auth: none, ${elsewhere}, behind_proxy: true`)).to.include('ask nobody');
    expect(await check(`auth: keystone, credential_file: ${file}, ${elsewhere}`)).to.include('in clear');
    const proxied = `auth: keystone, credential_file: ${file}, ${elsewhere}, behind_proxy: true`;
    expect(await check(proxied)).to.equal('');
    expect(await check('auth: keystone')).to.include('admin.credential_file');
    expect(await check('auth: keystone, credential_file: /nowhere')).to.include('admin.credential_file');
    expect(await check('auth: none, cert_file: /a')).to.include('admin.key_file');
    expect(await check('auth: none, cert_file: /nowhere, key_file: /nowhere')).to.include('admin.cert_file');
    expect(await check("auth: none, listen: '9080'")).to.include('admin.listen');
    expect(await check('listen: localhost:1')).to.include('admin.auth');
    await writeFile(file, JSON.stringify({ ...entry, auth: { ...ENTRY, auth_url: undefined } }));
    expect(await check(`auth: keystone, credential_file: ${file}`)).to.include('openstack.auth_url');
    await writeFile(file, 'auth_type: v3token');
    expect(await check(`auth: keystone, credential_file: ${file}`)).to.include('credential');
  });

  describe('of the agents', () => {
    const BUS =
      "transport_url: 'amqps://engine:secret@broker,engine:secret@other:5672/agents', management_url: 'https://admin:secret@broker:15671'";
    const withAgents = (agents: string, env: SettingsEnvironment = {}) =>
      settings(`state_dir: /s\nheat: {transport_url: '${URL}'}\nagents: {${agents}}`, env);
    const checked = async (agents: string): Promise<string> =>
      embeddedHost()
        .check(await withAgents(agents))
        .then(
          () => '',
          (thrown: unknown) => String(thrown),
        );

    it('are absent where nobody speaks of them, and give VMs no login', async () => {
      expect((await settings(`state_dir: /s\nheat: {transport_url: '${URL}'}`)).agents).to.equal(undefined);
      expect((await withAgents(BUS)).agents).to.deep.equal({
        transportUrl: 'amqps://engine:secret@broker,engine:secret@other:5672/agents',
        managementUrl: 'https://admin:secret@broker:15671',
        agentUrl: 'amqps://broker,other:5672/agents',
        queueKind: 'classic',
        allowSharedBroker: false,
      });
    });

    it('take what holds passwords from the environment or from files', async () => {
      const env = {
        MURANO_WORKFLOW_AGENTS_TRANSPORT_URL: 'amqp://e:1@one/v',
        MURANO_WORKFLOW_AGENTS_MANAGEMENT_URL: 'http://a:1@one:15672',
      };
      const text = `state_dir: /s\nheat: {transport_url: '${URL}'}`;
      expect((await settings(text, env)).agents).to.include({ transportUrl: 'amqp://e:1@one/v' });
      const files: { readonly [file: string]: string } = {
        'engine.yaml': `${text}\nagents: {transport_url_file: /t, management_url_file: /m}`,
        '/t': 'amqp://e:2@two/v\n',
        '/m': 'http://a:2@two:15672\n',
      };
      const found = await readSettings('engine.yaml', {}, async file => files[file] ?? '');
      expect(found.agents).to.include({
        transportUrl: 'amqp://e:2@two/v',
        managementUrl: 'http://a:2@two:15672',
      });
      const missing = await refusal(`${text}\nagents: {transport_url: 'amqp://e:3@x/'}`);
      expect(missing.message).to.include('agents.management_url');
    });

    it("are refused by a check when they can never be used, or name the cloud's own broker", async () => {
      const shared = `transport_url: 'amqp://e:secret@CONTROLLER:5672/agents', management_url: 'http://a:secret@controller:15672'`;
      expect(await checked(BUS)).to.equal('');
      for (const [agents, why] of [
        [`${BUS}, ca_file: /nowhere.pem`, 'authorities'],
        [`${BUS}, agent_url: 'http://x'`, 'agents.agent_url'],
        [
          "transport_url: 'amqp://e:secret@b/v', management_url: 'amqp://a:secret@b'",
          'agents.management_url',
        ],
        ["transport_url: 'amqp://e:secret@b/v', management_url: 'http://b:15672'", 'agents.management_url'],
        [shared, "the cloud's own broker"],
      ] as const)
        expect(await checked(agents))
          .to.include(why)
          .and.not.to.include('secret');
      expect(await checked(`${shared}, allow_shared_broker: true`)).to.equal('');
    });
  });

  it('are those that the reference describes', async () => {
    const page = readFileSync(inProject('docs', 'reference', 'settings.md'), 'utf8').split('\n## ')[0];
    const keys = [...(page ?? '').matchAll(/^\| `([a-z_.]+)` \|/gm)].map(match => match[1] as string);
    const samples: { [key: string]: unknown } = {
      state_dir: '/s',
      log_level: 'warn',
      'heat.transport_url': URL,
      'agents.queue_type': 'quorum',
      'egress.allow': ['api.example.org'],
      'openstack.auth_url': 'https://controller:5000/v3',
      'openstack.interface': 'internal',
      'store.lease': 20,
      'audit.keep_days': 30,
      'admin.auth': 'keystone',
      'admin.token_cache': 5,
      'admin.behind_proxy': true,
      'admin.open_metrics': true,
    };
    const sections: { readonly [section: string]: { [key: string]: unknown } } = {
      heat: {},
      agents: {},
      egress: {},
      openstack: {},
      store: {},
      audit: {},
      admin: {},
    };
    const top: { [key: string]: unknown } = { ...sections };
    for (const key of keys) {
      const usual = /durable|delete|quorum|allow/.test(key)
        ? true
        : key.endsWith('_roles')
          ? ['name']
          : 'name';
      const value = samples[key] ?? usual;
      const [section = '', name = ''] = key.split('.');
      const place = sections[section];
      if (place === undefined) top[key] = value;
      else place[name] = value;
    }
    const found = await settings(JSON.stringify(top));
    expect(Object.keys(found.heat ?? {})).to.have.length(Object.keys(sections['heat'] ?? {}).length);
    expect(Object.keys(sections['agents'] ?? {})).to.have.members(Object.keys(agentsShape.shape));
    expect(found.egress).to.deep.equal({ allow: ['api.example.org'], caFile: 'name' });
    expect(found.openstack).to.deep.equal({
      authUrl: 'https://controller:5000/v3',
      region: 'name',
      interface: 'internal',
      caFile: 'name',
    });
    expect(found.keepAudit).to.equal(30 * 86_400_000);
    expect(found.store).to.deep.equal({ url: 'name', caFile: 'name', leaseTime: 20_000 });
    expect(Object.keys(sections['admin'] ?? {})).to.have.members(Object.keys(adminShape.shape));
    const roles = { reader: ['name'], operator: ['name'], auditor: ['name'], everywhere: ['name'] };
    expect(found.admin).to.deep.equal({
      listen: 'name',
      keystone: { credentialFile: 'name', keep: 5_000, roles },
      tls: { certFile: 'name', keyFile: 'name' },
      behindProxy: true,
      openMetrics: true,
    });
    expect(found.heat).to.include({
      durable: true,
      autoDelete: true,
      quorum: true,
      caFile: 'name',
      topic: 'name',
    });
  });
});
