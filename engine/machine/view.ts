// What expressions may look at, read from the records on demand.
// Belongs here: DataView over graph, state and the records of a decision. Does not belong here: evaluation.
//
// Outputs are visible exactly while a record holds them: a step that was tolerated or not reached has none, a step
// whose undo has begun still has them (R10).
import type { JsonValue } from '../base/json.ts';
import type {
  CauseView,
  DataView,
  ErrorView,
  MemberView,
  Outputs,
  PreviousView,
} from '../definition/expressions/types.ts';
import type { Entity } from '../definition/types.ts';
import { stateKey } from '../graph/references.ts';
import { isReplacedName, successorOf } from '../graph/replaced.ts';
import type { Member, StateGraph, Step } from '../graph/types.ts';
import { holdersIn } from './holders.ts';
import type { RunningOperation } from './operation/types.ts';
import type { ErrorCause, StepError, StepRecord, WorkflowRecord } from './types.ts';

/** Where a view reads: the live state, or a decision laid over it. */
export interface ViewSource {
  readonly graph: StateGraph;
  readonly workflow: Pick<WorkflowRecord, 'id' | 'stackName' | 'roles' | 'operation'>;
  readonly inputs: { readonly [name: string]: JsonValue };
  record(step: number): StepRecord;
}

export interface ViewContext {
  /** The step that an expression belongs to; absent for the workflow's outputs. */
  readonly step?: Step;
  readonly error?: StepError;
  readonly attempt?: number;
  /** The operation that it runs for. */
  readonly operation?: RunningOperation;
  /** Of a step that changed, where `on_change` has an action. */
  readonly previous?: PreviousView;
}

interface Reads {
  readonly source: ViewSource;
  /** What a state is called now that an expression names. */
  readonly now: (entity: string, state: string) => string;
}

export function dataView(source: ViewSource, context: ViewContext = {}): DataView {
  const { workflow } = source;
  const { step, error, attempt, operation, previous } = context;
  const { names = {} } = step ?? {};
  const now = (entity: string, state: string): string => {
    const called = names[stateKey(entity, state)] ?? state;
    if (!isReplacedName(called) || isThere(source, entity, called)) return called;
    return successorOf(source.graph, entity, called) ?? called;
  };
  const reads = { source, now };
  const members = (entity: string): readonly MemberView[] =>
    membersOf(source, entity).flatMap((member, place) =>
      member.leaving ? [] : [memberView(reads, entity, member, place)],
    );
  const holders = (entity: string, role: string): readonly MemberView[] | undefined => {
    const agents = holdersIn(workflow.roles, entity, role);
    return agents ? viewsOf(reads, entity, agents) : undefined;
  };
  return {
    // What is taken back may read inputs that the present definition has no more (row 22).
    inputs: source.graph.earlier ? { ...source.graph.earlier.inputs, ...source.inputs } : source.inputs,
    workflow: { id: workflow.id, stackName: workflow.stackName },
    ...(step?.member && step.entity.type === 'vm_group' && { member: ownView(reads, step, step.member) }),
    members,
    role: (entity, role) => holders(entity, role)?.[0],
    holders,
    outputs: (entity, state) => outputsOf(source, entity, now(entity, state), step),
    once: (entity, state) => outputsOf(source, entity, now(entity, state), step),
    reached: (entity, state) =>
      membersOf(source, entity).flatMap((member, place) => {
        const { outputs, again } = memberRecord(source, entity, now(entity, state), place) ?? {};
        const hasReached = !member.leaving && outputs !== undefined && again === undefined;
        return hasReached ? [memberView(reads, entity, member, place)] : [];
      }),
    ...(error && { error: errorView(error) }),
    ...(attempt !== undefined && { attempt }),
    ...(operation && { operation: { name: operation.name, id: operation.id, inputs: operation.inputs } }),
    ...(previous && { previous }),
  };
}

/** What was replaced is read by who ran with it, until it is undone; from then on they read what took its place. */
const isThere = (source: ViewSource, entity: string, state: string): boolean =>
  (source.graph.stepByState.get(stateKey(entity, state)) ?? []).some(
    number => source.record(number).status !== 'undone',
  );

