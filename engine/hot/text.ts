// A YAML file of Heat's, a template or an environment, with the place of each of its values.
// Belongs here: reading it, and problems with their line and column. Does not belong here: what its keys mean (template.ts,
// parameters.ts).
//
// Heat reads YAML 1.1, a definition is YAML 1.2. What the two read differently is a problem only where it is used: so problems that
// the reading finds are kept by their pointers until somebody asks for what stands there.
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { LineIndex, offsetAt, type PositionNode } from '../definition/positions.ts';
import type { Problem, ProblemCode } from '../definition/problems.ts';
import { Report } from '../definition/report.ts';
import { loadYaml } from '../definition/yaml.ts';

export interface Said {
  readonly hint?: string;
  /** A name that is not known, and those that are. */
  readonly near?: { readonly name: string; readonly known: Iterable<string> };
  /** The key itself is wrong, not its value. */
  readonly key?: boolean;
}

export class HotText {
  readonly fileName: string;
  /** Empty where the text is no map. */
  readonly value: JsonObject;
  readonly #source: string;
  readonly #positions: PositionNode;
  readonly #report = new Report();
  /** What the reading found, and nobody has asked for yet. */
  readonly #dormant: readonly Problem[];

  /** `what`: such as `template`, for sentences. */
  constructor(source: string, fileName: string, what: string) {
    this.fileName = fileName;
    this.#source = source.replace(/^\uFEFF/, '');
    const reading = new Report();
    const isEmpty = this.#source.trim() === '';
    const loaded = isEmpty ? undefined : loadYaml(this.#source, reading);
    this.#positions = loaded?.positions ?? { start: 0, children: new Map() };
    const found = reading.finish({ source: this.#source, fileName, positions: this.#positions });
    const isBad = ({ code }: Problem): boolean => code === 'yaml_syntax' || code === 'limit_exceeded';
    this.#report.addAll(found.filter(isBad));
    this.#dormant = found.filter(problem => !isBad(problem));
    this.value = isObject(loaded?.value) ? loaded.value : {};
    if (!isObject(loaded?.value) && !this.#report.hasErrors)
      this.say('wrong_type', '', isEmpty ? `The ${what} is empty.` : `A ${what} must be a map.`);
  }

  say(code: ProblemCode, pointer: string, message: string, details: Said = {}): void {
    this.#report.add(code, pointer, message, details);
  }

  /** What the reading found at this place and below becomes a problem. */
  ask(pointer: string): void {
    this.#report.addAll(
      this.#dormant.filter(one => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`)),
    );
  }

  /** The same problem, at the place in this text that the pointer leads to. */
  placed(problem: Problem, pointer: string): Problem {
    const lines = new LineIndex(this.#source);
    const position = lines.position(offsetAt(this.#positions, pointer, 'value'));
    return { ...problem, pointer, position, file: this.fileName };
  }

  get hasErrors(): boolean {
    return this.#report.hasErrors;
  }

  /** In the order of the text. */
  problems(): readonly Problem[] {
    return this.#report.finish({
      source: this.#source,
      fileName: this.fileName,
      positions: this.#positions,
    });
  }
}

/** The map under a key of the top; empty, and said so, where it is something else. */
export function section(text: HotText, name: string): JsonObject {
  const value: JsonValue | undefined = text.value[name];
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  text.say('wrong_type', `/${name}`, `'${name}' must be a map.`);
  return {};
}
