// What the walk over one expression brings back: problems, reads, the shape of its result, its cost.
// Belongs here: the collecting. Does not belong here: the rules (walker.ts, loops.ts), pointers (compile.ts).
import type { ASTNode } from '@marcbachmann/cel-js';
import type { ProblemCode } from '../problems.ts';
import type { Read } from './types.ts';

/** A problem of an expression, before it has a place in the definition. */
export interface Finding {
  readonly code: ProblemCode;
  readonly message: string;
  readonly hint?: string;
}

/** Collects findings and reads, each once, in order of appearance. */
export class Findings {
  readonly reads: Read[] = [];
  readonly list: Finding[] = [];
  /** Uses of the name `member` that no loop hides; compile.ts points them at the entity's own type. */
  readonly memberNodes: ASTNode[] = [];
  cost = 0;
  readonly #readKeys = new Set<string>();
  readonly #findingKeys = new Set<string>();

  say(code: ProblemCode, message: string, hint?: string): void {
    const key = `${code} ${message}`;
    if (this.#findingKeys.has(key)) return;
    this.#findingKeys.add(key);
    this.list.push({ code, message, ...(hint === undefined ? {} : { hint }) });
  }

  read(read: Read): void {
    const key = JSON.stringify(read);
    if (this.#readKeys.has(key)) return;
    this.#readKeys.add(key);
    this.reads.push(read);
  }
}

/** The source of a node, shortened for messages. */
export function sourceOf(node: ASTNode): string {
  const text = node.input.slice(node.start, node.end).replaceAll(/\s+/g, ' ');
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