const membersOf = (source: ViewSource, entity: string): readonly Member[] =>
  source.graph.membership.get(entity) ?? [];

/** Of these members only, in index order: a role that every member reads must not cost a view of all (P7). */
function viewsOf(reads: Reads, entity: string, agents: readonly string[]): readonly MemberView[] {
  const members = membersOf(reads.source, entity);
  const places = agents.flatMap(agent => placesIn(members).get(agent) ?? []).toSorted((a, b) => a - b);
  return places.map(place => memberView(reads, entity, members[place] as Member, place));
}

/** Agent → where its member stands in the group. */
const PLACES = new WeakMap<readonly Member[], ReadonlyMap<string, number>>();

function placesIn(members: readonly Member[]): ReadonlyMap<string, number> {
  const known = PLACES.get(members);
  if (known) return known;
  const places = new Map(members.map(({ agent }, place) => [agent, place]));
  PLACES.set(members, places);
  return places;
}

function ownView(reads: Reads, step: Step, member: Member): MemberView {
  const { steps, stepByState } = reads.source.graph;
  const { entity, state } = steps[step.number] ?? step;
  const first = stepByState.get(stateKey(entity.name, state.name))?.[0] ?? step.number;
  return memberView(reads, step.entity.name, member, step.number - first);
}

/** `place`: where the member stands in its group; steps of a state stand in the same order. */
function memberView({ source, now }: Reads, entity: string, member: Member, place: number): MemberView {
  const record = (state: string): StepRecord | undefined =>
    memberRecord(source, entity, now(entity, state), place);
  return {
    entity,
    agent: member.agent,
    name: member.name,
    index: member.index,
    data: member.data,
    get facts(): JsonValue {
      return factsOf(source, entity, place);
    },
    outputs: state => record(state)?.outputs,
    status: state => record(state)?.status,
  };
}

/** A state that runs `once` is no member's. */
function memberRecord(
  source: ViewSource,
  entity: string,
  state: string,
  place: number,
): StepRecord | undefined {
  const number = source.graph.stepByState.get(stateKey(entity, state))?.[place];
  if (number === undefined || !source.graph.steps[number]?.member) return undefined;
  return source.record(number);
}

/** What the agent told when one of the member's `online` states was reached. */
function factsOf(source: ViewSource, entity: string, place: number): JsonValue {
  for (const state of entityIn(source.graph, entity)?.states.values() ?? []) {
    if (state.action?.kind !== 'online') continue;
    const facts = memberRecord(source, entity, state.name, place)?.facts;
    if (facts) return facts;
  }
  return {};
}

/** Of the present definition, or of the last one that had it. */
function entityIn({ definition, earlier }: StateGraph, name: string): Entity | undefined {
  const found = definition.entities.get(name);
  if (found || !earlier) return found;
  const before = [...earlier.definitions].toSorted(([a], [b]) => b - a);
  return before.map(([, { entities }]) => entities.get(name)).find(entity => entity !== undefined);
}

/** Of a `vm` whose place another has taken, each sees its own; everybody else the one that stays. */
function outputsOf(
  source: ViewSource,
  entity: string,
  state: string,
  asking: Step | undefined,
): Outputs | undefined {
  const { steps, stepByState } = source.graph;
  const isLeaving = asking?.entity.name === entity && asking.leaving === true;
  const numbers = stepByState.get(stateKey(entity, state));
  const number = numbers?.find(one => (steps[one]?.leaving === true) === isLeaving) ?? numbers?.[0];
  return number === undefined ? undefined : source.record(number).outputs;
}

function errorView(error: StepError): ErrorView {
  return {
    kind: error.kind,
    message: error.message,
    ...(error.exitCode !== undefined && { exit_code: error.exitCode }),
    ...(error.status !== undefined && { status: error.status }),
    tail: error.tail ?? '',
    ...(error.cause && { cause: causeView(error.cause) }),
  };
}

function causeView({ exitCode, tail = '', ...cause }: ErrorCause): CauseView {
  return { ...cause, tail, ...(exitCode !== undefined && { exit_code: exitCode }) };
}
