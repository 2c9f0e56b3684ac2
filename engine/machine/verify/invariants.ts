// What holds of checks (M26) and of what is unverified (M27).
// Belongs here: checks from scratch and slow. Does not belong here: anything that runs in production.
import type { StateGraph } from '../../graph/types.ts';
import { lookingSteps } from '../counters.ts';
import { isLooking } from '../records.ts';
import { type MachineState, recordOf } from '../state.ts';

type Report = (invariant: 'M26' | 'M27', holds: boolean, where: string) => void;

/** `isForward`: steps may start, as far as nobody has stopped them. */
export function checkDoubts(
  graph: StateGraph,
  state: MachineState,
  isForward: boolean,
  report: Report,
): void {
  const { status, check, halted, suspended, operation, operations } = state.workflow;
  const looked = state.records.filter(record => record && isLooking(record)).length;
  report('M26', lookingSteps(state.cells, graph) === looked, 'the count');
  report('M26', (status === 'checking') === looked > 0, 'the workflow');
  report('M26', (status === 'checking') === (check !== undefined), 'the check');
  // Operations leave marks alone.
  const isOperated = operation !== undefined || operations !== undefined;
  const isOpened = isForward && halted === undefined && suspended === undefined && !isOperated;
  for (const { number, id, wanted, leaving } of graph.steps) {
    const { status: standing, unverified, again, renews, withdrawn } = recordOf(state, number);
    if (!unverified) continue;
    report('M27', standing === 'reached' || again !== undefined || renews !== undefined, id);
    const isAsked = wanted && !leaving && withdrawn === undefined && unverified.why !== 'drifted';
    report('M27', !isOpened || !isAsked || standing !== 'reached', `${id} (stays)`);
  }
}
