// `validate FILE`: every problem at once, with its place; with inputs or members, the second gate as well.
// Belongs here: asking and showing. Does not belong here: finding problems (definition/), layout (views/problems.ts).
import type { Problem } from '../../definition/problems.ts';
import type { ExitCode } from '../exits.ts';
import { ProblemsFound } from '../failure.ts';
import type { Context } from '../host.ts';
import { loadDefinition, loadInputs, loadMembers } from '../loading.ts';
import { printWhole } from '../terminal.ts';
import type { Sources } from '../views/problems.ts';
import { problemLines } from '../views/problems.ts';
import { markPiece, piece } from '../views/style.ts';
import { plural } from '../views/text.ts';

export interface ValidateOptions {
  readonly json: boolean;
  readonly inputs?: readonly string[];
  readonly members?: readonly string[];
}

export async function validate(context: Context, file: string, options: ValidateOptions): Promise<ExitCode> {
  const loaded = await loadDefinition(context, file);
  const start = options.inputs !== undefined || options.members !== undefined;
  const inputs = await loadInputs(context, loaded, options.inputs ?? []);
  const members = await loadMembers(context, loaded, options.members ?? [], 'workflow');
  const found = start ? context.language.checkStart(loaded.definition, inputs, members) : [];
  const problems = [...loaded.warnings, ...found];
  if (problems.some(problem => problem.severity === 'error'))
    throw new ProblemsFound(problems, loaded.sources);
  if (options.json) context.terminal.out(`${JSON.stringify({ valid: true, problems })}\n`);
  else sayValid(context, file, loaded.definition.entities.size, problems, loaded.sources);
  return 0;
}

function sayValid(
  context: Context,
  file: string,
  entities: number,
  problems: readonly Problem[],
  sources: Sources,
): void {
  const { terminal } = context;
  if (problems.length > 0) printWhole(terminal, problemLines(problems, sources, terminal.style));
  printWhole(terminal, [
    [
      markPiece('done', terminal.style),
      piece(` ${file} is valid: ${plural(entities, 'entity', 'entities')}.`),
    ],
  ]);
}

/**
 * Problems as they go to people, or as one JSON document. `asked`: they are what the command was asked for, as a
 * linter's findings are; else they are an error, and what goes to a file or a pipe stays clear of them.
 */
export function sayProblems(context: Context, found: ProblemsFound, json: boolean, asked: boolean): void {
  const { terminal } = context;
  if (json) {
    terminal.out(`${JSON.stringify({ valid: false, problems: found.problems })}\n`);
    return;
  }
  const lines = problemLines(found.problems, found.sources, terminal.style);
  printWhole(asked ? terminal : { ...terminal, out: text => terminal.err(text) }, lines);
}
