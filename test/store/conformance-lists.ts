// What every Store promises of lists by filter and of the audit log; part of the conformance suite.
// Belongs here: pages, filters, the chain of hashes. Does not belong here: which index answers (lists.test.ts).
import { expect } from 'chai';
import type { WorkflowFilter } from '../../engine/runtime/operator-api.ts';
import { brokenAt, ChainCheck, forgetting } from '../../engine/runtime/audit.ts';
import type { AuditEntry, Store, WorkflowCommit } from '../../engine/runtime/ports.ts';
import { commitOf, creation, ended, logEntry, source, T0, workflowRecord } from './fixtures.ts';

interface Place {
  readonly store: Store;
  readonly commit: (...workflows: WorkflowCommit[]) => Promise<void>;
}

const PARENT = { workflow: 'a', step: 'sql.run', dispatch: 1 };

/** `a` and `b` of p1, `c` of p2 and failed, `d` of nobody, `child` of p1 run by a step of `a`; in that order. */
const all = (): WorkflowCommit[] => [
  made('a', 'p1', { outlook: { waiting: 'work' } }),
  made('b', 'p1', { record: workflowRecord('b', { status: 'held' }), outlook: { waiting: 'approval' } }),
  made('c', 'p2', {
    record: workflowRecord('c', { status: 'failed', reason: 'why' }),
    outlook: { waiting: 'operator', failure: 'sql.prepared exit 3' },
  }),
  creation('d', { source: source({ stackName: 'Stack' }) }),
  creation('child', {
    record: workflowRecord('child', { parent: PARENT }),
    source: source({ project: 'p1', parent: PARENT }),
  }),
];

const made = (id: string, project: string, more: Partial<WorkflowCommit>): WorkflowCommit =>
  creation(id, { source: source({ project, stackName: `${id}-stack` }), ...more });

