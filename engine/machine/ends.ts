// What the whole workflow's status is after an event: R7 (when it is over) and R9 (when a person holds it).
// Belongs here: the end rule and the sentence that explains it. Does not belong here: single steps.
import type { Step } from '../graph/types.ts';
import { heldSteps, timedSteps } from './counters.ts';
import type { Draft } from './draft.ts';
import { withdrawQuestions } from './halting.ts';
import {
  describeDebts,
  describeEnd,
  describeFailures,
  describeHalt,
  describeHolds,
  describeLate,
  describeLeft,
} from './reasons.ts';
import { endsOperation, stepEnded } from './operation/course.ts';
import { ATTEMPT_OVER } from './records.ts';
import { endAskedUndo } from './undo/asked.ts';
import { beginUndoOnFailure, endUndoOnFailure } from './undo/on-failure.ts';
import type { StepRecord } from './types.ts';
import { noteRest } from './suspension.ts';
import { debts } from './undo/order.ts';
import { concludeCheck } from './verify/check.ts';

/** Row 15: the goal holds, so nothing new starts. What runs may finish; the rest of these was not needed. */
export function standDown(draft: Draft, steps: readonly Step[] = draft.graph.steps): void {
  for (const step of steps) {
    const record = draft.record(step.number);
    if (!step.wanted || record.withdrawn !== undefined) continue;
    const { status, phase, asks } = record;
    if (status !== 'waiting' && status !== 'ready' && !asks) continue;
    draft.write(step.number, { ...ATTEMPT_OVER, ...(phase ? FAILED : standing(record)) });
  }
}

const NOT_NEEDED = { status: 'not_needed', cause: 'goal_holds' } as const;
/** Of a step whose rescue still waits for its VM. */
const FAILED = { status: 'failed' } as const;

/** Of a step that was to be renewed, or to be judged or run again: what it was before. */
function standing({ renews, again, outputs }: StepRecord) {
  if (again && !again.begun) return { ...asBefore(outputs), since: again.since, again: undefined };
  return renews !== undefined ? { ...asBefore(outputs), error: undefined } : NOT_NEEDED;
}

/** With the error that was tolerated. */
const asBefore = (outputs: StepRecord['outputs']) =>
  ({ status: 'reached', cause: outputs ? undefined : 'tolerated' }) as const;

/** Sets the workflow's status by what its steps do. */
export function conclude(draft: Draft): void {
  if (draft.isSuspended) {
    concludeSuspended(draft);
    return noteRest(draft);
  }
  switch (draft.workflow.status) {
    case 'running':
    case 'held':
      return concludeForward(draft);
    case 'checking':
      return concludeCheck(draft);
    case 'cancelling':
      return concludeCancel(draft);
    case 'undoing':
      return concludeUndo(draft);
    case 'deleting':
      return concludeDelete(draft);
    case 'complete':
    case 'failed':
    case 'deleted':
    case 'delete_failed':
      return;
    default:
      draft.workflow.status satisfies never;
  }
}

const isBusy = (draft: Draft): boolean => draft.withStatus('running') + draft.withStatus('undoing') > 0;

/**
 * COMPLETE when the goal holds and no attempt runs; FAILED when it doesn't and nothing runs, is timed or held.
 * A step that is ready only waits for its VM, so something runs there. A child that is held holds its parent (row 40).
 */
function concludeForward(draft: Draft): void {
  const held = draft.isHalted ? 0 : heldSteps(draft.cells, draft.graph);
  const runs = draft.withStatus('running') - held + draft.withStatus('undoing') > 0;
  if (draft.goalHolds) {
    if (runs) draft.setWorkflow('running', '');
    else if (held > 0) draft.setWorkflow('held', describeHolds(draft));
    else if (draft.takesBack) end(draft, 'failed', describeLeft(draft));
    else end(draft, 'complete', describeEnd(draft));
  } else if (runs || timedSteps(draft.cells, draft.graph) > 0) {
    draft.setWorkflow('running', describeHalt(draft));
  } else if (held === 0 && (draft.isHalted || draft.workflow.late)) {
    withdrawQuestions(draft);
    fail(draft);
  } else if (held + draft.withStatus('paused') > 0) {
    draft.setWorkflow('held', describeHolds(draft));
  } else {
    fail(draft);
  }
}

/** Nothing was looked at that could move: only what has ended can be said. */
function concludeSuspended(draft: Draft): void {
  const { status } = draft.workflow;
  if (status === 'cancelling') return concludeCancel(draft);
  if (status !== 'running' && status !== 'held') return;
  const held = heldSteps(draft.cells, draft.graph);
  const isBusy = draft.withStatus('running') - held + draft.withStatus('undoing') > 0;
  const moves = isBusy || timedSteps(draft.cells, draft.graph) > 0 || draft.isHalted;
  if (!moves && held + draft.withStatus('paused') > 0) draft.setWorkflow('held', describeHolds(draft));
  else draft.setWorkflow('running', describeHalt(draft));
}

/** While an operation runs, its step is over: the workflow is not. */
function end(draft: Draft, status: 'complete' | 'failed', reason: string): void {
  const { operation, late } = draft.workflow;
  if (!operation) return draft.setWorkflow(status, reason);
  const isStopped = late === true || operation.stopped === true;
  draft.setWorkflow(isStopped ? status : 'running', isStopped ? reason : '');
  stepEnded(draft, status === 'failed' ? reason : undefined);
}

/** What the definition says is taken back first; never because an operation failed. */
function fail(draft: Draft): void {
  const reason = draft.workflow.late ? describeLate(draft) : describeFailures(draft, '');
  if (draft.workflow.operation) return end(draft, 'failed', reason);
  if (endsOperation(draft) || !beginUndoOnFailure(draft, reason)) draft.setWorkflow('failed', reason);
}

function concludeUndo(draft: Draft): void {
  if (draft.withStatus('undoing') > 0) return;
  if (draft.workflow.undo) endAskedUndo(draft);
  else endUndoOnFailure(draft);
}

/** Called-back attempts are awaited; the reason already says who cancelled. A deadline is a failure like others. */
function concludeCancel(draft: Draft): void {
  if (isBusy(draft)) return;
  if (draft.workflow.operation) stepEnded(draft);
  if (draft.goalHolds && draft.takesBack) draft.setWorkflow('failed', describeLeft(draft));
  else if (draft.goalHolds) draft.setWorkflow('complete', describeEnd(draft));
  else if (draft.workflow.late && !draft.workflow.operation) fail(draft);
  else draft.setWorkflow('failed', draft.workflow.reason);
}

function concludeDelete(draft: Draft): void {
  if (isBusy(draft)) return;
  const { abandoned, reason } = draft.workflow;
  if (abandoned) draft.setWorkflow('deleted', reason);
  else if (!draft.undo || debts(draft.undo, draft.graph) === 0) draft.setWorkflow('deleted', '');
  else draft.setWorkflow('delete_failed', describeDebts(draft));
}
