// `valid_for` and rollings: a member's turn may come long after everything that it requires was there.
// Belongs here: what does not go together. Does not belong here: the key itself (states.ts), rollings (rolling.ts).
import type { StateDraft } from '../draft.ts';
import type { Report } from '../report.ts';
import type { Entities, PlacedRequirement } from '../resolve.ts';

/** Of a state of a rolling: neither does it run again out of its turn, nor does it wait in its turn for what does. */
export function checkAgeingInRolling(
  report: Report,
  entities: Entities,
  state: StateDraft,
  requires: readonly PlacedRequirement[],
): void {
  const who = `${state.entity}.${state.name}`;
  if (state.validFor !== undefined) {
    report.add('wrong_value', state.at, `${who} is in a rolling, so it cannot run again out of its turn.`, {
      hint: "Remove 'valid_for', or take the state out of the rolling.",
      key: true,
    });
  }
  for (const { entity, state: name, outcome, at } of requires) {
    if (outcome || entities.get(entity)?.states.get(name)?.validFor === undefined) continue;
    const message = `${who} is in a rolling and requires ${entity}.${name}, which may be too old again when its turn comes ('valid_for').`;
    report.add('wrong_value', at, message, {
      hint: 'Let the action itself get what runs out, or take one of the two out.',
    });
  }
}
