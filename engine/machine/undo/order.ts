// In which order started steps are taken back: against the edges, in parallel where the graph is (R10).
// Belongs here: the numbers that say who still stands on whom. Does not belong here: doing the undo (undo/undo.ts).
//
//   M4  a step is *held* while it owes an undo itself or a held step requires it, through a gate, any alternative of a choice, or a role;
//       held steps that never started pass this on, so that order survives joins. A step may be undone only when
//       nothing but its own debt holds it.
//
// The numbers exist from the moment a workflow is deleted; building them costs one walk over the graph, each undo
// only the steps beside it.
import type { StateGraph } from '../../graph/types.ts';
import { type Cells, LiveCells } from '../cells.ts';
import { isDebt } from '../records.ts';
import type { StepRecord, WorkflowRecord } from '../types.ts';
import { countTurnDebt, mayGoBack, openTurns, undoTurnCells } from '../rolling/way-back.ts';

const gateAt = (gate: number): number => gate;
const roleAt = (graph: StateGraph, role: number): number => graph.gates.length + role;
const choiceAt = (graph: StateGraph, choice: number): number => roleAt(graph, graph.roles.length) + choice;
const stepAt = (graph: StateGraph, step: number): number => choiceAt(graph, graph.choices.length) + step;
const debtsAt = (graph: StateGraph): number => stepAt(graph, graph.steps.length);
const turnsAt = (graph: StateGraph): number => debtsAt(graph) + 1;

/** Who stands on whom of what is to be taken back (`isDebt` of records.ts), for the records as they are. */
export function buildUndo(
  graph: StateGraph,
  recordOf: (step: number) => StepRecord | undefined,
  workflow: Pick<WorkflowRecord, 'undo'> = {},
): LiveCells {
  const cells = new LiveCells(turnsAt(graph) + undoTurnCells(graph));
  for (const step of graph.steps) {
    const record = recordOf(step.number);
    if (record && isDebt(record, workflow)) countDebt(cells, graph, step.number, 1);
  }
  openTurns(cells, graph, turnsAt(graph), recordOf);
  return cells;
}

/** Nothing is taken back while the workflow goes on. */
export const noLeaving = (graph: StateGraph): LiveCells => new LiveCells(debtsAt(graph) + 1);

/** Told when nothing but its own debt holds a step any more, and when nothing that is taken back names a role. */
export interface LeavingWatcher {
  freed(step: number): void;
  freedRole(role: number): void;
}

/**
 * Counts that a step is to be taken back while the workflow goes on (+1), or is so no more (−1). Rollings set no limit here:
 * their turns are those of the members that stay.
 */
export function countLeaving(
  cells: Cells,
  graph: StateGraph,
  step: number,
  by: 1 | -1,
  watcher?: LeavingWatcher,
): void {
  cells.set(debtsAt(graph), cells.get(debtsAt(graph)) + by);
  countHold(
    cells,
    graph,
    step,
    by,
    freed => watcher?.freed(freed),
    role => watcher?.freedRole(role),
  );
}

/** True when nothing that is taken back stands on the step but itself. */
export const mayLeave = (cells: Cells, graph: StateGraph, step: number): boolean =>
  cells.get(stepAt(graph, step)) === 1;

/** True while something that is taken back stands on a step that names the role: then nobody acts on another choice. */
export const isRoleHeld = (cells: Cells, graph: StateGraph, role: number): boolean =>
  cells.get(roleAt(graph, role)) > 0;

/** Counts that a step came to owe an undo (+1) or does so no more (−1); `freed` hears of steps that may be next. */
export function countDebt(
  cells: Cells,
  graph: StateGraph,
  step: number,
  by: 1 | -1,
  freed?: (step: number) => void,
): void {
  cells.set(debtsAt(graph), cells.get(debtsAt(graph)) + by);
  const { turn } = graph.steps[step] as StateGraph['steps'][number];
  if (turn !== undefined) countTurnDebt(cells, graph, turnsAt(graph), turn, by, freed);
  countHold(cells, graph, step, by, freed);
}

/** Passes on that a step holds what it requires, or does so no more. */
function countHold(
  cells: Cells,
  graph: StateGraph,
  step: number,
  by: 1 | -1,
  freed?: (step: number) => void,
  freedRole?: (role: number) => void,
): void {
  const changed = [step];
  for (let next = changed.pop(); next !== undefined; next = changed.pop()) {
    const node = graph.steps[next] as StateGraph['steps'][number];
    const left = bump(cells, stepAt(graph, next), by);
    if (by < 0 && left === 1) freed?.(next);
    if (left !== (by > 0 ? 1 : 0)) continue;
    const open = (gate: number): void => {
      if (bump(cells, gateAt(gate), by) !== (by > 0 ? 1 : 0)) return;
      changed.push(...(graph.gates[gate]?.inputs ?? []), ...(graph.gates[gate]?.leaving ?? []));
    };
    node.needs.forEach(open);
    for (const choice of node.choices) {
      if (bump(cells, choiceAt(graph, choice), by) !== (by > 0 ? 1 : 0)) continue;
      graph.choices[choice]?.alternatives.forEach(open);
    }
    for (const role of node.roles) {
      if (bump(cells, roleAt(graph, role), by) !== (by > 0 ? 1 : 0)) continue;
      if (by < 0) freedRole?.(role);
      changed.push(...(graph.roles[role]?.candidates ?? []), ...(graph.roles[role]?.leaving ?? []));
    }
  }
}

function bump(cells: Cells, at: number, by: number): number {
  const value = cells.get(at) + by;
  cells.set(at, value);
  return value;
}

/** True when nothing but its own debt holds the step, and its member's turn in its rolling has come. */
export const isFree = (cells: Cells, graph: StateGraph, step: number): boolean =>
  cells.get(stepAt(graph, step)) === 1 && isTurnToUndo(cells, graph, step);

/** True when its state is in no rolling, or its member's turn to be undone has come. */
export function isTurnToUndo(cells: Cells, graph: StateGraph, step: number): boolean {
  const { turn } = graph.steps[step] as StateGraph['steps'][number];
  return turn === undefined || mayGoBack(cells, graph, turnsAt(graph), turn);
}

/** True while it owes an undo itself or something that stands on it does. */
export const isHeld = (cells: Cells, graph: StateGraph, step: number): boolean =>
  cells.get(stepAt(graph, step)) > 0;

/** Steps that still owe an undo. */
export const debts = (cells: Cells, graph: StateGraph): number => cells.get(debtsAt(graph));
