// A generation begins: the graph of the members from now on, and the state carried over to it, step by step.
// Belongs here: what a change of members makes of graph and records, and why it may be refused. Does not belong here: what
// becomes of steps and roles (on/update.ts), seats (graph/members.ts).
import { checkMembers } from '../../definition/inputs.ts';
import { analyseMembers } from '../../graph/analyse.ts';
import { compileGraph } from '../../graph/compile.ts';
import { changedMembers, type MemberChange, stayingIn, unknownGroup } from '../../graph/members.ts';
import type { Member, Membership, RollingNode, StateGraph } from '../../graph/types.ts';
import { Draft } from '../draft.ts';
import type { EventOf } from '../on/handler.ts';
import { owes, UNTOUCHED } from '../records.ts';
import { type MachineState, restore } from '../state.ts';
import type { Change, StepRecord, WorkflowStatus } from '../types.ts';

/** Statuses in which another generation may begin; an undo of the whole always ends first (row 23). */
const OPEN = new Set<WorkflowStatus>(['running', 'held', 'complete', 'failed']);

type Refusal = { readonly message: string; readonly next: string };

/** A decision over the next generation; over the present one where the change is refused or changes nobody. */
export function beginGeneration(graph: StateGraph, state: MachineState, event: EventOf<'update'>): Draft {
  const { change, at } = event;
  const draft = new Draft(graph, state, at);
  const early = refusedNow(state) ?? unknownGroup(graph.definition, change) ?? namedTwice(change);
  if (early) return rejected(draft, early);
  const generation = state.workflow.generation + 1;
  const membership = changedMembers(graph.membership, change, goneFrom(graph, state), generation);
  const refused = refusedFor(graph, membership);
  if (refused) return rejected(draft, refused);
  if (!change.abandon && sameText(graph.membership, membership)) return draft;
  const next = compileGraph(graph.definition, membership);
  const members = Object.fromEntries(membership);
  return new Draft(next, carriedOver(graph, state, next), at, { kind: 'generation', generation, members });
}

/** What a log entry of the kind `generation` makes of graph and state: for those who replay a log. */
export function entered(
  graph: StateGraph,
  state: MachineState,
  { members }: Extract<Change, { readonly kind: 'generation' }>,
): { readonly graph: StateGraph; readonly state: MachineState } {
  const next = compileGraph(graph.definition, new Map(Object.entries(members)));
  return { graph: next, state: carriedOver(graph, state, next) };
}

function rejected(draft: Draft, { message, next }: Refusal): Draft {
  draft.reject(message, next);
  return draft;
}

function refusedNow({ workflow: { status } }: MachineState): Refusal | undefined {
  if (OPEN.has(status)) return undefined;
  const ends = status === 'cancelling' || status === 'undoing';
  const next = ends ? 'Wait until it is failed, then ask again.' : 'Create it anew.';
  return { message: `The workflow is ${status}; its members cannot change now.`, next };
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

/** Rows 8 and 48: what was refused of a new workflow with these members is refused now, before anything of it begins. */
function refusedFor({ definition }: StateGraph, membership: Membership): Refusal | undefined {
  const staying = stayingIn(membership);
  const problems = [
    ...checkMembers(definition, Object.fromEntries(staying)),
    ...analyseMembers(definition, staying),
  ];
  const found = problems.find(({ severity }) => severity === 'error');
  return found && { message: found.message, next: found.hint ?? 'Ask for other members.' };
}

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

const isPresent = (record: StepRecord = UNTOUCHED): boolean =>
  owes(record) || record.status === 'running' || record.status === 'undoing';

const sameText = (one: Membership, other: Membership): boolean =>
  JSON.stringify([...one]) === JSON.stringify([...other]);

/** Records follow their steps by name; those of members that are gone end here. */
function carriedOver(graph: StateGraph, state: MachineState, next: StateGraph): MachineState {
  const ordered = reorderedTurns(graph, next);
  const isGone = goneFrom(graph, state);
  const steps = graph.steps.flatMap(({ id, number, entity, member }) => {
    const record = state.records[number];
    const place = next.stepById.get(id);
    if (record === undefined || place === undefined) return [];
    // Another member may have the seat of one that is gone, or the same one anew.
    if (member?.leaving && isGone(entity.name, member) && !next.steps[place]?.leaving) return [];
    return [{ number: place, record: ordered.has(place) ? withoutRank(record) : record }];
  });
  const carried = restore(next, state.workflow, steps, state.inputs);
  carried.at = state.at;
  return carried;
}

/** Steps of rollings in which the places of an order have to be given anew, since others take part. */
function reorderedTurns(graph: StateGraph, next: StateGraph): ReadonlySet<number> {
  const turns = next.rollings
    .filter(node => {
      const { entity, rolling } = node;
      const before = graph.rollings.find(one => one.entity === entity && one.rolling.name === rolling.name);
      return rolling.order !== undefined && (!before || takingPart(graph, before) !== takingPart(next, node));
    })
    .flatMap(({ first, members }) => next.turns.slice(first, first + members));
  return new Set(turns.flatMap(({ steps }) => steps));
}

/** The agents that have a turn, as one text. */
const takingPart = ({ steps, turns }: StateGraph, { first, members }: RollingNode): string =>
  JSON.stringify(turns.slice(first, first + members).map(turn => steps[turn.steps[0] ?? -1]?.member?.agent));

function withoutRank(record: StepRecord): StepRecord {
  if (record.rolling?.rank === undefined) return record;
  const { rank: _, ...rolling } = record.rolling;
  return { ...record, rolling };
}
