// Choosing who has a role (rules 3 to 5).
// Belongs here: when a choice is made, whom it falls on, when a vacancy opens again. Does not belong here: what
// follows for steps (readiness.ts).
import type { RoleNode } from '../graph/types.ts';
import { candidatesOf, classOf } from './counters.ts';
import type { Draft } from './draft.ts';

/**
 * `lowest_index` waits until every candidate is final, `first_ready` for the first that reached `among`. A holder
 * stays; a vacancy opens again when a candidate gets another chance. Also when the goal holds: the workflow's outputs
 * may read a role that no step needs.
 */
export function considerRole(draft: Draft, number: number): void {
  const role = draft.graph.roles[number] as RoleNode;
  const holder = draft.holder(role.entity, role.name);
  if (typeof holder === 'string' || !draft.underway) return;
  const { open, reached } = candidatesOf(draft.cells, draft.graph, number);
  const decided = open === 0 || (role.choose === 'first_ready' && reached > 0);
  if (!decided) {
    if (holder === null) draft.setRole(number, undefined);
    return;
  }
  const chosen = firstReached(draft, role);
  if (chosen !== holder) draft.setRole(number, chosen);
}

/** Candidates stand in index order, so the first that reached has the lowest index; ties of time fall the same way. */
function firstReached(draft: Draft, role: RoleNode): string | null {
  const number = role.candidates.find(candidate => classOf(draft.record(candidate)) === 'counts');
  if (number === undefined) return null;
  return draft.step(number).member?.agent ?? null;
}
