// Operations of a workflow on the screen: those that ended, the one that runs, and how one that was watched came out.
// Belongs here: these lines. Does not belong here: news of them while they run (transition.ts), exit codes (finish.ts).
import type { PastOperation } from '../../machine/operation/types.ts';
import type { WorkflowRecord } from '../../machine/types.ts';
import { type Line, type Mark, markPiece, piece, plain, type Style } from './style.ts';
import { durationText, pad, sanitiseLine, widest, wrap } from './text.ts';

/** The latest, as `status` shows them; all that are kept stand in its JSON. */
const SHOWN = 5;

const MARK_OF: { readonly [status in PastOperation['status']]: Mark } = {
  done: 'done',
  failed: 'failed',
  stopped: 'left_out',
};

/** A row for each of the latest operations, the newest last; nothing where there was none. */
export function operationLines(
  { operations = [], operation }: WorkflowRecord,
  now: number,
  style: Style,
): Line[] {
  const past = operations.slice(-SHOWN);
  const column = widest([...past, ...(operation ? [operation] : [])].map(titleOf));
  if (column === 0) return [];
  const ended = past.map(one => [
    piece('  '),
    markPiece(MARK_OF[one.status], style),
    piece(` ${pad(titleOf(one), column)}  ${one.status.padEnd(7)}`),
    piece(` ${agoText(one.endedAt, now)}, by ${sanitiseLine(one.by)}${tailOf(one.reason)}`, 'faint'),
  ]);
  const running = operation && [
    piece('  '),
    markPiece('running', style),
    piece(` ${pad(titleOf(operation), column)}  running`),
    piece(` step ${operation.index + 1}, by ${sanitiseLine(operation.by)}`, 'faint'),
  ];
  return [[], plain('Operations'), ...ended, ...(running ? [running] : [])];
}

/** What is said of the operation that was watched, before how the workflow stands; nothing when it was done. */
export function unfinishedLines(ended: PastOperation | undefined, width: number, style: Style): Line[] {
  if (ended === undefined || ended.status === 'done') return [];
  const text = `The operation ${ended.name} ${words(ended.status)}${tailOf(ended.reason)}`;
  const [first = '', ...rest] = wrap(sanitiseLine(text), width - 2);
  return [
    [],
    [markPiece(MARK_OF[ended.status], style), piece(` ${first}`, 'bad')],
    ...rest.map(line => plain(`  ${line}`)),
  ];
}

const words = (status: 'failed' | 'stopped'): string => (status === 'failed' ? 'has failed' : 'was stopped');
const titleOf = ({ name, id }: Pick<PastOperation, 'name' | 'id'>): string => sanitiseLine(`${name} (${id})`);
const tailOf = (reason: string): string => (reason === '' ? '' : `: ${sanitiseLine(reason)}`);
const agoText = (at: number, now: number): string => `${durationText(Math.max(0, now - at))} ago`;
