// What a state requires, put in order: the same said twice is one, alternatives together, a key for those that are shared.
// Belongs here: pure questions to requirements. Does not belong here: gates (compile.ts), reading them (definition/).
import type { Requirement } from '../definition/types.ts';
import { quorumText, stateKey } from './references.ts';
import type { Ran } from './types.ts';

export const wholly = ({ entity, state }: Ran): Requirement => ({
  entity,
  state,
  members: { kind: 'all' },
  inferred: false,
});

export const keyOf = ({ entity, state, members, outcome, choice }: Requirement): string =>
  `${stateKey(entity, state)} ${quorumText(members)} ${outcome} ${choice !== undefined}`;

/** The alternatives of each `any_of`. */
export function choicesOf(requirements: readonly Requirement[]): readonly (readonly Requirement[])[] {
  const found = new Map<number, Requirement[]>();
  for (const one of requirements) {
    if (one.choice === undefined) continue;
    found.set(one.choice, [...(found.get(one.choice) ?? []), one]);
  }
  return [...found.values()];
}

/** The same requirement twice is one, the strictest: a written one goes before an inferred one, the shortest time before all. */
export function withoutRepeats(requirements: readonly Requirement[]): readonly Requirement[] {
  const kept = new Map<string, Requirement>();
  for (const requirement of requirements) {
    const key = keyOf(requirement);
    const before = kept.get(key);
    if (!before || isStricter(requirement, before)) kept.set(key, requirement);
  }
  return [...kept.values()];
}

function isStricter(one: Requirement, other: Requirement): boolean {
  const [time, otherTime] = [one.within ?? Infinity, other.within ?? Infinity];
  return time === otherTime ? other.inferred && !one.inferred : time < otherTime;
}
