// Workflows made, changed and acted on over HTTP: once, only where what was seen still is, and told in the audit log.
// Belongs here: requests and their answers. Does not belong here: who may ask (door.test.ts), what requests do (test/machine).
import { expect } from 'chai';
import { allRoutes } from '../../engine/admin/routes/index.ts';
import { CLUSTER, members } from '../runtime/kit.ts';
import { failed, succeeded } from '../support/drivers.ts';
import type { z } from 'zod';
import { type Answered, Desk } from './kit.ts';

const document = { source: CLUSTER, fileName: 'cluster.yaml', files: {} };
const creation = (more: object = {}): object => ({
  stackName: 'stack',
  document,
  inputs: { password: 'correct horse' },
  members: members(1),
  ...more,
});
const shaped = (method: string, path: string, body: unknown): unknown => {
  const one = allRoutes(() => ({})).find(route => route.method === method && route.path === path);
  const schema = one?.answer.json as z.ZodType;
  return schema.parse(body);
};

describe('the endpoint, asked to act', () => {
  let desk: Desk;
  const act = (body: object, headers: { readonly [name: string]: string } = {}): Promise<Answered> =>
    desk.ask('/v1/workflows/wf/actions', { method: 'POST', body, headers });
  const dry = (body: object): Promise<Answered> =>
    desk.ask('/v1/workflows/wf/actions?dry_run=true', { method: 'POST', body });
  const step = async (id: string): Promise<{ [key: string]: unknown }> =>
    (await desk.ask(`/v1/workflows/wf/steps/${encodeURIComponent(id)}`)).body['record'] as never;

  /** Until the one step that runs has failed for good. */
  async function fail(): Promise<void> {
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await desk.world.driver.finish('sql[0].prepared', failed(3));
      await desk.world.settled();
      desk.world.clock.advance(3_600_000);
      await desk.world.settled();
    }
  }

  beforeEach(async () => {
    desk = await new Desk().open();
    await desk.world.create('wf');
  });
  afterEach(() => desk.close());

  it('takes one step back, after what stands on it: told first, done once, only as it was seen', async () => {
    const { driver } = desk.world;
    await driver.finish('sql[0].prepared', succeeded({ address: { text: 'a' } }));
    await driver.finish('sql[0].joined', succeeded());
    await desk.world.settled();
    const body = { kind: 'undo', step: 'sql[0].prepared' };
    const told = await dry(body);
    shaped('post', '/v1/workflows/{id}/actions', told.body);
    expect(told.body).to.deep.include({ from: 'complete', to: 'undoing', starts: ['sql[0].prepared'] });
    expect(told.body['undoes']).to.deep.equal([['sql[0].joined'], ['sql[0].prepared']]);
    expect(await step('sql[0].prepared')).to.include({ status: 'reached' });
    const seen = { step: { status: 'failed' } };
    expect((await act({ ...body, expect: seen })).status).to.equal(412);
    const headers = { 'Idempotency-Key': 'one' };
    for (let time = 0; time < 2; time += 1)
      expect((await act({ ...body, expect: { step: { status: 'reached' } } }, headers)).status).to.equal(200);
    expect(await step('sql[0].joined')).to.include({
      status: 'undone',
      answeredBy: 'operator at the console',
    });
    await driver.finish('sql[0].prepared', succeeded());
    await desk.world.settled();
    const { body: shown } = await desk.ask('/v1/workflows/wf');
    expect(shown['summary']).to.include({ status: 'failed', waiting: 'operator' });
    const [last] = await desk.world.engine.store.audit({ limit: 1 });
    expect(last).to.include({ kind: 'undo', step: 'sql[0].prepared', before: 'reached', result: 'applied' });
    const refused = await act(body);
    expect([refused.status, refused.body['code']]).to.deep.equal([409, 'not_allowed']);
    expect((await act({ kind: 'resume' })).status).to.equal(200);
    expect(await step('sql[0].prepared')).to.include({ status: 'running', attempt: 2 });
  });

  it('makes a workflow, once for one id, and says where it is', async () => {
    const made = await desk.ask('/v1/workflows', { method: 'POST', body: creation({ id: 'new' }) });
    expect([made.status, made.headers.get('location')]).to.deep.equal([201, '/v1/workflows/new']);
    expect(made.body['workflow']).to.include({ id: 'new', status: 'running' });
    shaped('post', '/v1/workflows', made.body);
    const again = await desk.ask('/v1/workflows', { method: 'POST', body: creation({ id: 'new' }) });
    expect(again.status).to.equal(201);
    const other = creation({ id: 'new', inputs: { password: 'x', port: 1 } });
    expect((await desk.ask('/v1/workflows', { method: 'POST', body: other })).status).to.equal(409);
    const unnamed = await desk.ask('/v1/workflows', { method: 'POST', body: creation() });
    expect(unnamed.headers.get('location')).to.match(/^\/v1\/workflows\/[0-9a-f-]{36}$/);
  });

  it('tells every problem of a definition, and of inputs', async () => {
    const source = 'workflow_version: 2026-11-01\nentitees: {}\n';
    const body = creation({ id: 'new', document: { ...document, source } });
    const wrong = await desk.ask('/v1/workflows', { method: 'POST', body });
    expect([wrong.status, wrong.body['code']]).to.deep.equal([422, 'definition_invalid']);
    expect(JSON.stringify(wrong.body['details'])).to.contain('unknown_key');
    const inputs = await desk.ask('/v1/workflows', { method: 'POST', body: creation({ inputs: {} }) });
    expect([inputs.status, inputs.body['code']]).to.deep.equal([422, 'inputs_invalid']);
    expect((await desk.ask('/v1/workflows/new')).status).to.equal(404);
  });

  it('does what an operator asks, and answers with what is now', async () => {
    await fail();
    const retried = await act({ kind: 'retry', step: 'sql[0].prepared' });
    expect(retried.status).to.equal(200);
    expect(retried.body['workflow']).to.include({ status: 'running' });
    shaped('post', '/v1/workflows/{id}/actions', retried.body);
    expect(await step('sql[0].prepared')).to.include({ status: 'running' });
    const cancelled = await act({ kind: 'cancel' });
    expect(cancelled.body['workflow']).to.include({ status: 'cancelling' });
  });

  it('skips with outputs of their types, and with no others', async () => {
    await fail();
    const wrong = await act({ kind: 'skip', step: 'sql[0].prepared', outputs: { address: 5 } });
    expect(wrong.status).to.equal(409);
    expect(wrong.body['detail']).to.contain('address');
    const skipped = await act({ kind: 'skip', step: 'sql[0].prepared', outputs: { address: '10.0.0.1' } });
    expect(skipped.status).to.equal(200);
    expect(await step('sql[0].prepared')).to.include({ status: 'skipped', cause: 'skipped_by_operator' });
  });

  it('does one thing when it is pressed twice: with what was seen, or with a key', async () => {
    await fail();
    const { status, attempt, since } = await step('sql[0].prepared');
    const body = { kind: 'retry', step: 'sql[0].prepared', expect: { step: { status, attempt, since } } };
    const [one, two] = [await act(body), await act(body)];
    expect([one.status, two.status]).to.deep.equal([200, 412]);
    expect(two.body).to.include({ code: 'stale' });
    const now = two.body['details'] as { step: object };
    expect(now.step).to.include({ status: 'running' });
    expect(desk.world.driver.steps().filter(id => id === 'sql[0].prepared')).to.have.length(4);
    const key = { 'Idempotency-Key': 'k1' };
    const cancels = [await act({ kind: 'cancel' }, key), await act({ kind: 'cancel' }, key)];
    expect(cancels.map(answer => answer.status)).to.deep.equal([200, 200]);
    expect(desk.world.driver.cancelled).to.have.length(1);
    const { body: log } = await desk.ask('/v1/audit?workflow=wf');
    const said = (log['entries'] as { kind: string; code?: string }[]).map(({ kind, code }) => [kind, code]);
    expect(said).to.deep.equal([
      ['cancel', undefined],
      ['retry', 'stale'],
      ['retry', undefined],
      ['create', undefined],
    ]);
  });

  it('takes a key for one request alone, not for another with the same key', async () => {
    const key = { 'Idempotency-Key': 'k1' };
    expect((await act({ kind: 'suspend' }, key)).status).to.equal(200);
    expect((await act({ kind: 'resume' }, key)).status).to.equal(200);
    expect((await act({ kind: 'suspend' }, { 'Idempotency-Key': 'x'.repeat(300) })).status).to.equal(400);
  });

  it('does nothing on a page that is old: the ETag of a workflow is what was seen of all of it', async () => {
    const tag = (await desk.ask('/v1/workflows/wf')).headers.get('etag') as string;
    await desk.world.driver.finish('sql[0].prepared', succeeded({ address: { text: '10.0.0.1' } }));
    await desk.world.settled();
    const stale = await act({ kind: 'cancel' }, { 'If-Match': tag });
    expect([stale.status, stale.body['code']]).to.deep.equal([412, 'stale']);
    const fresh = (await desk.ask('/v1/workflows/wf')).headers.get('etag') as string;
    expect((await act({ kind: 'cancel' }, { 'If-Match': fresh })).status).to.equal(200);
    expect((await act({ kind: 'cancel' }, { 'If-Match': 'yesterday' })).status).to.equal(400);
  });

  it('tells what would follow, exactly, and does nothing', async () => {
    await fail();
    const asked: object[] = [
      { kind: 'retry' },
      { kind: 'retry', step: 'sql[0].prepared' },
      { kind: 'skip', step: 'sql[0].prepared', outputs: { address: '10.0.0.1' } },
      { kind: 'fail', step: 'sql[0].prepared' },
      { kind: 'resume' },
      { kind: 'cancel' },
      { kind: 'delete', abandon: false },
    ];
    const before = await desk.ask('/v1/workflows/wf/events');
    for (const body of asked) {
      const would = await dry(body);
      expect(would.status, JSON.stringify(body)).to.equal(200);
      shaped('post', '/v1/workflows/{id}/actions', would.body);
    }
    expect((await desk.ask('/v1/workflows/wf/events')).body).to.deep.equal(before.body);
    const would = await dry({ kind: 'skip', step: 'sql[0].prepared', outputs: { address: '10.0.0.1' } });
    expect(would.body).to.deep.include({
      from: 'failed',
      to: 'running',
      starts: ['sql[0].joined'],
      stops: [],
    });
    const sent = desk.world.driver.started.length;
    await act({ kind: 'skip', step: 'sql[0].prepared', outputs: { address: '10.0.0.1' } });
    await desk.world.settled();
    expect(desk.world.driver.steps().slice(sent)).to.deep.equal(would.body['starts']);
    expect((await dry({ kind: 'update' })).status).to.equal(400);
    const refused = await dry({ kind: 'approve', step: 'sql[0].joined' });
    expect((refused.body['result'] as { status: string }).status).to.equal('rejected');
  });

  it('plans an update, makes it, and takes the workflow back', async () => {
    const change = { inputs: { port: 1 } };
    const plan = await desk.ask('/v1/workflows/wf/plan', { method: 'POST', body: change });
    shaped('post', '/v1/workflows/{id}/plan', plan.body);
    expect(plan.body['plan']).to.include({ generation: 2 });
    const updated = await act({ kind: 'update', ...change });
    expect(updated.body['workflow']).to.include({ generation: 2 });
    const wrong = await act({ kind: 'update', inputs: { prot: 1 } });
    expect([wrong.status, wrong.body['code']]).to.deep.equal([422, 'inputs_invalid']);
    const gone = await desk.ask('/v1/workflows/wf?abandon=true', { method: 'DELETE' });
    expect(gone.body).to.deep.equal({ result: { status: 'applied' } });
    shaped('delete', '/v1/workflows/{id}', gone.body);
    expect((await desk.ask('/v1/workflows/wf?abandon=true', { method: 'DELETE' })).status).to.equal(404);
  });

  it('refuses what is no request, and what has another type', async () => {
    expect((await act({ kind: 'explode' })).status).to.equal(400);
    expect((await act({ kind: 'retry', step: 'x', by: 'me' })).status).to.equal(400);
    const text = await desk.ask('/v1/workflows/wf/actions', {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: '{"kind":"cancel"}',
    });
    expect(text.status).to.equal(415);
    const broken = await desk.ask('/v1/workflows/wf/actions', { method: 'POST', body: '{"kind":' });
    expect(broken.status).to.equal(400);
    const large = { kind: 'signal', name: 'x', data: { text: 'x'.repeat(9 * 1024 * 1024) } };
    expect((await act(large)).status).to.equal(413);
    const bare = await fetch(`${desk.url}/v1/workflows/wf/actions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"kind":"cancel"}',
    });
    expect(bare.status).to.equal(403);
    expect((await desk.ask('/v1/workflows/wf')).body['summary']).to.include({ status: 'running' });
  });

  it('writes who asked, from where, and what came of it', async () => {
    await act({ kind: 'suspend' });
    const { body } = await desk.ask('/v1/audit?limit=1');
    const [entry] = body['entries'] as { readonly [key: string]: unknown }[];
    expect(entry).to.include({ kind: 'suspend', workflow: 'wf', before: 'running', result: 'applied' });
    expect(entry?.['actor']).to.include({ user: 'operator', address: '127.0.0.1' });
    const check = await desk.ask('/v1/audit/check');
    expect(check.body).to.include({ entries: 2, intact: true, head: entry?.['hash'] });
  });
});
