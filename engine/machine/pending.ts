// What a restarted engine takes up again: commands that are out, cancels in progress, timers (rules P3 and P4).
// Belongs here: reading them from records. Does not belong here: sending, clocks.
import type { StepId } from '../base/ids.ts';
import { outsideId } from '../graph/references.ts';
import type { StateGraph } from '../graph/types.ts';
import { workflowDue } from './deadline.ts';
import { generationOf } from './records.ts';
import type { MachineState } from './state.ts';
import { COMMAND_GRACE } from './timing.ts';
import type { Begun, Effect, StepRecord, WorkflowRecord } from './types.ts';

const NONE: readonly Effect[] = [];

/** The same commands under the same ids, and the cancels of those that are being called back, in step order. */
export function pendingEffects(graph: StateGraph, { workflow, records }: MachineState): readonly Effect[] {
  return graph.steps.flatMap(step => {
    const record = records[step.number];
    return record === undefined ? [] : effectsOf(workflow, outsideId(step), record);
  });
}

/** Those of one step. Its record and the workflow's are all that it takes: no state has to be built for it. */
export function effectsOf(
  { id: workflow }: Pick<WorkflowRecord, 'id'>,
  step: StepId,
  record: StepRecord,
): readonly Effect[] {
  if (!record.command || record.kept) return NONE;
  const id = { workflow, generation: generationOf(record), step, dispatch: record.dispatch };
  const begun = begunOf(record);
  const start: Effect = { kind: 'start', id, command: record.command, ...(begun && { begun }) };
  if (record.cancel === undefined) return [start];
  const { agent } = record.command;
  return [start, { kind: 'cancel', id, ...(agent !== undefined && { agent }), why: record.cancel }];
}

/** Its deadline, but for the grace, is when its own time is over; of one that is called back nothing hangs on that. */
function begunOf({ progress, due }: StepRecord): Begun | undefined {
  if (progress !== 'started' || due?.for !== 'deadline') return undefined;
  return { endsAt: due.at - COMMAND_GRACE };
}

/** Every time that a step, or the workflow itself, waits for; each is answered by the event `timer` at or after `at`. */
export function dueTimers(
  graph: StateGraph,
  state: MachineState,
): readonly { readonly step?: StepId; readonly at: number }[] {
  const own = workflowDue(state.workflow);
  const steps = graph.steps.flatMap(({ id, number }) => {
    const due = state.records[number]?.due;
    return due ? [{ step: id, at: due.at }] : [];
  });
  return own === undefined ? steps : [...steps, { at: own }];
}
