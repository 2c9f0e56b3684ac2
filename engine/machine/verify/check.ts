// A check: every reached state that has a probe is looked at, and nothing else happens meanwhile (H7).
// Belongs here: its beginning, its end, giving it up. Does not belong here: single looks (look.ts), running again what
// was found to have drifted (mark.ts).
//
// Whatever else happens comes first: then the check is given up, and the workflow is what it was before.
import { looksAtChild } from '../child.ts';
import type { Draft } from '../draft.ts';
import { lookingSteps } from '../counters.ts';
import type { MachineEvent } from '../events.ts';
import { describeHolds, describeEnd } from '../reasons.ts';
import { isLooking } from '../records.ts';
import type { StepRecord } from '../types.ts';
import { beginLook, callOffLook, endWith } from './look.ts';
import { RESTING, type Resting, type RunningCheck } from './types.ts';

/** Ms that a check has, where whoever asks does not say. */
export const CHECK_TIME = 600_000;

/** Looks at everything that can be looked at. */
export function beginCheck(draft: Draft, by: string, allowed: number = CHECK_TIME): void {
  const { status, reason } = draft.workflow;
  if (!isResting(status)) return;
  draft.mark('check', { by, at: draft.at, due: draft.at + allowed, from: { status, reason } });
  draft.setWorkflow('checking', `Being checked by ${by}`);
  for (const { number } of draft.graph.steps) {
    const record = draft.record(number);
    if (record.look) draft.write(number, { look: undefined });
    if (isChecked(draft, number, record)) beginLook(draft, number);
  }
}

export const isResting = (status: string): status is Resting =>
  (RESTING as readonly string[]).includes(status);

/** Of what the goal needs: what is reached, not only tolerated, and has a probe, or a child that is checked in its turn. */
function isChecked(draft: Draft, number: number, record: StepRecord): boolean {
  const step = draft.step(number);
  const canBe = step.state.probe !== undefined || looksAtChild(step, record);
  return canBe && isStanding(draft, number, record);
}

function isStanding(draft: Draft, number: number, { status, cause, withdrawn }: StepRecord): boolean {
  const { wanted, leaving } = draft.step(number);
  return wanted && !leaving && status === 'reached' && cause !== 'tolerated' && withdrawn === undefined;
}

/** Called after every event: once the last look has ended, so has the check. */
export function concludeCheck(draft: Draft): void {
  const { check } = draft.workflow;
  if (!check || lookingSteps(draft.cells, draft.graph) > 0) return;
  const counts = { holds: 0, drifted: 0, unknown: 0, unchecked: 0 };
  for (const { number, state } of draft.graph.steps) {
    const record = draft.record(number);
    if (!isStanding(draft, number, record) || !state.action) continue;
    counts[record.look?.found ?? 'unchecked'] += 1;
  }
  draft.mark('checked', { by: check.by, at: draft.at, ...counts });
  comeBack(draft, check);
}

function comeBack(draft: Draft, { from: { status, reason } }: RunningCheck): void {
  draft.mark('check', undefined);
  const now = status === 'held' ? describeHolds(draft) : status === 'complete' ? describeEnd(draft) : reason;
  draft.setWorkflow(status, now);
}

/** What has no answer by now has none. */
export function checkIsLate(draft: Draft): boolean {
  const { check } = draft.workflow;
  if (!check || check.due > draft.at) return false;
  const seconds = Math.round((check.due - check.at) / 1000);
  for (const { number } of draft.graph.steps) {
    if (!isLooking(draft.record(number))) continue;
    const who = looksAtChild(draft.step(number), draft.record(number)) ? 'Its child' : 'The probe';
    const message = `${who} gave no answer within the ${seconds} s of the check.`;
    callOffLook(draft, number, 'the time of the check is over');
    endWith(draft, number, 'unknown', { kind: 'timeout', message, phase: 'probe' });
  }
  return true;
}

/** Something else begins. What was not answered is called back, and not awaited: a look leaves nothing half done. */
export function giveUpCheck(draft: Draft, why: string): void {
  const { check } = draft.workflow;
  if (!check) return;
  for (const { number } of draft.graph.steps)
    if (isLooking(draft.record(number))) callOffLook(draft, number, `the check is given up: ${why}`);
  const none = { holds: 0, drifted: 0, unknown: 0, unchecked: 0 };
  draft.mark('checked', { by: check.by, at: draft.at, ...none, stopped: why });
  comeBack(draft, check);
}

/** True when the event is of the check itself. Of steps that are not looked at reports and timers are not. */
export function isOfCheck(draft: Draft, event: MachineEvent): boolean {
  if (event.kind === 'report') return isLookedAt(draft, event.id.step);
  if (event.kind === 'timer') return event.step === undefined || isLookedAt(draft, event.step);
  return event.kind === 'check' || event.kind === 'create';
}

function isLookedAt(draft: Draft, step: string): boolean {
  const number = draft.graph.stepById.get(step);
  return number !== undefined && isLooking(draft.record(number));
}

/** Why it is given up, in a few words. */
export const interruptedBy = (event: MachineEvent): string =>
  'by' in event ? `${event.kind} by ${event.by}` : 'the workflow went on';
