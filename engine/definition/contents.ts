// The texts that a definition carries: scripts in place, and files named by `file:`.
// Belongs here: finding, bounding, digesting. Does not belong here: what runs them (actions/).
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { Children, type Nesting, type ParseChild } from './children.ts';
import { nearest } from './nearest.ts';
import { type Node, readText } from './reader.ts';
import type { Report } from './report.ts';
import type { Content } from './types.ts';
import { shown } from './yaml-scalars.ts';

/** SHA-256 of the text's UTF-8 bytes, in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export class Contents {
  readonly #report: Report;
  readonly #files: Readonly<Record<string, string>>;
  readonly #texts = new Map<string, string>();
  readonly #named = new Map<string, string>();
  /** Definitions inside this one. */
  readonly children: Children;

  constructor(
    report: Report,
    files: Readonly<Record<string, string>>,
    nested: { readonly nesting: Nesting; readonly parse: ParseChild },
  ) {
    this.#report = report;
    this.#files = files;
    this.children = new Children(report, this, files, nested.nesting, nested.parse);
  }

  /** Every text, by digest. */
  get texts(): ReadonlyMap<string, string> {
    return this.#texts;
  }

  /** Keeps a text that stands in the definition. */
  inPlace(text: string): Content {
    const digest = sha256(text);
    this.#texts.set(digest, text);
    return { digest };
  }

  /** Keeps the file that the node names. */
  file(
    node: Node,
    what: string,
  ): { readonly content: Content & { readonly file: string }; readonly text: string } | undefined {
    const name = readText(this.#report, node, what);
    if (name === undefined) return undefined;
    const text = Object.hasOwn(this.#files, name) ? this.#files[name] : undefined;
    if (typeof text !== 'string') {
      this.#missing(name, node.at, what);
      return undefined;
    }
    const bytes = Buffer.byteLength(text, 'utf8');
    if (bytes > LIMITS.fileBytes) {
      this.#report.add(
        'limit_exceeded',
        node.at,
        `The file '${shown(name)}' has ${bytes} bytes; at most ${LIMITS.fileBytes} may be.`,
      );
      return undefined;
    }
    const content = { ...this.inPlace(text), file: name };
    this.#named.set(name, content.digest);
    return { content, text };
  }

  /** Digest of the definition together with the files it names and the definitions that it runs. */
  digestWith(source: JsonValue): string {
    const children = [...this.children.known.keys()];
    const named = { definition: source, files: Object.fromEntries(this.#named) };
    return sha256(canonicalJson(children.length === 0 ? named : { ...named, children }));
  }

  #missing(name: string, at: string, what: string): void {
    const known = Object.keys(this.#files);
    const guess = nearest(name, known);
    const hint = guess === undefined ? 'Put it beside the definition.' : `Did you mean '${guess}'?`;
    this.#report.add('missing_file', at, `${what}: there is no file '${shown(name)}'.`, { hint });
  }
}

/** Notes files that are too large together, before any is read. */
export function checkFiles(report: Report, files: Readonly<Record<string, string>>): void {
  const total = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(String(text), 'utf8'), 0);
  if (total <= LIMITS.filesBytes) return;
  report.add(
    'limit_exceeded',
    '',
    `The files have ${total} bytes together; at most ${LIMITS.filesBytes} may be.`,
  );
}
