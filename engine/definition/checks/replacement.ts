// States of which the new runs beside the old (`on_change: replace`): what cannot stand on such a one.
// Belongs here: that alone. Does not belong here: which actions can be replaced (on-change.ts), what a change is (machine/).
import type { EntityDraft, StateDraft } from '../draft.ts';
import type { Report } from '../report.ts';

/** Who holds a role was chosen among those who reached a state: while that is reached anew, nobody would be. */
export function checkReplacement(report: Report, entity: EntityDraft, state: StateDraft): void {
  if (state.onChange !== 'replace') return;
  const role = [...entity.roles.values()].find(({ among }) => among === state.name);
  if (role === undefined) return;
  const message = `${entity.name}.${state.name} has 'on_change: replace', but the role ${role.name} is chosen among those who reached it.`;
  report.add('wrong_value', state.at, message, {
    hint: 'Choose the role among another state, one that this one requires.',
  });
}
