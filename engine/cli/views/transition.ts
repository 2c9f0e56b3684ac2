// One entry of a workflow's log as one line: what a log file, a pipe or `events` shows.
// Belongs here: which entries are worth a line, and their words. Does not belong here: the live picture (progress.ts).
import type { Change, StepRecord } from '../../machine/types.ts';
import type { Happening, WorkflowView } from '../../runtime/api.ts';
import type { LogEntry } from '../../runtime/ports.ts';
import type { Line, Style } from './style.ts';
import { markPiece, piece, STATUS_MARKS } from './style.ts';
import { clockText, durationText, pad, sanitise, sanitiseLine } from './text.ts';

/** Names of a step for people; absent for a step that the view does not know. */
export type NameStep = (step: string) => string;

/** `sql[1].prepared` with the machine's name behind it: `sql[1].prepared (db-1)`. */
export function stepNames(view: WorkflowView | undefined): NameStep {
  const members = new Map((view?.steps ?? []).map(step => [step.id, step.member?.name]));
  return id => {
    const name = members.get(id);
    return name === undefined ? sanitiseLine(id) : `${sanitiseLine(id)} (${sanitiseLine(name)})`;
  };
}

/** Entries that change no status and no attempt are steps of the protocol, not of the workflow. */
export function isNotable(change: Change): boolean {
  if (change.kind === 'workflow') return true;
  const { status, progress } = change.record;
  return status !== change.from || (progress !== 'accepted' && progress !== 'started');
}

/** `0:12 ✓ db[1].prepared (db-1)  reached`; the time counts from `start`. */
export function transitionLine(entry: LogEntry, start: number, name: NameStep, style: Style): Line {
  const time = piece(`${clockText(entry.at - start).padStart(5)} `, 'faint');
  const { change } = entry;
  if (change.kind === 'workflow') {
    const { id, status, reason } = change.record;
    return [
      time,
      piece('  '),
      piece(sanitiseLine(id), 'strong'),
      piece(`  ${words(status)}${tailOf(reason)}`),
    ];
  }
  const mark = markPiece(STATUS_MARKS[change.record.status], style);
  return [
    time,
    mark,
    piece(` ${pad(name(change.step), 28)}`),
    piece(`  ${stepWords(change.record, entry.at)}`, mark.tone),
  ];
}

const words = (status: string): string => status.replaceAll('_', ' ');
const tailOf = (reason: string): string => (reason === '' ? '' : `: ${sanitiseLine(reason)}`);

function stepWords(record: StepRecord, at: number): string {
  const parts = [words(record.status)];
  if (record.status === 'running' && record.phase !== undefined && record.phase !== 'action')
    parts.push(record.phase);
  if (record.attempt > 1 && record.status !== 'reached') parts.push(`attempt ${record.attempt}`);
  if (record.due?.for === 'retry') parts.push(`next attempt in ${durationText(record.due.at - at)}`);
  if (record.cause !== undefined) parts.push(words(record.cause));
  if (record.error !== undefined && record.status !== 'reached' && record.status !== 'running')
    parts.push(sanitiseLine(record.error.message));
  return parts.join(', ');
}

/** Live output or an agent's coming and going; log entries are `transitionLine`'s. */
export function happeningLines(happening: Exclude<Happening, { kind: 'log' }>, name: NameStep): Line[] {
  if (happening.kind === 'agent') {
    const why = happening.reason === undefined ? '' : `: ${sanitiseLine(happening.reason)}`;
    return [[piece(`      ${sanitiseLine(happening.agent)} is ${happening.state}${why}`, 'warn')]];
  }
  const tone = happening.stream === 'stderr' ? 'warn' : 'faint';
  return sanitise(happening.text)
    .replace(/\n$/, '')
    .split('\n')
    .map(text => [piece(`      ${name(happening.step)} `, 'faint'), piece(`| ${text}`, tone)]);
}
