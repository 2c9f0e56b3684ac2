// Carries the state of a workflow over to the graph of its next generation, step by step.
// Belongs here: which record goes where, and what of it means nothing any more. Does not belong here: what the new
// generation makes of steps (on/update.ts).
import type { JsonObject } from '../../base/json.ts';
import type { Member, RollingNode, StateGraph } from '../../graph/types.ts';
import { turnSums } from '../counters.ts';
import { owes, UNTOUCHED } from '../records.ts';
import { type MachineState, restore } from '../state.ts';
import type { StepRecord, WorkflowRecord } from '../types.ts';

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

/**
 * Records follow their steps by name; those of members that are gone end here. `inputs` absent: they stay, and so does the
 * definition.
 */
export function carriedOver(
  graph: StateGraph,
  state: MachineState,
  next: StateGraph,
  inputs?: JsonObject,
): MachineState {
  const isGone = goneFrom(graph, state);
  const turned = inputs ? newTurns(graph, state, next) : reorderedTurns(graph, next);
  const steps = graph.steps.flatMap(({ id, number, entity, member }) => {
    const record = state.records[number];
    const place = next.stepById.get(id);
    if (record === undefined || place === undefined) return [];
    // Another member may have the seat of one that is gone, or the same one anew.
    if (member?.leaving && isGone(entity.name, member) && !next.steps[place]?.leaving) return [];
    return [{ number: place, record: fitting(next, place, turned(record, place)) }];
  });
  const workflow = inputs ? withRolesOf(next, state.workflow) : state.workflow;
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
  const kept = new Set(inside.map(step => next.stepById.get(graph.steps[step]?.id ?? '')));
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
