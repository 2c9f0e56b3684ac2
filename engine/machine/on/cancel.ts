// `cancel`: an operator stops the workflow. What runs is called back and awaited; it can be resumed.
// Belongs here: when it may be. Does not belong here: calling back (operator.ts), the end (ends.ts).
import { stopOperation } from '../operation/stop.ts';
import { stopEverything } from '../stop.ts';
import { release } from '../suspension.ts';
import type { Handler } from './handler.ts';

export const onCancel: Handler<'cancel'> = (draft, { by }) => {
  // A check is given up by whatever comes; then there is nothing else to cancel.
  if (draft.state.workflow.status === 'checking') return true;
  const { status, undo } = draft.workflow;
  if (status === 'cancelling') return false;
  if (status !== 'running' && status !== 'held') {
    const next =
      status === 'undoing'
        ? `${undo ? 'What a person asked for is being undone' : 'It has failed already'}: wait until what it did is taken back, or delete it.`
        : 'Only what runs or is held can be cancelled.';
    draft.reject(`The workflow is ${status}.`, next);
    return false;
  }
  const why = `cancelled by ${by}`;
  stopEverything(draft, why);
  stopOperation(draft, why);
  const isBusy = draft.withStatus('running') + draft.withStatus('undoing') > 0;
  draft.setWorkflow(isBusy ? 'cancelling' : 'failed', why);
  return release(draft);
};
