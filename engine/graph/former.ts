// States that are gone from the definition, or were replaced, as the last definition that had them says.
// Belongs here: finding them, by the names that states have now. Does not belong here: their steps (compile.ts).
import type { Entity, State } from '../definition/types.ts';
import { stateKey } from './references.ts';
import type { Earlier } from './types.ts';

export function formerStates(earlier: Earlier | undefined): readonly { entity: Entity; state: State }[] {
  return (earlier?.states ?? []).flatMap(({ entity: name, state: stateName, generation, now: called }) => {
    const entity = earlier?.definitions.get(generation)?.entities.get(name);
    const state = entity?.states.get(stateName);
    if (!entity || !state) return [];
    const now = earlier?.names?.now[generation];
    const named = now ? asNamedNow(state, now) : state;
    return [{ entity, state: called === undefined ? named : { ...named, name: called } }];
  });
}

/** What it required may have another name since. */
const asNamedNow = (state: State, now: { readonly [state: string]: string }): State => ({
  ...state,
  requires: state.requires.map(one => ({
    ...one,
    state: now[stateKey(one.entity, one.state)] ?? one.state,
  })),
});
