// Carries committed changes into the state, in place.
// Belongs here: the one way a state changes. Does not belong here: deciding what changes (decide.ts).
import type { StateGraph } from '../graph/types.ts';
import { type MachineState, noSuchStep, putRecord, putWorkflow } from './state.ts';
import type { Change } from './types.ts';

/**
 * Applies what `decide` returned for this very state. The runtime drops and restores the state when the commit fails.
 * Every change is one log entry, so `workflow.seq` counts them.
 */
export function apply(graph: StateGraph, state: MachineState, changes: readonly Change[]): void {
  const seq = state.workflow.seq + changes.length;
  for (const change of changes) applyChange(graph, state, change);
  if (changes.length > 0) state.workflow = { ...state.workflow, seq };
}

function applyChange(graph: StateGraph, state: MachineState, change: Change): void {
  switch (change.kind) {
    case 'step': {
      const number = graph.stepById.get(change.step);
      if (number === undefined) throw noSuchStep(state.workflow.id, change.step);
      return putRecord(graph, state, number, change.record);
    }
    case 'generation':
    case 'operation':
      // Graph and state are those of the generation already (`Decision.next`, update/advance.ts).
      return;
    case 'workflow':
      return putWorkflow(graph, state, { ...change.record, seq: state.workflow.seq });
    default:
      return change satisfies never;
  }
}
