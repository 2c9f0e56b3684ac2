import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { readSettings, type SettingsEnvironment } from '../../engine/cli/settings.ts';
import { embeddedHost } from '../../engine/host.ts';
import { inProject } from '../support/project.ts';

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

  it('take the broker and the directory from the environment first', async () => {
    const env = { MURANO_WORKFLOW_TRANSPORT_URL: 'amqp://other/', MURANO_WORKFLOW_STATE: '/e' };
    const found = await settings(`state_dir: /s\nheat: {transport_url: '${URL}'}`, env);
    expect([found.stateDirectory, found.heat.transportUrl]).to.deep.equal(['/e', 'amqp://other/']);
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

  it('are those that the reference describes', async () => {
    const page = readFileSync(inProject('docs', 'reference', 'settings.md'), 'utf8').split(
      '## In `heat.conf`',
    )[0];
    const keys = [...(page ?? '').matchAll(/^\| `([a-z_.]+)` \|/gm)].map(match => match[1] as string);
    const samples: { [key: string]: unknown } = {
      state_dir: '/s',
      log_level: 'warn',
      'heat.transport_url': URL,
    };
    const heat: { [key: string]: unknown } = {};
    const top: { [key: string]: unknown } = { heat };
    for (const key of keys) {
      const value = samples[key] ?? (/durable|delete|quorum/.test(key) ? true : 'name');
      if (key.startsWith('heat.')) heat[key.slice(5)] = value;
      else top[key] = value;
    }
    const found = await settings(JSON.stringify(top));
    expect(Object.keys(found.heat)).to.have.length(Object.keys(heat).length);
    expect(found.heat).to.include({
      durable: true,
      autoDelete: true,
      quorum: true,
      caFile: 'name',
      topic: 'name',
    });
  });
});
