// Patterns of `allowed_pattern`, matched in time linear in the text: no pattern can stall the engine.
// Belongs here: the small regular language and its automaton. Does not belong here: where patterns are used.
//
// JavaScript's own matcher backtracks, and a hostile definition could make it run for years. This one keeps the set of
// places where the pattern may stand, so each character costs at most the pattern's size. Like Heat's, it matches whole values.

/** Parts of one compiled pattern, after `{n,m}` is written out. */
const MOST_PARTS = 2_000;
const DEEPEST = 30;

type Matcher = (code: number) => boolean;
/** A part consumes one character (`test`) or branches freely; `next` are the parts after it. */
interface Part {
  readonly test?: Matcher;
  readonly next: number[];
}
type Tree =
  | { readonly kind: 'one'; readonly test: Matcher }
  | { readonly kind: 'all' | 'either'; readonly items: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly item: Tree; readonly min: number; readonly max: number };

export interface Pattern {
  /** True when the whole text matches. */
  matches(text: string): boolean;
}

/** Compiles a pattern, or says why it cannot be used. */
export function compilePattern(source: string): Pattern | { readonly refused: string } {
  try {
    const tree = new PatternReader(source).read();
    const parts = new Assembly().assemble(tree);
    return { matches: text => run(parts, text) };
  } catch (thrown) {
    if (thrown instanceof PatternRefused) return { refused: thrown.message };
    throw thrown;
  }
}

class PatternRefused extends Error {}

function run(parts: readonly Part[], text: string): boolean {
  let now = follow(parts, [0]);
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const next: number[] = [];
    for (const index of now) {
      const part = parts[index];
      if (part?.test?.(code)) next.push(...part.next);
    }
    if (next.length === 0) return false;
    now = follow(parts, next);
  }
  return now.has(parts.length - 1);
}

/** Every part that can be stood on without consuming anything more. */
function follow(parts: readonly Part[], from: readonly number[]): Set<number> {
  const seen = new Set<number>();
  const open = [...from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const part = parts[index];
    if (part !== undefined && part.test === undefined) open.push(...part.next);
  }
  return seen;
}

/** Lays a tree out as parts; the last one is the end. */
class Assembly {
  readonly #parts: Part[] = [];

  assemble(tree: Tree): readonly Part[] {
    const start = this.#free();
    const last = this.#add(tree, start);
    const end = this.#free();
    this.#link(last, end);
    return this.#parts;
  }

  #free(test?: Matcher): number {
    if (this.#parts.length >= MOST_PARTS) throw new PatternRefused(`it has more than ${MOST_PARTS} parts`);
    return this.#parts.push(test === undefined ? { next: [] } : { test, next: [] }) - 1;
  }

  #link(from: number, to: number): void {
    this.#parts[from]?.next.push(to);
  }

  /** Adds the tree behind `from`; returns the part it ends on. */
  #add(tree: Tree, from: number): number {
    switch (tree.kind) {
      case 'one': {
        const part = this.#free(tree.test);
        const after = this.#free();
        this.#link(from, part);
        this.#link(part, after);
        return after;
      }
      case 'all':
        return tree.items.reduce((last, item) => this.#add(item, last), from);
      case 'either': {
        const ends = tree.items.map(item => this.#add(item, this.#after(from)));
        const end = this.#free();
        for (const each of ends) this.#link(each, end);
        return end;
      }
      case 'repeat':
        return this.#repeat(tree, from);
      default:
        return tree satisfies never;
    }
  }

  #after(from: number): number {
    const part = this.#free();
    this.#link(from, part);
    return part;
  }

  #repeat({ item, min, max }: Extract<Tree, { kind: 'repeat' }>, from: number): number {
    let last = from;
    for (let i = 0; i < min; i += 1) last = this.#add(item, last);
    if (max === Infinity) {
      const loop = this.#after(last);
      this.#link(this.#add(item, loop), loop);
      return this.#after(loop);
    }
    const skips: number[] = [];
    for (let i = min; i < max; i += 1) {
      skips.push(last);
      last = this.#add(item, this.#after(last));
    }
    const end = this.#after(last);
    for (const skip of skips) this.#link(skip, end);
    return end;
  }
}

const isDigit: Matcher = code => code >= 48 && code <= 57;
const isWord: Matcher = code =>
  isDigit(code) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
const isSpace: Matcher = code => code === 32 || (code >= 9 && code <= 13);
const not =
  (test: Matcher): Matcher =>
  code =>
    !test(code);
const CLASSES: Readonly<Record<string, Matcher>> = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isSpace,
  S: not(isSpace),
};
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11 };

