// A RabbitMQ that belongs to one test: to be killed, started again and emptied without a harm to others.
// Belongs here: starting and ending it. Does not belong here: the services that tests share (services.ts).
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { brokersOf } from '../../agent-protocol/amqp/brokers.ts';
import { type AgentsBroker, agentsBrokerOf } from './agents-broker.ts';
import { needs } from './needs.ts';
import { inProject } from './project.ts';
import { readRc } from './services.ts';

const run = promisify(execFile);

export interface OwnBroker {
  readonly found: AgentsBroker;
  /** As a power cut does. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** In order; `start` finds everything again. */
  stop(): Promise<void>;
  /** Ends it and removes its files. */
  end(): Promise<void>;
}

/** Whether it can be started on this machine. */
export const canRunBroker = (suite: string): boolean =>
  needs(
    existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server'),
    suite,
    "Debian's package rabbitmq-server: test/services/install.sh installs it",
  );

/** Away from the shared services and from what other runs of this test use. */
const ownPort = (): number => 26_100 + 3 * (process.pid % 1_000);

/** `directory`: empty, of the test's own. Takes some seconds. */
export const startOwnBroker = (directory: string): Promise<OwnBroker> =>
  startNode(directory, portIn(directory) ?? ownPort(), {});

/** Nodes of one broker, in folders of this directory. Any may be killed and started again. */
export async function startOwnCluster(directory: string, size: number): Promise<readonly OwnBroker[]> {
  const first = ownPort();
  const ports = Array.from({ length: size }, (_, index) => first + 3 * index);
  const env = { RABBIT_PEERS: ports.join(' '), RABBIT_EPMD_PORT: String(first - 12_000) };
  const nodes: OwnBroker[] = [];
  // One after the other: nodes that start for the first time together may not see each other, and found a cluster each.
  for (const [index, port] of ports.entries())
    nodes.push(await startNode(path.join(directory, String(index)), port, env));
  return nodes;
}

async function startNode(
  directory: string,
  port: number,
  more: { readonly [name: string]: string },
): Promise<OwnBroker> {
  const env = {
    ...process.env,
    ...more,
    MURANO_WORKFLOW_SERVICES: directory,
    AGENTS_PORT: String(port),
    AGENTS_HTTP_PORT: String(port + 1),
    AGENTS_TLS_PORT: String(port + 2),
  };
  const script = async (...words: string[]): Promise<void> => {
    const file = inProject('test', 'services', 'broker.sh');
    // Hit in the moment before it has its session, nothing was done yet.
    for (let tries = 3; (await ofOwnSession(file, words, env)) === 'hit'; tries -= 1)
      if (tries === 0) throw new Error(`${file} ${words.join(' ')} is killed again and again.`);
  };
  const home = path.join(directory, 'agents-rabbit');
  await script('up');
  return {
    found: agentsBrokerOf({ directory, openrc: readRc(path.join(directory, 'openrc')) }),
    async kill() {
      process.kill(Number(readFileSync(path.join(home, 'pid'), 'utf8')), 'SIGKILL');
      await run('bash', [
        '-c',
        `. ${inProject('test', 'services', 'common.sh')}; gone "$(cat ${directory}/pids/agents-rabbit)" 20`,
      ]);
    },
    start: () => script('up'),
    stop: () => script('down', '--keep'),
    end: () => script('down'),
  };
}

/** Of a broker that was started in this directory before. */
function portIn(directory: string): number | undefined {
  const file = path.join(directory, 'openrc');
  if (!existsSync(file)) return undefined;
  const [broker] = brokersOf(readRc(file)['AGENTS_TRANSPORT_URL'] ?? '');
  return broker?.port;
}

/** Runs it out of reach of a Ctrl-C, which is for who started this and must not cut a start or an end in half. */
async function ofOwnSession(file: string, words: string[], env: NodeJS.ProcessEnv): Promise<'done' | 'hit'> {
  const child = spawn(file, words, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === null) return 'hit';
  if (code !== 0) throw new Error(`${file} ${words.join(' ')} ended with ${code}: ${said}`);
  return 'done';
}
