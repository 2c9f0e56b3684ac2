// Draws a picture over the last one; lines that are to stay scroll past above it.
// Belongs here: cursor movements. Does not belong here: what the picture shows (views/).
import type { Terminal } from './terminal.ts';
import type { Line } from './views/style.ts';
import { paintLine } from './views/style.ts';
import { displayWidth } from './views/text.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_BELOW = '\u001b[J';
/** Tells terminals that know it to show the frame at once, without flicker; others ignore it. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

export class Screen {
  readonly #terminal: Terminal;
  #widths: number[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Replaces the picture. `above` are lines that stay, printed over it first. */
  draw(lines: readonly Line[], above: readonly Line[] = []): void {
    const { width } = this.#terminal.size();
    const { style } = this.#terminal;
    const first = this.#widths.length === 0 ? HIDE_CURSOR : '';
    const kept = above.map(line => `${paintLine(line, width, style)}\n`).join('');
    // One column is left free: writing into the last one makes some terminals wrap.
    const picture = lines.map(line => paintLine(line, width - 1, style));
    this.#terminal.out(
      `${BEGIN}${first}${this.#back(width)}${ERASE_BELOW}${kept}${picture.join('\n')}\n${END}`,
    );
    this.#widths = lines.map(line =>
      Math.min(
        width - 1,
        line.reduce((sum, { text }) => sum + displayWidth(text), 0),
      ),
    );
  }

  /** Takes the picture away and gives the cursor back. */
  clear(): void {
    if (this.#widths.length === 0) return;
    this.#terminal.out(`${this.#back(this.#terminal.size().width)}${ERASE_BELOW}${SHOW_CURSOR}`);
    this.#widths = [];
  }

  /** Leaves the picture standing and gives the cursor back. */
  release(): void {
    if (this.#widths.length === 0) return;
    this.#terminal.out(SHOW_CURSOR);
    this.#widths = [];
  }

  /** To the picture's first line; a terminal made narrower has folded its lines into more. */
  #back(width: number): string {
    const rows = this.#widths.reduce((sum, used) => sum + Math.max(1, Math.ceil(used / width)), 0);
    return rows === 0 ? '' : `\r\u001b[${rows}A`;
  }
}
