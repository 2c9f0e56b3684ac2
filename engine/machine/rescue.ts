// How a rescue ended: new attempts, or what `on_failure` says besides.
// Belongs here: the ends of the phase `rescue`. Does not belong here: its start (spent.ts, attempts.ts).
import { endWithout } from './applies.ts';
import { LIMITS } from '../base/limits.ts';
import type { Action } from '../definition/types.ts';
import type { Draft } from './draft.ts';
import { calledBack } from './outcomes.ts';
import { ATTEMPT_OVER } from './records.ts';
import { awaitAuthorisation, mayWait } from './retry.ts';
import { accept, type Ended, rescueFailed, saying } from './spent.ts';
import type { Outcome, StepError } from './types.ts';

export function endRescue(draft: Draft, number: number, outcome: Outcome): void {
  if (draft.record(number).cancel !== undefined) return stopped(draft, number, outcome);
  switch (outcome.kind) {
    case 'succeeded':
      return rescued(draft, number);
    case 'interrupted':
      return interruptRescue(draft, number, outcome.evidence);
    case 'failed':
      if (outcome.error.kind === 'unauthorised' && mayWait(draft, number))
        return awaitAuthorisation(draft, number, { ...outcome.error, phase: 'rescue' });
      return rescueFailed(draft, number, spentBefore(draft, number), saying(outcome.error));
    case 'refused':
      return rescueFailed(draft, number, spentBefore(draft, number), outcome.message);
    default:
      return outcome satisfies never;
  }
}

/** With `retry` the attempts begin anew, in the order of readiness. */
function rescued(draft: Draft, number: number): void {
  if (draft.step(number).state.onFailure !== 'retry' || !draft.mayGoOn(number))
    return accept(draft, number, spentBefore(draft, number));
  draft.write(number, {
    ...ATTEMPT_OVER,
    status: 'waiting',
    tries: 0,
    cause: undefined,
    interruptions: undefined,
  });
  draft.steps.push(number);
}

/** It was called back together with the step: whoever did that decides on. */
function stopped(draft: Draft, number: number, outcome: Outcome): void {
  const unfinished =
    outcome.kind === 'succeeded'
      ? ({ kind: 'refused', message: 'Its rescue had come to its end.' } as const)
      : outcome;
  calledBack(draft, number, unfinished);
}

/** Nobody knows how far it came. A script or a call can be left half done; whether that matters `on_interrupted` says. */
function interruptRescue(draft: Draft, number: number, evidence: string): void {
  const { state } = draft.step(number);
  const interruptions = (draft.record(number).interruptions ?? 0) + 1;
  const over = { ...ATTEMPT_OVER, interruptions };
  if (!draft.mayGoOn(number))
    return draft.write(number, { ...over, status: endWithout(draft, number, 'interrupted') });
  const kind = state.rescue?.action.kind;
  const policy = kind !== undefined && LEAVES_HALVES.has(kind) ? state.onInterrupted : 'rerun';
  if (policy === 'pause' && draft.isHalted) return draft.write(number, { ...over, status: 'interrupted' });
  if (policy === 'pause')
    return draft.write(number, { ...over, status: 'paused', cause: 'held_for_operator' });
  if (policy !== 'rerun' || interruptions > LIMITS.interruptions)
    return rescueFailed(draft, number, spentBefore(draft, number), `it was interrupted: ${evidence}`);
  draft.write(number, { interruptions });
  draft.starts.push({ step: number, phase: 'rescue' });
}

const LEAVES_HALVES = new Set<Action['kind']>(['script', 'http', 'openstack']);

/** What the rescue was for: it stands in the record as long as it runs. */
function spentBefore(draft: Draft, number: number): Ended {
  const { tries, error } = draft.record(number);
  return { tries, error: error ?? UNKNOWN };
}

const UNKNOWN: StepError = { kind: 'refused', message: 'its attempts failed', phase: 'action' };
