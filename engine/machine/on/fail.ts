// `fail`: an operator says that a step has failed, so that the workflow need not wait for it.
// Belongs here: when it may be. Does not belong here: what follows for others.
import { failStep } from '../halting.ts';
import { goOn, stepToActOn } from '../operator.ts';
import type { StepStatus } from '../types.ts';
import type { Handler } from './handler.ts';

const IDLE = new Set<StepStatus>(['waiting', 'ready', 'paused', 'interrupted', 'blocked']);

export const onFail: Handler<'fail'> = (draft, { step, by }) => {
  const number = stepToActOn(draft, step, 'failed', IDLE);
  if (number === undefined) return false;
  goOn(draft);
  const { error } = draft.record(number);
  failStep(draft, number, {
    cause: 'failed_by_operator',
    error: error ?? { kind: 'operator', message: `Failed by ${by}.`, phase: 'action' },
  });
  return true;
};
