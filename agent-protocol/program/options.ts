// Options of the command line and of the environment, as one record.
// Belongs here: reading and judging them. Does not belong here: the configuration file (configuration.ts).
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CONFIG_FILE } from '../enrolment/config.ts';

export const LOG_LEVELS = ['error', 'warn', 'info'] as const;

export interface ProgramOptions {
  readonly action: 'run' | 'check' | 'help' | 'version';
  readonly config: string;
  readonly policy: string;
  /** Keys, journal, runs and the log of the agent. */
  readonly stateDirectory: string;
  /** Where it says why it is not at work, besides its log. */
  readonly console: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** What is wrong with the command line, as a sentence. */
export class UsageError extends Error {}

const windows = process.platform === 'win32';
const windowsHome = 'C:\\ProgramData\\murano-workflow';

export const DEFAULTS = {
  config: windows ? CONFIG_FILE.windows : CONFIG_FILE.linux,
  policy: windows ? `${windowsHome}\\policy.json` : '/etc/murano-workflow/policy.json',
  stateDirectory: windows ? `${windowsHome}\\agent` : '/var/lib/murano-workflow-agent',
  /** What the cloud shows as a server's console log. */
  console: windows ? '' : '/dev/console',
  logLevel: 'info',
} as const;

/** Name in the environment of each option that has one. */
export const VARIABLES = {
  config: 'MURANO_WORKFLOW_AGENT_CONFIG',
  policy: 'MURANO_WORKFLOW_AGENT_POLICY',
  stateDirectory: 'MURANO_WORKFLOW_AGENT_STATE_DIRECTORY',
  console: 'MURANO_WORKFLOW_AGENT_CONSOLE',
  logLevel: 'MURANO_WORKFLOW_AGENT_LOG_LEVEL',
} as const;

/** The command line comes before the environment, the environment before the defaults. Throws UsageError. */
export function readOptions(
  argv: readonly string[],
  environment: { readonly [name: string]: string | undefined },
): ProgramOptions {
  const given = parse(argv);
  const choose = (name: keyof typeof VARIABLES, option: string | undefined): string =>
    option ?? (environment[VARIABLES[name]] || DEFAULTS[name]);
  return {
    action: given.help ? 'help' : given.version ? 'version' : given.check ? 'check' : 'run',
    config: path.resolve(choose('config', given.config)),
    policy: path.resolve(choose('policy', given.policy)),
    stateDirectory: path.resolve(choose('stateDirectory', given['state-directory'])),
    console: choose('console', given.console),
    logLevel: levelOf(choose('logLevel', given['log-level'])),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        policy: { type: 'string' },
        'state-directory': { type: 'string' },
        console: { type: 'string' },
        'log-level': { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    }).values;
  } catch (thrown) {
    const [sentence = ''] = (thrown as Error).message.split('\n');
    throw new UsageError(`${sentence.replace(/\.?$/, '.')} See murano-workflow-agent --help.`);
  }
}

function levelOf(text: string): ProgramOptions['logLevel'] {
  const level = LOG_LEVELS.find(known => known === text);
  if (level === undefined)
    throw new UsageError(`There is no log level '${text}'; write ${LOG_LEVELS.join(', ')}.`);
  return level;
}

export const HELP = `murano-workflow-agent: runs on one VM what the workflow engine sends to it.

  --config FILE            who this agent is and where the broker is, as user data wrote it
                           (${VARIABLES.config}; ${DEFAULTS.config})
  --policy FILE            what it may not do, if there is such a file
                           (${VARIABLES.policy}; ${DEFAULTS.policy})
  --state-directory DIR    keys, journal, runs and log
                           (${VARIABLES.stateDirectory}; ${DEFAULTS.stateDirectory})
  --console FILE           where it says why it is not at work, besides its log
                           (${VARIABLES.console}; ${DEFAULTS.console || 'none'})
  --log-level LEVEL        ${LOG_LEVELS.join(', ')} (${VARIABLES.logLevel}; ${DEFAULTS.logLevel})
  --check                  reads the configuration, reaches for the broker, says what is wrong, and ends
  --version, --help

Ends with 0 when it was asked to stop, 1 when it cannot start, 2 for a wrong option or configuration; with --check, 3
when the broker cannot be reached.
`;
