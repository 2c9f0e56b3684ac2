// `approve`: an operator says yes to a step that asks.
// Belongs here: when it may be said, and to whom. Does not belong here: asking (asking.ts), the no (reject.ts).
import { dataFor } from '../asking.ts';
import { reach } from '../attempts.ts';
import type { Draft } from '../draft.ts';
import { stepToActOn } from '../operator.ts';
import type { StepStatus } from '../types.ts';
import type { Handler } from './handler.ts';

export const onApprove: Handler<'approve'> = (draft, { step, by }) => {
  const number = stepThatAsks(draft, step, 'approved');
  if (number === undefined) return false;
  const { outputs, problem } = dataFor(draft.step(number).state, {});
  if (!outputs) {
    draft.reject(`${step} can't be approved: ${problem ?? 'no outputs'}`, 'Skip it, and give its outputs.');
    return false;
  }
  reach(draft, number, { outputs, answeredBy: by });
  return true;
};

const ASKING = new Set<StepStatus>(['paused']);

/** The number of a step that waits for a yes or no, or undefined after rejecting the event with the reason. */
export function stepThatAsks(draft: Draft, step: string, verb: string): number | undefined {
  const number = stepToActOn(draft, step, verb, ASKING);
  if (number === undefined || draft.record(number).asks?.kind === 'approval') return number;
  const isSignal = draft.record(number).asks !== undefined;
  draft.reject(
    `${step} waits for ${isSignal ? 'a signal' : 'an operator after a failure'} and can't be ${verb}.`,
    isSignal ? 'Send the signal, or skip the step.' : 'Retry, skip or fail it.',
  );
  return undefined;
}
