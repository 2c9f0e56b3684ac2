// `status [NAME]`: all workflows, or one with every step.
// Belongs here: asking and showing. Does not belong here: layout (views/status.ts).
import type { ExitCode } from '../exits.ts';
import { sayEnding } from '../finish.ts';
import type { Context } from '../host.ts';
import type { EngineOptions } from '../sessions.ts';
import { noState, withReader } from '../sessions.ts';
import { printLines } from '../terminal.ts';
import { agentNames } from '../views/lanes.ts';
import { listLines, stepsLines } from '../views/status.ts';
import { plain } from '../views/style.ts';

export interface StatusOptions extends EngineOptions {
  /** Those that are run as children of others too. */
  readonly children?: boolean;
}

export async function statusAll(context: Context, options: StatusOptions): Promise<ExitCode> {
  const { children = false } = options;
  const listed = await withReader(context, options, session => session.api.list({ children }));
  const workflows = listed ?? [];
  if (options.json) context.terminal.out(`${JSON.stringify({ workflows })}\n`);
  else if (workflows.length > 0) printLines(context.terminal, listLines(workflows, context.now()));
  else printLines(context.terminal, [plain('No workflows here. Start one with: murano-workflow run FILE')]);
  return 0;
}

export async function statusOne(context: Context, id: string, options: EngineOptions): Promise<ExitCode> {
  const view = await withReader(context, options, session => session.api.workflow(id));
  if (view === undefined) throw noState(context, options, id);
  if (options.json) {
    context.terminal.out(`${JSON.stringify(view)}\n`);
    return 0;
  }
  const offline = new Map<string, string>();
  const moment = { now: context.now(), offline, workflow: id, nameOf: agentNames(view) };
  printLines(context.terminal, stepsLines(view, moment, context.terminal.style));
  sayEnding(context, view, options);
  return 0;
}
