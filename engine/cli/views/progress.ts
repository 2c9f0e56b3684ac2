// The live picture of a workflow: a heading, its lanes, and what they wait for, as lines of a given width.
// Belongs here: layout. Does not belong here: drawing over the last picture (screen.ts), wording of lanes (lanes.ts).
import type { WorkflowRecord, WorkflowStatus } from '../../machine/types.ts';
import type { WorkflowView } from '../../runtime/api.ts';
import type { Lane, Moment } from './lanes.ts';
import { isDone, lanesOf } from './lanes.ts';
import type { Line, Mark, Piece, Style, Tone } from './style.ts';
import { markPiece, piece, markOf } from './style.ts';
import { clockText, pad, plural, sanitiseLine, truncate, widest } from './text.ts';

export interface Layout {
  readonly width: number;
  /** Lines that fit; lanes beyond are counted, not shown. */
  readonly height: number;
  readonly style: Style;
  /** Number of the picture: turns the spinner. */
  readonly frame: number;
}

/** Below this width the row of step marks gives way to a count. */
const NARROW = 60;
const MAX_MARKS = 12;
const MAX_NAME = 24;

export function progressLines(view: WorkflowView, moment: Moment, layout: Layout): Line[] {
  const lanes = lanesOf(view, moment);
  const room = Math.max(1, layout.height - 3);
  const shown = lanes.length <= room ? lanes : mostActive(lanes, room - 1);
  const columns = columnsOf(lanes, layout);
  const rest = lanes.length - shown.length;
  return [
    headingLine(view, moment.now, layout.style),
    [],
    ...shown.map(lane => laneLine(lane, columns, layout)),
    ...(rest === 0 ? [] : [[piece(`   … and ${plural(rest, 'more machine')}`, 'faint')]]),
  ];
}

const STATUS_TONES: { readonly [status in WorkflowStatus]: Tone } = {
  running: 'busy',
  held: 'warn',
  complete: 'good',
  failed: 'bad',
  checking: 'busy',
  cancelling: 'warn',
  undoing: 'warn',
  deleting: 'warn',
  deleted: 'faint',
  delete_failed: 'bad',
};

export const statusPiece = (record: WorkflowRecord): Piece =>
  piece(record.status.replaceAll('_', ' '), STATUS_TONES[record.status]);

const MOVING = new Set<WorkflowStatus>(['running', 'checking', 'cancelling', 'undoing', 'deleting']);

/** Time the workflow has taken: to now while it moves, to its last event when it stands. */
export function elapsed(record: WorkflowRecord, now: number): number {
  return (MOVING.has(record.status) ? Math.max(now, record.at) : record.at) - record.createdAt;
}

const TAKING_BACK = new Set<WorkflowStatus>(['undoing', 'deleting', 'delete_failed']);

/** `3 of 9 steps`; while all is taken back, how much of what was touched is undone. */
function countedSteps({ steps, record }: WorkflowView): string {
  if (TAKING_BACK.has(record.status)) {
    const touched = steps.filter(step => step.record.touched);
    const undone = touched.filter(step => step.record.status === 'undone');
    return `${undone.length} of ${plural(touched.length, 'step')} undone`;
  }
  const counted = steps.filter(step => step.wanted || step.record.touched);
  return `${counted.filter(isDone).length} of ${plural(counted.length, 'step')}`;
}

/** How long it may still take, where its definition says so. */
function timeLeft({ status, deadline, suspended }: WorkflowRecord, now: number): readonly string[] {
  if (suspended !== undefined) return [];
  if (deadline === undefined || (status !== 'running' && status !== 'held')) return [];
  return [`deadline in ${clockText(Math.max(0, deadline - now))}`];
}

/** ` · suspended by ann` */
export const suspensionPieces = ({ suspended }: WorkflowRecord, dot: string): readonly Piece[] =>
  suspended === undefined ? [] : [piece(`${dot}suspended by ${sanitiseLine(suspended.by)}`, 'warn')];

export function headingLine(view: WorkflowView, now: number, style: Style): Line {
  const dot = style.unicode ? ' · ' : ' - ';
  return [
    piece(sanitiseLine(view.record.id), 'strong'),
    piece('  '),
    statusPiece(view.record),
    ...suspensionPieces(view.record, dot),
    piece(`${dot}${countedSteps(view)}`),
    piece(`${dot}${clockText(elapsed(view.record, now))}`, 'faint'),
    ...timeLeft(view.record, now).map(text => piece(`${dot}${text}`, 'faint')),
  ];
}

/** Trouble first, then what moves, then what waits; in the definition's order within each. */
const ACTIVITY: readonly Mark[] = [
  'failed',
  'paused',
  'running',
  'blocked',
  'waiting',
  'undone',
  'done',
  'left_out',
];

function mostActive(lanes: readonly Lane[], count: number): Lane[] {
  const chosen = new Set(
    [...lanes]
      .sort((a, b) => ACTIVITY.indexOf(a.mark) - ACTIVITY.indexOf(b.mark))
      .slice(0, Math.max(1, count)),
  );
  return lanes.filter(lane => chosen.has(lane));
}

interface Columns {
  readonly name: number;
  readonly steps: number;
  readonly state: number;
}

function columnsOf(lanes: readonly Lane[], { width }: Layout): Columns {
  const bounded = (texts: readonly string[], most: number): number => Math.min(most, widest(texts));
  const marks = width >= NARROW && lanes.every(lane => lane.steps.length <= MAX_MARKS);
  return {
    name: bounded(
      lanes.map(lane => lane.name),
      Math.min(MAX_NAME, Math.floor(width / 4)),
    ),
    steps: marks
      ? lanes.reduce((most, lane) => Math.max(most, lane.steps.length), 0)
      : -bounded(lanes.map(countText), 9),
    // Of all its states, so that the columns stand still while the machines move on.
    state: bounded(
      lanes.flatMap(lane => lane.steps.map(step => step.state)),
      Math.max(8, Math.floor(width / 3)),
    ),
  };
}

const countText = (lane: Lane): string => `${lane.done}/${lane.steps.length}`;

function laneLine(lane: Lane, columns: Columns, layout: Layout): Line {
  const column = (text: string, width: number): string => pad(truncate(text, width), width);
  const tone =
    lane.mark === 'failed' || lane.mark === 'paused' ? markPiece(lane.mark, layout.style).tone : undefined;
  return [
    piece(' '),
    markPiece(lane.mark, layout.style, layout.frame),
    piece(` ${column(lane.name, columns.name)}  `),
    ...(columns.steps > 0
      ? stepMarks(lane, columns.steps, layout)
      : [piece(pad(countText(lane), -columns.steps))]),
    piece(`  ${column(lane.state, columns.state)}`, lane.mark === 'waiting' ? 'faint' : undefined),
    ...(lane.detail === '' ? [] : [piece(`  ${lane.detail}`, tone ?? 'faint')]),
  ];
}

/** One mark for each step, in graph order: how far the machine has come, at a glance. */
function stepMarks(lane: Lane, width: number, { style }: Layout): Piece[] {
  const dot = style.unicode ? '·' : '.';
  const marks = lane.steps.map(step => {
    const mark = markOf(step.record);
    return mark === 'waiting' ? piece(dot, 'faint') : markPiece(mark, style);
  });
  return [...marks, piece(' '.repeat(width - marks.length))];
}
