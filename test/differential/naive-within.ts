// `within`, read naively: the rest of what a step requires, from which on the time counts.
// Belongs here: telling the rest. Does not belong here: when the time has come (naive.ts).
import type { Requirement } from '../../engine/definition/types.ts';
import { type Board, demands, type NaiveStep } from './naive-rules.ts';

/** Equal for what is required of the same steps in the same way; in a `once` state a bare name means all members. */
const sameDemand =
  (board: Board, step: NaiveStep) =>
  ({ entity, state, members, outcome }: Requirement): string => {
    const targets = board.steps.filter(one => one.entity === entity && one.state.name === state);
    const isBareForAll = members.kind === 'same' && step.member === undefined && targets.length !== 1;
    return JSON.stringify([entity, state, isBareForAll ? { kind: 'all' } : members, outcome]);
  };

/** What is also required within a time is no part of the rest: else the time could never begin. */
export function restOf(board: Board, step: NaiveStep): readonly (readonly Requirement[])[] {
  const keyOf = sameDemand(board, step);
  const timed = step.state.requires.filter(one => one.within !== undefined).map(keyOf);
  return demands(step.state).filter(
    demand => !demand.some(one => one.choice === undefined && timed.includes(keyOf(one))),
  );
}
