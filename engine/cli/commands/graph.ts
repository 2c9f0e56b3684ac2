// `graph FILE`: the state graph as mermaid text.
// Belongs here: asking and printing. Does not belong here: compiling and drawing (graph/).
import type { ExitCode } from '../exits.ts';
import { ProblemsFound } from '../failure.ts';
import type { Context } from '../host.ts';
import { loadDefinition, loadMembers } from '../loading.ts';

export interface GraphOptions {
  readonly json: boolean;
  readonly members?: readonly string[];
}

export async function graph(context: Context, file: string, options: GraphOptions): Promise<ExitCode> {
  const loaded = await loadDefinition(context, file);
  const members =
    options.members === undefined
      ? undefined
      : await loadMembers(context, loaded, options.members, 'workflow');
  const problems = members === undefined ? [] : context.language.checkMembers(loaded.definition, members);
  if (problems.some(problem => problem.severity === 'error'))
    throw new ProblemsFound(problems, loaded.sources);
  const mermaid = context.language.mermaid(loaded.definition, members).trimEnd();
  context.terminal.out(options.json ? `${JSON.stringify({ mermaid })}\n` : `${mermaid}\n`);
  return 0;
}
