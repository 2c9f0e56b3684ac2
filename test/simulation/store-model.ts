// The store of a simulated engine: the production memory store on a disk that outlives the engine, behind slow, deadly I/O.
// Belongs here: what can go wrong between an engine and its database. Does not belong here: what a store promises.
//
// | a real database                     | here                                                           |
// |-------------------------------------|----------------------------------------------------------------|
// | fsync, torn pages, power cuts       | a commit is whole and durable or did not happen                |
// | the answer to COMMIT may be lost    | yes, both ways: it happened, or it did not                     |
// | full disk, failing statements       | yes: `store_full`, `store_failed`; nothing of it is written    |
// | slow queries                        | each call takes drawn virtual time                             |
// | several engines at once             | yes: two stores on one disk; the fence decides                 |
import { EngineError } from '../../engine/base/errors.ts';
import type { Store } from '../../engine/runtime/ports.ts';
import { MemoryStore, type MemoryDisk } from '../../engine/store/memory.ts';
import type { Life } from './life.ts';

export type StoreFault = 'unknown_done' | 'unknown_not_done' | 'failed' | 'full';

const CODES = {
  unknown_done: 'commit_unknown',
  unknown_not_done: 'commit_unknown',
  failed: 'store_failed',
  full: 'store_full',
} as const;

function thrown(fault: StoreFault): EngineError {
  return new EngineError(CODES[fault], `simulated: ${fault}`, 'Nothing: the simulation goes on.');
}

/** A store for one engine's life; `fault` is asked at each commit and submit, `committed` told of what was written. */
export function modelStore(
  disk: MemoryDisk,
  life: Life,
  fault: (method: string) => StoreFault | undefined,
  committed: (workflows: readonly string[], term: number | undefined) => void,
): Store {
  const real = new MemoryStore(disk);
  let term: number | undefined;
  const faulty = <T>(method: string, perform: () => Promise<T>): Promise<T> =>
    life.io(`store.${method}`, async () => {
      const wrong = fault(method);
      if (wrong === undefined) return perform();
      if (wrong === 'unknown_done') await perform();
      throw thrown(wrong);
    });
  const plain = <T>(method: string, perform: () => Promise<T>): Promise<T> =>
    life.io(`store.${method}`, perform);
  return {
    acquire: owner =>
      plain('acquire', async () => {
        const acquired = await real.acquire(owner);
        term = acquired.term;
        return acquired;
      }),
    commit: batch =>
      faulty('commit', async () => {
        await real.commit(batch);
        committed(
          batch.workflows.map(workflow => workflow.id),
          term,
        );
      }),
    committed: () => plain('committed', () => real.committed()),
    submit: (row, definition, secrets) => faulty('submit', () => real.submit(row, definition, secrets)),
    pending: limit => plain('pending', () => real.pending(limit)),
    result: requestId => plain('result', () => real.result(requestId)),
    live: () => plain('live', () => real.live()),
    list: filter => plain('list', () => real.list(filter)),
    page: filter => plain('page', () => real.page(filter)),
    counts: () => plain('counts', () => real.counts()),
    audit: filter => plain('audit', () => real.audit(filter)),
    auditChain: (after, limit) => plain('auditChain', () => real.auditChain(after, limit)),
    load: id => plain('load', () => real.load(id)),
    seating: agent => plain('seating', () => real.seating(agent)),
    loadLive: () => slowly(real.loadLive(), life),
    definition: digest => plain('definition', () => real.definition(digest)),
    events: (id, after, limit) => plain('events', () => real.events(id, after, limit)),
    secret: ref => plain('secret', () => real.secret(ref)),
    tombstone: id => plain('tombstone', () => real.tombstone(id)),
    records: () => plain('records', () => real.records()),
    keep: (changes, audit) => faulty('keep', () => real.keep(changes, audit)),
    close: () => plain('close', () => real.close()),
  };
}

/** One at a time, so that a crash may come between any two. */
async function* slowly(batches: ReturnType<Store['loadLive']>, life: Life): ReturnType<Store['loadLive']> {
  for await (const batch of batches)
    for (const workflow of batch) yield await life.io('store.loadLive', () => [workflow]);
}
