// `status`: all workflows as a table, or one with every step.
// Belongs here: these two layouts. Does not belong here: the live picture (progress.ts), the ending (ending.ts).
import type { WorkflowRecord } from '../../machine/types.ts';
import type { StepView, WorkflowView } from '../../runtime/api.ts';
import type { Moment } from './lanes.ts';
import { stepDetail } from './lanes.ts';
import { operationLines } from './operations.ts';
import { elapsed, headingLine, statusPiece, suspensionPieces } from './progress.ts';
import type { Line, Style } from './style.ts';
import { markPiece, piece, plain, markOf } from './style.ts';
import { durationText, pad, sanitiseLine, truncate, widest } from './text.ts';

/** A table: name, status, how long, and the reason where there is one. */
export function listLines(records: readonly WorkflowRecord[], now: number): Line[] {
  const name = Math.min(40, Math.max(4, widest(records.map(record => record.id))));
  const rows = records.map(record => [
    piece(`${pad(truncate(sanitiseLine(record.id), name), name)}  `, 'strong'),
    statusPiece(record),
    piece(' '.repeat(Math.max(1, 15 - record.status.length))),
    piece(pad(durationText(elapsed(record, now)), 8), 'faint'),
    ...suspensionPieces(record, '').map(one => piece(`${one.text}${record.reason && ' · '}`, one.tone)),
    piece(sanitiseLine(record.reason)),
    piece(parentText(record), 'faint'),
  ]);
  return [[piece(`${pad('NAME', name)}  ${pad('STATUS', 15)}${pad('TOOK', 8)}REASON`, 'faint')], ...rows];
}

const parentText = ({ parent, reason }: WorkflowRecord): string =>
  parent === undefined
    ? ''
    : `${reason === '' ? '' : ' · '}child of ${sanitiseLine(`${parent.workflow} ${parent.step}`)}`;

/** Every step of one workflow, under the entity and machine that it belongs to. */
export function stepsLines(view: WorkflowView, moment: Moment, style: Style): Line[] {
  const shown = view.steps.filter(step => step.wanted || step.record.touched);
  const column = Math.min(32, widest(shown.map(step => step.state)));
  const lanes = new Map<string, StepView[]>();
  for (const step of shown) {
    const title = laneTitle(step);
    const lane = lanes.get(title);
    if (lane === undefined) lanes.set(title, [step]);
    else lane.push(step);
  }
  const lines = [...lanes].flatMap(([title, steps]) => [
    [],
    plain(title),
    ...steps.map(step => stepLine(step, column, moment, style)),
  ]);
  const about = view.description === '' ? [] : [[piece(sanitiseLine(view.description), 'faint')]];
  const operations = operationLines(view.record, moment.now, style);
  return [headingLine(view, moment.now, style), ...about, ...lines, ...operations];
}

function laneTitle({ entity, member }: StepView): string {
  if (member === undefined) return sanitiseLine(entity);
  return sanitiseLine(`${entity}[${member.index}]  ${member.name}`);
}

function stepLine(step: StepView, column: number, moment: Moment, style: Style): Line {
  const mark = markPiece(markOf(step.record), style);
  const detail = stepDetail(step, moment);
  return [
    piece('  '),
    mark,
    piece(` ${pad(truncate(sanitiseLine(step.state), column), column)}  `),
    piece(pad(step.record.status.replaceAll('_', ' '), 11), mark.tone),
    piece(detail === '' ? '' : ` ${detail}`, 'faint'),
  ];
}
