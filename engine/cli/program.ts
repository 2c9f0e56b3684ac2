// The commands, their options and their help: what `murano-workflow` understands.
// Belongs here: declarations for commander, examples. Does not belong here: what a command does (commands/).
import { Command, CommanderError, Option } from 'commander';
import { addDecisions, addKeys, addLetters } from './agent-program.ts';
import { agents } from './commands/agents.ts';
import { engine } from './commands/engine.ts';
import { events } from './commands/events.ts';
import { explain } from './commands/explain.ts';
import { graph, GRAPH_FORMATS } from './commands/graph.ts';
import { run } from './commands/run.ts';
import { schema } from './commands/schema.ts';
import type { SimulateOptions } from './commands/simulate.ts';
import { simulateFile } from './commands/simulate.ts';
import { type StatusOptions, statusAll, statusOne } from './commands/status.ts';
import { validate } from './commands/validate.ts';
import type { ExitCode } from './exits.ts';
import { EXIT_CODES } from './exits.ts';
import type { Context } from './host.ts';
import {
  adminOption,
  allowOption,
  cloudOption,
  colourOption,
  examples,
  inputsOption,
  jsonOption,
  logOption,
  membersOption,
  endpointOption,
  osCloudOption,
  stateOption,
  verboseOption,
  whole,
} from './options.ts';
import { addOperator } from './operator-program.ts';
import type { EngineOptions } from './sessions.ts';

/** What commander made of the words; the action's result is the exit code. */
export interface Program {
  readonly command: Command;
  /** Runs the command that the words name. Throws CommanderError for help, version and wrong usage. */
  run(words: readonly string[]): Promise<ExitCode>;
}

type Action = (context: Context) => Promise<ExitCode>;

export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** `contextOf` is called once the options are known: colours depend on them. Help goes to `output`, errors are thrown. */
export function buildProgram(
  version: string,
  output: Output,
  contextOf: (colour: boolean) => Context,
): Program {
  let chosen: Action | undefined;
  let colour = true;
  const command = rootCommand(version, output);
  const choose = (options: { readonly color?: boolean }, action: Action): void => {
    colour = options.color !== false;
    chosen = action;
  };
  for (const add of [
    addValidate,
    addSimulate,
    addGraph,
    addSchema,
    addRun,
    addStatus,
    addExplain,
    addEvents,
    addOperator,
    addAgents,
    addEngine,
  ])
    add(command, choose);
  for (const sub of command.commands) sub.addOption(jsonOption()).addOption(colourOption());
  return {
    command,
    run: async words => {
      await command.parseAsync([...words], { from: 'user' });
      if (chosen === undefined) throw new CommanderError(2, 'murano-workflow.nothing', 'no command');
      return chosen(contextOf(colour));
    },
  };
}

type Choose = (options: { readonly color?: boolean }, action: Action) => void;

function rootCommand(version: string, output: Output): Command {
  const codes = Object.entries(EXIT_CODES).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  return new Command('murano-workflow')
    .description('Takes several machines to a goal, each step waiting for the states of the others.')
    .version(version)
    .helpCommand(true)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: text => output.out(text),
      writeErr: text => output.err(text),
      // Told by whoever catches the error, as text or as JSON.
      outputError: () => undefined,
    })
    .addHelpText(
      'after',
      `${examples('run hello.workflow.yaml --members web=3', 'status', 'delete hello')}\nExit codes:\n${codes.join('\n')}\n`,
    );
}

function addValidate(program: Command, choose: Choose): void {
  program
    .command('validate <file>')
    .description('check a definition and show every problem with its place')
    .addOption(inputsOption())
    .addOption(membersOption())
    .addHelpText(
      'after',
      examples(
        'validate cluster.workflow.yaml',
        'validate cluster.workflow.yaml --inputs prod.yaml --members db=3',
      ),
    )
    .action((file, options) => choose(options, context => validate(context, file, options)));
}

function addSimulate(program: Command, choose: Choose): void {
  program
    .command('simulate <file>')
    .description('play a workflow through in virtual time: no machine is needed and no script runs')
    .addOption(inputsOption())
    .option('--guess-inputs', 'make up required inputs that are not given', false)
    .addOption(membersOption())
    .option('--durations <values...>', 'how long things take: a YAML or JSON file, or name=90s')
    .option('--durations-from <workflow>', 'how long states took in a workflow that has run')
    .addOption(stateOption())
    .option('--outputs <files...>', 'what steps give: a YAML or JSON file, state or step to outputs')
    .option('--fail <steps...>', 'steps or states that fail; =2 for the first two attempts only')
    .option('--reboot <steps...>', 'steps or states in whose first attempt the machine reboots')
    .option('--lose <machines...>', 'machines that never answer; @5m for not after five minutes')
    .option(
      '--answer <answers...>',
      'what people say: step=yes, no, retry, skip or fail; @5m after five minutes',
    )
    .option(
      '--signal <signals...>',
      'signals that come when they are waited for: name, name@5m or name={json}',
    )
    .option(
      '--update <changes...>',
      'another definition, a file of changes, or one such as db=4; @30m says when, else once all else has ended',
    )
    .option(
      '--operate <operations...>',
      'operations: name, name@30m or name={json}; without a time once all else has ended',
    )
    .addHelpText(
      'after',
      examples(
        'simulate cluster.workflow.yaml --update next.workflow.yaml db=4@2h --operate backup',
        'simulate cluster.workflow.yaml --members db=100',
        "simulate cluster.workflow.yaml --fail 'db[1].installed' --lose 'db[2]@10m'",
        'simulate cluster.workflow.yaml --durations measured.yaml --json',
      ),
    )
    .action((file: string, options: SimulateOptions & { color?: boolean }) =>
      choose(options, context => simulateFile(context, file, options)),
    );
}

