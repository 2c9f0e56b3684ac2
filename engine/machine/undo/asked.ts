// `undo`: a person has one step of a workflow that rests taken back, and what stands on it first.
// Belongs here: what that is and in which order, its beginning and its end. Does not belong here: single undos (undo.ts), when it may
// be asked (on/undo.ts).
//
// What is taken back is held back: the workflow has failed, and nothing begins anew before a person goes on (`resume`, `retry`,
// `converge`, another definition), as after a workflow has undone its failure. Where the goal holds without it, it is not needed.
// One of several ways counts as a way: whatever requires the step through any gate, choice or role stands on it (M4).
import type { StateGraph } from '../../graph/types.ts';
import { debts, isFree, isHeld, buildUndo, countDebt } from './order.ts';
import type { Draft } from '../draft.ts';
import { describeAskedUndo, describeEnd } from '../reasons.ts';
import { ATTEMPT_OVER, owes, UNTOUCHED } from '../records.ts';
import type { MachineState } from '../state.ts';
import { recordOf } from '../state.ts';
import type { StepRecord } from '../types.ts';
import { standingOn } from '../verify/mark.ts';
import { ANEW, loseRoles } from './on-failure.ts';

/** The step and all that stands on it, by number. */
export const takenWith = (graph: StateGraph, number: number): readonly number[] => [
  number,
  ...standingOn(graph, [{ number }]).filter(other => other !== number),
];

/** Statuses of a step that was reached, or is to be so again. */
const isReached = ({ status, renews }: StepRecord): boolean => status === 'reached' || renews !== undefined;

/** True when there is something of it to take back, or nothing needs to be done for it to be gone. */
export const isUndoable = (record: StepRecord): boolean => owes(record) || isReached(record);

/** From here on the workflow takes back; the step's own undo comes last. */
export function beginAskedUndo(draft: Draft, number: number, by: string): void {
  const { id } = draft.step(number);
  draft.mark('undo', { step: id, by, at: draft.at });
  for (const one of takenWith(draft.graph, number)) {
    const record = draft.record(one);
    if (!owes(record)) continue;
    const again = record.cause === 'undo_failed' ? { cause: undefined } : {};
    draft.write(one, { toUndo: true, ...again });
    draft.undoable.push(one);
  }
  draft.setWorkflow('undoing', `${by} takes back ${id} and what stands on it`);
  draft.beginUndo();
}

/** Nothing more of it can be taken back. What could not be stays, and what that stands on. */
export function endAskedUndo(draft: Draft): void {
  const { undo: asked } = draft.workflow;
  const number = asked && draft.graph.stepById.get(asked.step);
  if (asked === undefined || number === undefined) return;
  const taken = takenWith(draft.graph, number);
  for (const one of taken) fallWith(draft, one, asked.by);
  for (const one of taken) if (draft.record(one).toUndo) draft.write(one, { toUndo: undefined });
  for (const step of draft.graph.steps)
    if (draft.record(step.number).status === 'paused')
      draft.write(step.number, { ...ATTEMPT_OVER, status: 'waiting', cause: undefined });
  loseRoles(draft);
  draft.mark('undo', undefined);
  if (!draft.goalHolds) return draft.setWorkflow('failed', describeAskedUndo(draft, asked, taken));
  for (const one of taken)
    if (draft.record(one).status === 'undone')
      draft.write(one, { ...ANEW, ...(draft.step(one).wanted && NOT_NEEDED) });
  draft.setWorkflow('complete', describeEnd(draft));
}

const NOT_NEEDED = { status: 'not_needed', cause: 'goal_holds' } as const;

/** Joins fall with what they stand on. */
function fallWith(draft: Draft, number: number, by: string): void {
  const record = draft.record(number);
  if (record.touched || !isReached(record)) return;
  if (!draft.undo || isHeld(draft.undo, draft.graph, number)) return;
  draft.write(number, { ...ATTEMPT_OVER, status: 'undone', cause: 'nothing_to_undo', answeredBy: by });
}

/** A deletion takes back all. */
export function forgetAskedUndo(draft: Draft): void {
  if (draft.workflow.undo === undefined) return;
  for (const { number } of draft.graph.steps)
    if (draft.record(number).toUndo) draft.write(number, { toUndo: undefined });
  draft.mark('undo', undefined);
  draft.beginUndo();
}

/**
 * Steps that would be taken back, those in one list at the same time, the first list first, if none of them fails. Steps of which
 * nothing was begun are left out.
 */
export function foreseeUndo(
  graph: StateGraph,
  state: MachineState,
  number: number,
): readonly (readonly number[])[] {
  const owing = new Set(takenWith(graph, number).filter(one => owes(recordOf(state, one))));
  const cells = buildUndo(graph, one => (owing.has(one) ? recordOf(state, one) : UNTOUCHED));
  const waves: (readonly number[])[] = [];
  while (debts(cells, graph) > 0) {
    const wave = [...owing].filter(one => isFree(cells, graph, one)).toSorted((a, b) => a - b);
    if (wave.length === 0) break;
    waves.push(wave);
    for (const one of wave) {
      owing.delete(one);
      countDebt(cells, graph, one, -1);
    }
  }
  return waves;
}
