// Running sums over the graph, so that one report costs only the steps beside it (cost rule P7).
// Belongs here: the layout of the numbers and their upkeep when a step's status changes. Does not belong here: what
// is done when a gate is met (readiness.ts).
//
// Invariants (checked from scratch by invariants.ts):
//   M1  a gate's numbers are the number of its inputs in each class;
//   M2  a step's `unmet` is the number of its gates and choices not met plus its roles not chosen, `hopeless` those
//       that can't be met any more plus its vacant roles;
//   M3  a role's numbers are those of its candidates.
//
// The same code keeps the live numbers (an Int32Array) and those of a decision (a map laid over it), so that a
// decision changes nothing and applying it gives exactly what the decision saw.
import type { RequiredOutcome } from '../definition/types.ts';
import type { Choice, Gate, StateGraph } from '../graph/types.ts';
import { type Cells, LiveCells } from './cells.ts';
import { hasNoWay, isLooking, UNTOUCHED } from './records.ts';
import { type RollingWatcher, turnCellCount, TurnSums } from './rolling/sums.ts';
import { type Holder, STEP_STATUSES, type StepRecord, type StepStatus } from './types.ts';

/** How a step counts for the gates and roles over it. */
export type StepClass = 'pending' | 'counts' | 'neutral' | 'lost';

/**
 * What is taken back because a role moved applies no more; of a member that comes back it is to come again. What is renewed (`valid_for`) stays what it was. Rules 10, 11 and 13:
 * an operator's skip counts, one because of role or condition is neutral.
 */
export function classOf(record: StepRecord): StepClass {
  if (record.withdrawn !== undefined) return record.withdrawn === 'moved' ? 'neutral' : 'pending';
  if (record.renews !== undefined) return 'counts';
  switch (record.status) {
    case 'reached':
      return 'counts';
    case 'skipped':
      return record.cause === 'skipped_by_operator' ? 'counts' : 'neutral';
    case 'not_needed':
      return 'neutral';
    case 'failed':
    case 'blocked':
    case 'undone':
      return 'lost';
    case 'waiting':
    case 'ready':
    case 'running':
    case 'paused':
    case 'interrupted':
    case 'undoing':
      return 'pending';
    default:
      return record.status satisfies never;
  }
}

/**
 * How it counts for a gate that asks for another outcome (rules 12 and 13): for `failed` what was reached is lost; what
 * failed once counts for good.
 */
export function classFor(outcome: RequiredOutcome | undefined, record: StepRecord): StepClass {
  const plain = classOf(record);
  if (outcome === undefined) return plain;
  const { renews, withdrawn, status } = record;
  const fails = renews === undefined && withdrawn === undefined && hasNoWay(status);
  if (record.hasFailed || fails) return 'counts';
  return outcome === 'failed' && plain === 'counts' ? 'lost' : plain;
}

const CLASS_CELL = { counts: 0, neutral: 1, lost: 2 } as const;
const GATE_CELLS = 3;
const ROLE_CELLS = 2;
const CHOICE_CELLS = 2;
/** What is unmet, what of that is hopeless, and whether it was reached. */
const STEP_CELLS = 3;

const gateCell = (gate: number): number => gate * GATE_CELLS;
const roleCell = (graph: StateGraph, role: number): number =>
  graph.gates.length * GATE_CELLS + role * ROLE_CELLS;
const choiceCell = (graph: StateGraph, choice: number): number =>
  roleCell(graph, graph.roles.length) + choice * CHOICE_CELLS;
const stepCell = (graph: StateGraph, step: number): number =>
  choiceCell(graph, graph.choices.length) + step * STEP_CELLS;

/** Behind the steps: how many have each status, how many wait for a time, and how many run a held child. */
const statusCell = (graph: StateGraph, status: StepStatus): number =>
  stepCell(graph, graph.steps.length) + STEP_STATUSES.indexOf(status);
const timedCell = (graph: StateGraph): number => stepCell(graph, graph.steps.length) + STEP_STATUSES.length;

const heldCell = (graph: StateGraph): number => timedCell(graph) + 1;

