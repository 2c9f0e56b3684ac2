// When what was replaced is undone: after the states that its successor names have been reached (`retire_after`).
// Belongs here: that question, and who asks it again. Does not belong here: the undo (undo/undo.ts), who is replaced (replace.ts).
//
// RT1 Until then what was reached of it stays as it is, and nobody waits for its undo: it is not withdrawn yet.
// RT2 When the goal holds, its successor alone is awaited: what that has not begun by then is not begun any more.
import type { StateGraph, Step } from '../../graph/types.ts';
import type { Cells } from '../cells.ts';
import { gateVerdict, goalHolds } from '../counters.ts';
import type { Draft } from '../draft.ts';
import { owes } from '../records.ts';
import { type MachineState, recordOf } from '../state.ts';
import type { WorkflowStatus } from '../types.ts';
import { withdraw } from './withdraw.ts';

/** Gates that are not met yet. The first is that of its successor. Of a member that leaves nothing is kept. */
export function keptBy(graph: StateGraph, cells: Cells, number: number): readonly number[] {
  const { retireAfter = [], member } = graph.steps[number] as Step;
  if (member?.leaving) return [];
  const isMet = (gate: number): boolean => gateVerdict(cells, graph, gate) === 'met';
  const [successor, ...others] = retireAfter;
  if (successor === undefined) return [];
  const awaited = goalHolds(cells, graph) ? [] : others.filter(gate => isNeeded(graph, gate));
  return [successor, ...awaited].filter(gate => !isMet(gate));
}

/** What no goal needs is never reached. */
const isNeeded = (graph: StateGraph, gate: number): boolean =>
  graph.gates[gate]?.inputs.some(input => graph.steps[input]?.wanted === true) === true;

/** It was reached, and stays for now. */
export const isKept = (draft: Draft, number: number): boolean =>
  draft.record(number).status === 'reached' && keptBy(draft.graph, draft.cells, number).length > 0;

/** From now on it is to be taken back, as all that waited for the same: so that the order is kept among them. */
export function retire(draft: Draft, number: number): void {
  if (!isToRetire(draft, draft.step(number))) return;
  for (const step of draft.graph.steps) if (isToRetire(draft, step)) withdraw(draft, step.number, 'replaced');
}

function isToRetire(draft: Draft, { number, retireAfter }: Step): boolean {
  if (retireAfter === undefined || !draft.underway || draft.undo) return false;
  const record = draft.record(number);
  return record.withdrawn === undefined && owes(record) && !isKept(draft, number);
}

/** The goal came to hold. */
export function retireAll(draft: Draft): void {
  if (!draft.graph.earlier?.states.some(({ now }) => now !== undefined)) return;
  for (const { number, retireAfter } of draft.graph.steps) if (retireAfter) draft.undoable.push(number);
}

/** Of a live state, for who checks it: what was reached may be kept; all is taken back without a mark. */
export const mayStay = (graph: StateGraph, state: MachineState, number: number): boolean =>
  graph.steps[number]?.retireAfter !== undefined &&
  (recordOf(state, number).status === 'reached' || !GOES_ON.has(state.workflow.status));

const GOES_ON = new Set<WorkflowStatus>(['running', 'held']);
