// `on_workflow_failure: undo`: a workflow that would end as failed first takes back what it has started (R10).
// Belongs here: its beginning, its end, and a new beginning after it. Does not belong here: single undos (undo/undo.ts).
//
// Not what a person has stopped (`cancel`), and not what waits for one. An undo that fails is a failure here, as in an
// update and unlike in a deletion: the VMs stay, so what could not be taken back is named, and what it stands on stays.
import type { Step } from '../../graph/types.ts';
import type { Draft } from '../draft.ts';
import { classOf } from '../counters.ts';
import { describeUndone } from '../reasons.ts';
import { ATTEMPT_OVER, owes, type Patch } from '../records.ts';
import type { StepRecord } from '../types.ts';
import { isHeld } from './order.ts';

/** The workflow has failed for this reason; says whether there is something to take back first. */
export function beginUndoOnFailure(draft: Draft, reason: string): boolean {
  if (draft.graph.definition.onWorkflowFailure !== 'undo') return false;
  const owing = draft.graph.steps.filter(({ number }) => owes(draft.record(number)));
  if (owing.length === 0) return false;
  draft.setWorkflow('undoing', reason);
  draft.beginUndo();
  for (const { number } of owing) {
    // Its own undo after its failure (`then: undo`) gets another chance.
    if (draft.record(number).cause === 'undo_failed') draft.write(number, { cause: undefined });
    draft.undoable.push(number);
  }
  return true;
}

/** Nothing more can be taken back: joins fall with what they stand on, and roles with the states of their holders. */
export function endUndoOnFailure(draft: Draft): void {
  for (const { number } of draft.graph.steps) {
    const { status, touched, renews } = draft.record(number);
    if (touched || !draft.undo || isHeld(draft.undo, draft.graph, number)) continue;
    if (status === 'reached' || renews !== undefined)
      draft.write(number, { ...ATTEMPT_OVER, status: 'undone', cause: 'nothing_to_undo' });
    else if (status === 'paused')
      draft.write(number, { ...ATTEMPT_OVER, status: 'waiting', cause: undefined });
  }
  for (const role of draft.graph.roles) {
    const holders = draft.holders(role.entity, role.name) ?? [];
    const has = (number: number): boolean => classOf(draft.record(number)) === 'counts';
    const lost = role.candidates.some(
      number => holders.includes(draft.step(number).member?.agent ?? '') && !has(number),
    );
    if (lost) draft.setRole(role.number, undefined);
  }
  draft.setWorkflow('failed', describeUndone(draft));
}

/** A person goes on after everything was taken back: all begins anew, but what a person vouched for. */
export function beginAnew(draft: Draft): void {
  const isUndone = ({ number, leaving }: Step): boolean =>
    !leaving && draft.record(number).status === 'undone';
  if (draft.withStatus('undone') === 0 || !draft.graph.steps.some(isUndone)) return;
  for (const { number, leaving } of draft.graph.steps) {
    const record = draft.record(number);
    if (leaving || !isOver(record)) continue;
    draft.write(number, { ...ANEW, touched: owes(record), withdrawn: record.withdrawn });
    draft.steps.push(number);
  }
  for (const { number, entity, name } of draft.graph.roles)
    if (draft.holders(entity, name) === null) draft.setRole(number, undefined);
}

/** As if it had never begun. */
export const ANEW: Patch = {
  ...ATTEMPT_OVER,
  status: 'waiting',
  tries: 0,
  interruptions: undefined,
  facts: undefined,
  outputs: undefined,
  error: undefined,
  cause: undefined,
  agent: undefined,
  base: undefined,
  hasFailed: undefined,
  touched: false,
  withdrawn: undefined,
  renews: undefined,
  again: undefined,
  freshFrom: undefined,
  startedAt: undefined,
};

const OVER = new Set<StepRecord['status']>([
  'undone',
  'failed',
  'interrupted',
  'blocked',
  'not_needed',
  'skipped',
]);

const isOver = ({ status, cause }: StepRecord): boolean =>
  OVER.has(status) && cause !== 'skipped_by_operator';
