// `on_workflow_failure: undo`: a workflow that would end as failed first takes back what it has started (R10).
// Belongs here: its beginning, its end, and a new beginning after it. Does not belong here: single undos (undo/undo.ts).
//
// Not what a person has stopped (`cancel`), and not what waits for one. An undo that fails is a failure here, as in an
// update and unlike in a deletion: the VMs stay, so what could not be taken back is named, and what it stands on stays.
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

/** Nothing more of all can be taken back: joins fall with what they stand on, and roles with the states of their holders. */
export function endUndoOnFailure(draft: Draft): void {
  for (const { number } of draft.graph.steps) {
    const { status, touched, renews } = draft.record(number);
    if (touched || !draft.undo || isHeld(draft.undo, draft.graph, number)) continue;
    if (status === 'reached' || renews !== undefined)
      draft.write(number, { ...ATTEMPT_OVER, status: 'undone', cause: 'nothing_to_undo' });
    else if (status === 'paused')
      draft.write(number, { ...ATTEMPT_OVER, status: 'waiting', cause: undefined });
  }
  loseRoles(draft);
  draft.setWorkflow('failed', describeUndone(draft));
}

/** Who was chosen because of what is taken back holds the role no longer. */
export function loseRoles(draft: Draft): void {
  for (const role of draft.graph.roles) {
    const holders = draft.holders(role.entity, role.name) ?? [];
    const has = (number: number): boolean => classOf(draft.record(number)) === 'counts';
    const lost = role.candidates.some(
      number => holders.includes(draft.step(number).member?.agent ?? '') && !has(number),
    );
    if (lost) draft.setRole(role.number, undefined);
  }
}

/** A person goes on: what was taken back begins anew. */
export function beginAnew(draft: Draft): void {
  const records = draft.graph.steps.map(({ number, leaving }) =>
    leaving ? undefined : draft.record(number),
  );
  const scope = anewIn(records);
  if (scope === 'nothing') return;
  for (const [number, record] of records.entries()) {
    if (record === undefined || !isToBeginAnew(scope, record)) continue;
    draft.write(number, { ...ANEW, touched: owes(record), withdrawn: record.withdrawn });
    draft.steps.push(number);
  }
  if (scope === 'what was asked for') openNotNeeded(draft);
  for (const { number, entity, name } of draft.graph.roles)
    if (draft.holders(entity, name) === null) draft.setRole(number, undefined);
}

/** The goal held, and does no more. */
function openNotNeeded(draft: Draft): void {
  if (draft.goalHolds) return;
  for (const { number, wanted } of draft.graph.steps)
    if (wanted && draft.record(number).cause === 'goal_holds')
      draft.write(number, { status: 'waiting', cause: undefined });
}

/**
 * After an undo of the whole all is over, and begins anew, but what a person vouched for; after that of one step (`undo`) only what was
 * taken back, for the rest has stayed as it was.
 */
export type Anew = 'all' | 'what was asked for' | 'nothing';

/** Of the records of all that stay. */
export function anewIn(records: readonly (StepRecord | undefined)[]): Anew {
  const undone = records.filter(record => record?.status === 'undone');
  if (undone.length === 0) return 'nothing';
  return undone.every(record => record?.answeredBy !== undefined) ? 'what was asked for' : 'all';
}

export const isToBeginAnew = (scope: Anew, record: StepRecord): boolean =>
  scope === 'all' ? isOver(record) : scope === 'what was asked for' && record.status === 'undone';

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
  unverified: undefined,
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
