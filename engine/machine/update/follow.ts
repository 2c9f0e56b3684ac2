// States that say `only` or `except` follow their role when it moves (R2, row 6).
// Belongs here: what a new choice changes for steps that had ended. Does not belong here: the choice (roles.ts), steps that
// have not ended (readiness.ts).
import type { StateGraph } from '../../graph/types.ts';
import { applies } from '../applies.ts';
import type { Draft } from '../draft.ts';
import { ATTEMPT_OVER, FIRST_GENERATION, owes, type Patch } from '../records.ts';
import type { StepRecord, StepStatus } from '../types.ts';
import { ANEW } from '../undo/on-failure.ts';
import { isRoleHeld } from '../undo/order.ts';
import { withdraw } from './withdraw.ts';

/** A role was chosen anew: whom it takes something from is known before anybody begins because of it. */
export function followChoice(draft: Draft, { outputs }: StateGraph['roles'][number]): void {
  if (draft.workflow.generation === FIRST_GENERATION) return;
  for (const number of outputs) {
    const step = draft.step(number);
    if (step.wanted && !OPEN.has(draft.record(number).status))
      followRole(draft, number, applies(draft, step));
  }
}

const OPEN = new Set<StepStatus>(['waiting', 'blocked']);

/** `fits`: whether the state applies to the member now; undefined: that is open. */
export function followRole(draft: Draft, number: number, fits: boolean | undefined): void {
  const { only, except } = draft.step(number).state;
  if (only.length + except.length === 0) return;
  const record = draft.record(number);
  const isAside = record.status === 'skipped' && record.cause === 'not_the_role';
  if (record.withdrawn !== undefined) return;
  // Also while the role is open: whoever requires the state waits to know whom it falls on (row 5).
  if (isAside && fits !== false) {
    draft.write(number, ANEW);
    draft.steps.push(number);
  }
  if (isAside || fits !== false) return;
  standDownFrom(draft, number);
  if (owes(record)) withdraw(draft, number, 'moved');
  else if (!KEPT.has(record.status))
    draft.write(number, {
      ...ATTEMPT_OVER,
      status: 'skipped',
      cause: 'not_the_role',
      outputs: undefined,
      error: undefined,
    });
}

/** It does not apply to its member. What was begun of it before is taken back first. */
export function standAside(draft: Draft, number: number, patch: Patch & Pick<StepRecord, 'cause'>): void {
  const record = draft.record(number);
  if (record.again || owes(record)) standDownFrom(draft, number);
  if (owes(record)) return withdraw(draft, number, 'moved');
  draft.write(number, { ...patch, status: 'skipped', ...(record.again && { outputs: undefined }) });
}

/** Nobody acts on these, or they come to an end first. */
const KEPT = new Set<StepStatus>(['skipped', 'not_needed', 'undoing', 'running']);

/** Who was chosen because of what is taken back holds the role no longer. */
function standDownFrom(draft: Draft, number: number): void {
  const { candidateOf, member } = draft.step(number);
  for (const role of candidateOf) {
    const { entity, name } = draft.graph.roles[role] as StateGraph['roles'][number];
    const holders = draft.holders(entity, name) ?? [];
    const kept = holders.filter(agent => agent !== member?.agent);
    if (kept.length < holders.length) draft.openRole(role, kept);
  }
}

/** The old holder's steps are undone first, then the new one's run. */
export const awaitsFormerHolder = (draft: Draft, number: number): boolean =>
  draft.leaving !== undefined &&
  draft.step(number).roles.some(role => draft.leaving && isRoleHeld(draft.leaving, draft.graph, role));
