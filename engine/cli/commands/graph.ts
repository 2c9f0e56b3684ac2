// `graph FILE`: the state graph, drawn in the terminal, as SVG, or as mermaid text.
// Belongs here: asking and printing. Does not belong here: compiling (graph/), drawing (drawing/), rows (views/graph.ts).
import type { ExitCode } from '../exits.ts';
import { ProblemsFound } from '../failure.ts';
import type { Context } from '../host.ts';
import type { Members } from '../language.ts';
import type { Loaded } from '../loading.ts';
import { loadDefinition, loadMembers } from '../loading.ts';
import { printLines } from '../terminal.ts';
import { graphLines } from '../views/graph.ts';
import { paintLine } from '../views/style.ts';

export const GRAPH_FORMATS = ['text', 'svg', 'mermaid'] as const;
type Format = (typeof GRAPH_FORMATS)[number];

export interface GraphOptions {
  readonly json: boolean;
  readonly members?: readonly string[];
  readonly format?: Format;
}

/** Programs get mermaid, as long as they do not ask for something else. */
export async function graph(context: Context, file: string, options: GraphOptions): Promise<ExitCode> {
  const { terminal } = context;
  const loaded = await loadDefinition(context, file);
  const members =
    options.members === undefined
      ? undefined
      : await loadMembers(context, loaded, options.members, 'workflow');
  const problems = members === undefined ? [] : context.language.checkMembers(loaded.definition, members);
  if (problems.some(problem => problem.severity === 'error'))
    throw new ProblemsFound(problems, loaded.sources);
  const format = options.format ?? (terminal.live && !options.json ? 'text' : 'mermaid');
  if (options.json)
    terminal.out(`${JSON.stringify({ [format]: await drawn(context, loaded, members, format) })}\n`);
  else if (format === 'text') {
    const outlined = context.language.outline(loaded.definition, members);
    printLines(terminal, graphLines(outlined, terminal.style, terminal.size().width));
  } else terminal.out(`${await drawn(context, loaded, members, format)}\n`);
  return 0;
}

async function drawn(
  { language }: Context,
  { definition }: Loaded,
  members: Members | undefined,
  format: Format,
): Promise<string> {
  switch (format) {
    case 'mermaid':
      return language.mermaid(definition, members).trimEnd();
    case 'svg': {
      // Only those who want a picture wait for what lays it out.
      const { svg } = await import('../../drawing/svg.ts');
      return svg(language.outline(definition, members)).trimEnd();
    }
    case 'text': {
      const style = { colour: false, unicode: true };
      const lines = graphLines(language.outline(definition, members), style, Number.POSITIVE_INFINITY);
      return lines.map(line => paintLine(line, Number.POSITIVE_INFINITY, style)).join('\n');
    }
    default:
      return format satisfies never;
  }
}
