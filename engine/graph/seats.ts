// A compiled graph for other machines: everything that names no machine is shared with the graph it is made from.
// Belongs here: exchanging members. Does not belong here: compiling (compile.ts), which graphs are kept (runtime/).
//
// Numbers, gates, roles and step ids follow from the definition, the members' indices and who of them leaves alone. Many workflows of one
// definition therefore differ in their steps' members only, and hold no graph of their own.
import type { Member, Membership, StateGraph } from './types.ts';

/** Equal for memberships over which one definition compiles to the same steps and gates. */
export function seatsOf(groups: { readonly [entity: string]: readonly Member[] }): string {
  let seats = '';
  for (const entity of Object.keys(groups)) {
    seats += `${JSON.stringify(entity)}:`;
    for (const { index, leaving } of groups[entity] ?? []) seats += leaving ? `-${index},` : `${index},`;
  }
  return seats;
}

/** What compiling the graph's definition over `membership` gives; its seats must be those of the graph's own. */
export function reseat(graph: StateGraph, membership: Membership): StateGraph {
  const seats = new Map<string, ReadonlyMap<number, Member>>();
  for (const [entity, members] of membership)
    seats.set(entity, new Map(members.map(member => [member.index, member])));
  const steps = graph.steps.map(step => {
    const member = step.member && seats.get(step.entity.name)?.get(step.member.index);
    return member === undefined ? step : { ...step, member };
  });
  return { ...graph, membership, steps };
}
