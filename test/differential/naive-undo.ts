// `on_workflow_failure: undo` as the rules say it: in the end nothing is left of what was started.
// Belongs here: that end. Does not belong here: the order of undos, which the invariants hold (M13).
import type { Board } from './naive-rules.ts';

/** R10: whether there is something to take back. */
export const owes = ({ definition, steps }: Board): boolean =>
  definition.onWorkflowFailure === 'undo' && steps.some(step => step.touched && step.status !== 'undone');

/** All undos being good, what was started is gone, and what stood on it; roles go with the states of their holders. */
export function takeBack(board: Board): void {
  for (const step of board.steps) {
    if (step.touched || step.status === 'reached' || step.renews)
      Object.assign(step, { status: 'undone', vouched: false });
    else if (step.status === 'paused') step.status = 'waiting';
    step.timed = false;
  }
  for (const [name, holder] of board.roles) if (holder && !isHeld(board, name)) board.roles.delete(name);
}

/** The holders of a role have still reached what they were chosen among. */
function isHeld({ definition, steps, roles }: Board, name: string): boolean {
  const [entity = '', role = ''] = name.split('.');
  const among = definition.entities.get(entity)?.roles.get(role)?.among;
  const holders = [roles.get(name) ?? []].flat();
  return steps
    .filter(step => step.entity === entity && step.state.name === among)
    .every(step => !holders.includes(step.member?.agent ?? '') || step.status !== 'undone');
}
