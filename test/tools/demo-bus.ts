// The demo's agents as they are in a cloud: each a process of its own that enrols over RabbitMQ and has a broker user.
// Belongs here: the demo's broker, engine and agents, and their end. Does not belong here: what is deployed (demo-cluster.ts).
//
// Killed at any point and started again it goes on: the broker's port, the agents' ids and their files are the same.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeConfig, encodeConfig } from '../../agent-protocol/enrolment/config.ts';
import { rabbitmqBus } from '../../engine/broker/agent-bus.ts';
import { agentId } from '../../engine/cli/members.ts';
import { startEngine, type Started } from '../../engine/embedded.ts';
import { type OwnBroker, startOwnBroker } from '../support/own-broker.ts';
import { inProject } from '../support/project.ts';

const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const PATIENCE_MS = 30_000;
const VHOST = 'agents';

export interface DemoBus {
  readonly engine: Started;
  /** Host and port, for people. */
  readonly place: string;
  /** Whether there is such a workflow. */
  has(workflow: string): Promise<boolean>;
  /** Ends agents, engine and broker; what was opened again finds everything. Scripts that run go on. */
  pause(): Promise<void>;
  /** Ends and removes agents, their users, the engine and the broker. */
  end(): Promise<void>;
}

/** A sentence where there can be none. `members`: of the entity db. */
export async function openDemoBus(
  directory: string,
  stateDirectory: string,
  workflow: string,
  members: number,
): Promise<DemoBus | string> {
  if (process.platform !== 'linux' || !existsSync(SERVER))
    return `There is no RabbitMQ here: ${SERVER} is missing. On Debian or Ubuntu: apt-get install --no-install-recommends rabbitmq-server openssl. Without it: npm run demo.`;
  const own = await startOwnBroker(path.join(directory, 'broker'));
  const engine = await openEngine(directory, stateDirectory, own);
  const agents = Array.from({ length: members }, (_, index) => agentId(workflow, 'db', index));
  const vms: Vm[] = [];
  for (const agent of agents) vms.push(await openVm(engine, path.join(directory, 'vms', agent), agent));
  await allOnline(engine, agents);
  return {
    engine,
    place: `127.0.0.1:${own.found.broker.port}`,
    has: async id => (await engine.api.list()).some(one => one.id === id),
    async pause() {
      for (const vm of vms) await vm.stop();
      await engine.close();
      await own.stop();
    },
    async end() {
      for (const agent of agents)
        await engine.api.administer({ kind: 'delete_agent', agent, by: 'the demo' });
      for (const vm of vms) await vm.stop();
      await engine.close();
      await own.end();
      for (const name of ['vms', 'engine.json'])
        await rm(path.join(directory, name), { recursive: true, force: true });
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}

async function openEngine(directory: string, stateDirectory: string, own: OwnBroker): Promise<Started> {
  const { broker, managementUrl } = own.found;
  const { password } = await once(path.join(directory, 'engine.json'), () => ({
    password: randomBytes(24).toString('hex'),
  }));
  const bus = rabbitmqBus({
    brokers: [{ ...broker, vhost: VHOST, user: 'murano-workflow', password }],
    management: { url: managementUrl, user: 'guest', password: 'guest' },
    queueKind: 'classic',
    name: 'the demo',
    random: Math.random,
  });
  const reach = { urls: [`amqp://127.0.0.1:${broker.port}/${VHOST}`] };
  const options = { logLevel: 'info', logToStderr: false } as const;
  return startEngine(stateDirectory, options, { kind: 'broker', bus, reach });
}

interface Vm {
  stop(): Promise<void>;
}

/** What a VM has: the configuration that its user data writes, and the agent as a process. */
async function openVm(engine: Started, home: string, agent: string): Promise<Vm> {
  await mkdir(home, { recursive: true, mode: 0o711 });
  const by = 'the demo';
  const how = { format: 'cloud-init', reenrolment: 'approval' } as const;
  await engine.api.administer({ kind: 'create_agent', agent, name: agent, ...how, by });
  const { user_data: text } = await engine.api.administer({ kind: 'user_data', agent, by });
  const config = path.join(home, 'agent.json');
  const content = /content: (\S+)/.exec(JSON.stringify(text).replaceAll('\\n', '\n'))?.[1] ?? '';
  const decoded = decodeConfig(Buffer.from(content, 'base64'));
  if ('refused' in decoded)
    throw new Error(`The user data of ${agent} holds no configuration: ${decoded.refused}`);
  // There is no metadata service here that could tell which server it is.
  const { server } = await once(path.join(home, 'server.json'), () => ({ server: randomUUID() }));
  await writeFile(config, encodeConfig({ ...decoded.config, server }), { mode: 0o600 });
  return startProgram(home, config);
}

async function startProgram(home: string, config: string): Promise<Vm> {
  const pidFile = path.join(home, 'pid');
  const running = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : undefined;
  if (running !== undefined && isOurs(running, home)) return { stop: () => stop(running, home) };
  const output = openSync(path.join(home, 'output.log'), 'a', 0o600);
  const state = path.join(home, 'state');
  const program = inProject('dist', 'agent-protocol', 'program', 'main.js');
  const policy = path.join(home, 'policy.json');
  const options = ['--config', config, '--state-directory', state, '--policy', policy, '--console', ''];
  const child: ChildProcess = spawn(process.execPath, [program, ...options], {
    stdio: ['ignore', output, output],
    detached: true,
  });
  child.unref();
  if (child.pid === undefined) throw new Error(`The agent in ${home} does not start.`);
  const { pid } = child;
  await writeFile(pidFile, String(pid));
  return { stop: () => stop(pid, home) };
}

/** A process id may be another's by now. */
function isOurs(pid: number, home: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(home);
  } catch {
    return false;
  }
}

async function stop(pid: number, home: string): Promise<void> {
  if (isOurs(pid, home)) process.kill(pid, 'SIGTERM');
  const until = Date.now() + PATIENCE_MS;
  while (isOurs(pid, home) && Date.now() < until) await delay(50);
}

async function allOnline(engine: Started, agents: readonly string[]): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const { agents: seen } = await engine.api.agents();
    const away = seen.filter(({ id, state }) => agents.includes(id) && state !== 'online');
    if (away.length === 0) return;
    if (Date.now() > until)
      throw new Error(
        `Not every agent came: ${away.map(({ id, reason }) => `${id}: ${reason ?? '?'}`).join('; ')}`,
      );
    await delay(100);
  }
}

/** Made at the first start, the same at every later one. */
async function once<Value>(file: string, make: () => Value): Promise<Value> {
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Value;
  const value = make();
  await writeFile(file, JSON.stringify(value), { mode: 0o600 });
  return value;
}
