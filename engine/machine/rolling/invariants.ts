// What holds of rollings after every event (M20), and whose turn a step waits for.
// Belongs here: checks from scratch and slow. Does not belong here: anything that runs in production.
import type { RollingNode, StateGraph, Step, Turn } from '../../graph/types.ts';
import { countRecord, initialCells, turnSums } from '../counters.ts';
import { FIRST_GENERATION, sourceOf } from '../records.ts';
import { type MachineState, recordOf } from '../state.ts';
import { isShutOut, mayEnter, roomOf } from './entering.ts';
import type { StepStatus } from '../types.ts';
import { roomFor } from './way-back.ts';

/** Whether a step is lost because its rolling stopped, or waits for its turn with all its requirements met. */
export function turnOf(
  graph: StateGraph,
  state: MachineState,
  step: Step,
): { readonly isLost: boolean; readonly waits: boolean } {
  if (step.turn === undefined) return { isLost: false, waits: false };
  const sums = turnSums(state.cells, graph);
  const waits = !sums.isInside(step.turn) && !mayEnter(sums, graph, step.turn);
  return { isLost: isShutOut(sums, graph, step), waits };
}

/** M20. */
export function checkTurns(
  graph: StateGraph,
  state: MachineState,
  report: (holds: boolean, where: string) => void,
): void {
  if (graph.rollings.length === 0) return;
  report(sameSums(graph, state), 'the sums of rollings');
  for (const node of graph.rollings) {
    const turns = graph.turns.slice(node.first, node.first + node.members);
    if (state.undo) {
      checkUndoing(graph, state, node, turns, report);
      continue;
    }
    checkRoom(graph, state, node, turns, report);
    for (const turn of turns) checkStarts(graph, state, turn, report);
  }
}

/** The live numbers against those made afresh of the records. */
function sameSums(graph: StateGraph, state: MachineState): boolean {
  const fresh = initialCells(graph);
  for (const { number } of graph.steps) {
    const record = state.records[number];
    if (record) countRecord(fresh, graph, number, undefined, record);
  }
  const [live, made] = [turnSums(state.cells, graph), turnSums(fresh, graph)];
  return JSON.stringify(live.all()) === JSON.stringify(made.all());
}

/** Inside: entered since it was last opened, and not all final. */
function insideOf(state: MachineState, { steps }: Turn): boolean {
  const records = steps.map(step => recordOf(state, step));
  const entry = Math.max(...records.map(({ rolling }) => rolling?.entry ?? 0));
  const left = Math.max(...records.map(({ rolling }) => rolling?.left ?? 0));
  return entry > left && records.some(({ status }) => OPEN.has(status));
}

const OPEN = new Set<StepStatus>(['waiting', 'ready', 'running', 'paused', 'interrupted', 'undoing']);

function checkRoom(
  graph: StateGraph,
  state: MachineState,
  node: RollingNode,
  turns: readonly Turn[],
  report: (holds: boolean, where: string) => void,
): void {
  const sums = turnSums(state.cells, graph);
  const inside = turns.filter(turn => insideOf(state, turn)).length;
  // Where members left, the share of those that stay may be smaller: who is inside goes on to the end.
  const isKept = inside <= roomOf(sums, node) || state.workflow.generation > FIRST_GENERATION;
  report(isKept, `${node.entity}.${node.rolling.name} (${inside} inside)`);
}

/** R10: as many members are undone at a time; what was taken back already because it failed (`then: undo`) apart. */
function checkUndoing(
  graph: StateGraph,
  state: MachineState,
  node: RollingNode,
  turns: readonly Turn[],
  report: (holds: boolean, where: string) => void,
): void {
  const isUndone = ({ steps }: Turn): boolean =>
    steps.some(step => {
      const { status, withdrawn } = recordOf(state, step);
      // What was being taken back before all is, sets no limit.
      return status === 'undoing' && !withdrawn && graph.steps[step]?.state.onFailure !== 'undo';
    });
  const undoing = turns.filter(isUndone).length;
  report(undoing <= roomFor(node), `${node.entity}.${node.rolling.name} (${undoing} are undone)`);
}

/** Values and joins need no turn. */
function checkStarts(
  graph: StateGraph,
  state: MachineState,
  turn: Turn,
  report: (holds: boolean, where: string) => void,
): void {
  for (const number of turn.steps) {
    const { id } = graph.steps[number] as Step;
    const record = recordOf(state, number);
    // What runs under another definition may not have been in the rolling.
    const isAsNow = record.status === 'ready' || sourceOf(record) === sourceOf(state.workflow);
    if (isAsNow && (record.status === 'ready' || record.status === 'running'))
      report(insideOf(state, turn), `${id} (outside)`);
  }
}
