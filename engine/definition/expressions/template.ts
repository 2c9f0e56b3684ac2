// A value with expressions at any depth: compiled whole, evaluated whole.
// Belongs here: the walk over JSON, text with expressions in it. Does not belong here: one expression (compile.ts).
import type { JsonValue } from '../../base/json.ts';
import { isObject, tagOf } from '../../base/json.ts';
import { EngineError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { LineIndex } from '../positions.ts';
import type { Problem, ProblemCode } from '../problems.ts';
import { compileExpression, isBoolean } from './compile.ts';
import type { Finding } from './finding.ts';
import { cut, hasMarks } from './syntax.ts';
import type { Piece } from './syntax.ts';
import type {
  CompiledExpression,
  DataView,
  ExpressionModel,
  ExpressionPlace,
  Read,
  Template,
  TemplateNode,
} from './types.ts';
import { adjoin, escapeTags, toCel, toText } from './values.ts';
import type { SecretPart } from './values.ts';

export interface CompiledTemplate {
  readonly template: Template;
  readonly problems: readonly Problem[];
}

/** Compiles every expression in the value. With problems of severity `error` the template is not to be evaluated. */
export function compileTemplate(
  value: JsonValue,
  place: ExpressionPlace,
  model: ExpressionModel,
): CompiledTemplate {
  const compiler = new TemplateCompiler(place, model, place.file === undefined ? undefined : value);
  const root = compiler.node(value, place.at);
  compiler.checkBoolean(root);
  const template = { root, reads: compiler.reads(), secret: compiler.secret, at: place.at };
  return { template, problems: compiler.problems };
}

const CUT_HINT =
  "An expression begins with '<%' and ends with '%>' in the same text; '<%%' is a literal '<%'.";

class TemplateCompiler {
  readonly problems: Problem[] = [];
  secret = false;
  readonly #place: ExpressionPlace;
  readonly #model: ExpressionModel;
  readonly #reads = new Map<string, Read>();
  /** Of the file's text; absent when it is no file's. */
  readonly #lines: LineIndex | undefined;

  constructor(place: ExpressionPlace, model: ExpressionModel, text?: JsonValue) {
    this.#place = place;
    this.#model = model;
    this.#lines = typeof text === 'string' ? new LineIndex(text) : undefined;
  }

  reads(): readonly Read[] {
    return [...this.#reads.values()];
  }

  node(value: JsonValue, pointer: string): TemplateNode {
    if (typeof value === 'string') return this.#string(value, pointer);
    if (Array.isArray(value))
      return joined(value.map((item, index) => this.node(item as JsonValue, `${pointer}/${index}`)));
    return isObject(value) ? this.#map(value, pointer) : { kind: 'literal', value };
  }

  checkBoolean(root: TemplateNode): void {
    if (!isBoolean(this.#place) || root.kind === 'expression') return;
    if (root.kind === 'literal' && typeof root.value === 'boolean') return;
    if (this.problems.length > 0) return;
    this.#say(
      'expression_type',
      this.#place.at,
      'This must be true or false.',
      "Write one expression, '<% … %>', that answers a boolean.",
    );
  }

  #map(value: { readonly [key: string]: JsonValue }, pointer: string): TemplateNode {
    const entries = Object.entries(value).map(([key, item]) => {
      const at = `${pointer}/${escapePointer(key)}`;
      this.#key(key, at);
      return [key, this.node(item, at)] as const;
    });
    if (!entries.every(([, node]) => node.kind === 'literal')) return { kind: 'map', entries };
    return { kind: 'literal', value: mapOf(entries.map(([key, node]) => [key, literalOf(node)])) };
  }

  #key(key: string, pointer: string): void {
    if (!hasMarks(key)) return;
    const { unbalanced } = cut(key);
    if (unbalanced !== undefined)
      this.#say('expression_cut', pointer, `In the key '${key}' ${unbalanced}.`, CUT_HINT);
    else
      this.#say(
        'expression_unsafe',
        pointer,
        `The key '${key}' holds an expression; keys are fixed.`,
        "Make the map by an expression: '<% {name: value} %>'.",
      );
  }

  #string(text: string, pointer: string): TemplateNode {
    if (!hasMarks(text)) return { kind: 'literal', value: text };
    const { pieces, unbalanced, at } = cut(text);
    if (unbalanced !== undefined) {
      this.#say('expression_cut', pointer, `Here ${unbalanced}.`, CUT_HINT, at);
      return { kind: 'literal', value: text };
    }
    const [lone, ...more] = this.#lines ? [] : cut(text.trim()).pieces;
    if (lone?.kind === 'expression' && more.length === 0) {
      const expression = this.#expression(lone, pointer, false);
      return expression ? { kind: 'expression', expression } : { kind: 'literal', value: text };
    }
    return this.#text(pieces, pointer);
  }

  #text(pieces: readonly Piece[], pointer: string): TemplateNode {
    if (pieces.every(piece => piece.kind === 'text')) {
      return {
        kind: 'literal',
        value: pieces.map(piece => (piece.kind === 'text' ? piece.text : '')).join(''),
      };
    }
    const parts: (string | CompiledExpression)[] = [];
    for (const piece of pieces) {
      const part = piece.kind === 'text' ? piece.text : this.#expression(piece, pointer, true);
      if (part !== undefined) parts.push(part);
    }
    return { kind: 'text', parts };
  }

  #expression(
    { source, start }: Extract<Piece, { kind: 'expression' }>,
    pointer: string,
    inText: boolean,
  ): CompiledExpression | undefined {
    const compiled = compileExpression(source, pointer, inText, this.#place, this.#model);
    for (const finding of compiled.findings) this.#sayFinding(finding, pointer, source, start);
    for (const read of compiled.reads) this.#reads.set(JSON.stringify(read), read);
    this.secret ||= compiled.secret;
    return compiled.expression;
  }

  #sayFinding({ code, message, hint }: Finding, pointer: string, source: string, start: number): void {
    const text = source.trim();
    const shown = text.length <= 80 ? text : `${text.slice(0, 77)}...`;
    this.#say(code, pointer, `${message} In '<% ${shown} %>'.`, hint, start);
  }

  #say(code: ProblemCode, pointer: string, message: string, hint?: string, start?: number): void {
    const { file } = this.#place;
    const place =
      file !== undefined && start !== undefined && this.#lines
        ? { file, position: this.#lines.position(start) }
        : {};
    this.problems.push({
      code,
      pointer,
      message,
      severity: 'error',
      ...(hint === undefined ? {} : { hint }),
      ...place,
    });
  }
}

