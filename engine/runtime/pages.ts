// Lists of workflows as they are read from the store, page by page, with what the engine does not touch.
// Belongs here: pages and whole lists. Does not belong here: which index answers (store/), one workflow (views.ts).
import type { WorkflowRecord } from '../machine/types.ts';
import type { ListOptions } from './api.ts';
import type { Engine } from './engine.ts';
import type { WorkflowFilter, WorkflowPage, WorkflowSummary } from './operator-api.ts';
import { withReason } from './views.ts';

/** Rows read at a time. */
const PAGE = 1_000;

/** In creation order. */
export async function recordsOf(
  engine: Engine,
  { children = false }: ListOptions,
): Promise<readonly WorkflowRecord[]> {
  const records: WorkflowRecord[] = [];
  for (let after: string | undefined; ; after = records.at(-1)?.id) {
    const found = await engine.store.list({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    records.push(...found.map(record => withReason(record, engine.setAside(record.id))));
    if (found.length < PAGE) return children ? records : records.filter(record => !record.parent);
  }
}

/** What is set aside is among those that run for the store. */
export async function page(engine: Engine, filter: WorkflowFilter): Promise<WorkflowPage> {
  const found = await engine.store.page(filter);
  return { ...found, workflows: found.workflows.map(one => withAside(engine, one)) };
}

/** Of a stack of this name, in any project. */
export async function summariesOf(engine: Engine, stackName: string): Promise<readonly WorkflowSummary[]> {
  const found: WorkflowSummary[] = [];
  for (let after: number | undefined; ; ) {
    const next = await page(engine, { stackName, limit: PAGE, ...(after !== undefined && { after }) });
    found.push(...next.workflows);
    after = next.next;
    if (after === undefined) return found;
  }
}

export function withAside(engine: Engine, summary: WorkflowSummary): WorkflowSummary {
  const reason = engine.setAside(summary.id);
  if (reason === undefined) return summary;
  return { ...summary, status: 'held', waiting: 'operator', reason: `Set aside: ${reason}` };
}
