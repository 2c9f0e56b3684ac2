// Taking back what was started: after a delete, for `on_workflow_failure: undo` (R10), and of one step that failed and
// says `then: undo` (row 42). That one has then failed, with the error of its attempt, and owes nothing.
// Belongs here: starting an undo, its ends and its check. Does not belong here: the order (undo/order.ts), when a
// deletion begins (on/delete.ts).
//
// An undo runs against the edges as soon as nothing stands on the step; its probe must then answer "doesn't hold".
// A VM that is gone has nothing left to take back, unless `run_on` names it. A failed undo is what the state says;
// without a word it is tolerated in a deletion, after which the VM is gone, and is a failure else.
import { effectKey, type Phase } from '../../base/ids.ts';
import { EngineError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { State } from '../../definition/types.ts';
import { actionOf, expressionError, makeCommand, travels } from '../command.ts';
import type { Draft } from '../draft.ts';
import { failStep } from '../halting.ts';
import { cannotTell, deniesState } from '../outcomes.ts';
import { hasPlaces, placeError, placeOf, runsElsewhere } from '../places.ts';
import { ATTEMPT_OVER, isDebt, occupies, type Patch } from '../records.ts';
import { isWorthRetrying } from '../retry.ts';
import { afterAll, saying } from '../spent.ts';
import { commandDue, retryDelay } from '../timing.ts';
import type { Outcome, StepError, StepRecord, WorkflowStatus } from '../types.ts';
import { beginAgain } from '../update/withdraw.ts';
import { retire } from '../update/retire.ts';
import { isFree, mayLeave } from './order.ts';

/** Statuses in which undos begin. */
const TAKING_BACK = new Set<WorkflowStatus>(['undoing', 'deleting']);

/** Begins the undo of a step if nothing stands on it and nothing of it runs. */
export function considerUndo(draft: Draft, number: number): void {
  retire(draft, number);
  const record = draft.record(number);
  if (draft.workflow.abandoned || !isDebt(record, draft.workflow) || !mayBegin(draft, number, record)) return;
  if (record.status === 'running' || record.status === 'undoing') return;
  if (record.status === 'failed' && record.cause === 'undo_failed') return;
  const step = draft.asRun(number);
  const action = step.state.undo?.action;
  if (!action)
    return undone(draft, number, { cause: 'nothing_to_undo', answeredBy: draft.workflow.undo?.by });
  awaitTurn(draft, number, 'undo', { tries: 0, interruptions: undefined, cause: undefined });
}

/** Its turn has come: all is taken back, or it alone is while the workflow goes on (update/withdraw.ts). */
function mayBegin(draft: Draft, number: number, { withdrawn }: StepRecord): boolean {
  if (draft.undo) return TAKING_BACK.has(draft.workflow.status) && isFree(draft.undo, draft.graph, number);
  if (withdrawn === undefined || !draft.leaving || !draft.underway) return false;
  return mayLeave(draft.leaving, draft.graph, number);
}

function undone(draft: Draft, number: number, patch: Patch): void {
  const { withdrawn } = draft.record(number);
  draft.write(number, { ...ATTEMPT_OVER, ...patch, status: 'undone', withdrawn: undefined });
  if (withdrawn !== undefined) beginAgain(draft, number);
}

/** Waits for the VM in which the phase runs; which one that is, is asked at every try. */
function awaitTurn(draft: Draft, number: number, phase: 'undo' | 'verify', patch: Patch): void {
  const step = draft.asRun(number);
  const waiting = { ...ATTEMPT_OVER, ...patch, status: 'undoing', phase } as const;
  const does = actionOf(step.state, phase);
  if (does && !travels(does)) {
    draft.write(number, { ...waiting, agent: undefined });
    draft.starts.push({ step: number, phase });
    return;
  }
  try {
    const place = placeOf(draft, step, phase, 'kept');
    draft.write(number, { ...waiting, ...place });
    const action = actionOf(step.state, phase);
    if (!action || !travels(action) || place.agent === undefined) draft.starts.push({ step: number, phase });
  } catch (thrown) {
    draft.write(number, { ...waiting, agent: undefined });
    cannotPlace(draft, number, phase, thrown);
  }
}

/** That nobody is named may change until the next try. */
function cannotPlace(draft: Draft, number: number, phase: Phase, thrown: unknown): void {
  const error = placeError(thrown, phase);
  if (error.kind === 'unreachable') failUndo(draft, number, error);
  else spend(draft, number, error);
}

/** Starts the phase at once, unless it runs in a VM that the one before it did not have. */
export function continueUndo(draft: Draft, number: number, phase: 'undo' | 'verify'): void {
  const record = draft.record(number);
  const { state } = draft.asRun(number);
  const action = actionOf(state, phase);
  if (!action || !travels(action)) return startUndo(draft, number, phase);
  // What was taken back without the VM does not have it for the look.
  const hasVm = phase === 'undo' || occupies(record) !== undefined;
  if (!hasPlaces(state) && hasVm) return startUndo(draft, number, phase);
  try {
    const place = placeOf(draft, draft.asRun(number), phase, 'kept');
    const keeps = occupies(record) === place.agent;
    if (keeps) draft.write(number, place);
    if (keeps) startUndo(draft, number, phase);
    else awaitTurn(draft, number, phase, {});
  } catch (thrown) {
    cannotPlace(draft, number, phase, thrown);
  }
}

/** Starts the undo, or the check after it. */
export function startUndo(draft: Draft, number: number, phase: 'undo' | 'verify'): void {
  const step = draft.asRun(number);
  const action = actionOf(step.state, phase);
  if (action?.kind === 'wait') {
    const due = { at: draft.at + action.duration, for: 'wait' } as const;
    return draft.write(number, { ...ATTEMPT_OVER, status: 'undoing', phase, due });
  }
  const { agent, child } = draft.record(number);
  const isGone = action?.kind === 'workflow' && child === undefined;
  if (!action || action.kind === 'set' || isGone)
    return endUndo(draft, number, { kind: 'succeeded', outputs: {} });
  try {
    const command = makeCommand(draft, step, phase, travels(action) ? agent : undefined);
    draft.send(number, { status: 'undoing', phase, command, due: commandDue(draft.at, command) });
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    spend(draft, number, expressionError(thrown, phase));
  }
}

/** The undo itself ended. */
export function endUndo(draft: Draft, number: number, outcome: Outcome): void {
  const { state } = draft.asRun(number);
  if (isLost(state, 'undo', outcome)) return done(draft, number, 'vm_lost');
  if (outcome.kind === 'succeeded') {
    if (!state.probe) return done(draft, number, undefined);
    draft.starts.push({ step: number, phase: 'verify' });
    return;
  }
  if (outcome.kind === 'interrupted') return again(draft, number, outcome.evidence, 'undo');
  failUndo(draft, number, undoError(outcome));
}

/** The look after the undo: only "doesn't hold" proves it. */
export function endVerify(draft: Draft, number: number, outcome: Outcome): void {
  if (isLost(draft.asRun(number).state, 'verify', outcome)) return done(draft, number, 'vm_lost');
  if (deniesState(outcome)) return done(draft, number, undefined);
  if (outcome.kind === 'interrupted') return again(draft, number, outcome.evidence, 'verify');
  const error: StepError =
    outcome.kind === 'succeeded'
      ? {
          kind: 'probe',
          message: 'After the undo the probe says that the state still holds.',
          phase: 'verify',
        }
      : cannotTell(outcome, 'verify');
  failUndo(draft, number, error);
}

/** What was done went with its own VM; what is undone in another, or without one, may still be there. */
function isLost(state: State, phase: Phase, outcome: Outcome): boolean {
  if (outcome.kind !== 'failed' || outcome.error.kind !== 'unreachable') return false;
  const action = actionOf(state, phase);
  return action !== undefined && travels(action) && !runsElsewhere(state, phase);
}

function undoError(outcome: Extract<Outcome, { kind: 'failed' | 'refused' }>): StepError {
  if (outcome.kind === 'failed') return { ...outcome.error, phase: 'undo' };
  return { kind: 'refused', message: outcome.message, phase: 'undo' };
}

/** True while nothing is taken back but what failed and says `then: undo`. */
const isAlone = (draft: Draft, number: number): boolean =>
  draft.undo === undefined && draft.record(number).withdrawn === undefined;

/** Of a step that failed, that stays its error until its undo is over. */
const told = (draft: Draft, number: number, error: StepError): StepError | undefined =>
  isAlone(draft, number) ? draft.record(number).error : error;

function done(draft: Draft, number: number, cause: 'vm_lost' | undefined): void {
  const { error } = draft.record(number);
  if (isAlone(draft, number)) return failStep(draft, number, { touched: false, cause: undefined });
  // Why the workflow failed can still be seen after what it did is taken back.
  const tells = draft.workflow.status === 'undoing' && error && !takesBack(error.phase);
  const { undo: asked } = draft.workflow;
  const word = cause ?? (asked && 'undone_by_operator');
  undone(draft, number, {
    cause: word,
    answeredBy: asked?.by,
    error: tells ? error : undefined,
    interruptions: undefined,
  });
}

/** An interrupted undo runs again, a bounded number of times. */
function again(draft: Draft, number: number, evidence: string, phase: 'undo' | 'verify'): void {
  const interruptions = (draft.record(number).interruptions ?? 0) + 1;
  const error: StepError = { kind: 'interrupted', message: evidence, phase };
  if (interruptions > LIMITS.interruptions) return spend(draft, number, error);
  draft.write(number, { interruptions, error: told(draft, number, error) });
  if (!awaitOthers(draft, number)) draft.starts.push({ step: number, phase });
}

/** Whoever began to leave meanwhile and stood on it comes first: then it is tried anew. True: it waits. */
function awaitOthers(draft: Draft, number: number): boolean {
  if (isAlone(draft, number) || draft.undo || !draft.leaving) return false;
  if (mayLeave(draft.leaving, draft.graph, number)) return false;
  draft.write(number, { ...ATTEMPT_OVER, status: 'waiting', cause: undefined });
  return true;
}

function failUndo(draft: Draft, number: number, error: StepError): void {
  const retry = draft.asRun(number).state.undo?.retry;
  const tries = draft.record(number).tries + 1;
  if (!retry || tries >= retry.attempts || !isWorthRetrying(draft, number, retry, error)) {
    return spend(draft, number, error);
  }
  const delay = retryDelay(retry, tries, effectKey(draft.effectId(number)));
  const before = told(draft, number, error);
  if (awaitOthers(draft, number)) return;
  if (delay === 0) return awaitTurn(draft, number, 'undo', { tries, error: before });
  const due = { at: draft.at + delay, for: 'retry' } as const;
  draft.write(number, { ...ATTEMPT_OVER, status: 'undoing', phase: 'undo', tries, error: before, due });
}

/** No try is left. In a deletion the default is to go on with the others and let this one be (`continue`). */
function spend(draft: Draft, number: number, error: StepError): void {
  if (isAlone(draft, number)) return failBoth(draft, number, error);
  const { undo } = draft.asRun(number).state;
  // A right that is lost can be given again; what it made would be left behind unseen.
  const isLost = error.kind === 'unauthorised';
  const usual = draft.workflow.status === 'deleting' && !isLost ? 'continue' : 'fail';
  const tolerated = (undo?.onFailure ?? usual) === 'continue';
  const over = {
    ...ATTEMPT_OVER,
    error,
    tries: draft.record(number).tries + 1,
    cause: 'undo_failed',
  } as const;
  if (tolerated) undone(draft, number, over);
  else draft.write(number, { ...over, status: 'failed' });
}

/** It still owes its undo, so a deletion tries it again. */
function failBoth(draft: Draft, number: number, error: StepError): void {
  const { error: first = error } = draft.record(number);
  const both = afterAll(first, error.phase === 'verify' ? 'verify' : 'undo', saying(error));
  failStep(draft, number, { error: both, cause: 'undo_failed' });
}

/** The time of an undo's next try has come. */
export function retryUndo(draft: Draft, number: number): void {
  if (!awaitOthers(draft, number)) awaitTurn(draft, number, 'undo', {});
}

/** The phases that take back. */
export const takesBack = (phase: Phase | undefined): boolean => phase === 'undo' || phase === 'verify';
