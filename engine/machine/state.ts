// What the engine holds in memory of one workflow, and how it is made: fresh, or from its stored records.
// Belongs here: MachineState, its making and its upkeep, record by record. Does not belong here: decisions.
import { EngineError } from '../base/errors.ts';
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import { Ages } from './ages.ts';
import { type LiveCells } from './cells.ts';
import { countRecord, countVerdict, initialCells, roleVerdict } from './counters.ts';
import { isDebt, isWithdrawn, occupies, queuesFor, UNTOUCHED } from './records.ts';
import type { ParentLink, StepRecord, WorkflowRecord } from './types.ts';
import { buildUndo, countDebt, countLeaving, debts, noLeaving } from './undo/order.ts';

/** Owned by the runtime; changed only by `apply`. Everything but `workflow`, `inputs` and `records` follows from them. */
export interface MachineState {
  workflow: WorkflowRecord;
  /** The workflow's inputs; hidden ones as `{"$secret": ref}`. */
  readonly inputs: JsonObject;
  /** Keyed hash of a value, by which later generations find out what changed; absent: nothing is kept to compare with. */
  readonly hash?: Hash;
  /** By step number; absent: never left `waiting`. */
  readonly records: (StepRecord | undefined)[];
  /** Latest time seen: never goes back (rule P10). */
  at: number;
  /** Running sums; layout in counters.ts. */
  readonly cells: LiveCells;
  /** Agent → the step whose command keeps its VM busy. */
  readonly busy: Map<string, number>;
  /** Agent → steps that wait for its VM, in order of readiness. */
  readonly queues: Map<string, number[]>;
  readonly ages: Ages;
  /** Who stands on whom, while all is taken back and from the moment of deletion; layout in undo/order.ts. */
  undo?: LiveCells;
  /** Who stands on whom of what is taken back while the workflow goes on; absent: nothing is. Layout in undo/order.ts. */
  leaving?: LiveCells;
}

/** Hexadecimal digits, equal for equal values under the engine's key (row 26). */
export type Hash = (value: JsonValue) => string;

export interface NewWorkflow {
  readonly id: string;
  readonly stackName: string;
  readonly generation: number;
  /** Ms since the epoch. */
  readonly at: number;
  /** Values of all inputs, defaults filled in; hidden ones as `{"$secret": ref}`. */
  readonly inputs: JsonObject;
  /** Absent: it is nobody's child. */
  readonly parent?: ParentLink;
}

/** A workflow in which nothing has happened; the event `create` starts it. */
export function initialState(graph: StateGraph, workflow: NewWorkflow, hash?: Hash): MachineState {
  const { id, stackName, generation, at, inputs, parent } = workflow;
  const record: WorkflowRecord = {
    id,
    stackName,
    generation,
    status: 'running',
    reason: '',
    roles: {},
    ...(parent && { parent }),
    at,
    seq: 0,
    createdAt: at,
  };
  return emptyState(graph, record, inputs, hash);
}

/** The state as it was when these records were committed. `inputs` are those of the workflow's source. */
export function restore(
  graph: StateGraph,
  record: WorkflowRecord,
  steps: Iterable<{ readonly number: number; readonly record: StepRecord }>,
  inputs: JsonObject,
  hash?: Hash,
): MachineState {
  const state = emptyState(graph, { ...record, roles: {} }, inputs, hash);
  for (const { number, record: step } of steps) putRecord(graph, state, number, step);
  putWorkflow(graph, state, record);
  return state;
}

/** The record of a step, by number. */
export function recordOf(state: MachineState, step: number): StepRecord {
  return state.records[step] ?? UNTOUCHED;
}

/** Replaces a step's record and everything that follows from it. */
export function putRecord(graph: StateGraph, state: MachineState, number: number, record: StepRecord): void {
  const step = graph.steps[number];
  if (!step) throw noSuchStep(state.workflow.id, `number ${number}`);
  const before = state.records[number];
  state.records[number] = record;
  state.ages.forget(step);
  state.at = Math.max(state.at, record.since);
  countRecord(state.cells, graph, number, before, record);
  const { workflow, undo } = state;
  if (undo && isDebt(before ?? UNTOUCHED, workflow) !== isDebt(record, workflow)) {
    countDebt(undo, graph, number, isDebt(record, workflow) ? 1 : -1);
  }
  if (isWithdrawn(before) !== isWithdrawn(record)) putLeaving(graph, state, number, record);
  putBusy(state, number, occupies(before), occupies(record));
  putQueue(state, number, before, record);
}