function addGraph(program: Command, choose: Choose): void {
  program
    .command('graph <file>')
    .description('draw the state graph: in the terminal, as SVG, or as mermaid text')
    .addOption(membersOption())
    .addOption(
      new Option('--format <format>', 'what to print (default: text on a terminal, else mermaid)').choices(
        GRAPH_FORMATS,
      ),
    )
    .addHelpText(
      'after',
      examples(
        'graph cluster.workflow.yaml --members db=3',
        'graph cluster.workflow.yaml --format svg > graph.svg',
      ),
    )
    .action((file, options) => choose(options, context => graph(context, file, options)));
}

function addSchema(program: Command, choose: Choose): void {
  program
    .command('schema')
    .description('print the JSON Schema of definitions, for editors')
    .addHelpText('after', examples('schema > workflow.schema.json'))
    .action(options => choose(options, schema));
}

function addRun(program: Command, choose: Choose): void {
  program
    .command('run <file>')
    .description('start a workflow, or go on with it after a crash, and watch it to its end')
    .option('--name <name>', "the workflow's name (default: from the file's name)")
    .addOption(inputsOption())
    .addOption(membersOption())
    .addOption(cloudOption())
    .addOption(stateOption())
    .addOption(endpointOption())
    .addOption(osCloudOption())
    .addOption(verboseOption())
    .addOption(allowOption())
    .addOption(adminOption())
    .addOption(logOption())
    .addHelpText(
      'after',
      examples(
        'run hello.workflow.yaml',
        'run cluster.workflow.yaml --name prod --inputs prod.yaml password=@secret.txt --members db=3',
        'run cluster.workflow.yaml --members machines.yaml --verbose',
      ),
    )
    .action((file, options) => choose(options, context => run(context, file, options)));
}

function addStatus(program: Command, choose: Choose): void {
  program
    .command('status [name]')
    .description('list the workflows, or show every step of one')
    .addOption(new Option('--children', 'list workflows that are run as children of others too'))
    .addOption(stateOption())
    .addOption(endpointOption())
    .addOption(osCloudOption())
    .addHelpText('after', examples('status', 'status prod', 'status prod --json'))
    .action((name: string | undefined, options: StatusOptions & { color?: boolean }) =>
      choose(options, context =>
        name === undefined ? statusAll(context, options) : statusOne(context, name, options),
      ),
    );
}

function addExplain(program: Command, choose: Choose): void {
  program
    .command('explain <name> [step]')
    .alias('why')
    .description('say why a step waits: for whom, since when, the chain to the root, and who can act')
    .addOption(stateOption())
    .addOption(endpointOption())
    .addOption(osCloudOption())
    .addHelpText('after', examples("explain prod 'db[1].copied'", 'why prod'))
    .action((name: string, step: string | undefined, options: EngineOptions & { color?: boolean }) =>
      choose(options, context => explain(context, name, step, options)),
    );
}

function addEvents(program: Command, choose: Choose): void {
  program
    .command('events <name>')
    .description('show what happened, entry by entry')
    .option('--follow', 'go on showing what happens, until the workflow stands still', false)
    .option('--after <number>', 'start behind the entry with this number', whole, 0)
    .addOption(stateOption())
    .addOption(endpointOption())
    .addOption(osCloudOption())
    .addHelpText('after', examples('events prod', 'events prod --follow --json'))
    .action((name, options) => choose(options, context => events(context, name, options)));
}

const ofEngine = (command: Command): Command =>
  command
    .addOption(stateOption())
    .addOption(endpointOption())
    .addOption(osCloudOption())
    .addOption(jsonOption())
    .addOption(colourOption());

function addAgents(program: Command, choose: Choose): void {
  addKeys(program, choose, ofEngine);
  const list = program.command('agents');
  addDecisions(list, choose, ofEngine);
  addLetters(list, choose, ofEngine);
  list
    .description('list the agents: is each there, since when, and if not, why not')
    .addOption(stateOption())
    .addOption(endpointOption())
    .addOption(osCloudOption())
    .addHelpText('after', examples('agents', 'agents --json'))
    .action((options: EngineOptions & { color?: boolean }) =>
      choose(options, context => agents(context, options)),
    );
}

function addEngine(program: Command, choose: Choose): void {
  program
    .command('engine')
    .description('serve Heat until stopped: the engine behind Murano::Workflow')
    .option('--config <file>', 'settings: a YAML file')
    .option('--check', 'say whether the settings can be used, and end', false)
    .addHelpText('after', examples('engine --config /etc/murano-workflow/engine.yaml'))
    .action(options => choose(options, context => engine(context, options)));
}
