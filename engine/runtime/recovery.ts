// What a starting engine does before it takes anything new: everything live is read, timed and sent again (rule P3).
// Belongs here: the order of a start. Does not belong here: reading rows (store/), what is pending (machine/).
import type { EngineError } from '../base/errors.ts';
import type { Effect } from '../machine/types.ts';
import type { Dispatcher } from './dispatch.ts';
import { asEngineError } from './committer.ts';
import type { Inbox } from './inbox.ts';
import type { Loop } from './loop.ts';
import type { Store } from './ports.ts';
import type { LiveWorkflow } from './live.ts';
import type { Workflows } from './workflows.ts';

/** Inbox rows taken at a time. */
const ROWS = 1_000;

export interface Recovered {
  readonly workflows: number;
  /** Commands sent again. */
  readonly effects: number;
  readonly requests: number;
}

/** Loads what is live, sends again what was out, and absorbs the requests that nobody absorbed yet. */
export async function recover(parts: {
  readonly store: Store;
  readonly workflows: Workflows;
  readonly dispatcher: Dispatcher;
  readonly loop: Loop;
  readonly inbox: Inbox;
}): Promise<Recovered> {
  const { dispatcher, loop } = parts;
  const pending = await loadLive(parts);
  for (const { effect, live } of pending) dispatcher.letOut(effect, live);
  const requests = await absorbInbox(parts);
  return { workflows: loop.live.size, effects: pending.length, requests };
}

async function loadLive(
  parts: Parameters<typeof recover>[0],
): Promise<{ readonly effect: Effect; readonly live: LiveWorkflow }[]> {
  const { store, workflows, loop } = parts;
  const pending: { readonly effect: Effect; readonly live: LiveWorkflow }[] = [];
  for await (const batch of store.loadLive()) {
    for (const stored of batch) {
      try {
        const live = workflows.reviveAtOnce(stored) ?? (await workflows.revive(stored));
        for (const effect of loop.adopt(live, stored)) pending.push({ effect, live });
      } catch (thrown) {
        exclude(loop, stored.record.id, asEngineError(thrown));
      }
    }
  }
  return pending;
}

/** One that cannot be read is set aside; a store that fails, fails them all. */
function exclude(loop: Loop, workflow: string, error: EngineError): void {
  if (error.code.startsWith('store_')) throw error;
  loop.exclude(workflow, error);
}

/** Page by page: a row leaves `pending` only with the commit that absorbs it. */
async function absorbInbox({ store, inbox }: Parameters<typeof recover>[0]): Promise<number> {
  const seen = new Set<string>();
  for (;;) {
    const rows = await store.pending(ROWS + seen.size);
    const fresh = rows.filter(row => !seen.has(row.requestId));
    if (fresh.length === 0) return seen.size;
    await Promise.all(fresh.map(row => inbox.resume(row)));
    for (const row of fresh) seen.add(row.requestId);
  }
}
