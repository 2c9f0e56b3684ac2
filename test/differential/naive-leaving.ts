// Who stands on whom among what is taken back while the workflow goes on, read naively.
// Belongs here: the order of undos of members that leave and of roles that move. Does not belong here: what becomes of
// steps (naive-update.ts), a workflow that takes back everything (naive-undo.ts).
import { type Board, isOwing, type NaiveStep, rolesNamedBy } from './naive-rules.ts';

/** Everything that the step requires, also what others leave behind, and who was a candidate for its roles. */
function stoodOn(board: Board, step: NaiveStep): readonly NaiveStep[] {
  const required = step.state.requires.flatMap(({ entity, state, members }) => {
    const all = board.steps.filter(one => one.entity === entity && one.state.name === state);
    const isSame = members.kind === 'same' && step.member && all.every(one => one.member);
    return isSame ? all.filter(one => one.member?.index === step.member?.index) : all;
  });
  const roles = board.definition.entities.get(step.entity)?.roles;
  const among = rolesNamedBy(step.state).map(role => roles?.get(role)?.among);
  const candidates = board.steps.filter(
    one => one.entity === step.entity && one.member && among.includes(one.state.name),
  );
  return [...required, ...candidates];
}

/** With all that it stands on, directly or not. */
function reachOf(board: Board, step: NaiveStep): ReadonlySet<NaiveStep> {
  const found = new Set([step]);
  for (const one of found) for (const next of stoodOn(board, one)) found.add(next);
  return found;
}

const takenBack = ({ steps }: Board): readonly NaiveStep[] =>
  steps.filter(step => step.withdrawn && isOwing(step));

/** Nothing else that is taken back stands on it. */
export const mayLeave = (board: Board, step: NaiveStep): boolean =>
  !takenBack(board).some(one => one !== step && reachOf(board, one).has(step));

/** R2: what was done as its holder is not undone yet. */
export const isRoleHeld = (board: Board, entity: string, role: string): boolean =>
  takenBack(board).some(one =>
    [...reachOf(board, one)].some(step => step.entity === entity && rolesNamedBy(step.state).includes(role)),
  );

/** While something is taken back the workflow is not complete. */
export const isTakingBack = (board: Board): boolean => takenBack(board).length > 0;
