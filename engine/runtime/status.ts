// Which workflows a starting engine must load, and which it may forget until somebody asks.
// Belongs here: that one rule, shared by the runtime and every store. Does not belong here: what a status means (machine/).
import type { WorkflowStatus } from '../machine/types.ts';

const FINAL: ReadonlySet<WorkflowStatus> = new Set(['complete', 'failed', 'deleted', 'delete_failed']);

/** False for a status in which nothing moves until somebody asks for something. */
export function isLive(status: WorkflowStatus): boolean {
  return !FINAL.has(status);
}
