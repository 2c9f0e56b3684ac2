// Who takes part after a change of members: the next membership, index by index (rows 30 and 31).
// Belongs here: joining, leaving, coming back. Does not belong here: what becomes of their steps (machine/update/), whether
// the definition allows so many (analyse.ts).
//
// A member that leaves keeps its seat until all that was done on it is taken back. The next change then gives the seat up,
// so an index is free again only when nothing stands in its place any more.
import type { JsonValue } from '../base/json.ts';
import { didYouMean } from '../definition/nearest.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import type { Member, Membership } from './types.ts';

export interface JoiningMember {
  readonly agent: string;
  readonly name: string;
  readonly data: JsonValue;
}

/** What is asked for. Groups that are not named stay as they are. */
export interface MemberChange {
  /** Entity → all its members from now on: who is not named leaves, who is new joins. */
  readonly members?: { readonly [entity: string]: readonly JoiningMember[] };
  /** Entity → members that join; those that are members already get their name and data. */
  readonly join?: { readonly [entity: string]: readonly JoiningMember[] };
  /** Entity → agents that leave; those that are no members are passed over. */
  readonly leave?: { readonly [entity: string]: readonly string[] };
  /** Nothing is undone of those that leave, or are leaving: their VM is gone, or is to stay as it is. */
  readonly abandon?: true;
}

/** Those that count. */
export const staying = (members: readonly Member[]): readonly Member[] =>
  members.filter(({ leaving }) => !leaving);

/** The same of all groups. */
export const stayingIn = (membership: Membership): Membership =>
  new Map([...membership].map(([entity, members]) => [entity, staying(members)] as const));

/** The first entity named that has no members, with what to write instead; undefined: all have. */
export function unknownGroup(
  definition: WorkflowDefinition,
  { members = {}, join = {}, leave = {} }: MemberChange,
): { readonly message: string; readonly next: string } | undefined {
  const named = [members, join, leave].flatMap(groups => Object.keys(groups));
  const groups = [...definition.entities.values()].filter(({ type }) => type !== 'service');
  const names = groups.map(({ name }) => name);
  const unknown = named.find(name => !names.includes(name));
  if (unknown === undefined) return undefined;
  const next = didYouMean(unknown, names) ?? `Entities with members are: ${names.join(', ') || 'none'}.`;
  return { message: `The workflow has no members of '${unknown.slice(0, 80)}'.`, next };
}

/**
 * The membership of `generation`, after the change, in index order; `isGone`: nothing of a leaving member is left to be
 * undone.
 */
export function changedMembers(
  membership: Membership,
  change: MemberChange,
  isGone: (entity: string, member: Member) => boolean,
  generation: number,
): Membership {
  const entities = new Set([
    ...membership.keys(),
    ...Object.keys(change.members ?? {}),
    ...Object.keys(change.join ?? {}),
  ]);
  const next = [...entities].map(entity => {
    const members = membership.get(entity) ?? [];
    const seated = members.filter(member => !member.leaving || !isGone(entity, member));
    return [entity, changedGroup(seated, entity, change, generation)] as const;
  });
  return new Map(next);
}

function changedGroup(
  seated: readonly Member[],
  entity: string,
  { members, join, leave }: MemberChange,
  generation: number,
): readonly Member[] {
  const all = members?.[entity];
  const named = new Set(all?.map(({ agent }) => agent));
  const leaving = new Set(leave?.[entity]);
  const kept = seated.map(member =>
    leaving.has(member.agent) || (all && !named.has(member.agent)) ? leaves(member) : member,
  );
  return [...(all ?? []), ...(join?.[entity] ?? [])]
    .reduce<readonly Member[]>((seats, one) => seat(seats, one, generation), kept)
    .toSorted((one, other) => one.index - other.index);
}

const leaves = (member: Member): Member => ({ ...member, leaving: true });

/** Who comes back before all of it is undone has its old seat. */
function seat(
  members: readonly Member[],
  { agent, name, data }: JoiningMember,
  generation: number,
): readonly Member[] {
  const known = members.find(member => member.agent === agent);
  if (known) {
    const { index, since } = known;
    const back = { agent, name, index, data, ...(since !== undefined && { since }) };
    return members.map(one => (one === known ? back : one));
  }
  const taken = new Set(members.map(({ index }) => index));
  let index = 0;
  while (taken.has(index)) index += 1;
  return [...members, { agent, name, index, data, since: generation }];
}
