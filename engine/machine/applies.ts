// Whether a step is its member's to do, and whether anything more is to be begun for it, by what an update or a role that
// moved left of that.
// Belongs here: the questions to one step. Does not belong here: what follows (readiness.ts, update/).
import type { Step } from '../graph/types.ts';
import type { Draft } from './draft.ts';
import { FIRST_GENERATION } from './records.ts';
import type { StepRecord } from './types.ts';

/** By `only` and `except`; undefined while a role they name is open or vacant (rules 3 and 5). */
export function applies(draft: Draft, step: Step): boolean | undefined {
  const { only, except } = step.state;
  if (!step.member || only.length + except.length === 0) return true;
  const { agent } = step.member;
  const holds = [...only, ...except].map(role => draft.holders(step.entity.name, role)?.includes(agent));
  if (holds.includes(undefined)) return undefined;
  const included = only.length === 0 || holds.slice(0, only.length).includes(true);
  return included && !holds.slice(only.length).includes(true);
}

/** False once its member leaves, the goal needs it no more, or another has its role: what runs of it ends by itself. */
export function isNeeded(draft: Draft, number: number): boolean {
  const step = draft.step(number);
  if (step.leaving || !step.wanted || draft.record(number).withdrawn !== undefined) return false;
  return draft.workflow.generation === FIRST_GENERATION || applies(draft, step) !== false;
}

/** What its end is when nothing more is begun for it: that of a step which nothing needs is open, so that it may be needed again. */
export function endWithout<Status extends 'failed' | 'interrupted'>(
  draft: Draft,
  number: number,
  usual: Status,
): Status | 'waiting' {
  const { wanted, leaving } = draft.step(number);
  return wanted || leaving ? usual : 'waiting';
}

/** A role may have moved while it ran: then it is looked at again when that ends. */
export function lookAgain(draft: Draft, number: number, before: StepRecord, after: StepRecord): void {
  const { only, except } = draft.step(number).state;
  if (before.status !== 'running' || after.status === 'running' || only.length + except.length === 0) return;
  if (draft.workflow.generation > FIRST_GENERATION) draft.steps.push(number);
}