/** Behind them: wanted steps that were reached before what they require came to be unmet again (row 49). */
const passedCell = (graph: StateGraph): number => heldCell(graph) + 1;

/** Behind them: steps that a check looks at. */
const lookingCell = (graph: StateGraph): number => passedCell(graph) + 1;

const turnsAt = (graph: StateGraph): number => lookingCell(graph) + 1;

export const cellCount = (graph: StateGraph): number => turnsAt(graph) + turnCellCount(graph);

/** The numbers of rollings, which stand behind all others. */
export const turnSums = (cells: Cells, graph: StateGraph): TurnSums =>
  new TurnSums(cells, graph, turnsAt(graph));

/** Steps with this status; those without a record are not counted as waiting. */
export const withStatus = (cells: Cells, graph: StateGraph, status: StepStatus): number =>
  cells.get(statusCell(graph, status));

/** Steps that wait for the time of their next attempt. */
export const timedSteps = (cells: Cells, graph: StateGraph): number => cells.get(timedCell(graph));

/** Steps that run a child which waits for a person. */
export const heldSteps = (cells: Cells, graph: StateGraph): number => cells.get(heldCell(graph));

/** Steps that are being looked at. */
export const lookingSteps = (cells: Cells, graph: StateGraph): number => cells.get(lookingCell(graph));

/** Steps that stay reached although somebody joined who has yet to come as far. */
export const passedSteps = (cells: Cells, graph: StateGraph): number => cells.get(passedCell(graph));

/** Row 49: what was reached stays so, but the goal holds only when those who joined have come along. */
export const goalHolds = (cells: Cells, graph: StateGraph): boolean =>
  passedSteps(cells, graph) === 0 && graph.goal.every(gate => gateVerdict(cells, graph, gate) === 'met');

export type Verdict = 'open' | 'met' | 'hopeless';

export interface GateCount {
  readonly counts: number;
  readonly neutral: number;
  readonly lost: number;
}

export function gateCount(cells: Cells, gate: number): GateCount {
  const at = gateCell(gate);
  return { counts: cells.get(at), neutral: cells.get(at + 1), lost: cells.get(at + 2) };
}

/**
 * How many must have ended so: rules 1, 7 and 10. A percentage rounds up; over nobody no quorum can be met, and that
 * nobody failed is no failure.
 */
export function neededBy(gate: Gate, neutral: number): number {
  const applicable = gate.inputs.length - neutral;
  switch (gate.requirement.kind) {
    case 'same':
    case 'all':
      return gate.some || gate.outcome === 'failed' ? Math.max(1, applicable) : applicable;
    case 'any':
      return 1;
    case 'count':
      return gate.requirement.count;
    case 'majority':
      return Math.floor(applicable / 2) + 1;
    case 'percent':
      return Math.max(1, Math.ceil((applicable * gate.requirement.percent) / 100));
    default:
      return gate.requirement satisfies never;
  }
}

/** Met for good, still possible, or blocked at once: when reached and not yet final are fewer than needed. */
export function gateVerdict(cells: Cells, graph: StateGraph, number: number): Verdict {
  return verdictOf(graph.gates[number] as Gate, gateCount(cells, number));
}

/** The same of given numbers. */
export function verdictOf(gate: Gate, { counts, neutral, lost }: GateCount): Verdict {
  const needed = neededBy(gate, neutral);
  const possible = gate.inputs.length - neutral - lost;
  if (possible < needed) return 'hopeless';
  return counts >= needed ? 'met' : 'open';
}

/** Met by one alternative, hopeless when all are. */
export function choiceVerdict(cells: Cells, graph: StateGraph, number: number): Verdict {
  const { met, hopeless } = choiceCount(cells, graph, number);
  if (met > 0) return 'met';
  return hopeless === graph.choices[number]?.alternatives.length ? 'hopeless' : 'open';
}

/** How many of a choice's alternatives are met, and how many can't be any more. */
export function choiceCount(
  cells: Cells,
  graph: StateGraph,
  number: number,
): { readonly met: number; readonly hopeless: number } {
  const at = choiceCell(graph, number);
  return { met: cells.get(at), hopeless: cells.get(at + 1) };
}

