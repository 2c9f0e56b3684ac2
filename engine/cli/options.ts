// Options that several commands take, and what their help is made of.
// Belongs here: their names and help. Does not belong here: which command takes them (program.ts), what they do.
import { InvalidArgumentError, Option } from 'commander';
import { ENDPOINT_VARIABLE } from './remote.ts';
import { DEFAULT_STATE_DIRECTORY, LOG_LEVELS, STATE_VARIABLE } from './host.ts';

export const stateOption = (): Option =>
  new Option(
    '--state-dir <directory>',
    `where workflows are kept (default: $${STATE_VARIABLE}, else ${DEFAULT_STATE_DIRECTORY})`,
  );
export const endpointOption = (): Option =>
  new Option(
    '--endpoint <url>',
    `an engine elsewhere, by its operator's endpoint (default: $${ENDPOINT_VARIABLE})`,
  );
export const osCloudOption = (): Option =>
  new Option(
    '--os-cloud <name>',
    'log in there by this entry of clouds.yaml (default: $OS_TOKEN, $OS_CLOUD, else the variables OS_…)',
  );
export const jsonOption = (): Option =>
  new Option('--json', 'for programs: one JSON document, or one per line for what streams').default(
    false,
    'off',
  );
export const colourOption = (): Option => new Option('--no-color', 'no colours (as NO_COLOR does)');
export const verboseOption = (): Option =>
  new Option('--verbose', 'show what the scripts print, and every transition').default(false, 'off');
export const logOption = (): Option =>
  new Option(
    '--log-level <level>',
    'log to stderr too, at this level (a log is always kept in the state directory)',
  ).choices(LOG_LEVELS);
export const allowOption = (): Option =>
  new Option(
    '--allow-host <hosts...>',
    'services that `http` may call: host, host:port, *.domain or network',
  );
export const adminOption = (): Option =>
  new Option(
    '--admin [address]',
    'answer operators over HTTP on loopback while it runs, for whoever has the token that is printed',
  ).preset('127.0.0.1:0');
export const inputsOption = (): Option =>
  new Option('--inputs <values...>', 'inputs: a YAML or JSON file, or name=value, or name=@file');
export const cloudOption = (): Option =>
  new Option(
    '--cloud <name>',
    'an entry of clouds.yaml, for definitions that call OpenStack (default: $OS_CLOUD, else the variables OS_…)',
  );
export const newCloudOption = (): Option =>
  new Option('--cloud <name>', 'from now on call OpenStack by this entry of clouds.yaml');
export const membersOption = (): Option =>
  new Option('--members <members...>', 'machines: entity=count, or a YAML or JSON file with names and data');

export function whole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number.');
}

export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map(line => `  $ murano-workflow ${line}`).join('\n')}\n`;
