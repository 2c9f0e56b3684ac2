// The attempts of a step are spent: its rescue runs, then `on_failure` says what becomes of it (rows 41 and 42).
// Belongs here: whether a rescue follows, and the end without one. Does not belong here: when attempts are spent
// (retry.ts), how a rescue ends (rescue.ts), how an undo does (undo/undo.ts).
//
// A rescue follows an attempt that was under way, never a condition or a command that could not be made. It runs on the
// same VM, which is not given away in between. While it runs, the step's error is that of the attempt. It has one try.
import { agentFor, needsVm, sharesVm, travels } from './command.ts';
import type { Draft } from './draft.ts';
import { failStep } from './halting.ts';
import { hasPlaces, type Place, placeError, placeOf } from './places.ts';
import { ATTEMPT_OVER, occupies, type Patch } from './records.ts';
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
  if (!rescue || !wasUnderWay || !draft.mayGoOn(number)) return false;
  return onFailure !== 'retry' || rescues < rescue.times;
}

function startRescue(draft: Draft, number: number, ended: Ended): void {
  const record = draft.record(number);
  const spent = { ...ended, rescues: (record.rescues ?? 0) + 1, interruptions: undefined, asks: undefined };
  if (!needsVm(draft, number, 'rescue')) return startAtOnce(draft, number, spent);
  const place = placeOfRescue(draft, number);
  if (typeof place === 'string') return rescueFailed(draft, number, ended, place);
  const keeps = occupies(record) === place.agent;
  if (keeps || sharesVm(draft.step(number).state, 'rescue', draft.record(number)))
    return startAtOnce(draft, number, { ...spent, ...place });
  draft.write(number, {
    ...ATTEMPT_OVER,
    ...spent,
    ...place,
    status: 'ready',
    phase: 'rescue',
    cause: undefined,
  });
}

function startAtOnce(draft: Draft, number: number, patch: Patch): void {
  draft.write(number, patch);
  draft.starts.push({ step: number, phase: 'rescue' });
}

/** Where the action ran, whatever its probe's `run_on` says; or why it can run nowhere. */
function placeOfRescue(draft: Draft, number: number): Place | string {
  try {
    const place = placeOf(draft, draft.step(number), 'rescue', 'kept');
    return place.agent === undefined ? 'There is no VM that it could run on.' : place;
  } catch (thrown) {
    return placeError(thrown, 'rescue').message;
  }
}

/** What was to help failed too. The first error's own tail follows the message, so its cause stands last. */
export function afterAll(first: StepError, phase: 'rescue' | 'undo' | 'verify', why: string): StepError {
  const what = phase === 'rescue' ? 'rescue' : 'undo';
  return { ...first, message: `its ${what} failed (${why}) after ${first.message}`, phase };
}

/** With the last line of the tail, which says most. */
export function saying({ message, tail = '' }: Omit<StepError, 'phase'>): string {
  const last = tail.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return last === '' ? message : `${message}: ${last}`;
}

/** What became of the rescue is added to why it ran. Neither new attempts nor tolerance follow. */
export function rescueFailed(draft: Draft, number: number, { tries, error }: Ended, why: string): void {
  const both = afterAll(error, 'rescue', why);
  const { onFailure } = draft.step(number).state;
  const isKept = onFailure === 'pause' || onFailure === 'undo';
  accept(draft, number, { tries, error: both }, isKept ? onFailure : 'fail');
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
      return draft.write(number, {
        ...over,
        status: 'reached',
        cause: 'tolerated',
        outputs: undefined,
        unverified: undefined,
      });
    case 'pause':
      if (draft.mayGoOn(number) && !draft.isHalted)
        return draft.write(number, { ...over, status: 'paused', cause: 'held_for_operator' });
      return failStep(draft, number, { ...over, cause: undefined });
    case 'undo':
      return takeBack(draft, number, ended);
    case 'retry':
    case 'fail':
      return failStep(draft, number, { ...over, cause: undefined });
    default:
      return onFailure satisfies never;
  }
}

/** Row 42: what its attempts did is taken back before it has failed, on the same VM and before anything else there. */
function takeBack(draft: Draft, number: number, { tries, error }: Ended): void {
  const record = draft.record(number);
  const action = draft.step(number).state.undo?.action;
  if (!action || !record.touched || !draft.mayGoOn(number))
    return failStep(draft, number, { tries, error, cause: undefined });
  const begun = { error, tries: 0, interruptions: undefined, cause: undefined };
  if (occupies(record) !== undefined) {
    draft.write(number, begun);
    draft.starts.push({ step: number, phase: 'undo' });
    return;
  }
  // Where it runs is asked when it starts; until then it waits for no VM.
  const isOpen = hasPlaces(draft.step(number).state);
  const agent = isOpen ? undefined : (record.agent ?? agentFor(draft, draft.step(number)));
  draft.write(number, { ...ATTEMPT_OVER, ...begun, status: 'undoing', phase: 'undo', agent });
  if (!travels(action) || agent === undefined) draft.starts.push({ step: number, phase: 'undo' });
}
