// Whether what was reached before definition or inputs changed still stands (R3).
// Belongs here: the judgement of one step, once all that it requires is met again. Does not belong here: which steps are
// judged (reopen.ts), what a fingerprint is (fingerprint.ts).
//
// What was reached by an engine that kept no fingerprints got one when the update began, of what the definition before
// it would have done then; where even that could not be told, it stays.
import { EngineError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { readEncodedOutputs } from '../../definition/outputs.ts';
import type { Step } from '../../graph/types.ts';
import { unmetOf } from '../counters.ts';
import type { Draft } from '../draft.ts';
import { changedParts, fingerprintOf, ignoredBy, inputsNow } from '../fingerprint.ts';
import { ATTEMPT_OVER, isToJudge, sourceOf } from '../records.ts';
import type { Again, Fingerprint, StepError, StepRecord } from '../types.ts';
import type { ViewSource } from '../view.ts';
import { hasToFollow } from './rerun-after.ts';
import { calledBackFor } from './withdraw.ts';

/** Of a step that was reached and may be judged now: true: it is reached again; false: it runs again. */
export function stands(draft: Draft, number: number): boolean {
  const record = draft.record(number);
  const { again, outputs } = record;
  if (!again || !isToJudge(record)) return false;
  if (!isUnchanged(draft, draft.step(number), record)) {
    const why = record.unverified
      ? ({ why: 'unverified' } as const)
      : ({ why: 'changed', ...previousOf(draft.step(number), record) } as const);
    draft.write(number, { again: { ...again, ...why }, tries: 0, rescues: undefined });
    return false;
  }
  const cause = outputs === undefined ? 'tolerated' : undefined;
  draft.write(number, { ...ATTEMPT_OVER, status: 'reached', cause, since: again.since, again: undefined });
  return true;
}

/** `on_change` needs what it is to change: all that others are promised to read. */
function previousOf({ state }: Step, { given: inputs = {}, outputs }: StepRecord): Pick<Again, 'previous'> {
  if (!state.changeAction || !outputs) return {};
  if (readEncodedOutputs(state, outputs).problem !== undefined) return {};
  return { previous: { inputs, outputs } };
}

/** Row 23: an attempt that runs under the definition before is called back when that is no use, if its state allows it. */
export function judgeRunning(draft: Draft, number: number): void {
  const record = draft.record(number);
  const step = draft.step(number);
  if (!step.state.interruptible || !record.command || record.cancel !== undefined) return;
  if (!isOfEarlier(draft, record) || unmetOf(draft.cells, draft.graph, number) > 0) return;
  if (isUnchanged(draft, step, record)) return;
  const why = 'its definition or inputs changed';
  draft.callBack(number, why, calledBackFor(draft, number, why));
}

/** It began under another definition, or other inputs, than hold now. */
export const isOfEarlier = (draft: Draft, record: StepRecord): boolean =>
  sourceOf(record) < sourceOf(draft.workflow);

/** A child keeps what it was created with (row 40), so it cannot follow; undefined: it has none, or is asked the same. */
export function otherChild(draft: Draft, number: number): StepError | undefined {
  const { child, fingerprint } = draft.record(number);
  const step = draft.step(number);
  if (child === undefined || step.state.action?.kind !== 'workflow' || !fingerprint) return undefined;
  const now = fingerprintIn(draft, step, draft.state.hash);
  const changed = now ? changedParts(fingerprint, now, []) : [];
  if (changed.length === 0) return undefined;
  const what = changed
    .map(name => (name === 'action' ? 'its definition or members' : `the input ${name}`))
    .join(', ');
  return {
    kind: 'refused',
    message: `Its child ${child} keeps what it was created with, and this changed: ${what}. Take the change back, or give the state another name: then this child is undone, and another is created.`,
    phase: 'action',
  };
}

function isUnchanged(draft: Draft, step: Step, record: StepRecord): boolean {
  const { action } = step.state;
  const { status, fingerprint, outputs } = record;
  if (!action) return true;
  if (record.unverified && status !== 'running') return false;
  if (hasToFollow(draft, step, record)) return false;
  if (!fingerprint || !draft.state.hash) return true;
  // What others are promised to read has to be there.
  if (outputs && status !== 'running' && readEncodedOutputs(step.state, outputs).problem !== undefined)
    return false;
  if (step.state.onChange === 'keep') return true;
  const now = fingerprintIn(draft, step, draft.state.hash);
  return now !== undefined && changedParts(fingerprint, now, ignoredBy(action)).length === 0;
}

/** Undefined: it has no action, or could not run as things are. */
export function fingerprintIn(
  source: ViewSource,
  step: Step,
  hash: Draft['state']['hash'],
): Fingerprint | undefined {
  return hash && asFarAsKnown(() => fingerprintOf(source, step, hash));
}

/** Inputs of its action as it would run now, encoded; undefined as above. */
export const givenIn = (source: ViewSource, step: Step): JsonObject | undefined =>
  asFarAsKnown(() => inputsNow(source, step));

function asFarAsKnown<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    return undefined;
  }
}
