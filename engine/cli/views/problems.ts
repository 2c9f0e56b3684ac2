// Problems of a definition as a compiler shows them: the place, the sentence, the source line and a caret.
// Belongs here: their layout and count. Does not belong here: finding them (definition/).
import type { Problem } from '../../definition/problems.ts';
import { problemText } from '../../definition/problems.ts';
import type { Line, Style } from './style.ts';
import { piece } from './style.ts';
import { displayWidth, plural, sanitiseLine } from './text.ts';

/** Texts by the names that problems call them, for the lines to quote. */
export type Sources = { readonly [file: string]: string };

export function problemLines(problems: readonly Problem[], sources: Sources, style: Style): Line[] {
  const rows = new Map(Object.entries(sources).map(([file, text]) => [file, text.split('\n')] as const));
  return [
    ...problems.flatMap(problem => [...oneProblem(problem, rows.get(problem.file ?? ''), style), []]),
    [piece(countText(problems), 'strong')],
  ];
}

function oneProblem(problem: Problem, rows: readonly string[] | undefined, style: Style): Line[] {
  const { position } = problem;
  const row = position && rows?.[position.line - 1];
  const said = piece(sanitiseLine(problemText(problem)), problem.severity === 'warning' ? 'warn' : 'bad');
  if (row === undefined || position === undefined || row.trim() === '') return [[said]];
  const bar = style.unicode ? '│' : '|';
  const number = String(position.line);
  const { start, end } = windowOf(row, position.column - 1);
  const lead = start > 0 ? '... ' : '';
  const before = displayWidth(lead + sanitiseKeepingSpace(row.slice(start, position.column - 1)));
  const text = `${lead}${sanitiseKeepingSpace(row.slice(start, end))}${end < row.length ? ' ...' : ''}`;
  return [
    [said],
    [piece(`  ${number} ${bar} `, 'faint'), piece(text)],
    [piece(`  ${' '.repeat(number.length)} ${bar} `, 'faint'), piece(`${' '.repeat(before)}^`, 'bad')],
  ];
}

/** Lines up to this length are shown whole; of longer ones, what stands around the caret. */
const LONGEST_ROW = 120;

function windowOf(row: string, at: number): { readonly start: number; readonly end: number } {
  if (row.length <= LONGEST_ROW) return { start: 0, end: row.length };
  const start = at < LONGEST_ROW / 2 ? 0 : at - LONGEST_ROW / 4;
  return { start, end: Math.min(row.length, start + LONGEST_ROW / 2 + LONGEST_ROW / 4) };
}

/** As `sanitiseLine`, but what stands before the caret keeps its place. */
const sanitiseKeepingSpace = (text: string): string => {
  const indent = /^\s*/.exec(text)?.[0].replace(/\t/g, '    ') ?? '';
  const inner = text.slice(/^\s*/.exec(text)?.[0].length ?? 0);
  const trailing = /\s*$/.exec(inner)?.[0].length ?? 0;
  return indent + sanitiseLine(inner) + ' '.repeat(trailing);
};

/** `2 problems and 1 warning.` */
export function countText(problems: readonly Problem[]): string {
  const errors = problems.filter(problem => problem.severity === 'error').length;
  const warnings = problems.length - errors;
  const parts = [
    ...(errors > 0 ? [plural(errors, 'problem')] : []),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
  ];
  return parts.length === 0 ? 'No problems.' : `${parts.join(' and ')}.`;
}
