// States that go while one with the same action comes (row 29).
// Belongs here: the warning. Does not belong here: what happens to either (judge.ts).
import type { State, WorkflowDefinition } from '../definition/types.ts';

/** What is undone and run again under another name, though its author may have meant to rename it. */
export function renamings(before: WorkflowDefinition, now: WorkflowDefinition): readonly string[] {
  const gone = lacking(before, now).filter(({ action }) => action !== undefined);
  const added = new Map(lacking(now, before).map(state => [textOf(state), state]));
  return gone.flatMap(state => {
    const same = added.get(textOf(state));
    if (!same) return [];
    const names = `${state.entity}.${state.name}`;
    return [
      `${names} is undone, and ${same.entity}.${same.name}, which does the same, runs. A state that keeps its name keeps what it reached.`,
    ];
  });
}

const lacking = (one: WorkflowDefinition, other: WorkflowDefinition): readonly State[] =>
  [...one.entities.values()].flatMap(({ name, states }) =>
    [...states.values()].filter(state => !other.entities.get(name)?.states.has(state.name)),
  );

/** Expressions by their text, wherever they stand. */
const textOf = ({ action }: State): string =>
  JSON.stringify(action, (key, value: unknown) => {
    if (key === 'at') return undefined;
    return value instanceof Map ? [...value] : value;
  });
