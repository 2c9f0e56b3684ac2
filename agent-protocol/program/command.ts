// `murano-workflow-agent` from its command line to its exit code.
// Belongs here: which action, and what is said of a failure. Does not belong here: the service itself (service.ts).
import { brokersOf } from '../amqp/brokers.ts';
import { amqpTransport } from '../amqp/transport.ts';
import { wireMapping } from '../amqp/wire.ts';
import { AGENT_VERSION } from '../agent/facts.ts';
import type { AgentConfig } from '../enrolment/config.ts';
import type { Transport } from '../transport.ts';
import { readConfiguration, readPolicy } from './configuration.ts';
import { EXIT } from './exits.ts';
import { tellConsole } from './logging.ts';
import { HELP, type ProgramOptions, readOptions, UsageError } from './options.ts';
import { lookAtBrokers, tryLogin } from './preflight.ts';
import { runService } from './service.ts';

/** Resolves to the exit code. Never rejects for what a person can mend. */
export async function runCommand(
  argv: readonly string[],
  environment: { readonly [name: string]: string | undefined },
): Promise<number> {
  try {
    return await act(readOptions(argv, environment));
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    process.stderr.write(`murano-workflow-agent: ${thrown.message}\n`);
    return thrown instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

async function act(options: ProgramOptions): Promise<number> {
  switch (options.action) {
    case 'help':
      process.stdout.write(HELP);
      return EXIT.stopped;
    case 'version':
      process.stdout.write(`${AGENT_VERSION}\n`);
      return EXIT.stopped;
    case 'check':
      return check(options);
    case 'run':
      return run(options);
    default: {
      const unknown: never = options.action;
      throw new TypeError(`Unknown action ${String(unknown)}`);
    }
  }
}

/** Why it cannot start, its console tells too: a service that ends at once tells it nowhere else outside the machine. */
async function run(options: ProgramOptions): Promise<number> {
  try {
    const config = await readConfiguration(options.config);
    const policy = await readPolicy(options.policy);
    return await runService({ options, config, policy, transport: transportOf(config) });
  } catch (thrown) {
    await tellConsole(
      options.console,
      `cannot start: ${thrown instanceof Error ? thrown.message : 'see its log'}`,
    );
    throw thrown;
  }
}

/** Says what is found, each broker on a line; enrols nothing. */
async function check(options: ProgramOptions): Promise<number> {
  const config = await readConfiguration(options.config);
  await readPolicy(options.policy);
  const findings = await lookAtBrokers(config.broker.urls.flatMap(brokersOf), config.broker.ca);
  for (const { sentence } of findings) process.stdout.write(`${sentence}\n`);
  if (findings.every(({ failed }) => failed !== undefined)) return EXIT.unreachable;
  const { user, password } = config.enrol;
  const refused = await tryLogin(transportOf(config), { user, password, name: `check of ${config.agent}` });
  process.stdout.write(
    refused === undefined ? 'The broker takes the login for enrolments.\n' : `${refused}\n`,
  );
  return refused === undefined ? EXIT.stopped : EXIT.unreachable;
}

function transportOf({ broker }: AgentConfig): Transport {
  return amqpTransport({
    brokers: broker.urls.flatMap(brokersOf),
    mapping: wireMapping,
    random: Math.random,
    ...(broker.ca === undefined ? {} : { tls: { ca: broker.ca } }),
  });
}
