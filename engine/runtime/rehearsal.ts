// What would follow from a request at once: decided as it would be, over a copy, and thrown away.
// Belongs here: the copy's decision told as data. Does not belong here: deciding (absorb.ts, machine/), what follows later (plan/).
import type { StepId } from '../base/ids.ts';
import { presentId } from '../graph/references.ts';
import type { StepStatus, WorkflowStatus } from '../machine/types.ts';
import { foreseeUndo } from '../machine/undo/asked.ts';
import { absorb, newDraft } from './absorb.ts';
import type { LiveWorkflow } from './live.ts';
import type { Machine } from './machine.ts';
import type { InboxRow, RequestResult } from './ports.ts';

export interface Rehearsal {
  readonly result: RequestResult;
  /** Of the workflow: what it is, and would be. */
  readonly from: WorkflowStatus;
  readonly to: WorkflowStatus;
  /** Steps whose status would change, in the order of that. */
  readonly steps: readonly { readonly step: StepId; readonly from: StepStatus; readonly to: StepStatus }[];
  /** Commands that would go out, and attempts that would be called back. */
  readonly starts: readonly StepId[];
  readonly stops: readonly StepId[];
  /** Of an `undo`: what would be taken back, those in one list at the same time, the first list first, as long as none fails. */
  readonly undoes?: readonly (readonly StepId[])[];
}

/** `copy`: nobody else's; it is of no use afterwards. */
export function rehearse(machine: Machine, copy: LiveWorkflow, row: InboxRow, now: number): Rehearsal {
  const from = copy.state.workflow.status;
  const undoes = row.kind === 'undo' ? undone(copy, row.payload['step']) : undefined;
  const draft = newDraft(copy.id, copy);
  absorb(machine, draft, { kind: 'request', workflow: copy.id, row, settle: nothing, fail: nothing }, now);
  const steps = new Map<StepId, { from: StepStatus; to: StepStatus }>();
  for (const { change } of draft.log) {
    if (change.kind !== 'step') continue;
    steps.set(change.step, { from: steps.get(change.step)?.from ?? change.from, to: change.record.status });
  }
  const sent = (kind: 'start' | 'cancel'): StepId[] =>
    draft.effects.filter(effect => effect.kind === kind).map(({ id }) => presentId(copy.graph, id.step));
  const result = draft.requests[0]?.result ?? { status: 'applied' };
  return {
    result,
    ...(undoes && result.status === 'applied' && { undoes }),
    from,
    to: copy.state.workflow.status,
    steps: [...steps].filter(([, one]) => one.from !== one.to).map(([step, one]) => ({ step, ...one })),
    starts: sent('start'),
    stops: sent('cancel'),
  };
}

function undone({ graph, state }: LiveWorkflow, step: unknown): Rehearsal['undoes'] {
  const number = graph.stepById.get(String(step));
  if (number === undefined) return undefined;
  const idOf = (one: number): StepId => graph.steps[one]?.id ?? '';
  return foreseeUndo(graph, state, number).map(together => together.map(idOf));
}

const nothing = (): void => {};
