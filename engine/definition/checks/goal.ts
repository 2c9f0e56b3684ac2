// The goal: whether it can be reached, and what it doesn't need.
// Belongs here: what follows from the goal alone. Does not belong here: names in it (resolve.ts).
import type { Entities } from '../resolve.ts';
import type { Report } from '../report.ts';
import type { StateReference } from '../types.ts';
import { keyOf, neededFor, type Needs } from './needs.ts';

export type PlacedGoal = readonly (StateReference & { readonly at: string })[];

/** Notes goals that need something impossible; of a goal that is impossible itself everything is said. */
export function checkGoal(
  report: Report,
  needs: Needs,
  goal: PlacedGoal,
  impossible: ReadonlySet<string>,
): void {
  for (const place of impossible.size === 0 ? [] : goal) {
    const stopped = [...neededFor(needs, [keyOf(place)])].find(key => impossible.has(key));
    if (stopped === undefined || stopped === keyOf(place)) continue;
    const message = `The goal ${keyOf(place)} is out of reach: it needs ${stopped}, which can never be reached.`;
    report.add('unreachable', place.at, message, { hint: 'Mend that state first.' });
  }
}

/** Warns of states that nothing needs. Only of a definition without errors: else what is needed is not known. */
export function warnOfUnneeded(
  report: Report,
  entities: Entities,
  needs: Needs,
  goal: readonly StateReference[],
): void {
  if (report.hasErrors) return;
  const wanted = neededFor(needs, goal.map(keyOf));
  for (const entity of entities.values()) {
    for (const state of entity.states.values()) {
      if (wanted.has(`${entity.name}.${state.name}`)) continue;
      const message = `${entity.name}.${state.name} is not needed by the goal, so it is never run.`;
      report.add('unreachable', state.at, message, {
        hint: 'Require it somewhere, add it to the goal, or let an operation run it.',
        key: true,
        severity: 'warning',
      });
    }
  }
}
