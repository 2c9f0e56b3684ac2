// What a list shows of a workflow: what it waits for as a whole, and what failed first. Pure.
// Belongs here: the closed list of waits and the text of a failure, from records. Does not belong here: why a step waits
// (machine/why), sentences (machine/reasons.ts).
import type { StateGraph, Step } from '../graph/types.ts';
import type { MachineState } from '../machine/state.ts';
import type { StepRecord, WorkflowRecord } from '../machine/types.ts';
import type { Outlook, Waiting, WorkflowFilter, WorkflowSummary } from './operator-api.ts';

/** Looks at every step only where the workflow stands: such a change has looked at all of them before. */
export function outlook(graph: StateGraph, state: MachineState): Outlook {
  const { status } = state.workflow;
  if (isAtRest(state.workflow)) return { waiting: 'operator', ...failureOf(graph, state) };
  switch (status) {
    case 'running':
    case 'checking':
    case 'cancelling':
    case 'undoing':
    case 'deleting':
      return { waiting: 'work' };
    case 'complete':
    case 'deleted':
      return { waiting: 'nothing' };
    case 'held':
      return { waiting: waitingOf(graph, state), ...failureOf(graph, state) };
    case 'failed':
    case 'delete_failed':
      return { waiting: 'operator', ...failureOf(graph, state) };
    default:
      return status satisfies never;
  }
}

/** Suspended in the middle, and nothing is under way any more: somebody resumes it. */
const isAtRest = ({ status, suspended }: WorkflowRecord): boolean =>
  suspended?.rests === true && status !== 'complete' && status !== 'deleted';

/** As far as the record alone tells. */
export function usualOutlook(record: WorkflowRecord): Outlook {
  const { status } = record;
  if (isAtRest(record)) return { waiting: 'operator' };
  if (status === 'complete' || status === 'deleted') return { waiting: 'nothing' };
  const stands = status === 'held' || status === 'failed' || status === 'delete_failed';
  return { waiting: stands ? 'operator' : 'work' };
}

/** A failure comes before a question: who answers that should know of it. */
function waitingOf(graph: StateGraph, { records, workflow }: MachineState): Waiting {
  if (workflow.suspended !== undefined) return 'operator';
  let asked: Waiting | undefined;
  for (const { number } of graph.steps) {
    const record = records[number];
    if (record?.status !== 'paused') continue;
    if (record.asks === undefined) return 'operator';
    asked ??= record.asks.kind;
  }
  return asked ?? 'operator';
}

function failureOf(graph: StateGraph, { records }: MachineState): { readonly failure?: string } {
  for (const step of graph.steps) {
    const record = records[step.number];
    if (record?.error !== undefined && BAD.has(record.status)) return { failure: signature(step, record) };
  }
  return {};
}

const BAD: ReadonlySet<StepRecord['status']> = new Set(['failed', 'interrupted', 'paused']);

/** `sql.prepared exit 3`: state and error alike on whatever member; no text, which differs from one machine to another. */
export function signature({ entity, state }: Step, { error }: StepRecord): string {
  const code = error?.exitCode ?? error?.status;
  const words = [`${entity.name}.${state.name}`, error?.kind ?? 'failed', code];
  return words.filter(word => word !== undefined).join(' ');
}

export function summaryOf(
  { id, stackName, status, reason, generation, parent, deadline, createdAt, at }: WorkflowRecord,
  more: Outlook & Pick<WorkflowSummary, 'project' | 'resource'>,
): WorkflowSummary {
  return {
    id,
    stackName,
    ...(more.resource !== undefined && { resource: more.resource }),
    ...(more.project !== undefined && { project: more.project }),
    status,
    waiting: more.waiting,
    ...(more.failure !== undefined && { failure: more.failure }),
    reason,
    generation,
    ...(parent !== undefined && { parent }),
    ...(deadline !== undefined && { deadline }),
    createdAt,
    updatedAt: at,
  };
}

const KEYS = ['project', 'stackName', 'status', 'waiting', 'failure'] as const;

/** As an index answers it. */
export const isAskedFor = (summary: WorkflowSummary, filter: WorkflowFilter): boolean =>
  KEYS.every(key => filter[key] === undefined || filter[key] === summary[key]) &&
  (filter.children === true || summary.parent === undefined);