/** Recursive descent over the pattern's text. */
class PatternReader {
  readonly #source: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#source = Array.from(source);
  }

  read(): Tree {
    const tree = this.#either(0);
    if (this.#at < this.#source.length) throw new PatternRefused(`it has a ')' that closes nothing`);
    return tree;
  }

  #peek(): string | undefined {
    return this.#source[this.#at];
  }

  #take(expected: string): boolean {
    if (this.#peek() !== expected) return false;
    this.#at += 1;
    return true;
  }

  #either(depth: number): Tree {
    if (depth > DEEPEST) throw new PatternRefused('its groups are nested too deeply');
    const items = [this.#all(depth)];
    while (this.#take('|')) items.push(this.#all(depth));
    return items.length === 1 && items[0] !== undefined ? items[0] : { kind: 'either', items };
  }

  #all(depth: number): Tree {
    const items: Tree[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      if (this.#anchor(depth)) continue;
      items.push(this.#repeats(this.#one(depth)));
    }
    return { kind: 'all', items };
  }

  /** The whole value is matched anyway, so anchors at the ends add nothing; elsewhere they can't be meant. */
  #anchor(depth: number): boolean {
    const atStart = this.#peek() === '^';
    if (!atStart && this.#peek() !== '$') return false;
    const before = this.#source[this.#at - 1];
    const after = this.#source[this.#at + 1];
    const inPlace = atStart
      ? before === undefined || before === '|' || before === '('
      : after === undefined || after === '|' || after === ')';
    if (depth > 0 || !inPlace) throw new PatternRefused(`'${this.#peek()}' may stand only at an end of it`);
    this.#at += 1;
    return true;
  }

  #one(depth: number): Tree {
    const character = this.#source[this.#at];
    this.#at += 1;
    if (character === '(') return this.#group(depth);
    if (character === '[') return { kind: 'one', test: this.#set() };
    if (character === '.') return { kind: 'one', test: code => code !== 10 };
    if (character === '\\') return { kind: 'one', test: this.#escape() };
    if (character === undefined || '*+?{'.includes(character))
      throw new PatternRefused(`'${character}' repeats nothing`);
    return { kind: 'one', test: same(character) };
  }

  #group(depth: number): Tree {
    if (this.#take('?') && !this.#take(':'))
      throw new PatternRefused("groups beginning with '(?' are not known, but for '(?:'");
    const tree = this.#either(depth + 1);
    if (!this.#take(')')) throw new PatternRefused("a '(' is not closed");
    return tree;
  }

  #repeats(item: Tree): Tree {
    const bounds = this.#bounds();
    if (bounds === undefined) return item;
    this.#take('?');
    if ('*+{'.includes(this.#peek() ?? ' ')) throw new PatternRefused('it repeats a repetition');
    return { kind: 'repeat', item, ...bounds };
  }

  #bounds(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const match = /^\{(\d{1,4})(,(\d{1,4})?)?\}/.exec(this.#source.slice(this.#at, this.#at + 12).join(''));
    if (match === null) return undefined;
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === undefined ? Infinity : Number(match[3]);
    if (max < min) throw new PatternRefused(`${match[0]} counts down`);
    return { min, max };
  }

  #escape(): Matcher {
    const character = this.#source[this.#at];
    this.#at += 1;
    if (character === undefined) throw new PatternRefused('it ends in a backslash');
    const known = Object.hasOwn(CLASSES, character) ? CLASSES[character] : undefined;
    if (known !== undefined) return known;
    if (Object.hasOwn(CONTROLS, character)) return code => code === CONTROLS[character];
    if (/[A-Za-z0-9]/.test(character)) throw new PatternRefused(`'\\${character}' is not known`);
    return same(character);
  }

  #set(): Matcher {
    const negated = this.#take('^');
    const tests: Matcher[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) tests.push(this.#setItem());
    this.#at += 1;
    const either: Matcher = code => tests.some(test => test(code));
    return negated ? not(either) : either;
  }

  #setItem(): Matcher {
    const low = this.#source[this.#at];
    this.#at += 1;
    if (low === undefined) throw new PatternRefused("a '[' is not closed");
    if (low === '\\') return this.#escape();
    const high = this.#source[this.#at + 1];
    if (this.#peek() !== '-' || high === undefined || high === ']') return same(low);
    this.#at += 2;
    const [from, to] = [low.codePointAt(0) ?? 0, high.codePointAt(0) ?? 0];
    if (high === '\\' || to < from) throw new PatternRefused(`'${low}-${high}' is no range`);
    return code => code >= from && code <= to;
  }
}

function same(character: string): Matcher {
  const expected = character.codePointAt(0);
  return code => code === expected;
}