/** Replaces the workflow's record and everything that follows from it. */
export function putWorkflow(graph: StateGraph, state: MachineState, record: WorkflowRecord): void {
  for (const role of graph.roles) {
    const name = `${role.entity}.${role.name}`;
    const before = roleVerdict(state.workflow.roles[name]);
    const after = roleVerdict(record.roles[name]);
    if (before === after) continue;
    for (const output of role.outputs) countVerdict(state.cells, graph, output, before, after);
  }
  // Of one step it becomes that of all when the workflow is deleted meanwhile.
  const isOther = state.workflow.undo !== undefined && record.undo === undefined;
  state.workflow = record;
  state.at = Math.max(state.at, record.at);
  if (isOther || !UNDO_STATUSES.has(record.status)) delete state.undo;
  if (UNDO_STATUSES.has(record.status)) state.undo ??= buildUndo(graph, step => state.records[step], record);
}

function putLeaving(graph: StateGraph, state: MachineState, number: number, record: StepRecord): void {
  state.leaving ??= noLeaving(graph);
  countLeaving(state.leaving, graph, number, isWithdrawn(record) ? 1 : -1);
  if (debts(state.leaving, graph) === 0) delete state.leaving;
}

const UNDO_STATUSES = new Set<WorkflowRecord['status']>(['undoing', 'deleting', 'delete_failed', 'deleted']);

export const noSuchStep = (workflow: string, what: string): EngineError =>
  new EngineError(
    'internal',
    `Workflow ${workflow} has no step ${what}.`,
    'The stored records belong to another definition or membership; report this with the workflow id.',
  );

/** Order of readiness: by the time it became ready, then by number, so that a restart changes nothing. */
export const isBefore = (
  a: StepRecord,
  aNumber: Step['number'],
  b: StepRecord,
  bNumber: Step['number'],
): boolean => a.since < b.since || (a.since === b.since && aNumber < bNumber);

function emptyState(
  graph: StateGraph,
  workflow: WorkflowRecord,
  inputs: JsonObject,
  hash: Hash | undefined,
): MachineState {
  return {
    workflow,
    inputs,
    ...(hash && { hash }),
    records: Array.from<StepRecord | undefined>({ length: graph.steps.length }),
    at: workflow.at,
    cells: initialCells(graph),
    busy: new Map(),
    queues: new Map(),
    ages: new Ages(),
  };
}

function putBusy(
  state: MachineState,
  step: number,
  before: string | undefined,
  after: string | undefined,
): void {
  if (before === after) return;
  if (before !== undefined && state.busy.get(before) === step) state.busy.delete(before);
  if (after !== undefined) state.busy.set(after, step);
}

function putQueue(
  state: MachineState,
  step: number,
  before: StepRecord | undefined,
  after: StepRecord,
): void {
  const [from, to] = [queuesFor(before), queuesFor(after)];
  if (from === to && before?.since === after.since) return;
  if (from !== undefined) leaveQueue(state.queues, from, step);
  if (to !== undefined) enterQueue(state, to, step, after);
}

function leaveQueue(queues: Map<string, number[]>, agent: string, step: number): void {
  const queue = queues.get(agent) ?? [];
  const place = queue.indexOf(step);
  if (place >= 0) queue.splice(place, 1);
  if (queue.length === 0) queues.delete(agent);
}

/** Steps get ready in time's order, so the right place is at or near the end. */
function enterQueue(state: MachineState, agent: string, step: number, record: StepRecord): void {
  const queue = state.queues.get(agent) ?? [];
  let place = queue.length;
  while (
    place > 0 &&
    isBefore(record, step, recordOf(state, queue[place - 1] as number), queue[place - 1] as number)
  ) {
    place -= 1;
  }
  queue.splice(place, 0, step);
  state.queues.set(agent, queue);
}
