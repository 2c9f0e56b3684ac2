// Rollings on the way back: as many members as enter at a time are undone at a time, in reverse order (R4, R10).
// Belongs here: which turns are open for undo, and their numbers. Does not belong here: the edges (undo/order.ts).
//
// Open are the last so many in the order whose states of the rolling still owe an undo; of batches the size is that of the
// last, which is repeated. A member whose undo failed for good keeps its place until the deletion is asked for again.
import type { RollingNode, StateGraph, Turn } from '../../graph/types.ts';
import type { Cells } from '../cells.ts';
import { countOf } from '../shares.ts';
import type { StepRecord } from '../types.ts';

/** Of a turn: steps that owe an undo, its place, and which turn stands at its place. Of a rolling: the lowest place that is open. */
const TURN_CELLS = 3;

export const undoTurnCells = (graph: StateGraph): number =>
  graph.turns.length * TURN_CELLS + graph.rollings.length;

const owingAt = (base: number, turn: number): number => base + turn * TURN_CELLS;
const placeAt = (base: number, turn: number): number => base + turn * TURN_CELLS + 1;
const turnAt = (base: number, { first }: RollingNode, place: number): number =>
  base + (first + place) * TURN_CELLS + 2;
const openAt = (base: number, graph: StateGraph, rolling: number): number =>
  base + graph.turns.length * TURN_CELLS + rolling;

type RecordOf = (step: number) => StepRecord | undefined;

/** Opens the last turns of every rolling, once all debts are counted. */
export function openTurns(cells: Cells, graph: StateGraph, base: number, recordOf: RecordOf): void {
  for (const node of graph.rollings) {
    const ordered = turnsInOrder(graph, node, recordOf);
    for (const [place, turn] of ordered.entries()) {
      cells.set(placeAt(base, turn.number), place);
      cells.set(turnAt(base, node, place), turn.number);
    }
    let room = roomFor(node);
    let place = node.members;
    while (room > 0 && place > 0) {
      place = below(cells, base, node, place);
      room -= 1;
    }
    cells.set(openAt(base, graph, node.number), place);
  }
}

/** By the rank that was recorded; who has none never entered. */
function turnsInOrder(graph: StateGraph, node: RollingNode, recordOf: RecordOf): readonly Turn[] {
  const turns = graph.turns.slice(node.first, node.first + node.members);
  if (!node.rolling.order) return turns;
  const rank = ({ steps }: Turn): number =>
    Math.max(...steps.map(step => recordOf(step)?.rolling?.rank ?? 0));
  return turns
    .map(turn => ({ turn, rank: rank(turn) }))
    .sort((a, b) => a.rank - b.rank || a.turn.place - b.turn.place)
    .map(({ turn }) => turn);
}

/** Members that may be undone at a time. */
export function roomFor({ rolling: { serial }, members }: RollingNode): number {
  const share = serial.kind === 'window' ? serial.size : serial.sizes.at(-1);
  return share ? countOf(share, members) : members;
}

/** The next place below at which something is owed; 0 when there is none. */
function below(cells: Cells, base: number, node: RollingNode, place: number): number {
  let next = place - 1;
  while (next > 0 && cells.get(owingAt(base, cells.get(turnAt(base, node, next)))) === 0) next -= 1;
  return Math.max(0, next);
}

/** Counts that a step of a turn came to owe an undo or does so no more; `freed` hears of steps whose turn has come. */
export function countTurnDebt(
  cells: Cells,
  graph: StateGraph,
  base: number,
  turn: number,
  by: 1 | -1,
  freed?: (step: number) => void,
): void {
  const left = cells.get(owingAt(base, turn)) + by;
  cells.set(owingAt(base, turn), left);
  if (by > 0 || left > 0 || !mayGoBack(cells, graph, base, turn)) return;
  const node = graph.rollings[graph.turns[turn]?.rolling ?? -1] as RollingNode;
  const at = openAt(base, graph, node.number);
  if (cells.get(at) === 0) return;
  const next = below(cells, base, node, cells.get(at));
  cells.set(at, next);
  for (const step of graph.turns[cells.get(turnAt(base, node, next))]?.steps ?? []) freed?.(step);
}

/** True when the steps of the turn may be undone. */
export function mayGoBack(cells: Cells, graph: StateGraph, base: number, turn: number): boolean {
  const node = graph.rollings[graph.turns[turn]?.rolling ?? -1] as RollingNode;
  return cells.get(placeAt(base, turn)) >= cells.get(openAt(base, graph, node.number));
}
