// Where lines go to and what it can show: width, colour, symbols, drawing in place.
// Belongs here: judging a stream and its environment. Does not belong here: what is written (views/), redrawing (screen.ts).
import type { Line, Style } from './views/style.ts';
import { paintLine } from './views/style.ts';

export interface Terminal {
  /** Columns and rows now; files and pipes count as very wide. */
  size(): { readonly width: number; readonly height: number };
  readonly style: Style;
  /** True when the picture may be drawn in place. */
  readonly live: boolean;
  readonly interactive: boolean;
  out(text: string): void;
  err(text: string): void;
}

export interface TerminalFacts {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  readonly platform: string;
  readonly env: { readonly [name: string]: string | undefined };
}

const UNBOUNDED = 100_000;

/**
 * What the stream can show. `NO_COLOR` (no-color.org), `FORCE_COLOR` and `TERM=dumb` are obeyed; a dumb terminal gets
 * neither colour nor a picture in place.
 */
export function judgeTerminal(facts: TerminalFacts, colourWanted: boolean): Pick<Terminal, 'style' | 'live'> {
  const { env, isTTY } = facts;
  const dumb = env['TERM'] === 'dumb';
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== '';
  const refused = !colourWanted || (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '');
  return {
    style: { colour: !refused && (forced || (isTTY && !dumb)), unicode: speaksUnicode(facts) },
    live: isTTY && !dumb,
  };
}

function speaksUnicode({ env, platform }: TerminalFacts): boolean {
  if (platform === 'win32') return env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] !== undefined;
  if (env['TERM'] === 'linux') return false;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return locale === '' || /utf-?8/i.test(locale);
}

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: { readonly isTTY?: boolean };
  readonly env: { readonly [name: string]: string | undefined };
  readonly platform: string;
}

/** The terminal of a process. `colourWanted` is false after --no-color. */
export function processTerminal(streams: Streams, colourWanted: boolean): Terminal {
  const { stdout, stderr, stdin, env, platform } = streams;
  const facts = { isTTY: stdout.isTTY === true, columns: stdout.columns, rows: stdout.rows, platform, env };
  return {
    ...judgeTerminal(facts, colourWanted),
    interactive: stdout.isTTY === true && stdin.isTTY === true,
    size: () => ({
      width: stdout.isTTY ? Math.max(20, stdout.columns || 80) : UNBOUNDED,
      height: stdout.isTTY ? Math.max(6, stdout.rows || 24) : UNBOUNDED,
    }),
    out: text => void stdout.write(text),
    err: text => void stderr.write(text),
  };
}

/** Width for text that is wrapped, not cut: a pipe is not as wide as the world. */
export const textWidth = (terminal: Terminal): number => Math.min(terminal.size().width, 120);

export function printLines(terminal: Terminal, lines: readonly Line[]): void {
  const { width } = terminal.size();
  terminal.out(lines.map(line => `${paintLine(line, width, terminal.style)}\n`).join(''));
}

/** As `printLines`, but long lines run on instead of being cut: for what people copy. */
export function printWhole(terminal: Terminal, lines: readonly Line[]): void {
  terminal.out(lines.map(line => `${paintLine(line, UNBOUNDED, terminal.style)}\n`).join(''));
}
