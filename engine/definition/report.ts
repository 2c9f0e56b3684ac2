// Collects the problems of one definition, all at once, and gives each its place.
// Belongs here: collecting, bounding, placing, ordering. Does not belong here: what counts as a problem.
import { LIMITS } from '../base/limits.ts';
import { didYouMean } from './nearest.ts';
import { LineIndex, offsetAt, type PositionNode } from './positions.ts';
import type { Problem, ProblemCode } from './problems.ts';

interface Details {
  readonly hint?: string;
  /** A name that is not known, and those that are: becomes "Did you mean 'x'?", or a list of few. */
  readonly near?: { readonly name: string; readonly known: Iterable<string> };
  /** The key itself is wrong, not its value. */
  readonly key?: boolean;
  /** Offset in the text, when no pointer leads to the place. */
  readonly offset?: number;
  readonly severity?: 'error' | 'warning';
  /** Where it stands in a file that the definition names. */
  readonly elsewhere?: Pick<Problem, 'file' | 'position'>;
}

interface Found {
  readonly problem: Problem;
  readonly key: boolean;
  readonly offset?: number;
}

export class Report {
  readonly #found: Found[] = [];
  readonly #seen = new Set<string>();
  /** Pointers of what YAML has cut: anything else said about the pieces adds nothing. */
  readonly #cut = new Set<string>();
  #unlisted = 0;
  #unlistedErrors = 0;

  /** Notes a problem; the same code at the same place is noted once, and no more than the limit are kept. */
  add(code: ProblemCode, pointer: string, message: string, details: Details = {}): void {
    if (this.#cut.has(pointer)) return;
    if (code === 'expression_cut' && !details.elsewhere) this.#cut.add(pointer);
    if (this.#found.length >= LIMITS.problems) {
      this.#unlisted += 1;
      if (details.severity !== 'warning') this.#unlistedErrors += 1;
      return;
    }
    const hint = details.hint ?? this.#guess(details);
    const severity = details.severity ?? 'error';
    this.#keep({
      problem: {
        code,
        pointer,
        message: sentence(message),
        severity,
        ...(hint === undefined ? {} : { hint }),
        ...details.elsewhere,
      },
      key: details.key ?? false,
      ...(details.offset === undefined ? {} : { offset: details.offset }),
    });
  }

  /** Nothing more is said about this place: it is a piece of what was reported already. */
  ignore(pointer: string): void {
    this.#cut.add(pointer);
  }

  /** Takes back what was noted under this code at the pointer: somebody who knows the place says it better. */
  retract(code: ProblemCode, pointer: string): void {
    const kept = this.#found.filter(({ problem }) => problem.code !== code || problem.pointer !== pointer);
    this.#found.splice(0, this.#found.length, ...kept);
  }

  /** Takes over problems that another part of the parser found. */
  addAll(problems: readonly Problem[]): void {
    for (const { code, pointer, message, hint, severity, file, position } of problems) {
      const elsewhere = file === undefined || position === undefined ? {} : { elsewhere: { file, position } };
      this.add(code, pointer, message, { severity, ...(hint === undefined ? {} : { hint }), ...elsewhere });
    }
  }

  get hasErrors(): boolean {
    return this.#unlistedErrors > 0 || this.#found.some(({ problem }) => problem.severity === 'error');
  }

  /** True when something of this code was noted at the pointer. */
  has(code: ProblemCode, pointer: string): boolean {
    return this.#found.some(({ problem }) => problem.code === code && problem.pointer === pointer);
  }

  /** All problems, with line and column where there is a text, in the order of the text. */
  finish(text?: {
    readonly source: string;
    readonly positions?: PositionNode;
    readonly fileName: string;
  }): Problem[] {
    const problems = text ? this.#placed(text) : this.#found.map(({ problem }) => problem);
    if (this.#unlisted > 0) problems.push(tooMany(this.#unlisted, this.hasErrors ? 'error' : 'warning'));
    return problems;
  }

  #guess({ near }: Details): string | undefined {
    return near && didYouMean(near.name, near.known);
  }

  #keep(found: Found): void {
    const { code, pointer, message, position } = found.problem;
    const place = found.offset ?? (position ? `${position.line}:${position.column}` : '');
    const identity = `${code}\n${pointer}\n${place}\n${message}`;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    this.#found.push(found);
  }

  #placed(text: {
    readonly source: string;
    readonly positions?: PositionNode;
    readonly fileName: string;
  }): Problem[] {
    const lines = new LineIndex(text.source);
    const offsetOf = ({ problem, key, offset }: Found): number =>
      offset ?? (text.positions ? offsetAt(text.positions, problem.pointer, key ? 'key' : 'value') : 0);
    return this.#found
      .map(found => ({ problem: found.problem, offset: offsetOf(found) }))
      .sort((a, b) => a.offset - b.offset)
      .map(({ problem, offset }) =>
        problem.file === undefined
          ? { ...problem, position: lines.position(offset), file: text.fileName }
          : problem,
      );
  }
}

/** Sentences are put together from parts; those that begin with a word, not a name, get their capital here. */
function sentence(message: string): string {
  return message.replace(
    /^(?:the|an?|state|entity|input|output|role|item|default|schema|type) /,
    first => first.charAt(0).toUpperCase() + first.slice(1),
  );
}

function tooMany(count: number, severity: Problem['severity']): Problem {
  const message = `${count} more problem(s) are not listed: at most ${LIMITS.problems} are.`;
  return {
    code: 'limit_exceeded',
    pointer: '',
    message,
    hint: 'Mend the ones above first.',
    severity,
  };
}
