// Random operations over states and roles that a random definition has.
// Belongs here: their dice and their making. Does not belong here: when they are started (machine/properties.test.ts).
import fc from 'fast-check';
import type { Operation, OperationStep } from '../../engine/definition/operations/types.ts';
import type { Entity, StateReference } from '../../engine/definition/types.ts';
import { literal } from './definitions.ts';

interface StepDice {
  readonly kind: 'rerun' | 'choose_again' | 'move';
  readonly picks: readonly number[];
  /** Of a `rerun`: for whom it is; undefined: for all. */
  readonly of: boolean | undefined;
}

export interface OperationDice {
  readonly steps: readonly StepDice[];
  readonly requires: boolean;
  readonly goal: number | undefined;
  readonly onFailure: Operation['onFailure'];
}

export const operationDice: fc.Arbitrary<readonly OperationDice[]> = fc.array(
  fc.record({
    steps: fc.array(
      fc.record({
        kind: fc.constantFrom('rerun' as const, 'rerun' as const, 'choose_again' as const, 'move' as const),
        picks: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
        of: fc.constantFrom(undefined, undefined, true, false),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    requires: fc.boolean(),
    goal: fc.option(fc.nat(), { nil: undefined }),
    onFailure: fc.constantFrom('fail' as const, 'continue' as const),
  }),
  { maxLength: 2 },
);

/** Named `op0`, `op1` …; a step for which the definition has nothing to name is left out. */
export function operationsOf(
  entities: readonly Entity[],
  dice: readonly OperationDice[],
): ReadonlyMap<string, Operation> {
  const states = entities.flatMap(({ name, states: own }) =>
    [...own.keys()].map(state => ({ entity: name, state })),
  );
  const roles = entities.flatMap(({ name, roles: own }) =>
    [...own.values()].map(role => ({ entity: name, role: role.name, count: role.count })),
  );
  const state = (pick: number): StateReference => states[pick % states.length] as StateReference;
  const made = dice.map((one, index): [string, Operation] => {
    const steps = one.steps.flatMap((step): OperationStep[] => {
      if (step.kind === 'rerun') {
        const found = [...new Map(step.picks.map(pick => [pick % states.length, state(pick)])).values()];
        const [first] = found;
        const group = entities.find(({ name }) => name === first?.entity);
        const ofMembers = found.filter(
          place => place.entity === first?.entity && !group?.states.get(place.state)?.once,
        );
        if (step.of === undefined || group?.type !== 'vm_group' || ofMembers.length === 0)
          return [{ kind: 'rerun', states: found }];
        return [{ kind: 'rerun', states: ofMembers, of: literal(step.of) }];
      }
      if (roles.length === 0) return [];
      const { count, ...role } = roles[(step.picks[0] ?? 0) % roles.length] as (typeof roles)[number];
      if (step.kind === 'choose_again' || count !== undefined)
        return [{ kind: 'choose_again', roles: [role] }];
      return [{ kind: 'move', role, to: literal(`${role.entity}-${(step.picks[0] ?? 0) % 4}`) }];
    });
    const name = `op${index}`;
    return [
      name,
      {
        name,
        description: '',
        inputs: new Map(),
        requires: one.requires ? [state(0)] : [],
        steps,
        goal: one.goal === undefined ? [] : [state(one.goal)],
        onFailure: one.onFailure,
      },
    ];
  });
  return new Map(made);
}