/** Whether the failures that the step waits for came; one that never will makes it superfluous (rule 13). */
export function alarmOf(cells: Cells, graph: StateGraph, step: number): Verdict {
  const { needs, choices } = graph.steps[step] as StateGraph['steps'][number];
  const isAlarm = (gate: number): boolean => graph.gates[gate]?.outcome === 'failed';
  const verdicts = [
    ...needs.filter(isAlarm).map(gate => gateVerdict(cells, graph, gate)),
    ...choices
      .filter(choice => graph.choices[choice]?.alternatives.every(isAlarm))
      .map(choice => choiceVerdict(cells, graph, choice)),
  ];
  if (verdicts.includes('hopeless')) return 'hopeless';
  return verdicts.includes('open') ? 'open' : 'met';
}

export const unmetOf = (cells: Cells, graph: StateGraph, step: number): number =>
  cells.get(stepCell(graph, step));
export const hopelessOf = (cells: Cells, graph: StateGraph, step: number): number =>
  cells.get(stepCell(graph, step) + 1);

/** Candidates of a role: how many are not final, how many reached `among`. */
export function candidatesOf(
  cells: Cells,
  graph: StateGraph,
  role: number,
): { open: number; reached: number } {
  const at = roleCell(graph, role);
  const final = cells.get(at);
  return { open: (graph.roles[role]?.candidates.length ?? 0) - final, reached: cells.get(at + 1) };
}

/** Told of what changed, so that it can be looked at again. */
export interface CounterWatcher extends RollingWatcher {
  gateChanged(gate: Gate | Choice): void;
  roleChanged(role: number): void;
}

/** Counts that a step's record was replaced; `before` is absent when it had none. */
export function countRecord(
  cells: Cells,
  graph: StateGraph,
  step: number,
  before: StepRecord | undefined,
  after: StepRecord,
  watcher?: CounterWatcher,
): void {
  if (before) countStatus(cells, graph, before, -1);
  countStatus(cells, graph, after, 1);
  recount(cells, graph, step, before ?? UNTOUCHED, after, watcher);
  const { turn } = graph.steps[step] as StateGraph['steps'][number];
  if (turn !== undefined) turnSums(cells, graph).count(turn, before ?? UNTOUCHED, after, watcher);
}

function countStatus(cells: Cells, graph: StateGraph, record: StepRecord, by: number): void {
  const at = statusCell(graph, record.status);
  cells.set(at, cells.get(at) + by);
  if (record.status === 'waiting' && record.due)
    cells.set(timedCell(graph), cells.get(timedCell(graph)) + by);
  if (record.held !== undefined) cells.set(heldCell(graph), cells.get(heldCell(graph)) + by);
  if (isLooking(record)) cells.set(lookingCell(graph), cells.get(lookingCell(graph)) + by);
}

/** Moves one step from a class to another in every gate and role over it. */
function recount(
  cells: Cells,
  graph: StateGraph,
  step: number,
  before: StepRecord,
  after: StepRecord,
  watcher?: CounterWatcher,
): void {
  const { feeds, candidateOf, watched } = graph.steps[step] as StateGraph['steps'][number];
  if (wasReached(before) !== wasReached(after)) countReached(cells, graph, step, wasReached(after));
  // Nobody counts a member that leaves.
  if (graph.steps[step]?.leaving) return;
  const [from, to] = [classOf(before), classOf(after)];
  if (from === to && !watched) return;
  for (const number of feeds) {
    const { outcome } = graph.gates[number] as Gate;
    recountGate(cells, graph, number, classFor(outcome, before), classFor(outcome, after), watcher);
  }
  if (from === to) return;
  for (const role of candidateOf) {
    const at = roleCell(graph, role);
    cells.set(at, cells.get(at) + Number(to !== 'pending') - Number(from !== 'pending'));
    cells.set(at + 1, cells.get(at + 1) + Number(to === 'counts') - Number(from === 'counts'));
    watcher?.roleChanged(role);
  }
}

const wasReached = ({ status, renews, withdrawn }: StepRecord): boolean =>
  withdrawn === undefined && (status === 'reached' || renews !== undefined);

