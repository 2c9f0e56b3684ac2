// One call of the command: words in, an exit code out, every error told once.
// Belongs here: the last catch. Does not belong here: commands (program.ts), the process around it (engine/main.ts).
import { CommanderError } from 'commander';
import { sayProblems } from './commands/validate.ts';
import type { ExitCode } from './exits.ts';
import { exitOf, failureDocument, failureText, ProblemsFound, usageError } from './failure.ts';
import type { Context } from './host.ts';
import { buildProgram } from './program.ts';

export async function runCli(
  words: readonly string[],
  version: string,
  contextOf: (colour: boolean) => Context,
): Promise<ExitCode> {
  // For errors before any option is understood.
  const context = contextOf(!words.includes('--no-color'));
  const program = buildProgram(version, context.terminal, contextOf);
  try {
    return await program.run(words);
  } catch (thrown) {
    return tell(thrown, context, words);
  }
}

const ASKED_FOR: readonly string[] = ['commander.helpDisplayed', 'commander.version'];

function tell(thrown: unknown, context: Context, words: readonly string[]): ExitCode {
  const json = words.includes('--json');
  if (thrown instanceof ProblemsFound) {
    sayProblems(context, thrown, json, commandIn(words) === 'validate');
    return 2;
  }
  if (thrown instanceof CommanderError) {
    // Without words, or after `help`, commander has printed the help itself.
    if (ASKED_FOR.includes(thrown.code)) return 0;
    if (thrown.code === 'commander.help') return words.length === 0 ? 2 : 0;
  }
  const failure = thrown instanceof CommanderError ? wrongUsage(thrown, words) : thrown;
  if (json) context.terminal.out(`${JSON.stringify(failureDocument(failure))}\n`);
  else context.terminal.err(failureText(failure, words.includes('debug')));
  return exitOf(failure);
}

const commandIn = (words: readonly string[]): string | undefined => words.find(word => /^[a-z]+$/.test(word));

/** Commander's `error: unknown command 'rnu'\n(Did you mean run?)` in our form. */
function wrongUsage(error: CommanderError, words: readonly string[]): Error {
  const [said = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const hint = more.join(' ').replace(/^\(|\)$/g, '');
  const command = commandIn(words);
  const known = error.code !== 'commander.unknownCommand' && command !== undefined;
  const help = `See: murano-workflow ${known ? `${command} ` : ''}--help`;
  return usageError(said, hint === '' ? help : `${hint} ${help}`);
}
