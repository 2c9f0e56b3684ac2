// What a step does in its phase, as questions to its definition alone.
// Belongs here: those. Does not belong here: what follows from how it ends (naive-ends.ts).
import type { Action } from '../../engine/definition/types.ts';
import { type NaiveStep, stateIn } from './naive-rules.ts';

export const needsOutputs = (step: NaiveStep): boolean =>
  [...step.state.outputs.values()].some(output => !output.optional);

/** Secrets are made elsewhere, so a `set` that makes some takes its time. */
export const isComputed = (action: Action | undefined): boolean => action?.kind === 'set' && !action.generate;

/** What its phase does. */
export function current(step: NaiveStep): Action | undefined {
  const { phase } = step;
  const state = stateIn(step, phase);
  switch (phase) {
    case 'probe':
    case 'verify':
      return state.probe;
    case 'action':
      return state.action;
    case 'rescue':
      return state.rescue?.action;
    case 'undo':
      return state.undo?.action;
    default:
      return phase satisfies never;
  }
}

export const isHarmless = (action: Action | undefined): boolean =>
  ['online', 'set'].includes(action?.kind ?? '');
export const usesVm = (action: Action | undefined): boolean =>
  action?.kind === 'script' || action?.kind === 'file' || action?.kind === 'reboot';
const sharesVm = (step: NaiveStep): boolean =>
  !step.state.exclusive && current(step)?.kind !== 'reboot' && step.status !== 'undoing';
export const holdsVm = (step: NaiveStep): boolean => !sharesVm(step) && usesVm(current(step));
