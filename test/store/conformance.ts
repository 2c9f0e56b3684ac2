// What every Store promises. A new store adds one line: exercise('name', makeStore).
// Belongs here: behaviour that no store may lack. Does not belong here: what only one has (files, pragmas).
import { expect } from 'chai';
import { EngineError, type ErrorCode } from '../../engine/base/errors.ts';
import type { JsonObject } from '../../engine/base/json.ts';
import type { KeptRecord, Store, WorkflowCommit } from '../../engine/runtime/ports.ts';
import {
  commitOf,
  creation,
  ended,
  inboxRow,
  logEntry,
  source,
  stepRecord,
  T0,
  workflowRecord,
} from './fixtures.ts';
import { exerciseLists } from './conformance-lists.ts';

/** Opens another store on the same durable place; the first call makes the place. */
export type Opener = () => Promise<Store>;

export function exercise(name: string, place: () => Promise<Opener>): void {
  describe(`store conformance: ${name}`, () => {
    let open: Opener;
    let opened: Store[];
    let store: Store;
    const another = async (): Promise<Store> => {
      const made = await open();
      opened.push(made);
      return made;
    };
    const commit = async (...workflows: WorkflowCommit[]): Promise<void> =>
      store.commit({ commitSeq: await store.committed(), workflows });

    beforeEach(async () => {
      open = await place();
      opened = [];
      store = await another();
      await store.acquire('engine-1');
    });
    afterEach(async () => {
      for (const made of opened.reverse()) await made.close();
    });

    describe('records of agents and members', () => {
      const agent = (id: string, value: JsonObject = { retired: [] }): KeptRecord => ({
        kind: 'agent',
        id,
        value,
      });

      it('are there after another opening, by kind and id, with what is sealed to the byte', async () => {
        const sealed = Uint8Array.from([0, 1, 255]);
        await store.keep([
          agent('b'),
          { kind: 'account', id: 'b', value: { text: 'é"' }, sealed },
          agent('a'),
        ]);
        await store.keep([agent('a', { journal: 2 })]);
        const found = await (await another()).records();
        expect(found.map(({ kind, id, value }) => [kind, id, value])).to.deep.equal([
          ['account', 'b', { text: 'é"' }],
          ['agent', 'a', { journal: 2 }],
          ['agent', 'b', { retired: [] }],
        ]);
        expect(Buffer.from(found[0]?.sealed ?? []).toString('hex')).to.equal('0001ff');
        expect(found[1]).to.not.have.property('sealed');
      });

      it('are erased whole, and erasing what is not there is nothing', async () => {
        await store.keep([agent('a'), { kind: 'member', id: 'a', value: {} }]);
        await store.keep([
          { kind: 'agent', id: 'a' },
          { kind: 'agent', id: 'none' },
        ]);
        expect((await store.records()).map(({ kind }) => kind)).to.deep.equal(['member']);
      });

      it('are written by the owner only, and count as no commit', async () => {
        const before = await store.committed();
        await store.keep([agent('a')]);
        expect(await store.committed()).to.equal(before);
        const other = await another();
        await other.acquire('engine-2');
        await rejects('fenced', store.keep([agent('b')]));
        expect((await other.records()).map(({ id }) => id)).to.deep.equal(['a']);
      });
    });

    describe('terms and the fencing write', () => {
      it('gives every acquisition a higher term', async () => {
        const { term } = await store.acquire('engine-1');
        const other = await another();
        expect((await other.acquire('engine-2')).term).to.be.greaterThan(term);
      });

      it('counts commits, and goes on counting after a take-over', async () => {
        const first = await store.committed();
        await commit(creation('wf'));
        expect(await store.committed()).to.equal(first + 1);
        const other = await another();
        await other.acquire('engine-2');
        expect(await other.committed()).to.equal(first + 1);
      });

      it('refuses the commit of an engine whose term is over, and writes nothing of it', async () => {
        const commitSeq = await store.committed();
        const other = await another();
        await other.acquire('engine-2');
        await rejects('fenced', store.commit({ commitSeq, workflows: [creation('wf')] }));
        expect(await other.load('wf')).to.equal(undefined);
        await rejects('fenced', store.committed());
      });

      it('refuses a commit that was not decided on the newest one', async () => {
        const commitSeq = await store.committed();
        await store.commit({ commitSeq, workflows: [creation('wf')] });
        await rejects('fenced', store.commit({ commitSeq, workflows: [creation('other')] }));
        expect(await store.load('other')).to.equal(undefined);
      });

      it('refuses commits before any acquisition', async () => {
        const fresh = await (await place())();
        opened.push(fresh);
        await rejects('fenced', fresh.commit({ commitSeq: 0, workflows: [] }));
      });
    });

    describe('commits', () => {
      it('gives back what was committed, also through another connection', async () => {
        await commit(creation('wf'));
        const expected = {
          record: workflowRecord('wf', { seq: 1, at: T0 + 1 }),
          source: source(),
          steps: [{ number: 0, record: stepRecord() }],
        };
        expect(await store.load('wf')).to.deep.equal(expected);
        expect(await (await another()).load('wf')).to.deep.equal(expected);
      });

      it('writes all workflows of a batch or none', async () => {
        const before = await store.committed();
        await rejects('store_failed', commit(creation('good'), commitOf('unknown', { log: [logEntry(1)] })));
        expect(await store.load('good')).to.equal(undefined);
        expect(await store.committed()).to.equal(before);
        await commit(creation('good'));
        expect(await store.load('good')).to.not.equal(undefined);
      });

      it('has after a commit with a source no steps but those of that commit: a generation numbers them anew', async () => {
        const steps = [0, 1, 2].map(number => ({ number, record: stepRecord() }));
        await commit(creation('wf', { steps }));
        await commit(creation('other'));
        const next = [{ number: 1, record: stepRecord() }];
        await commit(commitOf('wf', { source: source(), steps: next, log: [logEntry(2)] }));
        expect((await store.load('wf'))?.steps.map(({ number }) => number)).to.deep.equal([1]);
        expect((await store.load('other'))?.steps).to.have.length(1);
      });

      it('keeps the newest record of each step, in step order', async () => {
        await commit(creation('wf', { steps: [{ number: 7, record: stepRecord() }] }));
        const reached = stepRecord({ status: 'reached' });
        const steps = [
          { number: 7, record: reached },
          { number: 2, record: stepRecord() },
        ];
        await commit(commitOf('wf', { steps }));
        expect((await store.load('wf'))?.steps).to.deep.equal([
          { number: 2, record: stepRecord() },
          { number: 7, record: reached },
        ]);
      });

      it("derives the record's number and time of the last event from the log", async () => {
        await commit(creation('wf'));
        await commit(commitOf('wf', { log: [logEntry(2), logEntry(3)] }));
        expect((await store.load('wf'))?.record).to.include({ seq: 3, at: T0 + 3 });
        expect((await store.list({ limit: 10 }))[0]).to.include({ seq: 3, at: T0 + 3 });
      });

      it('refuses a log entry under a number that is taken', async () => {
        await commit(creation('wf'));
        await rejects('store_failed', commit(commitOf('wf', { log: [logEntry(1)] })));
      });

      it('reads the log after a number, at most so many', async () => {
        const log = [1, 2, 3, 4].map(seq => logEntry(seq));
        await commit(creation('wf', { log }));
        expect(await store.events('wf', 1, 2)).to.deep.equal(log.slice(1, 3));
        expect(await store.events('wf', 4, 10)).to.deep.equal([]);
        expect(await store.events('nobody', 0, 10)).to.deep.equal([]);
      });

      it('is not changed by changing what was handed in or given back', async () => {
        const inputs = { list: [1] };
        await commit(creation('wf', { source: source({ inputs }) }));
        inputs.list.push(2);
        const loaded = await store.load('wf');
        if (loaded !== undefined) (loaded.source.inputs['list'] as number[]).push(3);
        expect((await store.load('wf'))?.source.inputs).to.deep.equal({ list: [1] });
      });

      it('keeps text of every script, control characters and lone surrogates', async () => {
        const text = 'žluťoučký 🐎 \u0000 \ud800 "\\ \u2028';
        await commit(creation('wf', { record: workflowRecord('wf', { reason: text }) }));
        expect((await store.load('wf'))?.record.reason).to.equal(text);
      });
    });

    describe('reading many', () => {
      it('lists in creation order, page by page', async () => {
        await commit(creation('zebra'), creation('ant'), creation('Bee'));
        const ids = async (limit: number, after?: string): Promise<string[]> =>
          (await store.list({ limit, ...(after === undefined ? {} : { after }) })).map(record => record.id);
        expect(await ids(10)).to.deep.equal(['zebra', 'ant', 'Bee']);
        expect(await ids(2)).to.deep.equal(['zebra', 'ant']);
        expect(await ids(2, 'ant')).to.deep.equal(['Bee']);
        await commit(commitOf('ant', { erase: true }));
        expect(await ids(2, 'ant')).to.deep.equal(['Bee']);
      });

      it('finds the workflows in which an agent has a seat, whole ids only, also after that changes', async () => {
        const seats = (...agents: readonly string[]) => ({
          sql: agents.map((agent, index) => ({ agent, name: agent, index, data: { agent: 'vm-9' } })),
        });
        const seated = (id: string, ...agents: readonly string[]): WorkflowCommit => {
          const made = creation(id);
          return made.source ? { ...made, source: { ...made.source, members: seats(...agents) } } : made;
        };
        await commit(seated('zebra', 'vm-1', 'vm-2'), seated('ant', 'vm-12'), seated('Bee', 'vm-1'));
        expect(await store.seating('vm-1')).to.deep.equal(['zebra', 'Bee']);
        expect(await store.seating('vm-12')).to.deep.equal(['ant']);
        expect(await store.seating('vm-9'), 'data that looks like a seat').to.deep.equal([]);
        const { source } = seated('zebra', 'vm-2');
        const record = workflowRecord('zebra', { seq: 1 });
        await commit(commitOf('zebra', { ...(source && { source }), record }));
        expect(await store.seating('vm-1')).to.deep.equal(['Bee']);
        await commit(commitOf('Bee', { erase: true }));
        expect(await store.seating('vm-1')).to.deep.equal([]);
      });

      it('knows which workflows are live', async () => {
        await commit(creation('one'), creation('two'), creation('three'));
        await commit(commitOf('two', { record: workflowRecord('two', { status: 'complete', seq: 1 }) }));
        await commit(commitOf('one', { record: workflowRecord('one', { status: 'held', seq: 1 }) }));
        expect(await store.live()).to.deep.equal(['one', 'three']);
        const loaded: string[] = [];
        for await (const batch of store.loadLive()) {
          for (const workflow of batch) {
            loaded.push(workflow.record.id);
            expect(workflow.steps).to.have.length(1);
          }
        }
        expect(loaded).to.deep.equal(['one', 'three']);
      });

      it('loads more live workflows than one batch holds', async () => {
        await commit(...Array.from({ length: 450 }, (_, index) => creation(`wf-${index}`)));
        let count = 0;
        for await (const batch of store.loadLive()) {
          for (const workflow of batch) expect(workflow.record.id).to.equal(`wf-${count++}`);
        }
        expect(count).to.equal(450);
      });

      it('tells ids apart by case', async () => {
        await commit(creation('wf'), creation('WF'));
        expect((await store.load('WF'))?.record.id).to.equal('WF');
      });
    });

    describe('the inbox', () => {
      const document = {
        digest: 'digest-1',
        source: 'version: 2026-11-01',
        fileName: 'a.yaml',
        files: { f: 'x' },
      };

      it('accepts a request once and keeps its order', async () => {
        expect(await store.submit(inboxRow('r1'))).to.equal('accepted');
        expect(await store.submit(inboxRow('r2', { payload: { step: 'a.b' } }))).to.equal('accepted');
        expect(await store.submit(inboxRow('r1', { kind: 'delete' }))).to.equal('accepted');
        expect(await store.pending(10)).to.deep.equal([
          inboxRow('r1'),
          inboxRow('r2', { payload: { step: 'a.b' } }),
        ]);
        expect(await store.pending(1)).to.have.length(1);
      });

      it('needs no lease', async () => {
        const other = await another();
        expect(await other.submit(inboxRow('r1'))).to.equal('accepted');
        expect(await store.pending(10)).to.have.length(1);
      });

      it('gives the kept result to whoever asks again', async () => {
        const rejected = { status: 'rejected', code: 'not_allowed', message: 'no', next: 'wait' } as const;
        await store.submit(inboxRow('r1'));
        await store.submit(inboxRow('r2'));
        const requests = [ended('r1'), ended('r2', rejected)];
        await commit(creation('wf', { requests }));
        expect(await store.pending(10)).to.deep.equal([]);
        expect(await store.result('r1')).to.deep.equal({ status: 'applied' });
        expect(await (await another()).submit(inboxRow('r2'))).to.deep.equal(rejected);
        expect(await store.result('unheard')).to.equal(undefined);
      });

      it('stores the definition and the secrets that come with a request, once', async () => {
        const sealed = Uint8Array.of(1, 2, 3);
        await store.submit(inboxRow('r1', { kind: 'create' }), document, [{ ref: 'wf/a', sealed }]);
        await store.submit(inboxRow('r2', { kind: 'create' }), document, [
          { ref: 'wf/a', sealed: Uint8Array.of(9) },
        ]);
        await store.submit(inboxRow('r1', { kind: 'create' }), document, [{ ref: 'wf/b', sealed }]);
        expect(await store.definition('digest-1')).to.deep.equal(document);
        expect(await store.definition('digest-2')).to.equal(undefined);
        expect(Buffer.from((await store.secret('wf/a')) ?? [])).to.deep.equal(Buffer.from(sealed));
        expect(await store.secret('wf/b')).to.equal(undefined);
      });
    });

    exerciseLists(() => ({ store, commit }));

    describe('erasing', () => {
      it('removes rows, log and secrets, leaves a tombstone, and refuses to write again', async () => {
        const secrets = [{ ref: 'wf/out', sealed: Uint8Array.of(5) }];
        await store.submit(inboxRow('r1'), undefined, [{ ref: 'wf/in', sealed: Uint8Array.of(6) }]);
        await commit(creation('wf', { secrets }), creation('other'));
        expect(await store.tombstone('wf')).to.equal(false);
        const requests = [ended('r1')];
        await commit(commitOf('wf', { erase: true, requests }));
        expect(await store.load('wf')).to.equal(undefined);
        expect(await store.events('wf', 0, 10)).to.deep.equal([]);
        expect([await store.secret('wf/in'), await store.secret('wf/out')]).to.deep.equal([
          undefined,
          undefined,
        ]);
        expect(await store.tombstone('wf')).to.equal(true);
        expect(await store.result('r1')).to.deep.equal({ status: 'applied' });
        await rejects('store_failed', commit(creation('wf')));
        expect(await store.load('other')).to.not.equal(undefined);
      });

      it('leaves a tombstone for an id that never was', async () => {
        await commit(commitOf('ghost', { erase: true }));
        await commit(commitOf('ghost', { erase: true }));
        expect(await store.tombstone('ghost')).to.equal(true);
      });

      it('drops a definition with the last workflow that uses it, unless a waiting request names it', async () => {
        const document = { digest: 'digest-1', source: {}, fileName: 'a.yaml', files: {} };
        await store.submit(inboxRow('r1', { kind: 'create' }), document);
        const done = [ended('r1')];
        await commit(creation('wf', { requests: done }), creation('other'));
        await commit(commitOf('wf', { erase: true }));
        expect(await store.definition('digest-1')).to.deep.equal(document);
        await store.submit(inboxRow('r2', { kind: 'create', workflow: 'third' }), document);
        await commit(commitOf('other', { erase: true }));
        expect(await store.definition('digest-1')).to.deep.equal(document);
        await commit(creation('third', { requests: [ended('r2')] }));
        await commit(commitOf('third', { erase: true }));
        expect(await store.definition('digest-1')).to.equal(undefined);
      });
    });

    it('refuses work after it was closed, and may be closed twice', async () => {
      const other = await another();
      await other.close();
      await other.close();
      await rejects('store_failed', other.load('wf'));
    });
  });
}

export async function rejects(code: ErrorCode, promise: Promise<unknown>): Promise<EngineError> {
  const outcome = await promise.then(
    value => ({ value }),
    (thrown: unknown) => ({ thrown }),
  );
  if (!('thrown' in outcome))
    throw new Error(`expected ${code}, but it resolved with ${JSON.stringify(outcome.value)}`);
  expect(outcome.thrown).to.be.instanceOf(EngineError);
  const error = outcome.thrown as EngineError;
  expect(error.code, error.message).to.equal(code);
  expect(error.next).to.not.equal('');
  return error;
}
