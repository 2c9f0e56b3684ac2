// `undo`: a person has one step taken back, and what stands on it.
// Belongs here: when it may be asked. Does not belong here: what is taken back and what follows (undo/asked.ts).
import type { Draft } from '../draft.ts';
import { isResting } from '../verify/check.ts';
import { beginAskedUndo, isUndoable } from '../undo/asked.ts';
import type { Handler } from './handler.ts';

export const onUndo: Handler<'undo'> = (draft, { step, by }) => {
  const refused = refusedNow(draft, step);
  const number = draft.graph.stepById.get(step);
  if (refused !== undefined || number === undefined) {
    draft.reject(...(refused ?? noStep(step)));
    return false;
  }
  beginAskedUndo(draft, number, by);
  return true;
};

type Refusal = readonly [message: string, next: string];

function refusedNow(draft: Draft, step: string): Refusal | undefined {
  const number = draft.graph.stepById.get(step);
  if (number === undefined) return noStep(step);
  const { leaving } = draft.step(number);
  if (leaving) return [`${step} is being taken back: its member leaves.`, 'Nothing has to be done.'];
  const busy = busyWith(draft);
  if (busy !== undefined) return busy;
  const record = draft.record(number);
  if (isUndoable(record)) return undefined;
  return [`${step} is ${record.status}: nothing of it is there to be undone.`, 'Nothing has to be done.'];
}

/** Nothing may be under way: what runs could begin what stands on the step. */
function busyWith(draft: Draft): Refusal | undefined {
  const { status, operation, suspended, parent } = draft.workflow;
  if (parent)
    return [
      `The workflow is a child, run by ${parent.step} of ${parent.workflow}.`,
      'Undo that step of its parent: the child is deleted with it.',
    ];
  if (suspended) return [`The workflow is suspended by ${suspended.by}.`, 'Resume or cancel it first.'];
  if (operation) return [`The operation ${operation.name} runs.`, 'Wait until it has ended.'];
  if (draft.takesBack)
    return [
      'Something that left is not undone yet.',
      'Resume the workflow, so that this is tried again first.',
    ];
  const isBusy = draft.withStatus('running') + draft.withStatus('undoing') > 0;
  if (isResting(status) && !isBusy) return undefined;
  return [
    `The workflow is ${status}${isBusy ? ', and something of it runs' : ''}.`,
    'Undo a step once the workflow is complete or failed, or held with nothing running; cancel it to stop what runs.',
  ];
}

const noStep = (step: string): Refusal => [
  `The workflow has no step ${step}.`,
  'Ask for its status to see the steps it has.',
];
