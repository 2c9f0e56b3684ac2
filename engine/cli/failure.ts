// What a person, or a program, is told when a command cannot do what it was asked.
// Belongs here: errors as text and as JSON. Does not belong here: exit codes (exits.ts), problems' layout (views/problems.ts).
import { EngineError, errorText } from '../base/errors.ts';
import type { Problem } from '../definition/problems.ts';
import type { ExitCode } from './exits.ts';
import { EXIT_OF_ERROR } from './exits.ts';
import type { Sources } from './views/problems.ts';
import { sanitise } from './views/text.ts';

/** A definition, inputs or members with problems: each is shown, with its line of the source. */
export class ProblemsFound extends Error {
  readonly problems: readonly Problem[];
  readonly sources: Sources;

  constructor(problems: readonly Problem[], sources: Sources) {
    super('the definition has problems');
    this.name = 'ProblemsFound';
    this.problems = problems;
    this.sources = sources;
  }
}

/** Ctrl-C or a signal; `message` says what goes on without us. */
export class Interrupted extends Error {}

export function usageError(message: string, next: string): EngineError {
  return new EngineError('usage', message, next);
}

export interface FailureDocument {
  readonly error: { readonly code: string; readonly message: string; readonly next: string };
}

export function failureDocument(thrown: unknown): FailureDocument {
  if (thrown instanceof EngineError)
    return { error: { code: thrown.code, message: thrown.message, next: thrown.next } };
  return { error: { code: 'internal', message: errorText(thrown), next: internalNext } };
}

const internalNext =
  'This is a fault of murano-workflow. Run again with --log-level debug and report what it prints.';

/** `murano-workflow: what happened. What to do.` */
export function failureText(thrown: unknown, withStack: boolean): string {
  const { error } = failureDocument(thrown);
  const stack = withStack && thrown instanceof Error && thrown.stack ? `\n${thrown.stack}` : '';
  return `${sanitise(`murano-workflow: ${sentence(error.message)} ${error.next}${stack}`)}\n`;
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export function exitOf(thrown: unknown): ExitCode {
  if (thrown instanceof Interrupted) return 130;
  if (thrown instanceof ProblemsFound) return 2;
  return thrown instanceof EngineError ? EXIT_OF_ERROR[thrown.code] : 70;
}
