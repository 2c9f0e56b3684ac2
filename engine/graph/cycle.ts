// Cycles between states: by requirement, by role, or by both.
// Belongs here: the search, on states, not on steps. Does not belong here: the sentence about it (analyse.ts).
import type { State, WorkflowDefinition } from '../definition/types.ts';
import { rolesReadBy, stateKey } from './references.ts';

/** The states of the first cycle found, the first one repeated at the end; undefined: there is none. */
export function findCycle(definition: WorkflowDefinition): readonly string[] | undefined {
  const edges = requirementEdges(definition);
  const done = new Set<string>();
  for (const start of edges.keys()) {
    const cycle = cycleFrom(start, edges, done);
    if (cycle) return cycle;
  }
  return undefined;
}

/** State → the states that must come before it. A role comes after the state it is chosen `among`. */
function requirementEdges(definition: WorkflowDefinition): ReadonlyMap<string, readonly string[]> {
  const edges = new Map<string, readonly string[]>();
  for (const entity of definition.entities.values()) {
    for (const state of entity.states.values())
      edges.set(stateKey(entity.name, state.name), before(definition, state));
  }
  return edges;
}

function before(definition: WorkflowDefinition, state: State): readonly string[] {
  const found = state.requires.map(target => stateKey(target.entity, target.state));
  for (const { entity, role } of rolesReadBy(state)) {
    const among = definition.entities.get(entity)?.roles.get(role)?.among;
    if (among !== undefined) found.push(stateKey(entity, among));
  }
  return found;
}

/** Depth first with a stack of its own: definitions may be as deep as their limits allow. */
function cycleFrom(
  start: string,
  edges: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
): readonly string[] | undefined {
  const path: { readonly state: string; next: number }[] = [{ state: start, next: 0 }];
  const onPath = new Set([start]);
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const target = done.has(top.state) ? undefined : edges.get(top.state)?.[top.next++];
    if (target === undefined) {
      done.add(top.state);
      onPath.delete(top.state);
      path.pop();
    } else if (onPath.has(target)) {
      const states = path.map(({ state }) => state);
      return [...states.slice(states.indexOf(target)), target];
    } else if (!done.has(target)) {
      path.push({ state: target, next: 0 });
      onPath.add(target);
    }
  }
  return undefined;
}
