// What holds of what is taken back while the workflow goes on (M24), and of members that leave.
// Belongs here: checks from scratch and slow. Does not belong here: anything that runs in production.
import type { StateGraph } from '../../graph/types.ts';
import { passedSteps, unmetOf } from '../counters.ts';
import { generationOf, isWithdrawn, owes } from '../records.ts';
import { type MachineState, recordOf } from '../state.ts';
import { mayStay } from './retire.ts';
import { countLeaving, debts, isRoleHeld, mayLeave, noLeaving } from '../undo/order.ts';

type Report = (holds: boolean, where: string) => void;

/** M24. */
export function checkLeaving(graph: StateGraph, state: MachineState, report: Report): void {
  const fresh = noLeaving(graph);
  for (const { number } of graph.steps)
    if (isWithdrawn(state.records[number])) countLeaving(fresh, graph, number, 1);
  const live = state.leaving ?? noLeaving(graph);
  report(JSON.stringify([...live.values]) === JSON.stringify([...fresh.values]), 'the order');
  report((state.leaving !== undefined) === debts(fresh, graph) > 0, 'the workflow');
  // A role that moves may find something to take back that stands on what is being undone already.
  const hasMoved = graph.steps.some(({ number }) => recordOf(state, number).withdrawn === 'moved');
  for (const { number, id, leaving } of graph.steps) {
    const record = recordOf(state, number);
    // What was sent before somebody else began to leave ends first.
    const isNew = record.command === undefined || generationOf(record) === state.workflow.generation;
    if (record.status === 'undoing' && record.withdrawn && !state.undo && !hasMoved && isNew)
      report(mayLeave(fresh, graph, number), id);
    if (!leaving) continue;
    report(record.status !== 'ready' && record.status !== 'paused', `${id} (starts)`);
    report(!owes(record) || record.withdrawn !== undefined || mayStay(graph, state, number), `${id} (stays)`);
  }
  checkPassed(graph, state, report);
}

/** Row 49: steps that stay reached although what they require is open again are counted. */
function checkPassed(graph: StateGraph, state: MachineState, report: Report): void {
  const passed = graph.steps.filter(({ number, wanted }) => {
    const { status, renews, withdrawn } = recordOf(state, number);
    const isReached = withdrawn === undefined && (status === 'reached' || renews !== undefined);
    return wanted && isReached && unmetOf(state.cells, graph, number) > 0;
  });
  report(passedSteps(state.cells, graph) === passed.length, 'steps that were passed');
}

/** True while the step waits for what a former holder of a role did to be undone. */
export const awaitsFormer = (graph: StateGraph, { leaving }: MachineState, number: number): boolean =>
  leaving !== undefined && (graph.steps[number]?.roles ?? []).some(role => isRoleHeld(leaving, graph, role));
