// Workflows over HTTP, read: every answer has the shape that the document gives it.
// Belongs here: routes that only look. Does not belong here: streams (streams.test.ts), who may look (door.test.ts).
import { expect } from 'chai';
import type { z } from 'zod';
import { documentOf } from '../../engine/admin/openapi.ts';
import { allRoutes } from '../../engine/admin/routes/index.ts';
import { MemoryDisk, MemoryStore } from '../../engine/store/memory.ts';
import { createRequest, members, World } from '../runtime/kit.ts';
import { failed } from '../support/drivers.ts';
import { Desk } from './kit.ts';

const routes = allRoutes(() => ({}));

/** The answer as the route's own schema takes it. */
function shaped(path: string, body: unknown): unknown {
  const schema = routes.find(one => one.method === 'get' && one.path === path)?.answer.json as z.ZodType;
  return schema.parse(body);
}

describe('the endpoint, read', () => {
  let desk: Desk;
  let disk: MemoryDisk;

  beforeEach(async () => {
    disk = new MemoryDisk();
    desk = await new Desk(new World(disk)).open();
    await desk.world.create('wf', { members: members(2), project: 'p1' });
  });
  afterEach(() => desk.close());

  it('answers every route that takes no more than a workflow with what its schema says', async () => {
    for (const { path, method, answer, params } of routes) {
      const more = ['step', 'agent', 'number'].some(name => params?.shape[name] !== undefined);
      if (method !== 'get' || answer.json === undefined || more) continue;
      const found = await desk.ask(path.replace('{id}', 'wf'));
      expect(found.status, path).to.equal(200);
      shaped(path, found.body);
    }
  });

  it('answers steps by their ids', async () => {
    const step = encodeURIComponent('sql[1].prepared');
    const shown = await desk.ask(`/v1/workflows/wf/steps/${step}`);
    expect(shown.body).to.include({ id: 'sql[1].prepared', kind: 'script' });
    shaped('/v1/workflows/{id}/steps/{step}', shown.body);
    const why = await desk.ask(`/v1/workflows/wf/steps/${step}/explanation`);
    expect(why.body).to.include({ step: 'sql[1].prepared', status: 'running' });
    expect((await desk.ask('/v1/workflows/wf/steps/sql%5B9%5D.prepared')).status).to.equal(404);
  });

  it('shows as much as the engine itself', async () => {
    const view = JSON.parse(JSON.stringify(await desk.world.service.workflow('wf'))) as object;
    const { body, headers } = await desk.ask('/v1/workflows/wf');
    const { body: listed } = await desk.ask('/v1/workflows/wf/steps');
    const { summary, steps, ...rest } = body;
    expect({ ...rest, steps: listed['steps'] }).to.deep.equal(view);
    expect(steps).to.deep.equal({ running: 2, waiting: 2 });
    expect(summary).to.include({ project: 'p1', waiting: 'work' });
    expect(headers.get('etag')).to.equal(`"${(rest['record'] as { seq: number }).seq}"`);
  });

  it('gives steps and the log in pages', async () => {
    const first = await desk.ask('/v1/workflows/wf/steps?limit=3');
    expect(first.body['steps']).to.have.length(3);
    const second = await desk.ask(`/v1/workflows/wf/steps?limit=3&after=${String(first.body['next'])}`);
    expect(second.body['steps']).to.have.length(1);
    expect(second.body).not.to.have.property('next');
    const log = await desk.ask('/v1/workflows/wf/events?limit=1');
    const more = await desk.ask(`/v1/workflows/wf/events?after=${String(log.body['next'])}`);
    expect([...entries(log.body), ...entries(more.body)]).to.deep.equal(
      await desk.world.service.events('wf', 0, 100).then(all => JSON.parse(JSON.stringify(all)) as object[]),
    );
  });

  it('lists by filter, the newest first, in pages that stay stable while workflows are made and go', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await desk.world.create(id, { project: id < 'c' ? 'p2' : 'p1' });
    await desk.world.service.act({ requestId: 'x', workflow: 'b', by: 'me', kind: 'cancel' });
    expect(ids(await desk.ask('/v1/workflows'))).to.deep.equal(['d', 'c', 'b', 'a', 'wf']);
    expect(ids(await desk.ask('/v1/workflows?project=p2'))).to.deep.equal(['b', 'a']);
    expect(ids(await desk.ask('/v1/workflows?status=cancelling&project=p2'))).to.deep.equal(['b']);
    expect(ids(await desk.ask('/v1/workflows?stack=c-stack'))).to.deep.equal(['c']);
    const page = await desk.ask('/v1/workflows?limit=2');
    expect(ids(page)).to.deep.equal(['d', 'c']);
    await desk.world.create('e');
    const next = await desk.ask(`/v1/workflows?limit=2&after=${String(page.body['next'])}`);
    expect(ids(next)).to.deep.equal(['b', 'a']);
  });

  it('tells what a workflow that stands waits for, and failures alike by one name', async () => {
    const { driver, clock } = desk.world;
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      for (const step of ['sql[0].prepared', 'sql[1].prepared']) await driver.finish(step, failed(3));
      await desk.world.settled();
      clock.advance(3_600_000);
      await desk.world.settled();
    }
    const { body } = await desk.ask('/v1/workflows?waiting=operator');
    expect((body['workflows'] as object[])[0]).to.include({
      status: 'failed',
      failure: 'sql.prepared exit 3',
    });
    expect(ids(await desk.ask('/v1/workflows?failure=sql.prepared%20exit%203'))).to.deep.equal(['wf']);
  });

  it('refuses what has another shape, and says where', async () => {
    const wrong = await desk.ask('/v1/workflows?status=asleep');
    expect(wrong.status).to.equal(400);
    expect(wrong.headers.get('content-type')).to.contain('application/problem+json');
    expect(wrong.body['detail']).to.contain('In the query, status:');
    expect((await desk.ask('/v1/workflows?limit=0')).status).to.equal(400);
    expect((await desk.ask('/v1/workflows?limit=5000')).status).to.equal(400);
    expect((await desk.ask('/v1/workflows?color=red')).status).to.equal(400);
    expect((await desk.ask('/v1/workflows/nobody')).body).to.include({ status: 404, code: 'not_found' });
    expect((await desk.ask('/v1/nothing')).status).to.equal(404);
    const method = await desk.ask('/v1/workflows/wf/steps', { method: 'DELETE' });
    expect([method.status, method.headers.get('allow')]).to.deep.equal([405, 'GET']);
  });

  it('documents every route that it serves, and serves what it documents', async () => {
    const { body } = await desk.ask('/openapi.json');
    expect(body).to.deep.equal(JSON.parse(JSON.stringify(documentOf(routes, undefined))));
    const documented = Object.entries(body['paths'] as object).flatMap(([path, of]) =>
      Object.keys(of as object).map(method => `${method} ${path}`),
    );
    expect(documented.sort()).to.deep.equal(routes.map(({ method, path }) => `${method} ${path}`).sort());
    const names = routes.map(({ method, path }) => (body['paths'] as never)[path][method]['operationId']);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('has every reference of its document resolved', async () => {
    const { body } = await desk.ask('/openapi.json');
    const text = JSON.stringify(body);
    const schemas = Object.keys((body['components'] as { schemas: object }).schemas);
    const named = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(match => match[1]);
    expect(named).to.have.length.greaterThan(5);
    expect(text).not.to.contain('$defs');
    for (const name of named) expect(schemas).to.include(name);
  });

  it('is alive without authentication, and ready as long as the engine owns its store', async () => {
    expect((await desk.ask('/healthz')).body).to.deep.equal({ status: 'ok' });
    expect((await desk.ask('/readyz')).status).to.equal(200);
    await new MemoryStore(disk).acquire('another');
    const found = await desk.ask('/readyz');
    expect([found.status, found.body['status']]).to.deep.equal([503, 'unavailable']);
    expect((await desk.ask('/healthz')).status).to.equal(200);
  });

  it('names a workflow by the id that was created', async () => {
    await desk.world.service.create(createRequest('other'));
    expect((await desk.ask('/v1/workflows/other')).body['summary']).to.include({ id: 'other' });
  });
});

const ids = ({ body }: { readonly body: { readonly [key: string]: unknown } }): string[] =>
  (body['workflows'] as { readonly id: string }[]).map(({ id }) => id);

const entries = (body: { readonly [key: string]: unknown }): object[] => body['entries'] as object[];
