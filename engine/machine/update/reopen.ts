// Another definition, or other inputs: everything that the goal needs is open again (rows 23 and 24).
// Belongs here: what becomes of each step at the beginning of such a generation, and of an attempt that began before it.
// Does not belong here: whether what was reached still stands (judge.ts), what is gone (withdraw.ts).
//
// What was reached waits to be judged; what failed, was held, blocked or not needed gets a new beginning, as a resume
// gives it. What runs goes on, and is judged when it has ended.
import { outsideId } from '../../graph/references.ts';
import { reached } from '../attempts.ts';
import type { Draft } from '../draft.ts';
import { reachedBy } from '../outcomes.ts';
import { ATTEMPT_OVER, type Patch } from '../records.ts';
import type { Again, Outcome, StepRecord } from '../types.ts';
import { fingerprintIn, isOfEarlier } from './judge.ts';

/** Looks at every step that the goal needs; those that are taken back come after that. */
export function reopenAll(draft: Draft): void {
  for (const { number, wanted, leaving } of draft.graph.steps) {
    const record = draft.record(number);
    if (wanted && !leaving && record.withdrawn === undefined) reopenStep(draft, number, record);
  }
}

function reopenStep(draft: Draft, number: number, record: StepRecord): void {
  switch (record.status) {
    case 'running':
      // Nobody counts on what it was while it is not known what it is.
      if (record.renews !== undefined) draft.write(number, { renews: undefined });
      return;
    case 'undoing':
    case 'undone':
      return;
    case 'skipped':
      if (isForGood(draft, number, record)) return;
      return open(draft, number, record);
    case 'waiting':
      if (isUntouched(record)) return;
      return open(draft, number, record);
    case 'reached':
    case 'ready':
    case 'paused':
    case 'interrupted':
    case 'failed':
    case 'blocked':
    case 'not_needed':
      return open(draft, number, record);
    default:
      return record.status satisfies never;
  }
}

const isUntouched = ({ dispatch, touched, due, again, freshFrom }: StepRecord): boolean =>
  dispatch === 0 && !touched && !due && !again && freshFrom === undefined;

/** What a person vouched for; and what another has the role for, as long as it follows one. */
function isForGood(draft: Draft, number: number, { cause }: StepRecord): boolean {
  const { only, except } = draft.step(number).state;
  return cause === 'skipped_by_operator' || (cause === 'not_the_role' && only.length + except.length > 0);
}

function open(draft: Draft, number: number, record: StepRecord): void {
  const again = againOf(record);
  const fingerprint = record.fingerprint ?? (again && fingerprintBefore(draft, number));
  const begins = again && !again.begun ? {} : ANEW_TRIED;
  draft.write(number, { ...ATTEMPT_OVER, ...begins, ...OPENED, again, fingerprint });
}

const OPENED = { status: 'waiting', cause: undefined, renews: undefined, freshFrom: undefined } as const;
/** Its condition is judged anew too. */
const ANEW_TRIED = { tries: 0, interruptions: undefined, rescues: undefined, startedAt: undefined };

/** What was reached, and of which nothing has begun since, can be judged. */
function againOf({ status, again, renews, since, tries, interruptions }: StepRecord): Again | undefined {
  if (status === 'reached') return { since };
  if (again) return again.begun ? again : { since: again.since };
  if (renews === undefined) return undefined;
  const hasBegun = tries > 0 || interruptions !== undefined || status !== 'waiting';
  return hasBegun ? { since: renews, why: 'changed', begun: true } : { since: renews };
}

/** Of what was reached by an engine that kept none: of what would have run before the update. */
function fingerprintBefore(draft: Draft, number: number): StepRecord['fingerprint'] {
  const { former } = draft;
  if (!former?.state.hash) return undefined;
  const place = former.graph.stepByOutside.get(outsideId(draft.step(number)));
  const step = place === undefined ? undefined : former.graph.steps[place];
  return step && fingerprintIn(former.view, step, former.state.hash);
}

/** It is not final before that: in a rolling its member stays inside. */
function compareLater(draft: Draft, number: number, patch: Patch): void {
  const fingerprint = draft.record(number).fingerprint ?? fingerprintBefore(draft, number);
  draft.write(number, { ...patch, ...OPENED, again: { since: draft.at }, fingerprint });
}

/** The end of an attempt that began under an earlier definition; false: it ends as any other. */
export function endEarlier(draft: Draft, number: number, outcome: Outcome): boolean {
  const record = draft.record(number);
  const { wanted, leaving } = draft.step(number);
  if (!isOfEarlier(draft, record) || !draft.forward || !wanted || leaving) return false;
  if (record.status !== 'running' || record.withdrawn !== undefined) return false;
  const found = record.phase === 'rescue' ? undefined : reachedBy(draft, number, outcome);
  if (found) compareLater(draft, number, reached(draft, number, found));
  else open(draft, number, record);
  draft.steps.push(number);
  return true;
}
