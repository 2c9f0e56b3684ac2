// What a starting engine does before it takes anything new: everything live is read, timed and sent again (rule P3).
// Belongs here: the order of a start. Does not belong here: reading rows (store/), what is pending (machine/).
import type { Effect } from '../machine/types.ts';
import type { Dispatcher } from './dispatch.ts';
import { asEngineError } from './committer.ts';
import type { Inbox } from './inbox.ts';
import type { Loop } from './loop.ts';
import type { Machine } from './machine.ts';
import type { Store } from './ports.ts';
import type { LiveWorkflow, Workflows } from './workflows.ts';

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
  readonly machine: Machine;
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
  const { store, machine, workflows, loop } = parts;
  const pending: { readonly effect: Effect; readonly live: LiveWorkflow }[] = [];
  for await (const stored of store.loadLive()) {
    try {
      const live = await workflows.revive(stored);
      loop.adopt(live);
      for (const effect of machine.pendingEffects(live.graph, live.state)) pending.push({ effect, live });
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.code.startsWith('store_')) throw error;
      loop.exclude(stored.record.id, error);
    }
  }
  return pending;
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
