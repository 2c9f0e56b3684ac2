// `skip`: an operator vouches for a state and supplies its outputs (row 10).
// Belongs here: when it may be, and the check of the outputs. Does not belong here: what follows for others.
import { dataFor } from '../asking.ts';
import { goOn, stepToActOn } from '../operator.ts';
import { ATTEMPT_OVER } from '../records.ts';
import type { StepStatus } from '../types.ts';
import type { Handler } from './handler.ts';

const IDLE = new Set<StepStatus>([
  'waiting',
  'ready',
  'failed',
  'paused',
  'interrupted',
  'blocked',
  'undone',
]);

export const onSkip: Handler<'skip'> = (draft, { step, outputs }) => {
  const number = stepToActOn(draft, step, 'skipped', IDLE);
  if (number === undefined) return false;
  const read = dataFor(draft.step(number).state, outputs);
  if (!read.outputs) {
    draft.reject(
      `${step} can't be skipped: ${read.problem ?? 'no outputs'}`,
      'Give every output that is not optional, of its type.',
    );
    return false;
  }
  goOn(draft);
  draft.write(number, {
    ...ATTEMPT_OVER,
    status: 'skipped',
    cause: 'skipped_by_operator',
    outputs: read.outputs,
    error: undefined,
    interruptions: undefined,
  });
  return true;
};
