// One look: the probe of a reached state is run, and what it says is noted. The state stays reached whatever that is.
// Belongs here: beginning a look, its end. Does not belong here: whose turn it is (settle.ts), the check as a whole (check.ts).
//
// A look is no attempt: nothing is retried but what was interrupted, its outputs are not taken, and it takes no turn in
// a rolling. It waits for its VM like any command (R5).
import { EngineError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { State } from '../../definition/types.ts';
import { expressionError, makeCommand, needsVm, sharesVm, travels } from '../command.ts';
import type { Draft } from '../draft.ts';
import { cannotTell, deniesState } from '../outcomes.ts';
import { type Place, placeError, placeOf } from '../places.ts';
import { ATTEMPT_OVER } from '../records.ts';
import { commandDue } from '../timing.ts';
import type { Outcome, StepError } from '../types.ts';
import type { Look } from './types.ts';

/** Asks the state's probe, now or when its VM is free. */
export function beginLook(draft: Draft, number: number): void {
  const step = draft.step(number);
  const look = { at: draft.at };
  if (!needsVm(draft, number, 'probe')) return startLook(draft, number, look);
  const place = placeFor(draft, number);
  if ('kind' in place) return endWith(draft, number, 'unknown', place);
  if (sharesVm(step.state, 'probe', draft.record(number))) return startLook(draft, number, look, place);
  draft.write(number, { ...place, look });
}

/** Where the probe runs, or why it can run nowhere. */
function placeFor(draft: Draft, number: number): Place | StepError {
  try {
    const place = placeOf(draft, draft.step(number), 'probe', 'kept');
    if (place.agent !== undefined) return place;
    return { kind: 'unreachable', message: 'There is no VM that it could run on.', phase: 'probe' };
  } catch (thrown) {
    return placeError(thrown, 'probe');
  }
}

/** Its VM is free, or it needs none. */
export function startLook(
  draft: Draft,
  number: number,
  look: Look = draft.record(number).look ?? { at: draft.at },
  place: Partial<Place> = draft.record(number),
): void {
  const step = draft.step(number);
  try {
    const command = makeCommand(draft, step, 'probe', goesToAgent(step.state) ? place.agent : undefined);
    const due = commandDue(draft.at, command);
    const { agent, base } = place;
    draft.send(number, { look, phase: 'probe', agent, base, command, due });
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    endWith(draft, number, 'unknown', expressionError(thrown, 'probe'));
  }
}

const goesToAgent = ({ probe }: State): boolean => probe !== undefined && travels(probe);

/** Exit 0 holds, 1 denies, as a child's driver says it too, anything else can't tell; what was interrupted is asked again, a bounded number of times. */
export function endLook(draft: Draft, number: number, outcome: Outcome): void {
  if (outcome.kind === 'succeeded') return endWith(draft, number, 'holds');
  const interruptions = (draft.record(number).interruptions ?? 0) + 1;
  if (outcome.kind === 'interrupted' && interruptions <= LIMITS.interruptions) {
    draft.write(number, { interruptions });
    return startLook(draft, number);
  }
  if (deniesState(outcome)) return endWith(draft, number, 'drifted', denial(outcome));
  endWith(draft, number, 'unknown', cannotTell(outcome, 'probe'));
}

function denial(outcome: Exclude<Outcome, { kind: 'succeeded' }>): StepError {
  const error = cannotTell(outcome, 'probe');
  const said = outcome.kind === 'failed' ? outcome.error.message : '';
  // Of a child its driver says it whole.
  const isChild = outcome.kind === 'failed' && outcome.error.kind === 'child';
  return { ...error, message: isChild ? said : `The probe denies it: ${said}` };
}

/** What denies it puts the mark on, unless it has one; what says that it holds takes it away. */
export function endWith(
  draft: Draft,
  number: number,
  found: NonNullable<Look['found']>,
  error?: StepError,
): void {
  const { unverified } = draft.record(number);
  const mark = found === 'drifted' ? ({ why: 'drifted', since: draft.at } as const) : undefined;
  draft.write(number, {
    ...ATTEMPT_OVER,
    interruptions: undefined,
    look: { at: draft.at, found, ...(error && { error }) },
    unverified: found === 'holds' ? undefined : (unverified ?? mark),
  });
}

/** It is not looked at any more. */
export function callOffLook(draft: Draft, number: number, why: string): void {
  const { command } = draft.record(number);
  const over = { ...ATTEMPT_OVER, interruptions: undefined, look: undefined };
  if (command) draft.callBack(number, why, over);
  else draft.write(number, over);
}
