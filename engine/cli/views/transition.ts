// One entry of a workflow's log as one line: what a log file, a pipe or `events` shows.
// Belongs here: which entries are worth a line, and their words. Does not belong here: the live picture (progress.ts).
import { holderText, sameHolder } from '../../machine/holders.ts';
import type { Change, Question, StepRecord, WorkflowRecord } from '../../machine/types.ts';
import { causeWords } from '../../machine/why/cause-words.ts';
import type { Happening, WorkflowView } from '../../runtime/api.ts';
import type { LogEntry } from '../../runtime/ports.ts';
import { checkText } from './doubts.ts';
import { doubtText, errorPhrase } from './lanes.ts';
import type { Line, Piece, Style } from './style.ts';
import { markPiece, piece, markOf } from './style.ts';
import { clockText, durationText, pad, phrase, sanitise, sanitiseLine, widest } from './text.ts';

/** Names of a step for people; absent for a step that the view does not know. */
export type NameStep = (step: string) => string;

/** `sql[1].prepared (db-1)`: with the machine's name, all filled to the width of the longest. */
export function stepNames(view: WorkflowView | undefined): NameStep {
  const names = new Map((view?.steps ?? []).map(step => [step.id, fullName(step.id, step.member?.name)]));
  const width = Math.min(MAX_NAME, widest([...names.values()]));
  return id => pad(names.get(id) ?? sanitiseLine(id), width);
}

const MAX_NAME = 44;
const fullName = (id: string, member: string | undefined): string =>
  member === undefined ? sanitiseLine(id) : `${sanitiseLine(id)} (${sanitiseLine(member)})`;

export type StepEntry = LogEntry & { readonly change: Change & { readonly kind: 'step' } };

/** Entries that change no status and no attempt are steps of the protocol, not of the workflow. */
export function isNotable({ change }: StepEntry): boolean {
  const { status, progress, cause, held } = change.record;
  if (status === 'undone' && cause === 'nothing_to_undo') return false;
  if (held !== undefined) return true;
  return status !== change.from || (progress !== 'accepted' && progress !== 'started');
}

/** What a workflow's own record tells that the one before it did not; of roles nothing where that one is unknown. */
export function workflowNews(before: Known | undefined, record: Known, agents: NameAgent): string[] {
  const chosen = Object.entries(record.roles)
    .filter(([role, holder]) => before !== undefined && !sameHolder(before.roles[role], holder))
    .map(([role, holder]) =>
      holder === null ? `${role} is vacant` : `${role} is ${holderText(holder, agents)}`,
    );
  const moved = before?.status !== record.status || before.reason !== record.reason;
  const known = new Set(before?.operations?.map(({ id }) => id));
  const ended = (record.operations ?? [])
    .filter(({ id }) => before !== undefined && !known.has(id))
    .map(({ name, id, status, reason }) => `operation ${name} (${id}) is ${status}${tailOf(reason)}`);
  const stands = record.suspended?.at !== before?.suspended?.at;
  const { suspended } = record;
  const pause = suspended === undefined ? 'no longer suspended' : `suspended by ${suspended.by}`;
  return [
    ...chosen,
    ...ended,
    ...(stands ? [pause] : []),
    ...(record.checked?.at !== before?.checked?.at ? [checkText(record)] : []),
    ...(moved ? [`${words(record.status)}${tailOf(record.reason)}`] : []),
  ].map(sanitiseLine);
}

type Known = Pick<WorkflowRecord, 'status' | 'reason' | 'roles' | 'operations' | 'suspended' | 'checked'>;
type NameAgent = (agent: string) => string;

/** `0:12 ✓ db[1].prepared (db-1)  reached`; the time counts from `start`. */
export function transitionLine(entry: StepEntry, start: number, name: NameStep, style: Style): Line {
  const time = piece(`${clockText(entry.at - start).padStart(5)} `, 'faint');
  const { change } = entry;
  const mark = markPiece(markOf(change.record), style);
  return [
    time,
    mark,
    piece(` ${name(change.step)}`),
    piece(`  ${stepWords(change.record, entry.at, !isNotable(entry))}`, mark.tone),
  ];
}

const timePiece = (entry: LogEntry, start: number): Piece =>
  piece(`${clockText(entry.at - start).padStart(5)} `, 'faint');

/** `0:12   w  complete` */
export const newsLine = (entry: LogEntry, start: number, id: string, news: string): Line => [
  timePiece(entry, start),
  piece('  '),
  piece(sanitiseLine(id), 'strong'),
  piece(`  ${news}`),
];

/** `0:12   generation 2: db-a, db-b; db-c leaves` */
export function generationLine(
  entry: LogEntry,
  start: number,
  { generation, members }: Extract<Change, { readonly kind: 'generation' }>,
): Line {
  const all = Object.values(members).flat();
  const names = (leaving: boolean): string =>
    all
      .filter(member => (member.leaving === true) === leaving)
      .map(({ name }) => name)
      .join(', ');
  const gone = names(true);
  const text = `generation ${generation}: ${names(false) || 'no members'}${gone === '' ? '' : `; leaving: ${gone}`}`;
  return [timePiece(entry, start), piece('  '), piece(sanitiseLine(text), 'strong')];
}

/** `0:12   operation failover (f1), step 2: db.joined` */
export function operationLine(
  entry: LogEntry,
  start: number,
  { name, id, step, also }: Extract<Change, { readonly kind: 'operation' }>,
): Line {
  const ran = also.map(({ entity, state }) => `${entity}.${state}`).join(', ');
  const told = step === undefined ? ' has ended' : `, step ${step + 1}${ran === '' ? '' : `: ${ran}`}`;
  return [
    timePiece(entry, start),
    piece('  '),
    piece(sanitiseLine(`operation ${name} (${id})${told}`), 'strong'),
  ];
}

const words = (status: string): string => status.replaceAll('_', ' ');
const tailOf = (reason: string): string => (reason === '' ? '' : `: ${sanitiseLine(reason)}`);

function stepWords(record: StepRecord, at: number, withProgress: boolean): string {
  const parts = [words(record.status)];
  if (withProgress && record.progress !== undefined) parts.push(`${record.progress} by the agent`);
  if (record.status === 'running' && record.phase !== undefined && record.phase !== 'action')
    parts.push(record.phase);
  if (record.attempt > 1 && record.status !== 'reached') parts.push(`attempt ${record.attempt}`);
  if (record.due?.for === 'retry') parts.push(`next attempt in ${durationText(record.due.at - at)}`);
  if (record.child !== undefined && record.status === 'running')
    parts.push(`child ${sanitiseLine(record.child)}`);
  if (record.held !== undefined) parts.push(`held: ${phrase(record.held)}`);
  if (record.asks !== undefined) parts.push(askedWords(record.asks));
  else if (record.cause !== undefined) parts.push(causeWords(record.cause));
  if (record.answeredBy !== undefined) parts.push(`by the word of ${sanitiseLine(record.answeredBy)}`);
  if (record.error !== undefined && record.status !== 'reached' && record.status !== 'running')
    parts.push(errorPhrase(record.error));
  const doubt = record.status === 'reached' ? doubtText(record) : '';
  if (doubt !== '') parts.push(doubt);
  else if (record.status === 'reached' && record.look) parts.push('holds');
  return parts.join(', ');
}

const askedWords = (asks: Question): string =>
  asks.kind === 'approval'
    ? `waits for a yes or no: ${phrase(asks.message)}`
    : `waits for the signal ${asks.name}`;

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