function joined(items: readonly TemplateNode[]): TemplateNode {
  if (!items.every(item => item.kind === 'literal')) return { kind: 'list', items };
  return { kind: 'literal', value: items.map(literalOf) };
}

function literalOf(node: TemplateNode): JsonValue {
  return node.kind === 'literal' ? node.value : null;
}

function mapOf(entries: readonly (readonly [string, JsonValue])[]): JsonValue {
  return escapeTags(Object.fromEntries(entries));
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The value with every expression evaluated. Throws EngineError `expression_failed`, naming the expression. */
export function evaluateTemplate(template: Template, data: DataView): JsonValue {
  return evaluateNode(template.root, data, template.at);
}

function evaluateNode(node: TemplateNode, data: DataView, at: string): JsonValue {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'expression':
      return node.expression.evaluate(data);
    case 'text':
      return joinText(node.parts, data, at);
    case 'list':
      return node.items.map(item => evaluateNode(item, data, at));
    case 'map':
      return mapOf(node.entries.map(([key, item]) => [key, evaluateNode(item, data, at)]));
  }
}

function joinText(parts: readonly (string | CompiledExpression)[], data: DataView, at: string): JsonValue {
  const pieces = parts.flatMap(part => (typeof part === 'string' ? [part] : textOf(part, data, at)));
  const length = pieces.reduce((total, piece) => total + (typeof piece === 'string' ? piece.length : 0), 0);
  if (length > LIMITS.expressionResultBytes) {
    throw failed(at, `the text is longer than ${LIMITS.expressionResultBytes} bytes`);
  }
  if (pieces.every(piece => typeof piece === 'string')) return pieces.join('');
  return { $concat: adjoin(pieces) };
}

function textOf(part: CompiledExpression, data: DataView, at: string): SecretPart[] {
  const value = part.evaluate(data);
  if (tagOf(value) === '$secret') return [value as { $secret: string }];
  if (tagOf(value) === '$concat') return [...((value as { $concat: SecretPart[] }).$concat ?? [])];
  if (value === null) throw failed(at, `'${part.source}' is null, which has no text`);
  try {
    return [toText(toCel(value))];
  } catch (thrown) {
    throw failed(at, `'${part.source}' cannot stand inside text: ${(thrown as Error).message}`);
  }
}

function failed(at: string, what: string): EngineError {
  return new EngineError(
    'expression_failed',
    `The text at ${at || '/'} failed: ${what}.`,
    'Correct the expression or the values it reads, then update the stack.',
    { details: { pointer: at, absent: false } },
  );
}
