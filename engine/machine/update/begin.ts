// A generation begins: the definition, inputs and members from now on, their graph, and the state carried over to it.
// Belongs here: what a change makes of graph and state. Does not belong here: why it may be refused (refuse.ts), which
// record goes where (carry.ts), what becomes of steps and roles (on/update.ts), seats (graph/members.ts).
import { EngineError } from '../../base/errors.ts';
import { canonicalJson, type JsonObject } from '../../base/json.ts';
import type { WorkflowDefinition } from '../../definition/types.ts';
import { compileGraph } from '../../graph/compile.ts';
import { changedMembers } from '../../graph/members.ts';
import type { Earlier, Membership, StateGraph } from '../../graph/types.ts';
import { Draft } from '../draft.ts';
import type { EarlierSources, GenerationEntry, OperationEntry } from '../events.ts';
import type { EventOf } from '../on/handler.ts';
import type { MachineState } from '../state.ts';
import { carriedOver, goneFrom } from './carry.ts';
import { earlierFor } from './earlier.ts';
import type { Replacement } from './rename.ts';
import { mayReplace, replacements } from './replace.ts';
import { refusalOf, refusedAtOnce } from './refuse.ts';

/** Looks up the built definition of a digest; those of a workflow's own generations are always found. */
export type Definitions = (digest: string) => WorkflowDefinition;

/** What a workflow runs by. */
interface Source {
  readonly definition: WorkflowDefinition;
  readonly inputs: JsonObject;
}

/**
 * A decision over the next generation; over the present one where the change is refused or changes nothing. `arriving`: the
 * definition that the change names, where it is not the present one.
 */
export function beginGeneration(
  graph: StateGraph,
  state: MachineState,
  event: EventOf<'update'>,
  arriving?: WorkflowDefinition,
): Draft {
  const { change, at } = event;
  const draft = new Draft(graph, state, at);
  const source = newSource(graph, state, event, arriving);
  const definition = source?.definition ?? graph.definition;
  const early = refusedAtOnce(graph, state, change, definition);
  if (early) return rejected(draft, early);
  const generation = state.workflow.generation + 1;
  const membership = membersFor(graph, state, event, definition);
  const refused = refusalOf(definition, membership, change);
  if (refused) return rejected(draft, refused);
  if (!source && !change.abandon && sameText(graph.membership, membership)) return draft;
  const beginning = { graph, state, membership, generation, source };
  const { next, carried, earlier } = entering(beginning, replacedIn(beginning));
  const entry = entryOf(generation, membership, source, earlier);
  return new Draft(next, carried, at, { entry, graph, state });
}

interface Entering {
  readonly graph: StateGraph;
  readonly state: MachineState;
  readonly membership: Membership;
  readonly generation: number;
  /** Absent: definition and inputs stay. */
  readonly source: Source | undefined;
}

/** What the generation begins with, where these states are replaced. */
function entering(
  { graph, state, membership, generation, source }: Entering,
  replaced: readonly Replacement[],
): { readonly next: StateGraph; readonly carried: MachineState; readonly earlier: Earlier | undefined } {
  const earlier = earlierFor(graph, state, source && { ...source, generation }, replaced);
  const definition = source?.definition ?? graph.definition;
  const next = compileGraph(definition, membership, { ...(earlier && { earlier }) });
  return { next, carried: carriedOver(graph, state, next, source?.inputs), earlier };
}

/** Who changes is seen as if nobody were replaced. */
function replacedIn(beginning: Entering): readonly Replacement[] {
  const { graph, generation, source } = beginning;
  if (!source || !mayReplace(source.definition)) return [];
  const { next, carried } = entering(beginning, []);
  return replacements({ graph, next, view: new Draft(next, carried, carried.at), generation });
}

/** What a log entry of the kinds `generation` and `operation` makes of graph and state: for those who replay a log. */
export function entered(
  graph: StateGraph,
  state: MachineState,
  change: GenerationEntry | OperationEntry,
  definitions: Definitions,
): { readonly graph: StateGraph; readonly state: MachineState } {
  if (change.kind === 'operation') return operated(graph, state, change);
  const { members, definition, inputs, earlier } = change;
  const present = definition === undefined ? graph.definition : definitions(definition);
  const membership = new Map(Object.entries(members));
  const before = earlier && earlierOf(earlier, definitions);
  const next = compileGraph(present, membership, { ...(before && { earlier: before }) });
  return { graph: next, state: carriedOver(graph, state, next, inputs) };
}

/** The graph of the same definition and members, in which what an operation runs is wanted too. */
export function operated(
  graph: StateGraph,
  state: MachineState,
  { also }: OperationEntry,
): { readonly graph: StateGraph; readonly state: MachineState } {
  const { definition, membership, earlier } = graph;
  const next = compileGraph(definition, membership, { also, ...(earlier && { earlier }) });
  return { graph: next, state: carriedOver(graph, state, next) };
}

/** What is left of earlier definitions, with the definitions looked up: for those who compile a stored graph. */
export function earlierOf(
  { definitions, states, inputs, names }: EarlierSources,
  find: Definitions,
): Earlier {
  const built = Object.entries(definitions).map(
    ([generation, digest]) => [Number(generation), find(digest)] as const,
  );
  return { definitions: new Map(built), states, inputs, ...(names && { names }) };
}

/** Undefined: the change names none, or the present one. */
function newSource(
  graph: StateGraph,
  state: MachineState,
  { change: { source } }: EventOf<'update'>,
  arriving: WorkflowDefinition | undefined,
): Source | undefined {
  if (source === undefined) return undefined;
  const { definition: digest, inputs } = source;
  if (digest === graph.definition.digest) {
    if (canonicalJson(inputs) === canonicalJson(state.inputs)) return undefined;
    return { definition: graph.definition, inputs };
  }
  if (arriving?.digest === digest) return { definition: arriving, inputs };
  throw new EngineError(
    'internal',
    `The definition ${digest.slice(0, 12)} did not come with its update.`,
    'Report this with the workflow id.',
  );
}

/** Of entities that are gone everybody leaves. */
function membersFor(
  graph: StateGraph,
  state: MachineState,
  { change }: EventOf<'update'>,
  definition: WorkflowDefinition,
): Membership {
  const gone = [...graph.membership].filter(([entity]) => !definition.entities.has(entity));
  const leave = Object.fromEntries(gone.map(([entity, all]) => [entity, all.map(({ agent }) => agent)]));
  const all = { ...change, leave: { ...change.leave, ...leave } };
  const next = changedMembers(graph.membership, all, goneFrom(graph, state), state.workflow.generation + 1);
  return new Map([...next].filter(([entity, seats]) => definition.entities.has(entity) || seats.length > 0));
}

function entryOf(
  generation: number,
  membership: Membership,
  source: Source | undefined,
  earlier: Earlier | undefined,
): GenerationEntry {
  const members = Object.fromEntries(membership);
  return {
    kind: 'generation',
    generation,
    members,
    ...(source && { definition: source.definition.digest, inputs: source.inputs }),
    ...(earlier && { earlier: stored(earlier) }),
  };
}

/** As it is logged and kept. */
export const stored = ({ definitions, states, inputs, names }: Earlier): EarlierSources => ({
  definitions: Object.fromEntries([...definitions].map(([generation, { digest }]) => [generation, digest])),
  states,
  inputs,
  ...(names && { names }),
});

function rejected(
  draft: Draft,
  { message, next }: { readonly message: string; readonly next: string },
): Draft {
  draft.reject(message, next);
  return draft;
}

const sameText = (one: Membership, other: Membership): boolean =>
  JSON.stringify([...one]) === JSON.stringify([...other]);
