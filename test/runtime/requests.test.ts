// Requests from outside: once each, judged at the door, hidden values sealed before they are stored.
import { expect } from 'chai';
import { secretRefs } from '../../engine/base/json.ts';
import { LIMITS } from '../../engine/base/limits.ts';
import { createRequest, members, World } from './kit.ts';
import { rejects } from '../store/conformance.ts';

describe('requests', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.engine.start();
  });
  afterEach(() => world.engine.stop());

  it('are the same request under the same id, at once or later', async () => {
    await world.create('wf');
    const { service, store } = world;
    const act = { requestId: 'r1', workflow: 'wf', by: 'me', kind: 'cancel' } as const;
    const results = await Promise.all([service.act(act), service.act(act), service.act(act)]);
    expect(results).to.deep.equal([{ status: 'applied' }, { status: 'applied' }, { status: 'applied' }]);
    const { length } = await store.events('wf', 0, 1_000);
    expect(await service.act(act)).to.deep.equal({ status: 'applied' });
    expect(await store.events('wf', 0, 1_000)).to.have.length(length);
  });

  it('say why they may not be done now, and keep saying it', async () => {
    await world.create('wf');
    const act = { requestId: 'r1', workflow: 'wf', by: 'me', kind: 'retry', step: 'sql[0].joined' } as const;
    const result = await world.service.act(act);
    expect(result).to.include({ status: 'rejected', code: 'not_allowed' });
    expect(await world.service.act(act)).to.deep.equal(result);
  });

  it('create the same workflow once, and conflict when the content differs', async () => {
    await world.create('wf');
    await world.service.create(createRequest('wf'));
    await world.service.create(createRequest('wf', { requestId: 'another' }));
    expect(await world.service.list()).to.have.length(1);
    await rejects('conflict', world.service.create(createRequest('wf', { inputs: { password: 'other' } })));
    const changed = createRequest('wf', { requestId: 'third', members: members(2) });
    await rejects('conflict', world.service.create(changed));
    expect(world.driver.started).to.have.length(1);
  });

  it('row 48: are refused with every problem when definition, inputs or members do not fit', async () => {
    const { problems } = await world.service.create(createRequest('wf', { inputs: { port: 'x', more: 1 } }));
    expect(problems.filter(problem => problem.code === 'inputs_invalid').length).to.be.at.least(3);
    const nobody = await world.service.create(createRequest('wf', { members: { sql: [] } }));
    expect(nobody.problems[0]?.code).to.equal('members_invalid');
    const text = await world.service.create(
      createRequest('wf', { document: { source: 'a: [', fileName: 'a.yaml', files: {} } }),
    );
    expect(text.problems[0]?.code).to.equal('yaml_syntax');
    expect(await world.store.pending(10)).to.deep.equal([]);
    await rejects('usage', world.service.create(createRequest('../etc')));
  });

  it('leave no hidden input in clear anywhere in the store', async () => {
    const row = createRequest('wf', { inputs: { password: 'tr0ub4dor' } });
    await world.service.create(row);
    const source = (await world.store.load('wf'))?.source;
    const [ref] = secretRefs(source?.inputs['password'] ?? null);
    const sealed = await world.store.secret(ref ?? '');
    expect(sealed).to.not.equal(undefined);
    expect(Buffer.from(sealed ?? []).toString('latin1')).to.not.contain('tr0ub4dor');
    expect(JSON.stringify([source, await world.store.events('wf', 0, 100)])).to.not.contain('tr0ub4dor');
  });

  it('are refused when too many wait for one workflow; the others are all answered', async () => {
    await world.create('wf');
    const row = (index: number) =>
      ({ requestId: `r${index}`, workflow: 'wf', kind: 'cancel', payload: {}, by: 'me', at: 0 }) as const;
    const asked = Array.from({ length: LIMITS.inboxPerWorkflow + 5 }, (_, index) =>
      world.engine.submit(row(index)),
    );
    const outcomes = await Promise.allSettled(asked);
    const refused = outcomes.filter(outcome => outcome.status === 'rejected');
    expect(refused.map(outcome => (outcome.reason as { code: string }).code)).to.deep.equal(
      Array.from({ length: 5 }, () => 'limit_exceeded'),
    );
    expect(await world.engine.submit(row(-1))).to.have.property('status');
  });

  it('tell not_found for what never was', async () => {
    await rejects('not_found', world.service.workflow('nobody'));
    await rejects('not_found', world.service.events('nobody', 0, 10));
    await rejects(
      'not_found',
      world.service.act({ requestId: 'r', workflow: 'nobody', by: 'me', kind: 'resume' }),
    );
  });
});
