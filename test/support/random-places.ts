// Where the phases of random states run (`run_on`).
// Belongs here: the dice and the expressions made of them. Does not belong here: the rest of a state (random-definitions.ts).
import fc from 'fast-check';
import { EngineError } from '../../engine/base/errors.ts';
import type { DataView } from '../../engine/definition/expressions/types.ts';
import { expression } from './definitions.ts';

export type PlaceDice = keyof typeof PLACES | 'own';

/** Of the state, of its probe and of its undo. */
export const placeDice: fc.Arbitrary<readonly PlaceDice[]> = fc.array(
  fc.constantFrom<PlaceDice>('own', 'own', 'own', 'own', 'own', 'first', 'last', 'nobody', 'boss'),
  { minLength: 3, maxLength: 3 },
);

const nobody = (): EngineError =>
  new EngineError('expression_failed', 'There is no such member.', 'Name one.', {
    details: { absent: true },
  });

/** Members that may be named in `run_on`: of the first entity, or of one's own group. */
const PLACES = {
  first: (data: DataView) => data.members('e0')[0]?.agent,
  last: (data: DataView, own: string) => data.members(own).at(-1)?.agent,
  nobody: () => undefined,
  boss: (data: DataView, own: string) => data.holders(own, 'boss')?.at(-1)?.agent,
} as const;

/** The same, but for those at which nobody may be. */
export function surePlaces(
  places: readonly PlaceDice[],
  group: { readonly type: string; readonly members: number },
): readonly PlaceDice[] {
  const isThere = (place: PlaceDice): boolean =>
    place === 'boss' || (place === 'last' && group.type === 'vm_group' && group.members > 0);
  return places.map(place => (isThere(place) ? place : 'own'));
}

/** `hasBoss`: the state may name the role `boss` of its own group. */
export function placesOf(hasBoss: boolean, name: string, places: readonly PlaceDice[]) {
  const made = places.map(place => {
    if (place === 'own' || (place === 'boss' && !hasBoss)) return undefined;
    const choose = PLACES[place];
    return expression(
      data => {
        const agent = choose(data, name);
        if (agent === undefined) throw nobody();
        return agent;
      },
      place === 'boss' ? [{ kind: 'role', entity: name, role: 'boss' }] : [],
    );
  });
  const [runOn, probeRunOn, undoRunOn] = made;
  return { runOn, probeRunOn, undoRunOn };
}
