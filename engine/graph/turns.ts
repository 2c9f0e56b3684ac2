// Whose turn it may be: the members of each rolling, each with the steps that make its turn (R4).
// Belongs here: expansion of rollings over members. Does not belong here: whose turn it is (machine/rolling/entering.ts).
//
// Cost rule P7: every wanted step of a rolling is met once.
import type { Rolling } from '../definition/types.ts';
import { stateKey } from './references.ts';
import type { Membership, RollingNode, StateGraph, Turn } from './types.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What turns are made from; each wanted step of a rolling is told its turn. */
interface Source {
  readonly definition: StateGraph['definition'];
  readonly membership: Membership;
  readonly stepByState: StateGraph['stepByState'];
  readonly steps: readonly Mutable<StateGraph['steps'][number]>[];
}

/** Members that the goal needs in no state of a rolling have no turn in it. */
export function makeTurns(
  source: Source,
  count: { operations: number },
): Pick<StateGraph, 'rollings' | 'turns'> {
  const rollings: RollingNode[] = [];
  const turns: Turn[] = [];
  for (const entity of source.definition.entities.values()) {
    const found = new Set([...entity.states.values()].map(({ rolling }) => rolling));
    for (const rolling of found) {
      if (rolling === undefined) continue;
      const first = turns.length;
      addTurns(source, entity.name, rolling, rollings.length, turns, count);
      const members = turns.length - first;
      if (members > 0)
        rollings.push({ number: rollings.length, entity: entity.name, rolling, first, members });
    }
  }
  return { rollings, turns };
}

function addTurns(
  { membership, stepByState, steps }: Source,
  entity: string,
  rolling: Rolling,
  number: number,
  turns: Turn[],
  count: { operations: number },
): void {
  const first = turns.length;
  const lists = rolling.states.map(state => stepByState.get(stateKey(entity, state)) ?? []);
  for (const [place, { index }] of (membership.get(entity) ?? []).entries()) {
    const own = lists.map(list => list[place]).filter(step => step !== undefined && steps[step]?.wanted);
    count.operations += lists.length;
    if (own.length === 0) continue;
    const turn = turns.length;
    turns.push({
      number: turn,
      rolling: number,
      place: turn - first,
      member: index,
      steps: own as readonly number[],
    });
    for (const step of own) (steps[step as number] as { turn?: number }).turn = turn;
  }
}
