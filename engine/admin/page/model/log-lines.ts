// Entries of a workflow's log in words.
// Belongs here: which entries are worth a line, and what it says. Does not belong here: drawing lines (ui/log.ts).
import type { Change, StepRecord } from '../../../machine/types.ts';
import { causeWords } from '../../../machine/why/cause-words.ts';
import type { LogEntry } from '../../../runtime/ports.ts';
import { durationText } from './time.ts';
import { STEP_LOOKS, type Tone, WORKFLOW_LOOKS } from './words.ts';

export interface LogLine {
  readonly seq: number;
  readonly at: number;
  /** Empty: the workflow itself. */
  readonly step: string;
  readonly mark: string;
  readonly tone: Tone;
  readonly says: string;
}

/** Reads entries in order; what says nothing new gives no line. */
export class LogReader {
  #status = '';
  #roles: { readonly [role: string]: unknown } = {};

  line({ seq, at, change }: LogEntry): LogLine | undefined {
    const said = this.#says(change);
    return said && { seq, at, ...said };
  }

  #says(change: Change): Omit<LogLine, 'seq' | 'at'> | undefined {
    switch (change.kind) {
      case 'step':
        return stepLine(change);
      case 'workflow': {
        const { status, reason, roles } = change.record;
        const chosen = Object.entries(roles)
          .filter(([role, holder]) => JSON.stringify(this.#roles[role]) !== JSON.stringify(holder))
          .map(([role, holder]) => `${role} is ${holder === null ? 'vacant' : [holder].flat().join(', ')}`);
        const state = `${WORKFLOW_LOOKS[status].word}${reason === '' ? '' : `: ${reason}`}`;
        const says = [...chosen, ...(state === this.#status ? [] : [state])].join('; ');
        [this.#roles, this.#status] = [roles, state];
        const { mark, tone } = WORKFLOW_LOOKS[status];
        return says === '' ? undefined : { step: '', mark, tone, says };
      }
      case 'generation': {
        const names = Object.values(change.members).flat();
        const says = `generation ${change.generation}: ${names.map(({ name, leaving }) => (leaving ? `${name} leaves` : name)).join(', ') || 'no members'}`;
        return { step: '', mark: '∆', tone: 'quiet', says };
      }
      case 'operation': {
        const ran = change.also.map(({ entity, state }) => `${entity}.${state}`).join(', ');
        const told =
          change.step === undefined
            ? ' has ended'
            : `, step ${change.step + 1}${ran === '' ? '' : `: ${ran}`}`;
        return { step: '', mark: '∆', tone: 'quiet', says: `operation ${change.name} (${change.id})${told}` };
      }
      default:
        return change satisfies never;
    }
  }
}

/** Steps of the protocol are none of the workflow. */
function stepLine({
  step,
  from,
  record,
}: Extract<Change, { kind: 'step' }>): Omit<LogLine, 'seq' | 'at'> | undefined {
  const isProtocol =
    record.status === from && (record.progress === 'accepted' || record.progress === 'started');
  if (isProtocol && record.held === undefined) return undefined;
  const { mark, tone } = STEP_LOOKS[record.status];
  return { step, mark, tone, says: stepWords(record) };
}

function stepWords(record: StepRecord): string {
  const parts = [STEP_LOOKS[record.status].word];
  if (record.status === 'running' && record.phase !== undefined && record.phase !== 'action')
    parts.push(record.phase);
  if (record.attempt > 1 && record.status !== 'reached') parts.push(`attempt ${record.attempt}`);
  if (record.due?.for === 'retry')
    parts.push(`next attempt in ${durationText(record.due.at - record.since)}`);
  if (record.held !== undefined) parts.push(`its child is held: ${record.held}`);
  if (record.asks !== undefined)
    parts.push(
      record.asks.kind === 'signal' ? `waits for the signal ${record.asks.name}` : record.asks.message,
    );
  else if (record.cause !== undefined) parts.push(causeWords(record.cause));
  if (record.answeredBy !== undefined) parts.push(`by ${record.answeredBy}`);
  if (record.error !== undefined && record.status !== 'reached' && record.status !== 'running')
    parts.push(record.error.message);
  return parts.join(' · ');
}
