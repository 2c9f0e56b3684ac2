// Goes on with another phase of a running step: in the VM that it has, or after waiting for the one that it needs.
// Belongs here: keeping a VM or giving it up. Does not belong here: which VM it is (places.ts), whose turn it is (settle.ts).
import type { Phase } from '../base/ids.ts';
import { startPhase } from './attempts.ts';
import { needsVm, sharesVm } from './command.ts';
import type { Draft, Start } from './draft.ts';
import { hasPlaces, type Place, placeError, placeOf } from './places.ts';
import { ATTEMPT_OVER, occupies } from './records.ts';
import { failAttempt } from './retry.ts';
import type { StepError } from './types.ts';

/** Where the phase runs; undefined: the attempt has failed, since nobody can tell. */
export function tryPlace(draft: Draft, { step, phase, anew }: Start): Place | undefined {
  try {
    const place = placeOf(draft, draft.step(step), phase, anew ? 'anew' : 'kept');
    if (place.agent === undefined) failAttempt(draft, step, nobody(phase), 'final');
    return place.agent === undefined ? undefined : place;
  } catch (thrown) {
    const error = placeError(thrown, phase);
    failAttempt(draft, step, error, error.kind === 'unreachable' ? 'retry' : 'final');
    return undefined;
  }
}

const nobody = (phase: Phase): StepError => ({
  kind: 'unreachable',
  message: 'There is no VM that it could run on.',
  phase,
});

/** Starts the phase at once, unless it runs in a VM that the one before it did not have. */
export function continueWith(draft: Draft, start: Start): void {
  const { step: number, phase } = start;
  const { state } = draft.step(number);
  if (!needsVm(draft, number, phase)) return startPhase(draft, number, phase);
  const place = tryPlace(draft, start);
  if (!place) return;
  if (sharesVm(state, phase, draft.record(number)) || occupies(draft.record(number)) === place.agent) {
    if (hasPlaces(state)) draft.write(number, place);
    return startPhase(draft, number, phase);
  }
  const next = phase === 'action' && state.probe ? phase : undefined;
  draft.write(number, { ...ATTEMPT_OVER, ...place, status: 'ready', next });
}
