// Random rollings over the states of a random group: only such as could end.
// Belongs here: which states may be in one rolling. Does not belong here: the states (random-definitions.ts).
import fc from 'fast-check';
import type { Template } from '../../engine/definition/expressions/types.ts';
import type { Entity, Role, Rolling, Serial, State } from '../../engine/definition/types.ts';
import { expression } from './definitions.ts';

interface OneDice {
  /** Which states, by their number. */
  readonly picks: readonly boolean[];
  readonly serial: Serial;
  readonly maxFailures: number;
  /** Places of the members; empty: by index. */
  readonly order: readonly number[];
}

export type RollingDice = readonly OneDice[];

const serials: readonly Serial[] = [
  { kind: 'window', size: { count: 1 } },
  { kind: 'window', size: { count: 1 } },
  { kind: 'window', size: { count: 2 } },
  { kind: 'window', size: { percent: 50 } },
  { kind: 'batches', sizes: [{ count: 1 }, { percent: 60 }] },
  { kind: 'batches', sizes: [{ count: 2 }] },
];

const oneDice: fc.Arbitrary<OneDice> = fc.record({
  picks: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  serial: fc.constantFrom(...serials),
  maxFailures: fc.constantFrom(0, 0, 0, 1, 2),
  order: fc.oneof(fc.constant([]), fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 })),
});

export const rollingDice: fc.Arbitrary<RollingDice> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.array(oneDice, { minLength: 1, maxLength: 2 }) },
);

/** The states, those that were picked in their rollings. What would deadlock is left out. */
export function withRollings(
  states: readonly State[],
  roles: readonly Role[],
  dice: RollingDice,
): readonly State[] {
  const needs = new Map(states.map(state => [state.name, reachOf(state, states, roles)]));
  const taken: string[][] = [];
  for (const { picks } of dice) {
    const mine: string[] = [];
    for (const { name, once } of states.filter((_, at) => picks[at])) {
      if (!once && !taken.flat().includes(name) && isFree(name, mine, needs)) mine.push(name);
    }
    if (!taken.some(other => isEntangled(mine, other, needs))) taken.push(mine);
  }
  const made = taken.map((names, at) => rollingOf(`r${at}`, names, dice[at] as OneDice));
  return states.map(state => {
    const rolling = made.find(one => one.states.includes(state.name));
    return rolling ? { ...state, rolling } : state;
  });
}

function rollingOf(name: string, states: readonly string[], dice: OneDice): Rolling {
  const { serial, maxFailures, order } = dice;
  const plain = { name, states, serial, maxFailures };
  if (order.length === 0) return plain;
  return { ...plain, order: expression(({ member }) => order[member?.index ?? 0] ?? 0) };
}

interface Reach {
  /** States that it needs of any member, and those it needs of other members than its own. */
  readonly any: ReadonlySet<string>;
  readonly others: ReadonlySet<string>;
}

const isFree = (name: string, mine: readonly string[], needs: ReadonlyMap<string, Reach>): boolean =>
  mine.every(other => !needs.get(name)?.others.has(other) && !needs.get(other)?.others.has(name));

const isEntangled = (
  a: readonly string[],
  b: readonly string[],
  needs: ReadonlyMap<string, Reach>,
): boolean => {
  const reaches = (from: readonly string[], to: readonly string[]): boolean =>
    from.some(one => to.some(other => needs.get(one)?.any.has(other)));
  return reaches(a, b) && reaches(b, a);
};

const rolesOf = (template: Template | undefined): readonly string[] =>
  (template?.reads ?? []).flatMap(read => (read.kind === 'role' ? [read.role] : []));

/** Within the group: what other entities have does not need its states. */
function reachOf(start: State, states: readonly State[], roles: readonly Role[]): Reach {
  const seen = new Set<string>();
  const visit = (state: State, isSame: boolean): void => {
    const named = [
      ...state.only,
      ...state.except,
      ...(state.once && 'role' in state.once ? [state.once.role] : []),
      ...[state.runOn, state.probeRunOn, state.undo?.runOn].flatMap(rolesOf),
    ];
    const among = roles
      .filter(({ name }) => named.includes(name))
      .map(role => ({ state: role.among, same: false }));
    const required = state.requires
      .filter(({ entity }) => entity === state.entity)
      .map(one => ({ state: one.state, same: one.members.kind === 'same' }));
    for (const { state: name, same } of [...required, ...among]) {
      const target = states.find(one => one.name === name);
      if (!target) continue;
      const stays = isSame && same && !target.once;
      const key = `${stays ? 'same' : 'others'} ${name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      visit(target, stays);
    }
  };
  visit(start, true);
  const found = [...seen].map(key => key.split(' ') as [string, string]);
  return {
    any: new Set(found.map(([, name]) => name)),
    others: new Set(found.filter(([of]) => of === 'others').map(([, name]) => name)),
  };
}

/** What ages and what rolls do not go together. */
export const rollOrAge = (entities: readonly Entity[]): readonly Entity[] =>
  entities.some(({ states }) => [...states.values()].some(({ rolling }) => rolling))
    ? entities.map(withoutAge)
    : entities;

function withoutAge(one: Entity): Entity {
  const states = [...one.states.values()].map(state => {
    const { validFor: _, ...rest } = state;
    return rest;
  });
  return { ...one, states: new Map(states.map(item => [item.name, item])) };
}
