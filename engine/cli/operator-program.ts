// The commands by which a person acts on a workflow: their options and their help.
// Belongs here: declarations for commander, examples. Does not belong here: what a command does (commands/).
import type { Command } from 'commander';
import { type CloudOptions, newRight } from './cloud.ts';
import { act, sendSignal, skip } from './commands/act.ts';
import type { UpdateOptions } from './commands/change.ts';
import { planOrTemplate, type TemplateOptions } from './commands/plan-template.ts';
import { operate, type OperateOptions } from './commands/operate.ts';
import { undo } from './commands/undo.ts';
import { update } from './commands/update.ts';
import type { ExitCode } from './exits.ts';
import type { WatchOptions } from './finish.ts';
import type { Context } from './host.ts';
import {
  allowOption,
  examples,
  inputsOption,
  logOption,
  membersOption,
  newCloudOption,
  endpointOption,
  osCloudOption,
  stateOption,
  verboseOption,
} from './options.ts';

type Choose = (
  options: { readonly color?: boolean },
  action: (context: Context) => Promise<ExitCode>,
) => void;

type OperatorOptions = WatchOptions & { readonly color?: boolean };

export function addOperator(program: Command, choose: Choose): void {
  const operator = (usage: string, description: string, ...shown: readonly string[]): Command =>
    program
      .command(usage)
      .description(description)
      .addOption(stateOption())
      .addOption(endpointOption())
      .addOption(osCloudOption())
      .addOption(verboseOption())
      .addOption(allowOption())
      .addOption(logOption())
      .addHelpText('after', examples(...shown));
  operator(
    'resume <name>',
    'go on: after a suspend, a crash, a stop, or a failure (what failed is tried again)',
    'resume prod',
    'resume prod --cloud mycloud',
  )
    .addOption(newCloudOption())
    .action((name: string, options: OperatorOptions & CloudOptions) =>
      choose(options, async context =>
        act(context, name, { kind: 'resume', ...(await newRight(context, options)) }, options),
      ),
    );
  operator(
    'retry <name> [step]',
    'try a failed or held step again, or all of them',
    "retry prod 'db[1].copied'",
    'retry prod',
  ).action((name: string, step: string | undefined, options: OperatorOptions) =>
    choose(options, context =>
      act(context, name, { kind: 'retry', ...(step === undefined ? {} : { step }) }, options),
    ),
  );
  operator(
    'skip <name> <step>',
    'go on as if a step were done',
    "skip prod 'db[1].checked' --outputs port=5432",
  )
    .option(
      '--outputs <values...>',
      "the step's outputs: a YAML or JSON file, or name=value (value read as YAML)",
    )
    .action((name: string, step: string, options: OperatorOptions & { outputs?: string[] }) =>
      choose(options, context => skip(context, name, step, options)),
    );
  operator('fail <name> <step>', 'let a held step fail', "fail prod 'db[1].checked'").action(
    (name: string, step: string, options: OperatorOptions) =>
      choose(options, context => act(context, name, { kind: 'fail', step }, options)),
  );
  operator(
    'undo <name> <step>',
    'take back one step of a workflow that rests, after all that stands on it; nothing begins again before a resume',
    "undo prod 'db[1].joined' --dry-run",
    "undo prod 'db[1].joined'",
  )
    .option('--dry-run', 'only show what would be undone, and in which order', false)
    .action((name: string, step: string, options: OperatorOptions & { dryRun: boolean }) =>
      choose(options, context => undo(context, name, step, options)),
    );
  for (const [kind, does] of [
    ['approve', 'say yes to a step that asks'],
    ['reject', 'say no to a step that asks; it fails'],
  ] as const) {
    operator(`${kind} <name> <step>`, does, `${kind} prod service.switch_agreed`).action(
      (name: string, step: string, options: OperatorOptions) =>
        choose(options, context => act(context, name, { kind, step }, options)),
    );
  }
  operator(
    'signal <name> <signal>',
    'tell a workflow that what it waits for has happened',
    'signal prod licence_bought',
    'signal prod licence_bought --data key=@licence.txt seats=40',
  )
    .option(
      '--data <values...>',
      'what the signal carries: a YAML or JSON file, or name=value (value read as YAML)',
    )
    .action((name: string, signal: string, options: OperatorOptions & { data?: string[] }) =>
      choose(options, context => sendSignal(context, name, signal, options)),
    );
  operator('cancel <name>', 'stop what runs; the workflow fails and can be resumed', 'cancel prod').action(
    (name: string, options: OperatorOptions) =>
      choose(options, context => act(context, name, { kind: 'cancel' }, options)),
  );
  operator(
    'suspend <name>',
    'let nothing begin until it is resumed; what runs may end',
    'suspend prod',
  ).action((name: string, options: OperatorOptions) =>
    choose(options, context => act(context, name, { kind: 'suspend' }, options)),
  );
  operator(
    'check <name>',
    'ask by its probes whether what was reached still holds; nothing is changed',
    'check prod',
    'check prod --json',
  ).action((name: string, options: OperatorOptions) =>
    choose(options, context => act(context, name, { kind: 'check' }, options)),
  );
  operator('converge <name>', 'run again what is unverified, and what failed; nothing else', 'converge prod')
    .addOption(newCloudOption())
    .action((name: string, options: OperatorOptions & CloudOptions) =>
      choose(options, async context =>
        act(context, name, { kind: 'converge', ...(await newRight(context, options)) }, options),
      ),
    );
  operator(
    'plan [name] [resource]',
    'what an update would do to each step, and why; without a name, what a new workflow would; with a template, what a stack update would do to a resource of the stack',
    'plan prod --inputs port=5433',
    'plan prod --definition cluster.yaml --members db=4 --verbose',
    'plan --definition cluster.yaml --members db=3',
    'plan mystack cluster --template new.yaml --parameter port=5433',
  )
    .option('--definition <file>', 'the definition from now on')
    .addOption(inputsOption())
    .option('--unset <names...>', 'inputs that are to have their defaults again')
    .addOption(membersOption())
    .addOption(newCloudOption())
    .option('--abandon', 'undo nothing of the members that leave', false)
    .option('--template <file>', 'a HOT template: the name is that of a stack, or the id of the workflow')
    .option('--parameter <values...>', "values of the template's parameters: name=value")
    .option('-e, --environment <files...>', 'environments that go with the template, as Heat takes them')
    .option('--project <id>', 'where stacks of several projects have that name')
    .action(
      (
        name: string | undefined,
        resource: string | undefined,
        options: TemplateOptions & { color?: boolean },
      ) => choose(options, context => planOrTemplate(context, name, resource, options)),
    );
  operator(
    'update <name>',
    'change definition, inputs or members: what changed runs again, members and states that are gone are undone; what is not named stays',
    'update prod --inputs port=5433',
    'update prod --definition cluster.yaml --dry-run',
    'update prod --members db=4',
  )
    .option('--definition <file>', 'the definition from now on')
    .addOption(inputsOption())
    .option('--unset <names...>', 'inputs that are to have their defaults again')
    .addOption(membersOption())
    .addOption(newCloudOption())
    .option('--dry-run', 'only show the plan', false)
    .option('--abandon', 'undo nothing of the members that leave', false)
    .action((name: string, options: UpdateOptions & { color?: boolean }) =>
      choose(options, context => update(context, name, options)),
    );
  operator(
    'operate <name> <operation>',
    'start an operation of the definition, such as a failover or a backup',
    'operate prod failover --inputs to=db-2',
    'operate prod backup --id nightly-2026-11-23',
  )
    .addOption(inputsOption())
    .option('--id <id>', 'by which it is known: the same twice is done once')
    .action((name: string, operation: string, options: OperateOptions & { color?: boolean }) =>
      choose(options, context => operate(context, name, operation, options)),
    );
  operator(
    'delete <name>',
    'undo what was done, then remove the workflow',
    'delete prod',
    'delete prod --abandon',
  )
    .option('--abandon', 'remove it without undoing anything', false)
    .addOption(newCloudOption())
    .action((name: string, options: OperatorOptions & CloudOptions & { abandon: boolean }) =>
      choose(options, async context => {
        const { abandon } = options;
        return act(
          context,
          name,
          { kind: 'delete', abandon, ...(await newRight(context, options)) },
          options,
        );
      }),
    );
}
