// What has to be kept of definitions before the present one: what was done under them is taken back by them (rows 22, 23).
// Belongs here: which definitions, states and inputs of the past are still needed. Does not belong here: storing them, the
// steps that are made of them (graph/compile.ts).
import type { JsonObject } from '../../base/json.ts';
import type { WorkflowDefinition } from '../../definition/types.ts';
import { stateKey } from '../../graph/references.ts';
import type { Earlier, FormerState, StateGraph, Step } from '../../graph/types.ts';
import { owes, sourceOf } from '../records.ts';
import { type MachineState, recordOf } from '../state.ts';
import type { StepRecord } from '../types.ts';
import { leftOf } from './carry.ts';
import { isReplaced, nameIn, namesAfter, type Renaming, renamingsOf, type Replacement } from './rename.ts';

/** The definition and inputs that come with a generation. */
interface Next {
  readonly definition: WorkflowDefinition;
  readonly inputs: JsonObject;
  readonly generation: number;
}

/** `next` absent: definition and inputs stay. Undefined: nothing of the past is needed. */
export function earlierFor(
  graph: StateGraph,
  state: MachineState,
  next: Next | undefined,
  replaced: readonly Replacement[] = [],
): Earlier | undefined {
  const present = next?.generation ?? sourceOf(state.workflow);
  const all = next ? renamingsOf(graph, next.definition) : [];
  const renamings = all.filter(({ entity, from }) => !isReplaced(replaced, entity, from));
  const gone = formerStates(graph, state, next?.definition ?? graph.definition, renamings);
  const source = sourceOf(state.workflow);
  const isLeft = leftOf(graph, state);
  const aside = replaced.flatMap(({ entity, from, now }) =>
    isLeft(stateKey(entity, from)) ? [{ entity, state: from, generation: source, now }] : [],
  );
  const states = [...gone.filter(one => !isMoved(one, replaced)), ...aside];
  const needed = new Set(states.map(({ generation }) => generation));
  for (const { number } of graph.steps) {
    const record = recordOf(state, number);
    if (owes(record) || record.status === 'running') needed.add(sourceOf(record));
  }
  needed.delete(present);
  const known = new Map([
    ...(graph.earlier?.definitions ?? []),
    [sourceOf(state.workflow), graph.definition] as const,
  ]);
  const definitions = new Map([...known].filter(([generation]) => needed.has(generation)));
  const names = namesAfter(graph, next?.definition ?? graph.definition, definitions, isLeft, replaced);
  if (definitions.size === 0 && !names) return undefined;
  const inputs = formerInputs(graph, state, next?.inputs ?? state.inputs);
  return { definitions, states, inputs, ...(names && { names }) };
}

/** It gets another name, or its place back. */
const isMoved = ({ entity, state, now }: FormerState, replaced: readonly Replacement[]): boolean =>
  now === undefined
    ? isReplaced(replaced, entity, state)
    : replaced.some(({ entity: owner, by }) => owner === entity && 'former' in by && by.former === now);

/** Of the present definition and those before it, where something is left. */
function formerStates(
  graph: StateGraph,
  state: MachineState,
  definition: WorkflowDefinition,
  renamings: readonly Renaming[],
): readonly FormerState[] {
  const generation = sourceOf(state.workflow);
  const goesOn = (one: FormerState): boolean =>
    one.generation === generation &&
    renamings.some(({ entity, from }) => entity === one.entity && from === one.state);
  const isLeft = leftOf(graph, state);
  const own: readonly FormerState[] = [...graph.definition.entities.values()].flatMap(
    ({ name: entity, states }) => [...states.keys()].map(name => ({ entity, state: name, generation })),
  );
  return [...(graph.earlier?.states ?? []), ...own].filter(former => {
    const { entity, state: name, now } = former;
    if (now !== undefined) return isLeft(stateKey(entity, now));
    if (definition.entities.get(entity)?.states.has(name) || goesOn(former)) return false;
    return isLeft(stateKey(entity, name));
  });
}

/** As they last were. */
function formerInputs(graph: StateGraph, state: MachineState, inputs: JsonObject): JsonObject {
  const all = Object.entries({ ...graph.earlier?.inputs, ...state.inputs });
  return Object.fromEntries(all.filter(([name]) => !(name in inputs)));
}

/**
 * The step as it is in the definition under which it last began: an attempt of it is read by that, and taken back by that
 * (R10). `source`: the generation with which the present definition came.
 */
export function asRun(graph: StateGraph, step: Step, record: StepRecord, source: number): Step {
  const under = sourceOf(record);
  if (under === source) return step;
  const entity = graph.earlier?.definitions.get(under)?.entities.get(step.entity.name);
  const state = entity?.states.get(nameIn(graph.earlier?.names, under, step));
  if (!entity || !state) return step;
  const names = graph.earlier?.names?.now[under];
  return { ...step, entity, state, ...(names && { names }) };
}
