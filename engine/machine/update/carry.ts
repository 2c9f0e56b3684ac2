// Carries the state of a workflow over to the graph of its next generation, step by step.
// Belongs here: which record goes where, and what of it means nothing any more. Does not belong here: what the new
// generation makes of steps (on/update.ts).
import type { JsonObject } from '../../base/json.ts';
import { outsideId, stateKey } from '../../graph/references.ts';
import type { Member, RollingNode, StateGraph, Step } from '../../graph/types.ts';
import { turnSums } from '../counters.ts';
import { owes, UNTOUCHED } from '../records.ts';
import { type MachineState, restore } from '../state.ts';
import type { StepRecord, WorkflowRecord } from '../types.ts';
import { renamingsOf } from './rename.ts';

/** Says of a member that leaves whether nothing of it is left to be undone or awaited. */
export function goneFrom(
  graph: StateGraph,
  state: MachineState,
): (entity: string, member: Pick<Member, 'agent'>) => boolean {
  const present = new Set<string>();
  for (const { number, entity, member } of graph.steps)
    if (member?.leaving && isPresent(state.records[number])) present.add(`${entity.name} ${member.agent}`);
  return (entity, { agent }) => !present.has(`${entity} ${agent}`);
}

/** Something of it is to be undone or awaited. */
export const isPresent = (record: StepRecord = UNTOUCHED): boolean =>
  owes(record) || record.status === 'running' || record.status === 'undoing';

/** Says of a state, by its key, whether there is something of it to be undone or awaited. */
export const leftOf =
  ({ stepByState }: StateGraph, { records }: MachineState): ((state: string) => boolean) =>
  state =>
    (stepByState.get(state) ?? []).some(number => isPresent(records[number]));

/**
 * Records follow their steps by the name that these have outside; those of members that are gone end here. `inputs` absent:
 * they stay, and so does the definition.
 */
export function carriedOver(
  graph: StateGraph,
  state: MachineState,
  next: StateGraph,
  inputs?: JsonObject,
): MachineState {
  const isGone = goneFrom(graph, state);
  const turned = inputs ? newTurns(graph, state, next) : otherTurns(graph, state, next);
  const places = placesIn(next);
  const steps = graph.steps.flatMap(step => {
    const { number, entity, member } = step;
    const record = state.records[number];
    const place = places.get(outsideId(step));
    if (record === undefined || place === undefined) return [];
    // Another member may have the seat of one that is gone, or the same one anew.
    if (member?.leaving && isGone(entity.name, member) && !next.steps[place]?.leaving) return [];
    return [{ number: place, record: fitting(next, place, turned(record, place)) }];
  });
  const workflow = inputs ? withNamesOf(graph, next, withRolesOf(next, state.workflow)) : state.workflow;
  const carried = restore(next, workflow, steps, inputs ?? state.inputs, state.hash);
  carried.at = state.at;
  return carried;
}

/** A failure is remembered as long as somebody waits for one (row 12). */
function fitting(next: StateGraph, place: number, record: StepRecord): StepRecord {
  const { watched, leaving } = next.steps[place] ?? {};
  if (!record.hasFailed || watched || leaving) return record;
  const { hasFailed: _, ...rest } = record;
  return rest;
}

type Turned = (record: StepRecord, place: number) => StepRecord;

/** By the same definition: others take part, or an operation runs what is in a rolling and was not needed before. */
function otherTurns(graph: StateGraph, state: MachineState, next: StateGraph): Turned {
  const reordered = reorderedTurns(graph, next);
  const widened = widenedTurns(graph, state, next);
  return (record, place) => {
    const { rolling, ...rest } = reordered(record, place);
    return rolling === undefined || widened.has(place) ? rest : { ...rest, rolling };
  };
}

