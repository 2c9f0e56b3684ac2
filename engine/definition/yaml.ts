// YAML text -> JSON value and the place of each part, or every problem of the text.
// Belongs here: the walk over js-yaml's events, and the YAML safety rules (R1). Does not belong here: what keys mean.
//
// The value is built here, not by the library: so that two keys alike, aliases and tags are all reported at once,
// and nothing is ever expanded, merged or constructed.
import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';
import { errorText } from '../base/errors.ts';
import type { JsonValue } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { CUT_HINT, unbalanced } from './expression-marks.ts';
import { LineIndex, pointerTo, type PositionNode } from './positions.ts';
import type { Report } from './report.ts';
import { ambiguity, plainScalar, shown } from './yaml-scalars.ts';

/** Characters of any key, user data included: pointers repeat them. */
const LONGEST_KEY = 1_000;

type ScalarEvent = Extract<Event, { type: typeof EVENT_ID.SCALAR }>;

export interface LoadedYaml {
  readonly value: JsonValue;
  readonly positions: PositionNode;
}

/** Reads one document; undefined when the text is no YAML at all. Problems go into the report. */
export function loadYaml(source: string, report: Report): LoadedYaml | undefined {
  const events = eventsOf(source, report);
  if (events === undefined) return undefined;
  const documents = events.filter(event => event.type === EVENT_ID.DOCUMENT).length;
  if (documents === 0) {
    report.add('yaml_syntax', '', 'The definition is empty.', {
      hint: "Begin with 'workflow_version: 2026-11-01'.",
    });
    return undefined;
  }
  if (documents > 1) {
    report.add('yaml_syntax', '', `The text holds ${documents} YAML documents; a definition is one.`);
    return undefined;
  }
  return new Builder(source, report).build(events);
}

function eventsOf(source: string, report: Report): Event[] | undefined {
  try {
    return parseEvents(source, { maxDepth: LIMITS.definitionDepth });
  } catch (thrown) {
    reportSyntax(source, thrown, report);
    return undefined;
  }
}

