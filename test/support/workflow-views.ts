// Workflow views for tests of what is shown: short to write, complete in form.
// Belongs here: builders of view data. Does not belong here: an engine (fake-engine.ts).
import type { StepRecord, WorkflowRecord } from '../../engine/machine/types.ts';
import type { StepView, WorkflowView } from '../../engine/runtime/api.ts';

/** When the workflows of these tests began; ms since the epoch. */
export const START = Date.UTC(2026, 10, 22, 12, 0, 0);

export function stepRecord(changes: Partial<StepRecord> = {}): StepRecord {
  return { status: 'waiting', attempt: 0, tries: 0, dispatch: 0, touched: false, since: START, ...changes };
}

/** `db[1].prepared` is a state of the second member, named `db-1`; `service.deployed` has no member. */
export function stepView(
  id: string,
  record: Partial<StepRecord> = {},
  more: Partial<Pick<StepView, 'waitsFor' | 'kind' | 'wanted'>> = {},
): StepView {
  const [, entity = '', index, state = ''] = /^(\w+)(?:\[(\d+)\])?\.(\w+)$/.exec(id) ?? [];
  const member = { agent: `w-${entity}-${index}`, name: `${entity}-${index}`, index: Number(index) };
  return {
    id,
    entity,
    state,
    ...(index === undefined ? {} : { member }),
    kind: 'script',
    description: '',
    wanted: true,
    waitsFor: [],
    ...more,
    record: stepRecord(record),
  };
}

export function workflowView(
  steps: readonly StepView[],
  record: Partial<WorkflowRecord> = {},
  outputs: WorkflowView['outputs'] = {},
): WorkflowView {
  return {
    record: {
      id: 'w',
      stackName: 'w',
      generation: 1,
      status: 'running',
      reason: '',
      roles: {},
      at: START,
      seq: 0,
      createdAt: START,
      ...record,
    },
    description: '',
    goal: ['service.deployed'],
    steps,
    members: {},
    inputTypes: {},
    outputs,
  };
}

export const reached = (at = START): Partial<StepRecord> => ({
  status: 'reached',
  attempt: 1,
  touched: true,
  since: at,
});
