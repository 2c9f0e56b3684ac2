// The workflow's own record: making the next from the last.
// Belongs here: pure changes of single fields. Does not belong here: when they change (draft.ts, on/), step records (records.ts).
import type { KeptSignal, WorkflowRecord, WorkflowStatus } from './types.ts';

export type Mark =
  | 'halted'
  | 'deadline'
  | 'allowed'
  | 'stragglers'
  | 'late'
  | 'abandoned'
  | 'credential'
  | 'suspended'
  | 'reran'
  | 'check'
  | 'checked'
  | 'takenUp'
  | 'undo';

/** With a mark set, or taken away. */
export function marked<Key extends Mark>(
  record: WorkflowRecord,
  key: Key,
  value: WorkflowRecord[Key] | undefined,
  at: number,
): WorkflowRecord {
  const { [key]: _, ...workflow } = record;
  return { ...workflow, ...(value !== undefined && { [key]: value }), at } as WorkflowRecord;
}

/** Who still holds a role is a matter only until it is chosen. */
export function withoutKept(record: WorkflowRecord, role: string): WorkflowRecord {
  const { keeps, ...workflow } = record;
  if (!keeps?.[role]) return record;
  const { [role]: _, ...others } = keeps;
  return { ...workflow, ...(Object.keys(others).length > 0 && { keeps: others }) };
}

/** With an early signal kept, or consumed. */
export function withSignal(
  record: WorkflowRecord,
  name: string,
  signal: KeptSignal | undefined,
  at: number,
): WorkflowRecord {
  const { signals = {}, ...workflow } = record;
  const { [name]: _, ...others } = signals;
  const kept = signal ? { ...others, [name]: signal } : others;
  return { ...workflow, ...(Object.keys(kept).length > 0 && { signals: kept }), at };
}

/** What it is apart from a check that looks at it. */
export const restingStatus = ({ status, check }: Pick<WorkflowRecord, 'status' | 'check'>): WorkflowStatus =>
  check?.from.status ?? status;