function reportSyntax(source: string, thrown: unknown, report: Report): void {
  const mark = thrown instanceof YAMLException ? thrown.mark : undefined;
  const offset = Math.min(mark?.position ?? 0, source.length);
  const reason = thrown instanceof YAMLException ? thrown.reason : errorText(thrown);
  if (/maxDepth/.test(reason)) {
    report.add(
      'limit_exceeded',
      '',
      `The definition is nested deeper than ${LIMITS.definitionDepth} levels.`,
      { offset },
    );
    return;
  }
  const hint = nearExpression(source, offset) ? CUT_HINT : syntaxHint(reason);
  report.add('yaml_syntax', '', `This is not YAML: ${reason}.`, {
    offset,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** What the parser's reasons mean most often; it doesn't know what the author was about to write. */
function syntaxHint(reason: string): string | undefined {
  if (/bad indentation of a mapping entry/.test(reason))
    return "Text that holds ': ' must be quoted, or written as a `|` block; else look at the indentation.";
  if (/deficient indentation|unexpected end/.test(reason))
    return 'Look above for a quote or a bracket that is not closed.';
  if (/tab characters/.test(reason)) return 'Use spaces.';
  return undefined;
}

/** The parser stops where it understands no more: on the expression's line, or on the one after. */
function nearExpression(source: string, offset: number): boolean {
  const lines = new LineIndex(source);
  const { line } = lines.position(offset);
  const end = source.indexOf('\n', offset);
  const text = source.slice(lines.startOf(Math.max(1, line - 1)), end === -1 ? source.length : end);
  return text.includes('<%');
}

interface MapFrame {
  readonly kind: 'map';
  readonly at: string;
  readonly value: { [key: string]: JsonValue };
  readonly node: PositionNode;
  key?: { readonly text: string; readonly start: number };
  /** A value in it was cut by YAML: the pieces that follow have been spoken of. */
  isCut?: boolean;
}
interface ListFrame {
  readonly kind: 'list';
  readonly at: string;
  readonly value: JsonValue[];
  readonly node: PositionNode;
}
type Frame = MapFrame | ListFrame | { readonly kind: 'document' } | { readonly kind: 'dropped' };

class Builder {
  readonly #source: string;
  readonly #report: Report;
  readonly #stack: Frame[] = [];
  #value: JsonValue = null;
  #positions: PositionNode = { start: 0, children: new Map() };
  #last = 0;

  constructor(source: string, report: Report) {
    this.#source = source;
    this.#report = report;
  }

  build(events: readonly Event[]): LoadedYaml {
    for (const event of events) this.#take(event);
    return { value: this.#value, positions: this.#positions };
  }

  #take(event: Event): void {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        this.#stack.push({ kind: 'document' });
        return;
      case EVENT_ID.POP:
        this.#stack.pop();
        return;
      case EVENT_ID.SCALAR:
        return this.#scalar(event);
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        return this.#collection(event);
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart);
      default:
        return event satisfies never;
    }
  }

  #collection(event: Extract<Event, { start: number }>): void {
    this.#last = event.start;
    const isMap = event.type === EVENT_ID.MAPPING;
    this.#checkTag(event, isMap ? 'map' : 'seq');
    const parent = this.#stack.at(-1);
    if (parent?.kind === 'dropped') return void this.#stack.push({ kind: 'dropped' });
    if (parent?.kind === 'map' && parent.key === undefined) {
      this.#report.add('wrong_type', parent.at, 'A key must be text, not a list or a map.', {
        offset: event.start,
      });
      parent.key = { text: '', start: -1 };
      return void this.#stack.push({ kind: 'dropped' });
    }
    this.#stack.push(isMap ? this.#openMap(event.start) : this.#openList(event.start));
  }

  #openMap(start: number): Frame {
    const value: { [key: string]: JsonValue } = {};
    return { kind: 'map', value, ...this.#place(value, start) };
  }

  #openList(start: number): Frame {
    const value: JsonValue[] = [];
    return { kind: 'list', value, ...this.#place(value, start) };
  }

  #scalar(event: ScalarEvent): void {
    if (event.valueStart >= 0) this.#last = event.valueStart;
    const parent = this.#stack.at(-1);
    if (parent?.kind === 'dropped') return;
    this.#checkTag(event, 'str');
    const text = getScalarValue(this.#source, event);
    if (parent?.kind === 'map' && parent.key === undefined) return this.#key(parent, event, text);
    const at = this.#pointerOfNext(parent);
    const plain = event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0;
    this.#place(plain ? this.#plain(text, at) : text, this.#last);
  }

  /** Value of an unquoted scalar; says so when it is cut, ambiguous or not a value at all. */
  #plain(text: string, at: string): JsonValue {
    const offset = this.#last;
    if (unbalanced(text)) {
      this.#report.add('expression_cut', at, `This expression is not whole: '${shown(text)}'.`, {
        hint: CUT_HINT,
        offset,
      });
      const parent = this.#stack.at(-1);
      if (parent?.kind === 'map') parent.isCut = true;
      return text;
    }
    const why = ambiguity(text);
    if (why !== undefined) {
      this.#report.add('yaml_ambiguous', at, `${shown(text)} is ${why}.`, { hint: quoteIt(text), offset });
      return text;
    }
    const scalar = plainScalar(text);
    if ('value' in scalar) return scalar.value;
    this.#report.add('wrong_value', at, scalar.wrong, { hint: quoteIt(text), offset });
    return text;
  }

  #key(frame: MapFrame, event: ScalarEvent, text: string): void {
    const offset = this.#last;
    const at = pointerTo(frame.at, text);
    const plain = event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0;
    const refused = this.#refuseKey(frame, text, plain);
    frame.key = refused ? { text: '', start: -1 } : { text, start: offset };
    if (refused) return;
    if (unbalanced(text)) {
      if (frame.isCut) this.#report.ignore(at);
      this.#report.add('expression_cut', at, `This key is a piece of an expression: '${shown(text)}'.`, {
        hint: CUT_HINT,
        offset,
      });
    } else if (plain) this.#checkPlainKey(text, at, offset);
    if (Object.hasOwn(frame.value, text)) {
      this.#report.add('duplicate', at, `The key '${shown(text)}' stands here twice.`, {
        hint: 'Remove one of them.',
        offset,
      });
    }
  }

  /** Keys under which nothing is kept; true when this is one. */
  #refuseKey(frame: MapFrame, text: string, plain: boolean): boolean {
    const offset = this.#last;
    const at = pointerTo(frame.at, text);
    if (text.length > LONGEST_KEY) {
      const message = `A key has ${text.length} characters; at most ${LONGEST_KEY} may be.`;
      this.#report.add('limit_exceeded', frame.at, message, { offset });
    } else if (text === '__proto__') {
      this.#report.add('reserved_name', at, "A key must not be '__proto__'.", { offset });
    } else if (plain && text === '<<') {
      const message = "The key '<<' merges maps in YAML 1.1 and is text in YAML 1.2.";
      this.#report.add('yaml_ambiguous', at, message, { hint: 'Write the merged keys out.', offset });
    } else return false;
    return true;
  }

  #checkPlainKey(text: string, at: string, offset: number): void {
    const scalar = plainScalar(text);
    const why =
      ambiguity(text) ??
      ('value' in scalar && typeof scalar.value === 'string' ? undefined : 'not text, as a key must be');
    if (why !== undefined) {
      this.#report.add('yaml_ambiguous', at, `The key '${shown(text)}' is ${why}.`, {
        hint: quoteIt(text),
        offset,
      });
    }
  }

  #alias(start: number): void {
    this.#last = start;
    const parent = this.#stack.at(-1);
    if (parent?.kind === 'dropped') return;
    this.#report.add('yaml_syntax', '', 'YAML aliases (*name) are not allowed.', {
      hint: 'Write the value out.',
      offset: start,
    });
    if (parent?.kind === 'map' && parent.key === undefined) parent.key = { text: '', start: -1 };
    else this.#place(null, start);
  }

  #checkTag(event: { readonly tagStart: number; readonly tagEnd: number }, allowed: string): void {
    if (event.tagStart < 0) return;
    const tag = this.#source.slice(event.tagStart, event.tagEnd);
    if (tag === `!!${allowed}` || tag === '!') return;
    this.#report.add('yaml_syntax', '', `The YAML tag ${shown(tag)} is not allowed.`, {
      hint: 'Remove it.',
      offset: event.tagStart,
    });
  }

  #pointerOfNext(parent: Frame | undefined): string {
    if (parent?.kind === 'list') return pointerTo(parent.at, parent.value.length);
    if (parent?.kind === 'map') return pointerTo(parent.at, parent.key?.text ?? '');
    return '';
  }

  /** Puts the value where it belongs; a value whose key is refused is left out. */
  #place(value: JsonValue, start: number): { at: string; node: PositionNode } {
    const parent = this.#stack.at(-1);
    const at = this.#pointerOfNext(parent);
    const node = nodeAt(start, parent?.kind === 'map' ? parent.key?.start : undefined);
    if (parent?.kind === 'list') {
      parent.node.children.set(String(parent.value.length), node);
      parent.value.push(value);
    } else if (parent?.kind === 'map') {
      const { text, start: keyStart } = parent.key ?? { text: '', start: -1 };
      delete parent.key;
      if (keyStart >= 0 && !Object.hasOwn(parent.value, text)) {
        parent.value[text] = value;
        parent.node.children.set(text, node);
      }
    } else {
      this.#value = value;
      this.#positions = node;
    }
    return { at, node };
  }
}

function nodeAt(start: number, keyStart: number | undefined): PositionNode {
  const children = new Map<string, PositionNode>();
  return keyStart === undefined || keyStart < 0 ? { start, children } : { start, keyStart, children };
}

function quoteIt(text: string): string {
  return `Quote it: '${shown(text).replaceAll("'", "''")}'.`;
}
