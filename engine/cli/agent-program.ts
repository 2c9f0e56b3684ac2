// Commands about single agents, dead letters and the engine's keys, as they are written: words, options, help.
// Belongs here: declarations for commander. Does not belong here: what a command does (commands/agent-decisions.ts), the other
// commands (program.ts).
import type { Command } from 'commander';
import { administer } from './commands/agent-decisions.ts';
import { deadLetters, discard, type DiscardOptions } from './commands/dead-letters.ts';
import type { ExitCode } from './exits.ts';
import type { Context } from './host.ts';
import { whole } from './options.ts';
import type { EngineOptions } from './sessions.ts';

type Choose = (
  options: { readonly color?: boolean },
  action: (context: Context) => Promise<ExitCode>,
) => void;
type Options = EngineOptions & { readonly color?: boolean };

const RULINGS = [
  ['approve', 'let in what waits for approval, or who was revoked'],
  ['refuse', 'turn away what waits for approval; its key never enrols again'],
] as const;
const DECISIONS = [
  ['revoke', 'cut the agent off at once, until it is approved again'],
  ['forget', 'end its login for good; nobody enrols in its place'],
] as const;

/** Below `agents`, which takes the same options: commander gives it those that stand behind its own subcommands. */
export function addDecisions(agents: Command, choose: Choose, common: (command: Command) => Command): void {
  for (const [kind, description] of RULINGS) {
    common(agents.command(`${kind} <agent>`).description(description))
      .option('--key <key>', 'only if it is this key that waits, as agents tells it')
      .action((agent: string, _: Options, command: Command) => {
        const { key, ...options } = command.optsWithGlobals<Options & { readonly key?: string }>();
        choose(options, context => administer(context, { kind, agent, ...(key && { key }) }, options));
      });
  }
  for (const [kind, description] of DECISIONS) {
    common(agents.command(`${kind} <agent>`).description(description)).action(
      (agent: string, _: Options, command: Command) => {
        const options = command.optsWithGlobals<Options>();
        const decision = kind === 'forget' ? 'delete_agent' : kind;
        choose(options, context => administer(context, { kind: decision, agent }, options));
      },
    );
  }
}

/** Below `agents`, as `addDecisions`. */
export function addLetters(agents: Command, choose: Choose, common: (command: Command) => Command): void {
  common(
    agents
      .command('dead-letters')
      .description('list what neither the engine nor an agent took from the broker, and why'),
  ).action((_: Options, command: Command) => {
    const options = command.optsWithGlobals<Options>();
    choose(options, context => deadLetters(context, options));
  });
  common(agents.command('discard [numbers...]').description('forget dead letters'))
    .option('--up-to <number>', 'all up to this one', whole)
    .option('--agent <agent>', 'with --up-to: those of one agent')
    .action((numbers: string[], _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options & DiscardOptions>();
      choose(options, context => discard(context, numbers.map(whole), options));
    });
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
