// What Heat's users are told of a workflow that moves: sentences for the events of the stack, and when to ask again. Pure.
// Belongs here: log entries → sentences. Does not belong here: asking for them (methods.ts), attributes (attributes.ts).
import type { StepRecord, StepStatus, WorkflowStatus } from '../machine/types.ts';
import { summaryOf } from '../plan/summary.ts';
import type { Plan } from '../plan/types.ts';
import type { LogEntry } from '../runtime/ports.ts';

/** Statuses in which nothing more happens by itself. */
const OVER = new Set<WorkflowStatus>(['complete', 'failed', 'deleted', 'delete_failed']);
export const isOver = (status: WorkflowStatus): boolean => OVER.has(status);

/** Names listed in one sentence. */
const NAMED = 3;

/** Statuses that are worth an event in Heat. */
const TOLD: { readonly [Status in StepStatus]?: string } = {
  reached: 'reached',
  failed: 'failed',
  paused: 'waits',
  interrupted: 'interrupted',
  skipped: 'skipped',
  undone: 'undone',
};

/**
 * What happened, in one sentence for each state and status, however many members went through it: a stack keeps
 * 1,000 events, and a workflow may have 100,000 steps.
 */
export function sentencesOf(entries: readonly LogEntry[]): readonly string[] {
  const groups = new Map<string, { readonly word: string; readonly steps: string[]; last: StepRecord }>();
  for (const { change } of entries) {
    if (change.kind !== 'step') continue;
    const word = change.from === change.record.status ? doubtOf(change.record) : TOLD[change.record.status];
    if (word === undefined || isQuiet(change.record)) continue;
    const key = `${change.step.replace(/\[\d+\]/, '')} ${word}`;
    const group = groups.get(key) ?? { word, steps: [], last: change.record };
    group.steps.push(change.step);
    group.last = change.record;
    groups.set(key, group);
  }
  return [...groups.values()].map(sentenceOf);
}

/** What an update is about to do: all of it in numbers, the first steps by name and reason. */
export function planText(plan: Plan): string {
  const moving = plan.steps.filter(({ fate }) => fate !== 'keep');
  const named = moving.slice(0, NAMED).map(({ step, reason }) => `${step} (${reason})`);
  const more = moving.length > NAMED ? ` and ${moving.length - NAMED} more` : '';
  const steps = named.length > 0 ? `: ${named.join(', ')}${more}` : '';
  return `The plan: ${summaryOf(plan)}${steps}`;
}

/** What is told of a step whose status stays: that it came to be in doubt. */
function doubtOf({ status, look, unverified }: StepRecord): string | undefined {
  if (status !== 'reached') return undefined;
  if (look?.found === 'drifted') return 'drifted';
  if (look?.found === 'unknown') return 'could not be checked';
  return unverified && !look ? 'unverified' : undefined;
}

/** That a state does not apply to a member is nothing that happened. */
const isQuiet = ({ status, cause }: StepRecord): boolean =>
  status === 'skipped' && (cause === 'not_the_role' || cause === 'condition_false');

function sentenceOf({
  word,
  steps,
  last,
}: {
  readonly word: string;
  readonly steps: readonly string[];
  readonly last: StepRecord;
}): string {
  const named = steps.slice(0, NAMED).join(', ');
  const more = steps.length > NAMED ? ` and ${steps.length - NAMED} more` : '';
  return `${named}${more} ${word}${detailOf(last)}`;
}

function detailOf({
  status,
  asks,
  look,
  error = status === 'reached' ? look?.error : undefined,
}: StepRecord): string {
  if (asks?.kind === 'approval') return ` for an approval: ${asks.message}`;
  if (asks?.kind === 'signal') return ` for the signal '${asks.name}'`;
  return error === undefined ? '' : `: ${error.message}`;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Seconds until Heat should ask again: short while things are young and may be quick, longer the longer it takes. */
export function pollAfter(status: WorkflowStatus, age: number): number {
  if (isOver(status)) return 1;
  if (age < MINUTE) return 1;
  if (age < 5 * MINUTE) return 2;
  return age < 30 * MINUTE ? 5 : 10;
}
