// `timer`: the time that a step, or the whole workflow, waited for has come. Early and superseded timers are ignored.
// Belongs here: retries, waits and deadlines coming due. Does not belong here: setting them.
import { timeIsUp } from '../deadline.ts';
import type { Draft } from '../draft.ts';
import { goOnWithOperation } from '../operation/course.ts';
import { endPhase } from '../phases.ts';
import { failAttempt } from '../retry.ts';
import type { Outcome } from '../types.ts';
import { standsStill } from '../suspension.ts';
import { retryUndo, takesBack } from '../undo/undo.ts';
import { checkIsLate } from '../verify/check.ts';
import { tooLate } from '../within.ts';
import type { Handler } from './handler.ts';

export const onTimer: Handler<'timer'> = (draft, { step }) => {
  if (step === undefined) return ownTime(draft);
  const number = draft.graph.stepById.get(step);
  if (number === undefined) return false;
  const { due } = draft.record(number);
  if (!due || due.at > draft.at || standsStill(draft, number)) return false;
  switch (due.for) {
    case 'retry':
      retryDue(draft, number);
      return true;
    case 'wait':
      endPhase(draft, number, { kind: 'succeeded', outputs: {} });
      return true;
    case 'answer':
      noAnswer(draft, number);
      return true;
    case 'deadline':
      expire(draft, number);
      return true;
    case 'within':
      tooLate(draft, number);
      return true;
    default:
      return due.for satisfies never;
  }
};

function ownTime(draft: Draft): boolean {
  if (draft.workflow.status === 'checking') return checkIsLate(draft);
  return draft.begun ? goOn(draft) : timeIsUp(draft);
}

function goOn(draft: Draft): true {
  goOnWithOperation(draft);
  return true;
}

function retryDue(draft: Draft, number: number): void {
  if (draft.record(number).status === 'undoing') return retryUndo(draft, number);
  draft.write(number, { due: undefined });
  draft.steps.push(number);
}

/** Nobody said yes or no, or no signal came, within the state's timeout. */
function noAnswer(draft: Draft, number: number): void {
  const { asks } = draft.record(number);
  const what = asks?.kind === 'signal' ? `No signal '${asks.name}' came` : 'Nobody answered';
  const message = `${what} within ${Math.round(draft.step(number).state.timeout / 1000)} s.`;
  failAttempt(draft, number, { kind: 'timeout', message, phase: 'action' });
}

/** No answer within the attempt's time and a grace. The command is called back, should the agent still get it. */
function expire(draft: Draft, number: number): void {
  const called = draft.record(number).cancel !== undefined;
  const outcome = called ? unanswered() : silence(draft, number);
  if (!called) draft.callBack(number, 'its time is over', {});
  endPhase(draft, number, outcome);
}

const unanswered = (): Outcome => ({ kind: 'interrupted', evidence: 'The agent did not answer the cancel.' });

/** Started: nobody knows how it ended. Not started: it never ran, as far as anybody knows. */
function silence(draft: Draft, number: number): Outcome {
  const { command, progress, phase } = draft.record(number);
  const who = command?.agent === undefined ? 'The engine' : `Agent ${command.agent}`;
  const within = `within ${Math.round((command?.timeout ?? 0) / 1000)} s`;
  if (command?.action.kind === 'online') {
    return { kind: 'failed', error: { kind: 'timeout', message: `${who} was not online ${within}.` } };
  }
  if (command?.action.kind === 'reboot' && progress === 'started') {
    const message = `${who} did not come back with a new boot ${within} and a grace.`;
    return { kind: 'failed', error: { kind: 'timeout', message } };
  }
  if (progress === 'started') {
    return { kind: 'interrupted', evidence: `${who} started it and gave no answer ${within} and a grace.` };
  }
  const kind = takesBack(phase) ? 'timeout' : 'unreachable';
  return { kind: 'failed', error: { kind, message: `${who} did not start it ${within} and a grace.` } };
}
