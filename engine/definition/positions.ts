// Where each value of a YAML text stands: a tree beside the value, found again by JSON pointer.
// Belongs here: pointers, offsets, lines and columns. Does not belong here: parsing (yaml.ts).
//
// A tree and not a table of pointers: with long keys, writing every pointer out would cost the square of the text.
import type { Position } from './problems.ts';

export interface PositionNode {
  /** Offset of the value in the text. */
  readonly start: number;
  /** Offset of its key; absent for list items and the root. */
  readonly keyStart?: number;
  /** By key, or by index as text. */
  readonly children: Map<string, PositionNode>;
}

/** One more segment of a JSON pointer (RFC 6901). */
export function pointerTo(parent: string, segment: string | number): string {
  return `${parent}/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function segmentsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map(segment => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Offset of the value (or of its key) at the pointer, or of the nearest thing around it that exists. */
export function offsetAt(root: PositionNode, pointer: string, want: 'value' | 'key'): number {
  let node = root;
  for (const segment of segmentsOf(pointer)) {
    const child = node.children.get(segment);
    if (child === undefined) return node.keyStart ?? node.start;
    node = child;
  }
  return want === 'key' ? (node.keyStart ?? node.start) : node.start;
}

/** Turns offsets into lines and columns, both from 1; columns count UTF-16 units as editors do. */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (const match of text.matchAll(/\r\n|\n|\r/g)) this.#starts.push(match.index + match[0].length);
  }

  position(offset: number): Position {
    const line = this.#lineOf(offset);
    return { line: line + 1, column: offset - (this.#starts[line] ?? 0) + 1 };
  }

  /** Offset at which the line (from 1) begins. */
  startOf(line: number): number {
    return this.#starts[line - 1] ?? 0;
  }

  #lineOf(offset: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