export function exerciseLists(place: () => Place): void {
  const found = async (filter: Partial<WorkflowFilter>): Promise<string> => {
    const { workflows } = await place().store.page({ limit: 100, ...filter });
    return workflows.map(({ id }) => id).join(' ');
  };

  describe('lists by filter', () => {
    beforeEach(() => place().commit(...all()));

    it('have the newest first, and each filter alone or with others', async () => {
      expect(await found({})).to.equal('d c b a');
      expect(await found({ children: true })).to.equal('child d c b a');
      expect(await found({ project: 'p1' })).to.equal('b a');
      expect(await found({ project: 'p1', children: true })).to.equal('child b a');
      expect(await found({ project: 'none' })).to.equal('');
      expect(await found({ status: 'held' })).to.equal('b');
      expect(await found({ status: 'held', project: 'p2' })).to.equal('');
      expect(await found({ waiting: 'operator' })).to.equal('c');
      expect(await found({ failure: 'sql.prepared exit 3', status: 'failed', project: 'p2' })).to.equal('c');
      expect(await found({ stackName: 'a-stack', waiting: 'work' })).to.equal('a');
      expect(await found({ stackName: 'A-stack' })).to.equal('');
      expect(await found({ stackName: 'a-stack ' })).to.equal('');
    });

    it('tell of each what the list shows', async () => {
      const { workflows } = await place().store.page({ limit: 1, project: 'p2' });
      expect(workflows).to.deep.equal([
        {
          id: 'c',
          stackName: 'c-stack',
          project: 'p2',
          status: 'failed',
          waiting: 'operator',
          failure: 'sql.prepared exit 3',
          reason: 'why',
          generation: 1,
          createdAt: T0,
          updatedAt: T0 + 1,
        },
      ]);
    });

    it('tell what a resource is called, once it is known: with the workflow, or with a later source', async () => {
      const named = async (): Promise<unknown[]> =>
        (await place().store.page({ limit: 2 })).workflows.map(({ id, resource }) => [id, resource]);
      await place().commit(creation('e', { source: source({ resource: 'cluster' }) }));
      expect(await named()).to.deep.equal([
        ['e', 'cluster'],
        ['d', undefined],
      ]);
      const told = { source: source({ resource: 'other' }), log: [logEntry(2)] };
      await place().commit(commitOf('d', { ...told, record: workflowRecord('d', { seq: 2 }) }));
      expect(await named()).to.deep.equal([
        ['e', 'cluster'],
        ['d', 'other'],
      ]);
    });

    it('are counted, children left out', async () => {
      expect(await place().store.counts()).to.deep.equal({
        status: { running: 2, held: 1, failed: 1 },
        waiting: { work: 2, approval: 1, operator: 1 },
      });
    });

    it('go with the record that was written last', async () => {
      const record = workflowRecord('c', { status: 'complete', seq: 2 });
      await place().commit(commitOf('c', { record, outlook: { waiting: 'nothing' }, log: [logEntry(2)] }));
      expect(await found({ status: 'failed' })).to.equal('');
      expect(await found({ failure: 'sql.prepared exit 3' })).to.equal('');
      expect(await found({ waiting: 'nothing', project: 'p2' })).to.equal('c');
    });

    it('come in pages that neither repeat nor leave out anything, whatever is made or goes meanwhile', async () => {
      const { store, commit } = place();
      const first = await store.page({ limit: 2 });
      expect(first.workflows.map(({ id }) => id)).to.deep.equal(['d', 'c']);
      await commit(creation('e'), commitOf('c', { erase: true }), commitOf('d', { erase: true }));
      const second = await store.page({ limit: 2, after: first.next as number });
      expect(second.workflows.map(({ id }) => id)).to.deep.equal(['b', 'a']);
      expect(second).not.to.have.property('next');
      const both = await store.page({ limit: 1, children: true });
      expect(both.workflows.map(({ id }) => id)).to.deep.equal(['e']);
      expect(await found({ children: true, after: both.next as number })).to.equal('child b a');
    });

    it('tell of what another engine wrote without them as much as its record does', async () => {
      const { outlook: _, ...bare } = creation('old', {
        record: workflowRecord('old', { status: 'failed' }),
      });
      await place().commit(bare);
      expect(await found({ waiting: 'operator' })).to.equal('old c');
    });
  });

  describe('the audit log', () => {
    const asked = [
      ended('r1', undefined, { workflow: 'a', project: 'p1', before: 'failed', after: 'running' }),
      ended(
        'r2',
        { status: 'rejected', code: 'stale', message: 'no', next: 'look' },
        { workflow: 'a', project: 'p1', code: 'stale' },
      ),
      ended('r3', undefined, {
        workflow: 'c',
        project: 'p2',
        step: 'sql[0].prepared',
        actor: { user: 'u', project: 'p2', roles: ['operator'], address: '::1' },
      }),
    ];

    beforeEach(async () => {
      await place().commit(...all(), commitOf('a', { requests: asked.slice(0, 2) }));
      await place().commit(commitOf('c', { requests: asked.slice(2) }));
    });

    it('has what was asked, by whom and what came of it, the newest first', async () => {
      const { store } = place();
      const entries = await store.audit({ limit: 10 });
      const said = asked.map(({ audit }) => audit).toReversed();
      entries.forEach((entry, place) => expect(entry).to.deep.include(said[place]));
      const ids = async (filter: Parameters<Store['audit']>[0]): Promise<string[]> =>
        (await store.audit(filter)).map(({ requestId }) => requestId);
      expect(await ids({ limit: 1 })).to.deep.equal(['r3']);
      expect(await ids({ limit: 10, before: 2 })).to.deep.equal(['r1']);
      expect(await ids({ limit: 10, project: 'p1' })).to.deep.equal(['r2', 'r1']);
      expect(await ids({ limit: 10, workflow: 'c', project: 'p2' })).to.deep.equal(['r3']);
      expect(await ids({ limit: 10, workflow: 'c', project: 'p1' })).to.deep.equal([]);
    });

    it('is a chain: what is changed, left out or put elsewhere shows', async () => {
      const chain = await place().store.auditChain(0, 10);
      expect(chain.map(({ number }) => number)).to.deep.equal([1, 2, 3]);
      expect(brokenAt(chain, undefined)).to.equal(undefined);
      expect(brokenAt(chain.slice(1), chain[0])).to.equal(undefined);
      const [first, second, third] = chain as [(typeof chain)[0], (typeof chain)[0], (typeof chain)[0]];
      expect(brokenAt([first, { ...second, by: 'somebody else' }, third], undefined)).to.equal(2);
      expect(brokenAt([first, third], undefined)).to.equal(3);
      expect(brokenAt([second, third], undefined)).to.equal(2);
      expect(await place().store.auditChain(2, 10)).to.deep.equal([third]);
    });

    it('has entries that are about no workflow, in the same chain, from who owns the store alone', async () => {
      const { store } = place();
      const { audit } = ended('r4', undefined, { kind: 'agent_revoke', agent: 'agent-1', result: 'begun' });
      const { workflow: _, ...entry } = audit;
      await store.keep([], [entry]);
      const chain = await store.auditChain(0, 10);
      expect(brokenAt(chain, undefined)).to.equal(undefined);
      expect(chain[3]).to.deep.include(entry).and.not.have.property('workflow');
      expect(await store.audit({ project: '', limit: 10 })).to.have.length(1);
      await store.acquire('engine-1');
      await store.keep([], [entry]);
      expect(await store.auditChain(4, 10)).to.have.length(1);
    });

    it('forgets its beginning with an entry that says so; the rest is a chain all the same, and says where it begins', async () => {
      const { store } = place();
      const checked = async (): Promise<unknown> => {
        const chain = new ChainCheck();
        return { broken: chain.take(await store.auditChain(0, 10)) ?? chain.end(), entries: chain.entries };
      };
      for (const upTo of [2, 3]) {
        const last = (await store.auditChain(upTo - 1, 1))[0];
        if (last !== undefined) await store.keep([], [forgetting(last, 1_000)]);
        const numbers = (await store.auditChain(0, 10)).map(({ number }) => number);
        expect(numbers).to.deep.equal(upTo === 2 ? [3, 4] : [4, 5]);
        expect(await checked()).to.deep.equal({ broken: undefined, entries: 2 });
      }
      const [first, second] = (await store.auditChain(0, 10)) as [AuditEntry, AuditEntry];
      const brokenIn = (...entries: readonly AuditEntry[]): number | undefined => {
        const chain = new ChainCheck();
        return chain.take(entries) ?? chain.end();
      };
      expect(brokenIn({ ...first, by: 'somebody else' }, second)).to.equal(first.number);
      expect(brokenIn(second)).to.equal(second.number);
    });

    it('outlives the workflow that it is about, and is written with its effect or not at all', async () => {
      const { store, commit } = place();
      await commit(commitOf('a', { erase: true, requests: [ended('r4', undefined, { workflow: 'a' })] }));
      expect(await store.audit({ workflow: 'a', limit: 10 })).to.have.length(3);
      const failing = commit(
        commitOf('c', { requests: [ended('r5')] }),
        commitOf('unknown', { log: [logEntry(1)] }),
      );
      expect(await failing.catch(() => 'failed')).to.equal('failed');
      expect(await store.auditChain(0, 10)).to.have.length(4);
      expect(brokenAt(await store.auditChain(0, 10), undefined)).to.equal(undefined);
    });
  });
}
