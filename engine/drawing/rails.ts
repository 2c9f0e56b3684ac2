// A state graph as rows with rails beside them, as version control draws its history: what comes first stands above.
// Belongs here: rails, crossings, their signs. Does not belong here: what stands beside the rails (cli/views).
//
// Rows are laid from the last to the first: a rail runs up from a node to what it waits for, and all that wait for the
// same share one. So there are as many rails as things waited for at once, and a row costs as many signs.
import { type Outline, type OutlineNode, tellingEdges } from './outline.ts';

export interface RailRow {
  readonly rails: string;
  /** The rails of a row of words put below this one. */
  readonly below: string;
  /** Absent: a row of rails only. */
  readonly node?: OutlineNode;
}

export interface RailSigns {
  readonly node: { readonly [kind in OutlineNode['kind'] | 'goal']: string };
  /** By what meets there: up 1, down 2, left 4, right 8. */
  readonly lines: readonly string[];
  readonly arrows: { readonly left: string; readonly right: string };
}

/** From the first to the last rail that it joins; `to`: the one that it points to. */
interface Bar {
  readonly low: number;
  readonly high: number;
  readonly to?: number;
}

export const UNICODE_SIGNS: RailSigns = {
  node: { action: '●', join: '○', role: '◆', any_of: '◇', goal: '◉' },
  lines: [' ', '│', '│', '│', '─', '╯', '╮', '┤', '─', '╰', '╭', '├', '─', '┴', '┬', '┼'],
  arrows: { left: '◂', right: '▸' },
};
export const ASCII_SIGNS: RailSigns = {
  node: { action: '*', join: 'o', role: '#', any_of: '?', goal: '@' },
  lines: [' ', '|', '|', '|', '-', "'", '.', '+', '-', "'", '.', '+', '-', '+', '+', '+'],
  arrows: { left: '<', right: '>' },
};

/** Rows from the first to the last. */
export function railRows(drawn: Outline, signs: RailSigns): readonly RailRow[] {
  const order = new Map(drawn.nodes.map(({ id }, place) => [id, place]));
  const needs = new Map<string, string[]>();
  for (const { from, to } of tellingEdges(drawn)) needs.set(to, [...(needs.get(to) ?? []), from]);
  const rails = new Rails(signs);
  for (const node of drawn.nodes.toReversed()) {
    const farthest = (needs.get(node.id) ?? []).toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
    rails.add(node, farthest);
  }
  const rows = rails.rows.toReversed();
  return rows.map((row, at) => ({ ...row, below: between(row.rails, rows[at + 1]?.rails ?? '', signs) }));
}

/** Where something of the one row goes on in the other. */
function between(above: string, under: string, { node, lines }: RailSigns): string {
  const nodes = Object.values(node);
  const goesUp = (sign: string): boolean =>
    nodes.includes(sign) || UPWARD.some(sides => lines[sides] === sign);
  const goesDown = (sign: string): boolean =>
    nodes.includes(sign) || DOWNWARD.some(sides => lines[sides] === sign);
  const cells = above.split('').map((sign, at) => goesDown(sign) && goesUp(under[at] ?? ' '));
  return cells
    .map(goesOn => (goesOn ? lines[3] : ' '))
    .join('')
    .trimEnd();
}

/** Joints that have a line up, or down. */
const UPWARD = [1, 5, 7, 9, 11, 13, 15];
const DOWNWARD = [2, 3, 6, 7, 10, 11, 14, 15];

class Rails {
  /** From the last to the first. */
  readonly rows: Omit<RailRow, 'below'>[] = [];
  readonly #signs: RailSigns;
  /** What each rail runs up to. */
  readonly #ends: (string | undefined)[] = [];
  /** The rail on which the row before began with a node that waits for nothing. */
  #begun: number | undefined;

  constructor(signs: RailSigns) {
    this.#signs = signs;
  }

  add(node: OutlineNode, needs: readonly string[]): void {
    const place = this.#placeOf(node.id);
    this.#ends[place] = node.id;
    const cells = this.#ends.map((end, at) =>
      end === undefined ? ' ' : at === place ? this.#sign(node) : '│',
    );
    if (this.#begun === place) this.#space(place);
    this.rows.push({ rails: this.#text(cells.map(cell => (cell === '│' ? this.#line(3) : cell))), node });
    this.#ends[place] = undefined;
    this.#begun = needs.length === 0 ? place : undefined;
    this.#branch(place, needs);
  }

  /** Else a node that waits for nothing would seem to hang on what stands above it. */
  #space(place: number): void {
    this.rows.push({
      rails: this.#text(this.#ends.map((end, at) => this.#line(end && at !== place ? 3 : 0))),
    });
  }

  /** Rails to what the node at `place` waits for; the farthest that has none yet goes straight up: side ways are short. */
  #branch(place: number, needs: readonly string[]): void {
    const before = [...this.#ends];
    const straight = needs.find(need => !before.includes(need));
    this.#ends[place] = straight;
    const targets = needs.filter(need => need !== straight).map(need => this.#railTo(need));
    if (targets.length === 0) return;
    const [low, high] = [Math.min(place, ...targets), Math.max(place, ...targets)];
    const cells = this.#ends.map((end, at) => {
      const sides = (at > low && at <= high ? 4 : 0) + (at < high && at >= low ? 8 : 0);
      if (at === place) return this.#line((straight === undefined ? 0 : 1) + 2 + sides);
      if (targets.includes(at)) return this.#line(1 + (before[at] === undefined ? 0 : 2) + sides);
      return this.#line(end === undefined ? sides : 3);
    });
    // Where a rail that goes on meets another that comes from above, an arrow tells which of them waits.
    const goesOn = targets.some(at => before[at] !== undefined);
    const isTelling = goesOn && (straight !== undefined || targets.length > 1);
    this.rows.push({ rails: this.#text(cells, { low, high, ...(isTelling && { to: place }) }) });
  }

  #placeOf(id: string): number {
    const known = this.#ends.indexOf(id);
    if (known >= 0) return known;
    const free = this.#ends.indexOf(undefined);
    return free >= 0 ? free : this.#ends.length;
  }

  #railTo(need: string): number {
    const place = this.#placeOf(need);
    this.#ends[place] = need;
    return place;
  }

  #sign({ kind, isGoal }: OutlineNode): string {
    return this.#signs.node[isGoal ? 'goal' : kind];
  }

  #line(sides: number): string {
    return this.#signs.lines[sides] as string;
  }

  /** A column between two rails keeps them apart. */
  #text(cells: readonly string[], bar: Bar = { low: 0, high: 0 }): string {
    const gap = (at: number): string => {
      if (at < bar.low || at >= bar.high) return ' ';
      if (at === bar.to) return this.#signs.arrows.left;
      return at + 1 === bar.to ? this.#signs.arrows.right : this.#line(12);
    };
    return cells
      .map((cell, at) => `${cell}${gap(at)}`)
      .join('')
      .trimEnd();
  }
}
