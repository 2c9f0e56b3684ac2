// The attempts of a step are spent: its rescue runs, then `on_failure` says what becomes of it (row 41).
// Belongs here: whether a rescue follows, and the end without one. Does not belong here: when attempts are spent
// (retry.ts), how a rescue ends (rescue.ts).
//
// A rescue follows an attempt that was under way, never a condition or a command that could not be made. It runs on the
// same VM, which is not given away in between. While it runs, the step's error is that of the attempt. It has one try.
import { agentFor, needsVm, sharesVm } from './command.ts';
import type { Draft } from './draft.ts';
import { failStep } from './halting.ts';
import { ATTEMPT_OVER, occupies } from './records.ts';
import type { StepError } from './types.ts';

export interface Ended {
  readonly tries: number;
  readonly error: StepError;
}

/** No attempt is left. While nothing may start, no rescue does either. */
export function spend(draft: Draft, number: number, ended: Ended): void {
  if (mayRescue(draft, number)) startRescue(draft, number, ended);
  else accept(draft, number, ended);
}

function mayRescue(draft: Draft, number: number): boolean {
  const { rescue, onFailure } = draft.step(number).state;
  const { status, asks, rescues = 0 } = draft.record(number);
  const wasUnderWay = status === 'running' || asks !== undefined;
  if (!rescue || !wasUnderWay || !draft.forward) return false;
  return onFailure !== 'retry' || rescues < rescue.times;
}

function startRescue(draft: Draft, number: number, ended: Ended): void {
  const record = draft.record(number);
  const spent = { ...ended, rescues: (record.rescues ?? 0) + 1, interruptions: undefined, asks: undefined };
  const usesVm = needsVm(draft, number, 'rescue');
  const agent = record.agent ?? agentFor(draft, draft.step(number));
  if (usesVm && agent === undefined) return rescueFailed(draft, number, ended, NOBODY);
  if (!usesVm || sharesVm(draft.step(number).state, 'rescue') || occupies(record) !== undefined) {
    draft.write(number, spent);
    draft.starts.push({ step: number, phase: 'rescue' });
  } else {
    draft.write(number, {
      ...ATTEMPT_OVER,
      ...spent,
      status: 'ready',
      phase: 'rescue',
      agent,
      cause: undefined,
    });
  }
}

const NOBODY = 'There is no VM that it could run on.';

/** What became of the rescue is added to why it ran. Neither new attempts nor tolerance follow. */
export function rescueFailed(draft: Draft, number: number, { tries, error }: Ended, why: string): void {
  const both: StepError = {
    ...error,
    message: `${error.message}; its rescue failed: ${why}`,
    phase: 'rescue',
  };
  const { onFailure } = draft.step(number).state;
  accept(draft, number, { tries, error: both }, onFailure === 'pause' ? 'pause' : 'fail');
}

/** `on_failure` decides. While nothing may start, nobody is asked: the step fails. */
export function accept(
  draft: Draft,
  number: number,
  ended: Ended,
  onFailure = draft.step(number).state.onFailure,
): void {
  const over = { ...ATTEMPT_OVER, ...ended, interruptions: undefined };
  switch (onFailure) {
    case 'continue':
      return draft.write(number, { ...over, status: 'reached', cause: 'tolerated' });
    case 'pause':
      if (draft.forward && !draft.isHalted)
        return draft.write(number, { ...over, status: 'paused', cause: 'held_for_operator' });
      return failStep(draft, number, { ...over, cause: undefined });
    case 'retry':
    case 'fail':
      return failStep(draft, number, { ...over, cause: undefined });
    default:
      return onFailure satisfies never;
  }
}
