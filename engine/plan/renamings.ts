// States that go while one with the same action comes, and those that are renamed (row 29).
// Belongs here: the warning, and the words. Does not belong here: what happens to either (judge.ts).
import type { State, WorkflowDefinition } from '../definition/types.ts';
import { outsideId } from '../graph/references.ts';
import { isReplacedName } from '../graph/replaced.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import { renamingsOf } from '../machine/update/rename.ts';

/** What is undone and run again under another name, though its author may have meant to rename it. */
export function renamings(former: StateGraph, now: WorkflowDefinition): readonly string[] {
  const { definition: before } = former;
  const renamed = renamingsOf(former, now);
  const isNamed = ({ entity, name }: State, side: 'from' | 'to'): boolean =>
    renamed.some(one => one.entity === entity && one[side] === name);
  const gone = lacking(before, now).filter(one => one.action !== undefined && !isNamed(one, 'from'));
  const added = new Map(
    lacking(now, before).flatMap(state => (isNamed(state, 'to') ? [] : [[textOf(state), state] as const])),
  );
  return gone.flatMap(state => {
    const same = added.get(textOf(state));
    if (!same) return [];
    const names = `${state.entity}.${state.name}`;
    return [
      `${names} is undone, and ${same.entity}.${same.name}, which does the same, runs. If it was only renamed, write 'was: ${state.name}' in ${same.entity}.${same.name}.`,
    ];
  });
}

/** The reason with what the step was called until now, where that is another name. */
export function saidRenamed(former: StateGraph, step: Step, reason: string): string {
  const before = former.steps[former.stepByOutside.get(outsideId(step)) ?? -1];
  if (!before || before.id === step.id) return reason;
  return isReplacedName(step.state.name) || isReplacedName(before.state.name)
    ? `${before.id} until now; ${reason}`
    : `renamed from ${before.id}; ${reason}`;
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
