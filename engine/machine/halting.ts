// `failure_mode: halt`: after the first step that fails for good nothing starts any more, anywhere.
// Belongs here: when that is, and what is taken back from being about to start. Does not belong here: the workflow's
// end (ends.ts), going on from it (operator.ts).
//
// What runs may end, and what has begun goes on to its end: the next phase, a timed retry. Joins and values are still
// judged, so a goal that what runs brings about is reached all the same. A failure for which another state waits
// (`outcome: failed`, `final`) is provided for, and halts nothing.
import { endWithout } from './applies.ts';
import type { Draft } from './draft.ts';
import { ATTEMPT_OVER, type Patch } from './records.ts';
import type { StepRecord } from './types.ts';

/** The step has failed, for good as far as it is concerned. */
export function failStep(draft: Draft, number: number, patch: Patch): void {
  const status = endWithout(draft, number, 'failed');
  const again = status === 'failed' ? {} : { tries: 0, cause: undefined };
  draft.write(number, { ...ATTEMPT_OVER, ...patch, ...again, status, interruptions: undefined });
  const { failureMode } = draft.graph.definition;
  const { id, watched } = draft.step(number);
  if (failureMode !== 'halt' || draft.isHalted || watched || !draft.mayGoOn(number)) return;
  draft.mark('halted', id);
  for (const step of draft.graph.steps) {
    const record = draft.record(step.number);
    if (record.status === 'ready' && !hasBegun(record)) draft.write(step.number, { status: 'waiting' });
    if (record.due?.for === 'within') draft.write(step.number, { due: undefined });
  }
}

/** True when the step may be started now: nothing has halted, or it is in the middle of its attempts. */
export const mayStart = (draft: Draft, number: number): boolean =>
  draft.forward && (!draft.isHalted || hasBegun(draft.record(number)));

/** An attempt of it has failed and another is to follow, or it only waits for the VM of its next phase. */
export const hasBegun = ({ tries, next, interruptions }: StepRecord): boolean =>
  tries > 0 || next !== undefined || interruptions !== undefined;

/** Questions are withdrawn when the rest has ended; whoever goes on is asked again. */
export function withdrawQuestions(draft: Draft): void {
  for (const { number } of draft.graph.steps) {
    if (draft.record(number).asks)
      draft.write(number, { ...ATTEMPT_OVER, status: 'waiting', cause: undefined });
  }
}
