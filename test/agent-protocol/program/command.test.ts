// Options, files and findings of the agent's program, without a broker.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { decodePolicy, offence, type Policy } from '../../../agent-protocol/agent/policy.ts';
import type { Task } from '../../../agent-protocol/messages.ts';
import { readConfiguration, readPolicy } from '../../../agent-protocol/program/configuration.ts';
import { DEFAULTS, readOptions, UsageError, VARIABLES } from '../../../agent-protocol/program/options.ts';
import { lookAtBrokers } from '../../../agent-protocol/program/preflight.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const failure = async (promise: Promise<unknown>): Promise<Error> => {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Error)) throw new Error('nothing was thrown');
  return thrown;
};

describe("the agent's options", () => {
  it('take the command line before the environment, and the environment before the defaults', () => {
    const environment = { [VARIABLES.config]: '/e/agent.json', [VARIABLES.stateDirectory]: '/e/state' };
    const options = readOptions(['--config', '/c/agent.json'], environment);
    expect(options).to.include({ config: '/c/agent.json', stateDirectory: '/e/state', action: 'run' });
    expect(readOptions([], {})).to.include({ config: DEFAULTS.config, logLevel: 'info' });
  });

  it('an empty variable counts as none', () => {
    expect(readOptions([], { [VARIABLES.config]: '' }).config).to.equal(DEFAULTS.config);
  });

  it('are refused with a sentence when they are unknown or lack a value', () => {
    expect(() => readOptions(['--colour'], {})).to.throw(UsageError, '--colour');
    expect(() => readOptions(['--config'], {})).to.throw(UsageError, '--help');
    expect(() => readOptions(['--log-level', 'loud'], {})).to.throw(UsageError, 'error, warn, info');
  });
});

describe("the agent's files", () => {
  it('a configuration that is not there names Murano::Agent, a wrong one the field and no value', async () => {
    const file = path.join(await temporaryDirectory(), 'agent.json');
    expect((await failure(readConfiguration(file))).message).to.contain('Murano::Agent');
    await writeFile(file, JSON.stringify({ version: 1, agent: 'a', token: 'secret value' }));
    const { message } = await failure(readConfiguration(file));
    expect(message).to.contain(file).and.contain('missing').and.not.contain('secret value');
  });

  it('no policy forbids nothing; one that cannot be read stops the agent', async () => {
    const file = path.join(await temporaryDirectory(), 'policy.json');
    expect(await readPolicy(file)).to.equal(undefined);
    await writeFile(file, '{"version": 1, "forbid": {"user": ["root"]}}');
    expect((await failure(readPolicy(file))).message)
      .to.contain('user')
      .and.contain('unknown field');
  });
});

describe('a policy', () => {
  const script = (changes: object = {}): Task =>
    ({ kind: 'script', interpreter: 'bash', text: '', inputs: {}, reboots: 0, ...changes }) as Task;
  const file = (place: string): Task => ({ kind: 'file', path: place, text: '' });
  const policy = (forbid: Policy['forbid']): Policy => ({ version: 1, forbid });

  it('forbids users by name and by number, the own one where a script names none', () => {
    const own = userInfo().username;
    expect(offence(policy({ users: [own] }), script())).to.contain(own);
    expect(offence(policy({ users: [String(userInfo().uid)] }), script({ runAs: own }))).to.contain(own);
    expect(offence(policy({ users: ['nobody'] }), script())).to.equal(undefined);
  });

  it('forbids interpreters and reboots', () => {
    expect(offence(policy({ interpreters: ['bash'] }), script())).to.contain('bash');
    expect(offence(policy({ interpreters: ['python'] }), script())).to.equal(undefined);
    expect(offence(policy({ reboots: true }), { kind: 'reboot' })).to.contain('reboots');
    expect(offence(policy({ reboots: true }), script({ reboots: 1 }))).to.contain('reboots');
    expect(offence(policy({ reboots: true }), script())).to.equal(undefined);
  });

  it('forbids files at a path and below, through links and dots', async () => {
    const directory = await temporaryDirectory();
    const link = path.join(directory, 'link');
    await symlink('/etc', link);
    const forbidding = policy({ paths: ['/etc'] });
    for (const place of ['/etc', '/etc/passwd', '/tmp/../etc/x', `${link}/not/there`])
      expect(offence(forbidding, file(place)), place).to.be.a('string');
    for (const place of ['/etcetera', path.join(directory, 'x')])
      expect(offence(forbidding, file(place)), place).to.equal(undefined);
  });

  it('is judged: unknown fields and relative paths are refused', () => {
    const judged = (value: unknown): unknown => decodePolicy(Buffer.from(JSON.stringify(value)));
    expect(judged({ version: 1, forbid: { paths: ['etc'] } })).to.have.property('refused');
    expect(judged({ version: 2, forbid: {} })).to.have.property('refused');
    expect(judged({ version: 1, forbid: {} })).to.have.property('policy');
  });
});

describe('the look at the broker', () => {
  const broker = { user: '', password: '', vhost: '/', tls: false };

  it('finds a name without address, and a port that nobody listens on', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise(resolve => server.close(resolve));
    const [unnamed, closed] = await lookAtBrokers([
      { ...broker, host: 'no-such-host.invalid', port },
      { ...broker, host: '127.0.0.1', port },
    ]);
    expect(unnamed).to.include({ failed: 'dns' }).and.have.property('sentence').that.contains('DNS');
    expect(closed)
      .to.include({ failed: 'tcp' })
      .and.have.property('sentence')
      .that.contains('security groups');
  });
});
