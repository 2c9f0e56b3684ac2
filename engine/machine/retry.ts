// What a failed or interrupted attempt leads to: another one, a person, or the end of the step.
// Belongs here: `retry`, `on_interrupted`. Does not belong here: what follows the last attempt (spent.ts), undo's own
// rules (undo/undo.ts).
import { endWithout } from './applies.ts';
import { effectKey } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { EngineError } from '../base/errors.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { Retry } from '../definition/types.ts';
import { viewFor } from './command.ts';
import { unmetOf } from './counters.ts';
import type { Draft } from './draft.ts';
import { ATTEMPT_OVER, type Patch } from './records.ts';
import { spend } from './spent.ts';
import { retryDelay } from './timing.ts';
import type { StepError } from './types.ts';

/**
 * An attempt failed. `final`: running it again would fail in the same way (an expression, the type of a computed
 * output). Attempts count the first (row 46); a probe that can't tell counts like a failed attempt (row 36).
 */
export function failAttempt(
  draft: Draft,
  number: number,
  error: StepError,
  chance: 'retry' | 'final' = 'retry',
): void {
  if (error.kind === 'unauthorised' && mayWait(draft, number))
    return awaitAuthorisation(draft, number, error);
  const { state } = draft.step(number);
  const tries = draft.record(number).tries + 1;
  const again = chance === 'retry' && draft.mayGoOn(number) && tries < state.retry.attempts;
  if (again && isWorthRetrying(draft, number, state.retry, error))
    return retryLater(draft, number, tries, error);
  spend(draft, number, { tries, error });
}

/** False while nothing may start: then nobody is asked. */
export const mayWait = (draft: Draft, number: number): boolean => draft.mayGoOn(number) && !draft.isHalted;

/** No try that the step has left could help: somebody gives the workflow another credential, and tries again. */
export function awaitAuthorisation(draft: Draft, number: number, error: StepError): void {
  draft.write(number, {
    ...ATTEMPT_OVER,
    status: 'paused',
    cause: 'authorisation_lost',
    error,
    interruptions: undefined,
  });
}

function retryLater(draft: Draft, number: number, tries: number, error: StepError): void {
  const delay = retryDelay(draft.step(number).state.retry, tries, effectKey(draft.effectId(number)));
  const due = delay > 0 ? ({ at: draft.at + delay, for: 'retry' } as const) : undefined;
  draft.write(number, {
    ...ATTEMPT_OVER,
    status: 'waiting',
    tries,
    error,
    due,
    cause: undefined,
    // What is tried again at once gets ready no later.
    ...(due && { freshFrom: undefined }),
    interruptions: undefined,
  });
  if (!due) draft.steps.push(number);
}

/** False on an error of the expression itself: what can't be judged is not repeated. */
export function isWorthRetrying(draft: Draft, number: number, retry: Retry, error: StepError): boolean {
  if (!retry.when) return true;
  try {
    const view = viewFor(draft, draft.step(number), draft.record(number).attempt + 1, error);
    return evaluateTemplate(retry.when, view) === true;
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code !== 'internal') return false;
    throw thrown;
  }
}

/**
 * Nobody knows how far the attempt came. A rerun is not counted in `retry.attempts`, but after
 * `LIMITS.interruptions` in a row the step fails: something kills its VM or its agent every time.
 */
export function interruptAttempt(draft: Draft, number: number, evidence: string): void {
  const record = draft.record(number);
  const phase = record.phase ?? 'action';
  const error: StepError = { kind: 'interrupted', message: evidence, phase };
  const interruptions = (record.interruptions ?? 0) + 1;
  const over = { ...ATTEMPT_OVER, interruptions, error };
  if (!draft.mayGoOn(number))
    return draft.write(number, { ...over, status: endWithout(draft, number, 'interrupted') });
  if (interruptions > LIMITS.interruptions) return spend(draft, number, { tries: record.tries + 1, error });
  // A look, the question whether an agent is online, and a secret that is not there yet leave nothing half done.
  const kind = record.command?.action.kind;
  const harmless = phase === 'probe' || kind === 'online' || kind === 'generate';
  const policy = harmless ? 'rerun' : draft.step(number).state.onInterrupted;
  switch (policy) {
    case 'rerun':
      if (isUnfounded(draft, number)) return waitAgain(draft, number, { ...over, status: 'waiting' });
      draft.write(number, { interruptions, error });
      draft.starts.push({ step: number, phase, anew: true });
      return;
    case 'probe':
      if (!draft.step(number).state.probe) return spend(draft, number, { tries: record.tries + 1, error });
      if (isUnfounded(draft, number)) return waitAgain(draft, number, { ...over, status: 'waiting' });
      draft.write(number, { interruptions, error });
      draft.starts.push({ step: number, phase: 'probe' });
      return;
    case 'pause':
      if (draft.isHalted) return draft.write(number, { ...over, status: 'interrupted' });
      return draft.write(number, { ...over, status: 'paused', cause: 'held_for_operator' });
    case 'fail':
      return spend(draft, number, { tries: record.tries + 1, error });
    default:
      return policy satisfies never;
  }
}

/** What it requires was found to be in doubt meanwhile, and runs again first. */
const isUnfounded = (draft: Draft, number: number): boolean =>
  draft.workflow.takenUp !== undefined && unmetOf(draft.cells, draft.graph, number) > 0;

function waitAgain(draft: Draft, number: number, patch: Patch): void {
  draft.write(number, patch);
  draft.steps.push(number);
}
