// Lines made of pieces with a tone: cut to a width first, coloured last, so that colour never counts as columns.
// Belongs here: tones, symbols, the painting of lines. Does not belong here: what the lines say.
import type { StepRecord, StepStatus } from '../../machine/types.ts';
import { displayWidth, truncate } from './text.ts';

/** What the place that lines go to can show. */
export interface Style {
  readonly colour: boolean;
  /** False: symbols are drawn in ASCII. */
  readonly unicode: boolean;
}

const TONES = { good: 32, bad: 31, busy: 36, warn: 33, faint: 2, strong: 1 } as const;
export type Tone = keyof typeof TONES;

export interface Piece {
  readonly text: string;
  readonly tone?: Tone;
}
export type Line = readonly Piece[];

export const piece = (text: string, tone?: Tone): Piece => (tone === undefined ? { text } : { text, tone });
export const plain = (text: string): Line => [{ text }];

/** The line as text of at most `width` columns. */
export function paintLine(line: Line, width: number, style: Style): string {
  let left = width;
  let painted = '';
  for (const { text, tone } of line) {
    if (left <= 0) break;
    const shown = truncate(text, left);
    left -= displayWidth(shown);
    painted += paint(style.unicode ? shown : inAscii(shown), tone, style);
    if (shown !== text) break;
  }
  return painted.trimEnd();
}

/** Our own signs only: names are shown as they are. */
const inAscii = (text: string): string => text.replaceAll('·', '-').replaceAll('…', '~').replaceAll('│', '|');

export function paint(text: string, tone: Tone | undefined, style: Style): string {
  return style.colour && tone !== undefined && text !== '' ? `\u001b[${TONES[tone]}m${text}\u001b[0m` : text;
}

export type Mark = 'done' | 'running' | 'waiting' | 'failed' | 'paused' | 'blocked' | 'left_out' | 'undone';

const MARKS: {
  readonly [mark in Mark]: { readonly unicode: string; readonly ascii: string; readonly tone: Tone };
} = {
  done: { unicode: '✓', ascii: '+', tone: 'good' },
  running: { unicode: '⠋', ascii: '>', tone: 'busy' },
  waiting: { unicode: '⧗', ascii: '.', tone: 'faint' },
  failed: { unicode: '✗', ascii: 'x', tone: 'bad' },
  paused: { unicode: '‖', ascii: '=', tone: 'warn' },
  blocked: { unicode: '⊘', ascii: '#', tone: 'bad' },
  left_out: { unicode: '–', ascii: '-', tone: 'faint' },
  undone: { unicode: '↺', ascii: 'u', tone: 'faint' },
};
const SPINNER = {
  unicode: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
  ascii: ['|', '/', '-', '\\'],
} as const;

/** `frame` turns the mark of what is running. */
export function markPiece(mark: Mark, style: Style, frame?: number): Piece {
  const { tone, ...drawn } = MARKS[mark];
  const frames = style.unicode ? SPINNER.unicode : SPINNER.ascii;
  if (mark === 'running' && frame !== undefined)
    return { text: frames[frame % frames.length] as string, tone };
  return { text: style.unicode ? drawn.unicode : drawn.ascii, tone };
}

const STATUS_MARKS: { readonly [status in StepStatus]: Mark } = {
  waiting: 'waiting',
  ready: 'waiting',
  running: 'running',
  reached: 'done',
  failed: 'failed',
  paused: 'paused',
  interrupted: 'failed',
  skipped: 'left_out',
  blocked: 'blocked',
  not_needed: 'left_out',
  undoing: 'running',
  undone: 'undone',
};

export function markOf({ status, cause, unverified }: StepMark): Mark {
  if (cause === 'undo_failed') return 'failed';
  return status === 'reached' && unverified ? 'paused' : STATUS_MARKS[status];
}

type StepMark = Pick<StepRecord, 'status' | 'cause' | 'unverified'>;
