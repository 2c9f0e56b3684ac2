// The agent as a service: started, kept until it is asked to stop, ended in order.
// Belongs here: signals, log, preflight around one agent. Does not belong here: what an agent does (agent/).
//
// PR1 A stop lets scripts run on under their supervisors; the next start adopts them.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { startEnrolledAgent } from '../agent/enrolled.ts';
import { AGENT_VERSION } from '../agent/facts.ts';
import type { Policy } from '../agent/policy.ts';
import { brokersOf } from '../amqp/brokers.ts';
import type { AgentConfig } from '../enrolment/config.ts';
import type { Connection, Transport } from '../transport.ts';
import { EXIT } from './exits.ts';
import { openProgramLog, type ProgramLog } from './logging.ts';
import { rebootOf } from './machine-reboot.ts';
import type { ProgramOptions } from './options.ts';
import { lookAtBrokers } from './preflight.ts';
import { supervisorCommand } from './supervising.ts';

export interface ServiceParts {
  readonly options: ProgramOptions;
  readonly config: AgentConfig;
  readonly policy: Policy | undefined;
  readonly transport: Transport;
}

const STOPS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Resolves to the exit code once the agent was stopped. Rejects when it cannot start. */
export async function runService({ options, config, policy, transport }: ServiceParts): Promise<number> {
  const { stateDirectory } = options;
  await mkdir(stateDirectory, { recursive: true, mode: 0o711 });
  const stopped = asked();
  const log = openProgramLog(path.join(stateDirectory, 'agent.log'), options.logLevel, options.console);
  try {
    const reboot = rebootOf(text => log.warn(text));
    const agent = await startEnrolledAgent({
      directory: stateDirectory,
      config,
      transport: explaining(transport, config, log),
      supervisor: supervisorCommand(),
      log: text => log.info(text),
      onEnrolment: onceEach(news => log.onConsole(`agent ${config.agent} ${news}`)),
      ...(policy && { policy }),
      ...(reboot && { reboot }),
    });
    log.info(`Agent ${config.agent}, version ${AGENT_VERSION}, runs in ${stateDirectory}.`);
    log.info(`Asked to stop by ${await stopped}; scripts that run go on.`);
    await agent.stop();
    return EXIT.stopped;
  } finally {
    await log.close();
  }
}

/** What is repeated without a change is said once. */
function onceEach(say: (text: string) => void): (text: string) => void {
  let said = '';
  return text => {
    if (text === said) return;
    said = text;
    say(text);
  };
}

/** Listens before anything is started; a second signal changes nothing, the stop is under way. */
function asked(): Promise<string> {
  return new Promise(resolve => {
    for (const signal of STOPS) process.on(signal, () => resolve(signal));
  });
}

/** After the first failure to connect, and whenever its reason is another: says step by step what is wrong. */
function explaining(transport: Transport, config: AgentConfig, log: ProgramLog): Transport {
  let told = '';
  const explain = async (thrown: unknown): Promise<void> => {
    const findings = await lookAtBrokers(config.broker.urls.flatMap(brokersOf), config.broker.ca);
    const wrong = findings.filter(({ failed }) => failed !== undefined);
    const text = wrong.length > 0 ? wrong.map(({ sentence }) => sentence).join(' ') : textOf(thrown);
    if (text === told) return;
    told = text;
    log.warn(`The broker is not reached: ${text}`);
    log.onConsole(`agent ${config.agent} does not reach its broker: ${text}`);
  };
  return {
    async connect(login): Promise<Connection> {
      try {
        const connection = await transport.connect(login);
        if (told !== '') log.onConsole(`agent ${config.agent} reaches its broker.`);
        told = '';
        return connection;
      } catch (thrown) {
        await explain(thrown);
        throw thrown;
      }
    },
  };
}

const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
