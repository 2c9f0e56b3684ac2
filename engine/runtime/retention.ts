// The audit log is kept for so long: what is older is forgotten, and where the log begins from then on is written into it.
// Belongs here: what is forgotten when. Does not belong here: the chain and how it is checked (audit.ts), deleting rows (store/).
import { errorText } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { forgetting } from './audit.ts';
import type { Log } from './log.ts';
import type { AuditEntry, Clock, Store } from './ports.ts';

const PAGE = 1_000;
/** Milliseconds between two looks. */
const EVERY = 24 * 3_600_000;

type Parts = { readonly store: Pick<Store, 'auditChain' | 'keep'>; readonly clock: Clock };

/** Forgets what is older than `keep` milliseconds, now and once a day; returns how to end that. */
export function retainAudit({ store, clock }: Parts, keep: number, log: Log): () => void {
  let ended = false;
  let cancel = (): void => {};
  const look = async (): Promise<void> => {
    try {
      // So much at a time that nobody else waits for it.
      while (!ended && (await forgetOnce({ store, clock }, keep)) >= LIMITS.auditForgotten)
        await clock.turn?.();
    } catch (thrown) {
      log.warn(`The audit log could not be shortened: ${errorText(thrown)}`);
    }
    if (!ended) cancel = clock.at(clock.now() + EVERY, () => void look());
  };
  void look();
  return () => {
    ended = true;
    cancel();
  };
}

/** How many entries were forgotten; at most so many at a time that it may be asked for again. */
export async function forgetOnce({ store, clock }: Parts, keep: number): Promise<number> {
  const now = clock.now();
  let [last, count]: [AuditEntry | undefined, number] = [undefined, 0];
  while (count < LIMITS.auditForgotten) {
    const page = await store.auditChain(last?.number ?? 0, PAGE);
    const young = page.findIndex(({ at }) => at >= now - keep);
    const old = young < 0 ? page : page.slice(0, young);
    count += old.length;
    last = old.at(-1) ?? last;
    if (old.length < PAGE) break;
  }
  if (last !== undefined) await store.keep([], [forgetting(last, now)]);
  return count;
}
