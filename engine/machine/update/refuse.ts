// Why a change may not begin a generation, in one sentence each; then nothing is changed.
// Belongs here: refusals. Does not belong here: what is wrong with a definition by itself (definition/), with inputs (the
// door judges them).
import { checkMembers } from '../../definition/inputs.ts';
import type { Entity, State, WorkflowDefinition } from '../../definition/types.ts';
import { analyseMembers } from '../../graph/analyse.ts';
import { type MemberChange, stayingIn, unknownGroup } from '../../graph/members.ts';
import type { Membership, StateGraph } from '../../graph/types.ts';
import type { GenerationChange } from '../events.ts';
import type { MachineState } from '../state.ts';
import type { WorkflowStatus } from '../types.ts';
import { leftOf } from './carry.ts';
import { clashOf, type Renaming, renamingsOf } from './rename.ts';
import { restingStatus } from '../workflow-record.ts';

/** Statuses in which another generation may begin; an undo of the whole always ends first (row 23). */
const OPEN = new Set<WorkflowStatus>(['running', 'held', 'complete', 'failed']);

export interface Refusal {
  readonly message: string;
  readonly next: string;
}

/** What can be said before the next membership is known. */
export function refusedAtOnce(
  graph: StateGraph,
  state: MachineState,
  change: MemberChange,
  definition: WorkflowDefinition,
): Refusal | undefined {
  const found = refusedNow(state) ?? unknownGroup(definition, change) ?? namedTwice(change);
  if (found || definition === graph.definition) return found;
  return reshaped(graph, definition) ?? clashOf(graph, definition, leftOf(graph, state));
}

/** Rows 8, 30 and 48: what was refused of a new workflow with these members is refused now, before anything of it begins. */
export function refusalOf(
  definition: WorkflowDefinition,
  membership: Membership,
  change: GenerationChange,
): Refusal | undefined {
  const staying = new Map([...stayingIn(membership)].filter(([entity]) => definition.entities.has(entity)));
  const given = Object.fromEntries(staying);
  const problems = isDeparture(change)
    ? checkMembers(lettingGo(definition), given)
    : [...checkMembers(definition, given), ...analyseMembers(definition, staying)];
  const found = problems.find(({ severity }) => severity === 'error');
  return found && { message: found.message, next: found.hint ?? 'Ask for other members.' };
}

/** Members go, and nothing else is asked for. */
const isDeparture = ({ source, members, join, leave }: GenerationChange): boolean =>
  !source && !members && !join && leave !== undefined;

/** Whoever replaces those that go may be told of only when they have gone. */
function lettingGo(definition: WorkflowDefinition): WorkflowDefinition {
  const entities = [...definition.entities].map(([name, entity]) => {
    const { min, max } = entity.members;
    return [name, { ...entity, members: { min: Math.min(min, 1), max } }] as const;
  });
  return { ...definition, entities: new Map(entities) };
}

function refusedNow({ workflow }: MachineState): Refusal | undefined {
  const status = restingStatus(workflow);
  if (OPEN.has(status)) return undefined;
  const ends = status === 'cancelling' || status === 'undoing';
  const next = ends ? 'Wait until it is failed, then ask again.' : 'Create it anew.';
  return { message: `The workflow is ${status}; it cannot be changed now.`, next };
}

/** Row 31. */
function namedTwice({ members = {}, join = {} }: MemberChange): Refusal | undefined {
  const entities = new Set([...Object.keys(members), ...Object.keys(join)]);
  for (const entity of entities) {
    const agents = [...(members[entity] ?? []), ...(join[entity] ?? [])].map(({ agent }) => agent);
    const twice = agents.find((agent, place) => agents.indexOf(agent) < place);
    if (twice !== undefined)
      return {
        message: `The agent '${twice.slice(0, 80)}' is named twice for ${entity}.`,
        next: 'Name each agent once.',
      };
  }
  return undefined;
}

/** What runs for each member and what runs once cannot be compared, nor can machines with what has none. */
function reshaped(graph: StateGraph, after: WorkflowDefinition): Refusal | undefined {
  const { definition: before } = graph;
  const renamings = renamingsOf(graph, after);
  for (const [name, entity] of after.entities) {
    const old = before.entities.get(name);
    if (old === undefined) continue;
    if (old.type !== entity.type)
      return {
        message: `${name} was a ${old.type} and is to be a ${entity.type}.`,
        next: 'Give what is new another name: then the old one is undone, and the new one runs.',
      };
    const state = [...entity.states.values()].find(one => isOtherwiseRun(old, one, renamings));
    if (state)
      return {
        message: `${name}.${state.name} ran ${timesOf(!state.once)} and is to run ${timesOf(!!state.once)}.`,
        next: 'Give the state another name: then the old one is undone, and the new one runs.',
      };
  }
  return undefined;
}

function isOtherwiseRun(before: Entity, { name, once }: State, renamings: readonly Renaming[]): boolean {
  const renamed = renamings.find(({ entity, to }) => entity === before.name && to === name);
  const old = before.states.get(renamed?.from ?? name);
  return before.type === 'vm_group' && old !== undefined && (old.once === undefined) !== (once === undefined);
}

const timesOf = (once: boolean): string => (once ? 'once for the group' : 'for each member');
