// Options that several commands take.
// Belongs here: their names and help. Does not belong here: which command takes them (program.ts), what they do.
import { Option } from 'commander';
import { DEFAULT_STATE_DIRECTORY, LOG_LEVELS, STATE_VARIABLE } from './host.ts';

export const stateOption = (): Option =>
  new Option(
    '--state-dir <directory>',
    `where workflows are kept (default: $${STATE_VARIABLE}, else ${DEFAULT_STATE_DIRECTORY})`,
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
export const inputsOption = (): Option =>
  new Option('--inputs <values...>', 'inputs: a YAML or JSON file, or name=value, or name=@file');
export const membersOption = (): Option =>
  new Option('--members <members...>', 'machines: entity=count, or a YAML or JSON file with names and data');
