// What a request expects to find, compared where it is decided: pressed twice, or on a page that is old, it does nothing.
// Belongs here: that comparison. Does not belong here: what a request does (machine/).
import type { StepId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import { recordOf } from '../machine/state.ts';
import type { StepStatus, WorkflowStatus } from '../machine/types.ts';
import type { LiveWorkflow } from './live.ts';
import type { RequestResult } from './ports.ts';

/** What whoever asks has seen; what is absent may be anything. */
export interface Expectation {
  /** Number of the last entry in the log: nothing at all has happened since. */
  readonly seq?: number;
  readonly status?: WorkflowStatus;
  readonly generation?: number;
  /** Of the step that the request names. */
  readonly step?: { readonly status?: StepStatus; readonly attempt?: number; readonly since?: number };
}

/** The rejection; undefined: all is as expected. */
export function staleness(live: LiveWorkflow, payload: JsonObject): RequestResult | undefined {
  const expected = payload['expect'] as Expectation | undefined;
  if (expected === undefined) return undefined;
  const now = present(live, payload['step'] as StepId | undefined);
  if (matches(expected as JsonObject, now)) return undefined;
  return {
    status: 'rejected',
    code: 'stale',
    message: `The workflow ${live.id} has moved on since it was looked at.`,
    next: 'Look at what is now, then decide again.',
    now,
  };
}

function present({ graph, state }: LiveWorkflow, step: StepId | undefined): JsonObject {
  const { seq, status, generation } = state.workflow;
  const number = step === undefined ? undefined : graph.stepById.get(step);
  const record = number === undefined ? undefined : recordOf(state, number);
  return {
    seq,
    status,
    generation,
    ...(record && { step: { status: record.status, attempt: record.attempt, since: record.since } }),
  };
}

function matches(expected: JsonObject, now: JsonObject | undefined): boolean {
  return Object.entries(expected).every(([key, value]) => {
    const found = now?.[key];
    if (typeof value !== 'object' || value === null) return found === value;
    return matches(value as JsonObject, found as JsonObject | undefined);
  });
}
