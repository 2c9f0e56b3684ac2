// What no definition may contain anywhere, whichever form it came in, and whatever the keys mean.
// Belongs here: bounds, JSON-ness, names that Heat or the engine would take for something else.
// Does not belong here: what only YAML text can do wrong (yaml.ts).
import { type JsonValue, TAGS } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { CUT_HINT, unbalanced } from './expression-marks.ts';
import { HOT_FUNCTIONS } from './names.ts';
import { pointerTo } from './positions.ts';
import type { Report } from './report.ts';
import { INTERPRETERS } from './types.ts';
import { shown } from './yaml-scalars.ts';

/** What a definition has for functions that authors of templates are used to. */
const INSTEAD_OF: { readonly [name: string]: string } = {
  get_param: "Read an input with an expression: '<% inputs.NAME %>'.",
  get_attr: "Read an output with an expression: '<% ENTITY.outputs.STATE.NAME %>'.",
  get_file: 'Name a file with {file: NAME}.',
  str_replace: "Write expressions into the text: 'http://<% inputs.NAME %>'.",
  list_join: "Write an expression: '<% LIST.join(TEXT) %>'.",
};

/** Looks at every value once; false when the value cannot be looked at further (too deep, too large, no JSON). */
export function checkSafety(value: unknown, form: 'text' | 'map', report: Report): value is JsonValue {
  return new Walk(form, report).visit(value, '', 0, []);
}

class Walk {
  readonly #form: 'text' | 'map';
  readonly #report: Report;
  #nodes = 0;

  constructor(form: 'text' | 'map', report: Report) {
    this.#form = form;
    this.#report = report;
  }

  visit(value: unknown, at: string, depth: number, path: readonly string[]): boolean {
    this.#nodes += 1;
    if (depth > LIMITS.definitionDepth)
      return this.#refuse('', `nested deeper than ${LIMITS.definitionDepth} levels`);
    if (this.#nodes > LIMITS.definitionBytes)
      return this.#refuse('', `of more than ${LIMITS.definitionBytes} values`);
    if (typeof value === 'string') return this.#string(value, at, path);
    if (value === null || typeof value === 'boolean') return true;
    if (typeof value === 'number') return Number.isFinite(value) || this.#notJson(at);
    if (Array.isArray(value))
      return value.every((item, i) => this.visit(item, pointerTo(at, i), depth + 1, path));
    return isPlain(value) ? this.#map(value, at, depth, path) : this.#notJson(at);
  }

  #map(
    value: Readonly<Record<string, unknown>>,
    at: string,
    depth: number,
    path: readonly string[],
  ): boolean {
    const keys = Object.keys(value);
    if (keys.length === 1) this.#onlyKey(keys[0] ?? '', at);
    if (this.#form === 'map') this.#passOverPieces(value, keys, at);
    return keys.every(
      key =>
        this.#key(key, at) && this.visit(value[key], pointerTo(at, key), depth + 1, [...path.slice(-1), key]),
    );
  }

  /** Where YAML cut a value, the keys without a value that follow are pieces of it. */
  #passOverPieces(value: Readonly<Record<string, unknown>>, keys: readonly string[], at: string): void {
    const isCut = (item: unknown): boolean => typeof item === 'string' && unbalanced(item);
    if (!keys.some(key => isCut(value[key]))) return;
    const pieces = keys.filter(key => value[key] === null && unbalanced(key));
    for (const key of pieces) this.#report.ignore(pointerTo(at, key));
  }

  #onlyKey(key: string, at: string): void {
    if (HOT_FUNCTIONS.has(key)) {
      const message = `A map with the one key '${key}' is a call of Heat's function ${key} when it is written in a template.`;
      const hint = INSTEAD_OF[key] ?? 'Use another name.';
      this.#report.add('reserved_name', pointerTo(at, key), message, { hint, key: true });
    }
    if (TAGS.some(tag => tag === key)) {
      const message = `A map with the one key '${key}' is how the engine writes values of its own.`;
      this.#report.add('reserved_name', pointerTo(at, key), message, {
        hint: 'Use another name.',
        key: true,
      });
    }
  }

  #key(key: string, at: string): boolean {
    if (this.#form === 'text') return true;
    if (key.length > LIMITS.errorText) return this.#refuse(at, `with a key of ${key.length} characters`);
    if (key === '__proto__') {
      this.#report.add('reserved_name', pointerTo(at, key), "A key must not be '__proto__'.", { key: true });
    }
    if (unbalanced(key)) {
      this.#report.add(
        'expression_cut',
        pointerTo(at, key),
        `This key is a piece of an expression: '${shown(key)}'.`,
        { hint: CUT_HINT, key: true },
      );
    }
    return true;
  }

  /** In a map nothing says how a string was written, so every one is looked at, but not the text of scripts. */
  #string(value: string, at: string, path: readonly string[]): boolean {
    const isScript = path[0] === 'script' && INTERPRETERS.some(name => name === path[1]);
    if (this.#form === 'map' && !isScript && unbalanced(value)) {
      this.#report.add('expression_cut', at, `This expression is not whole: '${shown(value)}'.`, {
        hint: CUT_HINT,
      });
    }
    return true;
  }

  #refuse(at: string, what: string): false {
    this.#report.add('limit_exceeded', at, `The definition is ${what}.`);
    return false;
  }

  #notJson(at: string): false {
    this.#report.add('wrong_type', at, 'This is no JSON value.', {
      hint: 'Use text, numbers, booleans, lists and maps.',
    });
    return false;
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