function countReached(cells: Cells, graph: StateGraph, step: number, reached: boolean): void {
  const at = stepCell(graph, step);
  cells.set(at + 2, Number(reached));
  if (graph.steps[step]?.wanted && cells.get(at) > 0) addPassed(cells, graph, reached ? 1 : -1);
}

const addPassed = (cells: Cells, graph: StateGraph, by: 1 | -1): void =>
  cells.set(passedCell(graph), cells.get(passedCell(graph)) + by);

function recountGate(
  cells: Cells,
  graph: StateGraph,
  gate: number,
  from: StepClass,
  to: StepClass,
  watcher?: CounterWatcher,
): void {
  if (from === to) return;
  const before = gateVerdict(cells, graph, gate);
  add(cells, gateCell(gate), from, -1);
  add(cells, gateCell(gate), to, 1);
  const after = gateVerdict(cells, graph, gate);
  if (before === after) return;
  const node = graph.gates[gate] as Gate;
  for (const output of node.outputs) countVerdict(cells, graph, output, before, after);
  watcher?.gateChanged(node);
  for (const choice of node.choices) recountChoice(cells, graph, choice, before, after, watcher);
}

/** One of its alternatives went from one verdict to another. */
function recountChoice(
  cells: Cells,
  graph: StateGraph,
  number: number,
  from: Verdict,
  to: Verdict,
  watcher?: CounterWatcher,
): void {
  const before = choiceVerdict(cells, graph, number);
  countAlternative(cells, graph, number, from, -1);
  countAlternative(cells, graph, number, to, 1);
  const after = choiceVerdict(cells, graph, number);
  if (before === after) return;
  const choice = graph.choices[number] as Choice;
  for (const output of choice.outputs) countVerdict(cells, graph, output, before, after);
  watcher?.gateChanged(choice);
}

function countAlternative(
  cells: Cells,
  graph: StateGraph,
  choice: number,
  verdict: Verdict,
  by: 1 | -1,
): void {
  if (verdict === 'open') return;
  const at = choiceCell(graph, choice) + Number(verdict === 'hopeless');
  cells.set(at, cells.get(at) + by);
}

function add(cells: Cells, at: number, kind: StepClass, by: number): void {
  if (kind !== 'pending') cells.set(at + CLASS_CELL[kind], cells.get(at + CLASS_CELL[kind]) + by);
}

/** Counts in a step that one of its gates or roles went from one verdict to another. */
export function countVerdict(
  cells: Cells,
  graph: StateGraph,
  step: number,
  before: Verdict,
  after: Verdict,
): void {
  const at = stepCell(graph, step);
  const unmet = Number(after !== 'met') - Number(before !== 'met');
  const hopeless = Number(after === 'hopeless') - Number(before === 'hopeless');
  const wasMet = cells.get(at) === 0;
  if (unmet) cells.set(at, cells.get(at) + unmet);
  const isMet = cells.get(at) === 0;
  if (wasMet !== isMet && cells.get(at + 2) === 1 && graph.steps[step]?.wanted)
    addPassed(cells, graph, isMet ? -1 : 1);
  if (hopeless) cells.set(at + 1, cells.get(at + 1) + hopeless);
}

/** `undefined`: not chosen; null: vacant. */
export function roleVerdict(holder: Holder | null | undefined): Verdict {
  if (holder === undefined) return 'open';
  return holder === null ? 'hopeless' : 'met';
}

/** The numbers of a workflow in which nothing has happened yet. */
export function initialCells(graph: StateGraph): LiveCells {
  const cells = new LiveCells(cellCount(graph));
  turnSums(cells, graph).begin();
  for (const role of graph.roles)
    for (const output of role.outputs) countVerdict(cells, graph, output, 'met', 'open');
  for (const gate of graph.gates) {
    const verdict = gateVerdict(cells, graph, gate.number);
    for (const output of gate.outputs) countVerdict(cells, graph, output, 'met', verdict);
    for (const choice of gate.choices) countAlternative(cells, graph, choice, verdict, 1);
  }
  for (const { number, outputs } of graph.choices) {
    const verdict = choiceVerdict(cells, graph, number);
    for (const output of outputs) countVerdict(cells, graph, output, 'met', verdict);
  }
  return cells;
}
