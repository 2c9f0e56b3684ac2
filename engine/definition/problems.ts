// A mistake in a definition, as data: where, what, and what to write instead.
// Belongs here: the Problem type and its text form. Does not belong here: the checks that find problems.

/** Line and column count from 1; absent when the definition came as a map. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Problem {
  /** Stable name of the rule, such as `unknown_name`; documented in docs/reference/problems.md. */
  readonly code: ProblemCode;
  /** JSON pointer (RFC 6901) to the value, or to the key when the key itself is wrong. */
  readonly pointer: string;
  readonly position?: Position;
  /** File that the position is in; absent when the definition came as a map. */
  readonly file?: string;
  /** A plain sentence: what is wrong. */
  readonly message: string;
  /** What to write, when it can be said: `Did you mean 'prepared'?` */
  readonly hint?: string;
  /** `warning`s do not refuse the definition. */
  readonly severity: 'error' | 'warning';
}

export const PROBLEM_CODES = [
  'yaml_syntax',
  'yaml_ambiguous',
  'expression_cut',
  'expression_syntax',
  'expression_type',
  'expression_unsafe',
  'unknown_key',
  'unknown_name',
  'missing_key',
  'wrong_type',
  'wrong_value',
  'reserved_name',
  'duplicate',
  'missing_file',
  'not_guaranteed',
  'secret_exposed',
  'cycle',
  'deadlock',
  'unreachable',
  'impossible_quorum',
  'applies_to_nobody',
  'limit_exceeded',
  'inputs_invalid',
  'members_invalid',
  'credential_missing',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** `sql.workflow.yaml:11:9: sql.prepared requires unknown state 'instaled'. Did you mean 'installed'?` */
export function problemText(problem: Problem): string {
  const place = problem.position
    ? `${problem.file ?? 'definition'}:${problem.position.line}:${problem.position.column}`
    : problem.pointer || '/';
  const hint = problem.hint ? ` ${problem.hint}` : '';
  const severity = problem.severity === 'warning' ? 'warning: ' : '';
  return `${place}: ${severity}${problem.message}${hint}`;
}
