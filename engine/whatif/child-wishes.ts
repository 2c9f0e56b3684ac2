// Wishes for what a child does: `site.up/db[1].installed`, the step that runs it first.
// Belongs here: telling them from a workflow's own, and which are a child's. Does not belong here: their meaning (plan.ts).
import { didYouMean } from '../definition/nearest.ts';
import { stateKey } from '../graph/references.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import type { Misunderstood, Wishes } from './types.ts';

/** Before the first `/`; undefined: it is the workflow's own. A signal's data may hold one. */
const stepOf = (wish: string): string | undefined => /^([a-z0-9_.[\]*]+)\//.exec(wish)?.[1];

const keyOf = ({ entity, state }: Step): string => stateKey(entity.name, state.name);

/** Those that are for no child; signals are for all. */
export function ownWishes(wishes: Wishes): Wishes {
  const own = (list: readonly string[]): readonly string[] => list.filter(one => stepOf(one) === undefined);
  const ownOf = <V>(map: ReadonlyMap<string, V>): ReadonlyMap<string, V> =>
    new Map([...map].filter(([key]) => stepOf(key) === undefined));
  return {
    ...wishes,
    durations: ownOf(wishes.durations),
    outputs: ownOf(wishes.outputs),
    fail: own(wishes.fail),
    reboot: own(wishes.reboot),
    lose: own(wishes.lose),
    answers: own(wishes.answers ?? []),
  };
}

/** Those for the child of this step, and how long kinds of actions take. */
export function wishesOfChild(wishes: Wishes, step: Step): Wishes {
  const names = [step.id, keyOf(step)];
  const rest = (wish: string): string | undefined => {
    const name = stepOf(wish);
    return name !== undefined && names.includes(name) ? wish.slice(name.length + 1) : undefined;
  };
  const inner = (list: readonly string[] = []): readonly string[] => list.flatMap(one => rest(one) ?? []);
  const innerOf = <V>(map: ReadonlyMap<string, V>): (readonly [string, V])[] =>
    [...map].flatMap(([key, value]) => {
      const name = rest(key);
      return name === undefined ? [] : [[name, value] as const];
    });
  const kinds = [...wishes.durations].filter(([key]) => !key.includes('.'));
  const { signals } = wishes;
  return {
    durations: new Map([...kinds, ...innerOf(wishes.durations)]),
    outputs: new Map(innerOf(wishes.outputs)),
    fail: inner(wishes.fail),
    reboot: inner(wishes.reboot),
    lose: inner(wishes.lose),
    answers: inner(wishes.answers),
    ...(signals && { signals }),
  };
}

/** Wishes for the child of a step that there is not, or that runs none. */
export function strayWishes(graph: StateGraph, wishes: Wishes): Misunderstood[] {
  const { durations, outputs, fail, reboot, lose, answers = [] } = wishes;
  const known = new Set(
    graph.steps
      .filter(({ state }) => state.action?.kind === 'workflow')
      .flatMap(step => [step.id, keyOf(step)]),
  );
  return [...durations.keys(), ...outputs.keys(), ...fail, ...reboot, ...lose, ...answers].flatMap(wish => {
    const name = stepOf(wish);
    if (name === undefined || known.has(name)) return [];
    const hint = didYouMean(name, known);
    const message = `There is no step '${name.slice(0, 80)}' that runs a child.`;
    return [{ wish, message, ...(hint && { hint }) }];
  });
}
