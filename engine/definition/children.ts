// Definitions inside a definition: those that a `workflow` action runs as children.
// Belongs here: finding, parsing and bounding them, and the places of their problems. Does not belong here: the fields
// of the action (actions/workflow.ts), what a child does at run time.
//
// A file is parsed once, however many states run it. Its problems stand in that file; those of a definition in place at
// its place in this one.
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Contents } from './contents.ts';
import type { Parsed } from './parse.ts';
import type { Problem } from './problems.ts';
import { type Node, readMap } from './reader.ts';
import type { Report } from './report.ts';
import type { ChildDefinition } from './types.ts';
import { shown } from './yaml-scalars.ts';

/** Where a definition stands among those around it; shared by all that one text leads to. */
export interface Nesting {
  /** Files from the outermost to this one; of a definition in place that of the one around it, once more. */
  readonly path: readonly string[];
  /** Children parsed so far, by file. */
  readonly parsed: Map<string, Parsed>;
  /** Children read so far, at any depth. */
  readonly read: { count: number };
}

export const outermost = (): Nesting => ({ path: [], parsed: new Map(), read: { count: 0 } });

interface Texts {
  readonly [name: string]: string;
}

/** Reads a definition that stands inside another. */
export type ParseChild = (source: JsonValue, fileName: string, nesting: Nesting) => Parsed;

export class Children {
  readonly #report: Report;
  readonly #contents: Contents;
  readonly #files: Texts;
  readonly #nesting: Nesting;
  readonly #parse: ParseChild;
  readonly #known = new Map<string, ChildDefinition>();

  constructor(report: Report, contents: Contents, files: Texts, nesting: Nesting, parse: ParseChild) {
    this.#report = report;
    this.#contents = contents;
    this.#files = files;
    this.#nesting = nesting;
    this.#parse = parse;
  }

  /** Every definition that this one runs, by digest. */
  get known(): ReadonlyMap<string, ChildDefinition> {
    return this.#known;
  }

  /** The definition that the node names, `{file: NAME}`, or is; undefined when it cannot be used. */
  read(node: Node, what: string): ChildDefinition | undefined {
    if (!isObject(node.value)) {
      const hint = typeof node.value === 'string' ? `Write {file: ${shown(node.value)}}.` : undefined;
      this.#report.add('wrong_type', node.at, `The definition of the child of ${what} must be a map.`, {
        hint: hint ?? 'Write {file: NAME}, or the definition itself.',
      });
      return undefined;
    }
    if (this.#isTooMuch(node, what)) return undefined;
    return 'file' in node.value ? this.#named(node, what) : this.#inPlace(node.value, node.at);
  }

  #isTooMuch({ at }: Node, what: string): boolean {
    const depth = this.#nesting.path.length;
    this.#nesting.read.count += 1;
    const isDeep = depth >= LIMITS.childDepth;
    const message = isDeep
      ? `${what} runs a child within ${depth} others; at most ${LIMITS.childDepth} may stand inside each other.`
      : `The definition runs more than ${LIMITS.childDefinitions} children, those of children included.`;
    const isMany = this.#nesting.read.count > LIMITS.childDefinitions;
    if (isDeep || isMany) this.#report.add('limit_exceeded', at, message);
    return isDeep || isMany;
  }

  #named(node: Node, what: string): ChildDefinition | undefined {
    const fields = readMap(this.#report, node, 'child definition', `the definition of the child of ${what}`);
    const file = fields?.required('file');
    const found = file && this.#contents.file(file, `the child of ${what}`);
    if (!found) return undefined;
    const { content, text } = found;
    const path = [...this.#nesting.path, content.file];
    if (this.#nesting.path.includes(content.file)) {
      const message = `${what} runs a definition that runs itself: ${path.join(' → ')}.`;
      this.#report.add('cycle', file.at, message, { hint: 'A definition cannot contain itself.' });
      return undefined;
    }
    const known = this.#nesting.parsed.get(content.file);
    const parsed = known ?? this.#parse(text, content.file, { ...this.#nesting, path });
    if (known === undefined) this.#report.addAll(parsed.problems);
    this.#nesting.parsed.set(content.file, parsed);
    return this.#keep(parsed, text, content.file);
  }

  #inPlace(value: JsonObject, at: string): ChildDefinition | undefined {
    const name = this.#nesting.path.at(-1) ?? IN_PLACE;
    const parsed = this.#parse(value, name, { ...this.#nesting, path: [...this.#nesting.path, name] });
    this.#report.addAll(parsed.problems.map(problem => placedAt(problem, at)));
    return this.#keep(parsed, value, name);
  }

  #keep({ definition }: Parsed, source: JsonValue, fileName: string): ChildDefinition | undefined {
    if (definition === undefined) return undefined;
    const child = { definition, source, fileName, files: this.#files };
    this.#known.set(definition.digest, child);
    return child;
  }
}

/** The name of what stands in no file of its own. */
const IN_PLACE = '(in place)';

/** In a file of its own it stands there already. */
const placedAt = (problem: Problem, at: string): Problem => ({
  ...problem,
  pointer: `${at}${problem.pointer}`,
});
