// To how many members a state can apply, whatever size the group has; and what can therefore never be.
// Belongs here: what holds for every size in `members: {min, max}`. Does not belong here: given members (graph/).
import type { EntityDraft, StateDraft } from '../draft.ts';
import type { Report } from '../report.ts';
import type { Entities, PlacedRequirement } from '../resolve.ts';
import { holdersOfRole } from '../types.ts';

/** The most members, over all sizes allowed, to which the state applies; what has one step counts as one. */
export function mostMembers(entity: EntityDraft, state: StateDraft): number {
  if (entity.type !== 'vm_group' || state.once !== undefined) return 1;
  const except = new Set(state.except.map(({ name }) => name));
  const only = new Set(state.only.map(({ name }) => name));
  const holders = (role: string): number => holdersOfRole(entity.roles.get(role));
  // The same members may hold several of the roles.
  const others = entity.members.max - Math.max(0, ...[...except].map(holders));
  if (only.size === 0) return others;
  const allowed = [...only].filter(role => !except.has(role)).map(holders);
  return Math.min(
    others,
    allowed.reduce((sum, count) => sum + count, 0),
  );
}

const manyMembers = (count: number): string => (count === 1 ? 'one member' : `${count} members`);

export function checkAppliesToSomebody(report: Report, entity: EntityDraft, state: StateDraft): void {
  if (mostMembers(entity, state) > 0) return;
  const roles = state.except.map(({ name }) => name).join(', ');
  const why =
    state.only.length > 0 && entity.members.max > 1
      ? `only and except name the same role`
      : `${entity.name} has at most ${manyMembers(entity.members.max)}, who hold${entity.members.max === 1 ? 's' : ''} ${roles}`;
  report.add('applies_to_nobody', state.at, `${entity.name}.${state.name} applies to nobody: ${why}.`, {
    hint: 'Change only or except, or remove the state.',
    key: true,
  });
}

/** Notes requirements that no size can meet; returns true when there is one. */
export function checkRequirement(
  report: Report,
  entities: Entities,
  state: StateDraft,
  requirement: PlacedRequirement,
): boolean {
  const entity = entities.get(requirement.entity);
  const target = entity?.states.get(requirement.state);
  if (entity === undefined || target === undefined) return false;
  const most = mostMembers(entity, target);
  const { members, at } = requirement;
  const who = `${state.entity}.${state.name}`;
  const whom = `${requirement.entity}.${requirement.state}`;
  if (members.kind === 'same') return isElsewhere(report, state, target, requirement);
  const needed = members.kind === 'count' ? members.count : members.kind === 'all' ? 0 : 1;
  if (needed <= most) return false;
  const message = `${who} requires ${needed} members in ${whom}, which applies to ${most} at most.`;
  report.add('impossible_quorum', at, message, {
    hint: `Ask for ${Math.max(1, most)} at most, or write majority or a percentage.`,
  });
  return true;
}

/** Row 2 of the rules: "the same member's" state that none of these members has. */
function isElsewhere(
  report: Report,
  state: StateDraft,
  target: StateDraft,
  { at }: PlacedRequirement,
): boolean {
  const within = (roles: StateDraft['only'], others: StateDraft['except']): boolean =>
    roles.length > 0 && roles.every(({ name }) => others.some(other => other.name === name));
  if (!within(state.only, target.except) && !within(target.only, state.except)) return false;
  const message = `${state.entity}.${state.name} requires ${target.name} of the same member, but ${target.name} applies to other members.`;
  report.add('applies_to_nobody', at, message, {
    hint: `Write ${target.entity}.${target.name} to wait for those members.`,
  });
  return true;
}
