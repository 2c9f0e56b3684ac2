// Commands about single agents and about the engine's keys, as they are written: words, options, help.
// Belongs here: declarations for commander. Does not belong here: what a command does (commands/agent-decisions.ts), the other
// commands (program.ts).
import type { Command } from 'commander';
import { administer } from './commands/agent-decisions.ts';
import type { ExitCode } from './exits.ts';
import type { Context } from './host.ts';
import type { EngineOptions } from './sessions.ts';

type Choose = (
  options: { readonly color?: boolean },
  action: (context: Context) => Promise<ExitCode>,
) => void;
type Options = EngineOptions & { readonly color?: boolean };

const DECISIONS = [
  ['approve', 'let in what waits for approval, or who was revoked'],
  ['refuse', 'turn away what waits for approval; its key never enrols again'],
  ['revoke', 'cut the agent off at once, until it is approved again'],
] as const;

/** Below `agents`, which takes the same options: commander gives it those that stand behind its own subcommands. */
export function addDecisions(agents: Command, choose: Choose, common: (command: Command) => Command): void {
  for (const [kind, description] of DECISIONS) {
    common(agents.command(`${kind} <agent>`).description(description)).action(
      (agent: string, _: Options, command: Command) => {
        const options = command.optsWithGlobals<Options>();
        choose(options, context => administer(context, { kind, agent }, options));
      },
    );
  }
}

export function addKeys(program: Command, choose: Choose, common: (command: Command) => Command): void {
  const keys = program.command('keys').description("the engine's keys, which agents trust");
  common(keys.command('rotate').description('sign with a new key from now on; agents learn it by themselves'))
    .option('--drop', 'earlier keys count no more', false)
    .action((_: Options, command: Command) => {
      const options = command.optsWithGlobals<Options & { readonly drop: boolean }>();
      choose(options, context => administer(context, { kind: 'rotate_keys', drop: options.drop }, options));
    });
}