/** Steps of who has more to do in a rolling than before, and is outside: they enter anew. */
function widenedTurns(graph: StateGraph, state: MachineState, next: StateGraph): ReadonlySet<number> {
  const sums = turnSums(state.cells, graph);
  const before = new Map(
    graph.turns.flatMap(turn => turn.steps.map(step => [outsideId(graph.steps[step] as Step), turn.number])),
  );
  const turnBefore = (step: number): number | undefined => before.get(outsideId(next.steps[step] as Step));
  // Who left while it ran, and comes back, has had no turn meanwhile.
  const runsOn = (step: number): boolean => {
    const place = graph.stepByOutside.get(outsideId(next.steps[step] as Step));
    return place !== undefined && state.records[place]?.status === 'running';
  };
  const widened = next.turns.filter(({ steps }) => {
    const turns = steps.map(turnBefore);
    const isInside = turns.some(turn => turn !== undefined && sums.isInside(turn)) || steps.some(runsOn);
    return turns.includes(undefined) && !isInside;
  });
  return new Set(widened.flatMap(({ steps }) => steps));
}

/** Steps of rollings in which the places of an order have to be given anew, since others take part. */
function reorderedTurns(graph: StateGraph, next: StateGraph): Turned {
  const turns = next.rollings
    .filter(node => {
      const { entity, rolling } = node;
      const before = graph.rollings.find(one => one.entity === entity && one.rolling.name === rolling.name);
      return rolling.order !== undefined && (!before || takingPart(graph, before) !== takingPart(next, node));
    })
    .flatMap(({ first, members }) => next.turns.slice(first, first + members));
  const reordered = new Set(turns.flatMap(({ steps }) => steps));
  return (record, place) => (reordered.has(place) ? withoutRank(record) : record);
}

/** The agents that have a turn, as one text. */
const takingPart = ({ steps, turns }: StateGraph, { first, members }: RollingNode): string =>
  JSON.stringify(turns.slice(first, first + members).map(turn => steps[turn.steps[0] ?? -1]?.member?.agent));

/** With another definition rollings begin anew; who is inside one goes on to its end. */
function newTurns(graph: StateGraph, state: MachineState, next: StateGraph): Turned {
  const sums = turnSums(state.cells, graph);
  const inside = graph.turns.filter(({ number }) => sums.isInside(number)).flatMap(({ steps }) => steps);
  const places = placesIn(next);
  const kept = new Set(inside.map(step => places.get(outsideId(graph.steps[step] as Step))));
  return (record, place) => {
    if (record.rolling === undefined) return record;
    if (kept.has(place) && next.steps[place]?.turn !== undefined) return withoutRank(record);
    const { rolling: _, ...rest } = record;
    return rest;
  };
}

function withoutRank(record: StepRecord): StepRecord {
  if (record.rolling?.rank === undefined) return record;
  const { rank: _, ...rolling } = record.rolling;
  return { ...record, rolling };
}

/** By that name alone: another step may have had the present one before. */
const placesIn = ({ steps }: StateGraph): ReadonlyMap<string, number> =>
  new Map(steps.map(step => [outsideId(step), step.number]));

/** What is kept by a state's name goes with the state when it is renamed (row 29). */
function withNamesOf(graph: StateGraph, next: StateGraph, workflow: WorkflowRecord): WorkflowRecord {
  const { reran } = workflow;
  if (!reran) return workflow;
  const renamed = renamingsOf(graph, next.definition).map(
    ({ entity, from, to }) => [stateKey(entity, from), stateKey(entity, to)] as const,
  );
  const now = new Map(renamed);
  const kept = Object.entries(reran).map(([state, generation]) => [now.get(state) ?? state, generation]);
  return { ...workflow, reran: Object.fromEntries(kept) as WorkflowRecord['reran'] & {} };
}

/** Roles that the definition has no more are nobody's. */
function withRolesOf(next: StateGraph, workflow: WorkflowRecord): WorkflowRecord {
  const known = new Set(next.roles.map(({ entity, name }) => `${entity}.${name}`));
  const { keeps, ...rest } = workflow;
  const stays = ([role]: readonly [string, unknown]): boolean => known.has(role);
  const kept = Object.fromEntries(Object.entries(keeps ?? {}).filter(stays));
  return {
    ...rest,
    roles: Object.fromEntries(Object.entries(workflow.roles).filter(stays)),
    ...(Object.keys(kept).length > 0 && { keeps: kept }),
  };
}
