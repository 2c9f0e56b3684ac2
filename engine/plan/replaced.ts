// `on_change: replace` in a plan: the new beside the old, and when the old goes.
// Belongs here: those words. Does not belong here: who is replaced (machine/update/replace.ts), what becomes of a step (judge.ts).
import { stateKey } from '../graph/references.ts';
import { successorOf } from '../graph/replaced.ts';
import type { StateGraph, Step } from '../graph/types.ts';

/** Why the step of a replaced state is undone, and when; undefined: it is none. */
export function retirement(graph: StateGraph, { retireAfter }: Step): string | undefined {
  if (retireAfter === undefined) return undefined;
  const awaited = retireAfter.flatMap(gate => {
    const { target, inputs = [] } = graph.gates[gate] ?? {};
    const isNeeded = inputs.some(input => graph.steps[input]?.wanted);
    return target && isNeeded ? [stateKey(target.entity, target.state)] : [];
  });
  if (awaited.length === 0) return 'another takes its place';
  return `once ${awaited.join(' and ')} ${awaited.length === 1 ? 'is' : 'are'} reached`;
}

/** Of a step that has no record from before. */
export function whyItIsNew(graph: StateGraph, { entity, state }: Step): string {
  const beside = (graph.earlier?.states ?? []).findLast(
    ({ entity: owner, now }) =>
      owner === entity.name && now !== undefined && successorOf(graph, owner, now) === state.name,
  );
  return beside?.now === undefined
    ? 'it is new'
    : `beside ${stateKey(entity.name, beside.now)}, as it changes (on_change: replace)`;
}
