// Which workflows a starting engine must load, and which it may forget until somebody asks.
// Belongs here: that one rule, shared by the runtime and every store. Does not belong here: what a status means (machine/).
import type { WorkflowRecord, WorkflowStatus } from '../machine/types.ts';

const FINAL: ReadonlySet<WorkflowStatus> = new Set(['complete', 'failed', 'deleted', 'delete_failed']);

/** False when nothing moves until somebody asks for something. An operation that was stopped has still to be ended. */
export function isLive({ status, operation }: Pick<WorkflowRecord, 'status' | 'operation'>): boolean {
  return !FINAL.has(status) || (operation?.due !== undefined && !GONE.has(status));
}

const GONE: ReadonlySet<WorkflowStatus> = new Set(['deleted', 'delete_failed']);
