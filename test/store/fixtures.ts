// Records, commits and inbox rows for the stores' tests: the smallest that are complete.
// Belongs here: builders shared by the stores' tests. Does not belong here: expectations.
import type { StepRecord, WorkflowRecord } from '../../engine/machine/types.ts';
import type {
  InboxRow,
  LogEntry,
  NewAudit,
  RequestResult,
  WorkflowCommit,
  WorkflowSource,
} from '../../engine/runtime/ports.ts';

export const T0 = 1_780_000_000_000;

export function workflowRecord(id: string, more: Partial<WorkflowRecord> = {}): WorkflowRecord {
  const empty = {
    stackName: `${id}-stack`,
    generation: 1,
    status: 'running',
    reason: '',
    roles: {},
  } as const;
  return { id, ...empty, at: T0, seq: 0, createdAt: T0, ...more };
}

export function stepRecord(more: Partial<StepRecord> = {}): StepRecord {
  return { status: 'running', attempt: 1, tries: 1, dispatch: 1, touched: true, since: T0, ...more };
}

export const source = (more: Partial<WorkflowSource> = {}): WorkflowSource => ({
  stackName: 'stack',
  definition: 'digest-1',
  inputs: { port: 5022 },
  members: { sql: [{ agent: 'agent-1', name: 'sql-1', index: 0, data: {} }] },
  ...more,
});

export function logEntry(seq: number, more: Partial<StepRecord> = {}): LogEntry {
  const change = {
    kind: 'step',
    step: 'sql[0].prepared',
    from: 'waiting',
    record: stepRecord(more),
  } as const;
  return { seq, at: T0 + seq, change };
}

export const commitOf = (id: string, more: Partial<WorkflowCommit> = {}): WorkflowCommit => ({
  id,
  steps: [],
  log: [],
  secrets: [],
  requests: [],
  ...more,
});

/** The first commit of a workflow with one step. */
export const creation = (id: string, more: Partial<WorkflowCommit> = {}): WorkflowCommit =>
  commitOf(id, {
    source: source(),
    record: workflowRecord(id, { seq: 1 }),
    steps: [{ number: 0, record: stepRecord() }],
    log: [logEntry(1)],
    ...more,
  });

export const inboxRow = (requestId: string, more: Partial<InboxRow> = {}): InboxRow => ({
  requestId,
  workflow: 'wf',
  kind: 'resume',
  payload: {},
  by: 'tester',
  at: T0,
  ...more,
});

/** The end of a request, with what the audit log says of it. */
export function ended(
  requestId: string,
  result: RequestResult = { status: 'applied' },
  more: Partial<NewAudit> = {},
): WorkflowCommit['requests'][number] {
  const said = { at: T0, kind: 'resume', workflow: 'wf', by: 'tester', asked: 'digest' } as const;
  return { requestId, result, audit: { ...said, requestId, result: result.status, ...more } };
}
