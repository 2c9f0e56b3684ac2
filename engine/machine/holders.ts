// Who holds a role, one or several: the two forms of one thing.
// Belongs here: reading and telling apart. Does not belong here: choosing (roles.ts), what follows (readiness.ts).
import type { Holder, WorkflowRecord } from './types.ts';

/** The agents that hold it; undefined: not chosen yet; null: vacant. */
export function holdersIn(
  roles: WorkflowRecord['roles'],
  entity: string,
  role: string,
): readonly string[] | null | undefined {
  const holder = roles[`${entity}.${role}`];
  return typeof holder === 'string' ? [holder] : holder;
}

/** True where the same members hold it: a record that was read again holds another list of the same. */
export const sameHolder = (one: Holder | null | undefined, other: Holder | null | undefined): boolean =>
  Array.isArray(one) && Array.isArray(other) ? one.join() === other.join() : one === other;

/** Its holders one after the other, each under the name that people know. */
export const holderText = (holder: Holder, name: (agent: string) => string): string =>
  typeof holder === 'string' ? name(holder) : holder.map(name).join(', ');
