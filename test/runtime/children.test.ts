// Children of steps: created once, ended into their parents once, held, called back, deleted, through restarts (row 40).
// Belongs here: parent and child in one engine. Does not belong here: the machine's side alone (test/scenarios), crashes
// at any I/O (test/simulation).
import { expect } from 'chai';
import type { ChildWorkflows } from '../../engine/runtime/ports.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { CHILD, Family, PARENT } from './family.ts';

const cancelled = { kind: 'failed', error: { kind: 'cancelled', message: 'called back' } } as const;

/** Nobody is told of any child's end: as if the engine died before. */
const deaf = (real: ChildWorkflows): ChildWorkflows => ({ ...real, watch: () => () => {} });

async function installed(family: Family): Promise<void> {
  await family.end('node[0].ready');
  await family.end('node[1].ready');
  await family.end('db[0].installed');
  await family.end('db[1].installed');
}

describe('children', () => {
  it('row 40: run as ordinary workflows whose outputs come to the state, hidden ones sealed anew', async () => {
    const family = await new Family().begin();
    await installed(family);
    const child = await family.child();
    const { store } = family.world;
    const { source, record } = (await store.load(child)) as NonNullable<
      Awaited<ReturnType<typeof store.load>>
    >;
    expect(record.parent).to.deep.equal({ workflow: 'shop', step: 'shop.clustered', dispatch: 1 });
    expect(source.members['db']?.map(({ agent, name, index }) => [agent, name, index])).to.deep.equal([
      ['agent-0', 'node-0', 0],
      ['agent-1', 'node-1', 1],
    ]);
    expect(JSON.stringify(source.inputs)).to.contain(`${child}/input/secret`).and.not.to.contain('hunter2');
    await family.act(child, { kind: 'approve', step: 'site.agreed' });
    const { outputs } = await family.record('shop.clustered');
    expect(outputs?.['first']).to.equal('node-0');
    expect(outputs?.['late']).to.equal('never');
    expect(outputs?.['big']).to.deep.equal({ $integer: '9007199254740993' });
    expect(outputs?.['secret']).to.deep.equal({ $secret: 'child/shop/1/shop.clustered/1/secret' });
    const used = family.driver.last('shop.used');
    expect(await used.context.secret('child/shop/1/shop.clustered/1/secret')).to.equal('x-hunter2');
    await family.end('shop.used');
    expect(await family.status()).to.equal('complete');
    expect(await family.status(child)).to.equal('complete');
  });

  it('row 40: a held child holds its parent, which says which step of it waits for whom', async () => {
    const family = await new Family().begin();
    await installed(family);
    const child = await family.child();
    const { record } = await family.world.service.workflow('shop');
    expect(record.status).to.equal('held');
    expect(record.reason).to.equal(
      `shop.clustered waits for its child ${child}, which is held: site.agreed waits for an operator's yes or no: Go on?`,
    );
    const why = await family.world.service.explain('shop', 'shop.used');
    expect(why.roots[0]?.child?.id).to.equal(child);
    const [root] = why.roots[0]?.child?.explanation.roots ?? [];
    expect(root?.answers).to.deep.include({ act: 'approve', step: 'site.agreed' });
    await family.act(child, { kind: 'approve', step: 'site.agreed' });
    expect(await family.status()).to.equal('running');
  });

  it("row 40: a child's first failure is the cause of the attempt's error, and a retry goes on with the same child", async () => {
    const family = await new Family().begin();
    await family.end('node[0].ready');
    await family.end('node[1].ready');
    await family.end('db[1].installed', 75);
    await family.end('db[0].installed');
    const before = await family.record('shop.clustered');
    expect(before).to.deep.include({ status: 'waiting', tries: 1 });
    expect(before.error).to.deep.include({ kind: 'child', phase: 'action' });
    expect(before.error?.cause).to.deep.equal({
      kind: 'exit',
      message: 'exit code 75',
      exitCode: 75,
      tail: 'no space',
      workflow: before.child,
      step: 'db[1].installed',
      member: 'node-1',
    });
    family.clock.advance(10_000);
    await family.settled();
    const sent = family.driver.steps().filter(step => step.startsWith('db'));
    expect(sent, 'only what failed').to.deep.equal(['db[0].installed', 'db[1].installed', 'db[1].installed']);
    const after = await family.record('shop.clustered');
    expect(after).to.deep.include({ status: 'running', child: before.child });
    expect(await family.world.service.list({ children: true })).to.have.lengthOf(2);
  });

  it('are found again by the next engine, with an end of which nobody was told', async () => {
    const disk = new MemoryDisk();
    const first = await new Family(disk, { port: deaf }).begin();
    await installed(first);
    const child = await first.child();
    await first.act(child, { kind: 'approve', step: 'site.agreed' });
    expect(await first.status(child)).to.equal('complete');
    expect((await first.record('shop.clustered')).status).to.equal('running');
    await first.world.engine.stop();
    const second = new Family(disk, { clock: first.clock });
    await second.world.engine.start();
    await second.settled();
    expect((await second.record('shop.clustered')).status).to.equal('reached');
    expect(await second.world.service.list({ children: true })).to.have.lengthOf(2);
  });

  it('end once for each attempt: what an earlier one ended with is not taken for the next', async () => {
    const disk = new MemoryDisk();
    const first = await new Family(disk).begin();
    await first.end('node[0].ready');
    await first.end('node[1].ready');
    await first.end('db[0].installed', 1);
    await first.end('db[1].installed');
    expect((await first.record('shop.clustered')).tries).to.equal(1);
    first.clock.advance(10_000);
    await first.settled();
    await first.world.engine.stop();
    const second = new Family(disk, { clock: first.clock });
    await second.world.engine.start();
    await second.settled();
    expect(await second.record('shop.clustered')).to.deep.include({ status: 'running', tries: 1 });
    await second.end('db[0].installed', 1);
    expect(await second.record('shop.clustered')).to.deep.include({ status: 'failed', tries: 2 });
    expect(await second.status()).to.equal('failed');
    const third = new Family(disk, { clock: first.clock });
    await second.world.engine.stop();
    await third.world.engine.start();
    await third.act('shop', { kind: 'resume' });
    const { attempt, status } = await third.record('shop.clustered');
    expect({ attempt, status }).to.deep.equal({ attempt: 3, status: 'running' });
    expect(await third.status(await third.child())).to.equal('running');
  });

  it('row 40: a cancel goes down, is awaited, and both go on from it', async () => {
    const family = await new Family().begin();
    await family.end('node[0].ready');
    await family.end('node[1].ready');
    const child = await family.child();
    await family.act('shop', { kind: 'cancel' });
    expect(await family.status(child)).to.equal('cancelling');
    expect(await family.status()).to.equal('cancelling');
    await family.driver.finish('db[0].installed', cancelled);
    await family.driver.finish('db[1].installed', cancelled);
    await family.settled();
    expect(await family.status(child)).to.equal('failed');
    expect((await family.world.service.workflow(child)).record.reason).to.equal(
      'cancelled by its parent shop (cancelled by ann)',
    );
    expect(await family.record('shop.clustered')).to.deep.include({
      status: 'interrupted',
      cause: 'cancelled',
    });
    expect(await family.status()).to.equal('failed');
    await family.act('shop', { kind: 'resume' });
    expect(await family.status(child)).to.equal('running');
    expect(await family.child()).to.equal(child);
  });

  it("row 40: the timeout of the state is the child's deadline", async () => {
    const source = PARENT.replace('retry: {attempts: 2, delay: 10s, jitter: 0}', 'timeout: 1m');
    const family = await new Family().begin(source);
    await family.end('node[0].ready');
    await family.end('node[1].ready');
    const child = await family.child();
    family.clock.advance(60_000);
    await family.settled();
    expect(await family.status(child)).to.equal('cancelling');
    await family.driver.finish('db[0].installed', cancelled);
    await family.driver.finish('db[1].installed', cancelled);
    await family.settled();
    const { status, error } = await family.record('shop.clustered');
    expect(status).to.equal('failed');
    expect(error?.message).to.contain(`Its child ${child} failed: Not complete within its deadline of 1m00s`);
  });

  it('row 40: are deleted with their parent, what stands on them first, and by nobody else', async () => {
    const family = await new Family().begin();
    await installed(family);
    const child = await family.child();
    expect((await family.world.service.list()).map(({ id }) => id)).to.deep.equal(['shop']);
    const refusal = await family
      .act(child, { kind: 'delete', abandon: false })
      .catch((thrown: unknown) => thrown);
    expect(String(refusal)).to.contain("the child of shop.clustered of workflow 'shop'");
    await family.act(child, { kind: 'approve', step: 'site.agreed' });
    await family.end('shop.used');
    const sent = family.driver.started.length;
    await family.act('shop', { kind: 'delete', abandon: false });
    expect(family.driver.steps().slice(sent)).to.have.members(['db[0].installed', 'db[1].installed']);
    await family.end('db[0].installed', 3);
    await family.end('db[1].installed');
    expect(await family.status(child)).to.equal('delete_failed');
    expect(await family.status()).to.equal('delete_failed');
    await family.act('shop', { kind: 'delete', abandon: false });
    await family.end('db[0].installed');
    expect(family.driver.steps().slice(-2)).to.have.members(['node[0].ready', 'node[1].ready']);
    await family.end('node[0].ready');
    await family.end('node[1].ready');
    expect(await family.world.service.list({ children: true })).to.deep.equal([]);
    expect(await family.world.store.tombstone(child)).to.equal(true);
  });

  it('are deleted where their parent undoes its failure, which then begins anew with others', async () => {
    const source = PARENT.replace('entities:', 'on_workflow_failure: undo\nentities:');
    const family = await new Family().begin(source);
    await installed(family);
    const first = await family.child();
    await family.act(first, { kind: 'approve', step: 'site.agreed' });
    await family.end('shop.used', 1);
    await family.end('db[0].installed');
    await family.end('db[1].installed');
    await family.end('node[0].ready');
    await family.end('node[1].ready');
    expect(await family.status()).to.equal('failed');
    expect(await family.world.store.tombstone(first)).to.equal(true);
    await family.act('shop', { kind: 'resume' });
    await installed(family);
    const second = await family.child();
    expect(second).not.to.equal(first);
    await family.act(second, { kind: 'approve', step: 'site.agreed' });
    await family.end('shop.used');
    expect(await family.status()).to.equal('complete');
  });

  it('are forgotten before an abandoned parent is, also when the engine dies in between', async () => {
    const disk = new MemoryDisk();
    const lost = (real: ChildWorkflows): ChildWorkflows => ({
      ...real,
      ask: (id, request) => (request.kind === 'delete' ? new Promise(() => {}) : real.ask(id, request)),
    });
    const first = await new Family(disk, { port: lost }).begin();
    await installed(first);
    void first.world.service
      .act({ requestId: 'abandon', workflow: 'shop', by: 'ann', kind: 'delete', abandon: true })
      .catch(() => {});
    for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
    expect(await first.status()).to.equal('deleting');
    await first.world.engine.stop();
    const second = new Family(disk, { clock: first.clock });
    await second.world.engine.start();
    await second.settled();
    expect(await second.world.service.list({ children: true })).to.deep.equal([]);
  });

  it('fail the attempt when they cannot be started as given: sizes are known only now', async () => {
    const source = PARENT.replace(
      '"<% node.members %>"',
      '"<% node.members.filter(m, m.index == 0) %>"',
    ).replace('attempts: 2', 'attempts: 1');
    const family = await new Family().begin(source);
    await family.end('node[0].ready');
    await family.end('node[1].ready');
    const { status, error } = await family.record('shop.clustered');
    expect({ status, kind: error?.kind }).to.deep.equal({ status: 'failed', kind: 'refused' });
    expect(error?.message).to.contain('The vm_group db has 1 member(s); it must have 2 to 9.');
  });

  it('may have children of their own, and the deepest failure is the cause', async () => {
    const middle = `
workflow_version: 2026-11-01
entities:
  host: {type: vm_group, members: {min: 1, max: 9}, states: {known: {}}}
  all:
    type: service
    states:
      done:
        action:
          workflow:
            definition: {file: cluster.yaml}
            inputs: {secret: plain, big: 1}
            members: {db: "<% host.members %>"}
goal: all.done
outputs: {first: {value: x}, secret: {value: "x", hidden: true}, big: {value: 1}}
`;
    const source = PARENT.replace('{file: cluster.yaml}', '{file: middle.yaml}')
      .replace(/ {12}inputs: \{secret.*\n/, '')
      .replace('{db: ', '{host: ')
      .replace(/ {10}late: .*\n/, '')
      .replace('attempts: 2', 'attempts: 1');
    const family = await new Family().begin(source, { 'middle.yaml': middle, 'cluster.yaml': CHILD });
    await family.end('node[0].ready');
    await family.end('node[1].ready');
    await family.end('db[0].installed', 9);
    await family.end('db[1].installed');
    const { error } = await family.record('shop.clustered');
    expect(error?.cause).to.deep.include({ step: 'db[0].installed', exitCode: 9, member: 'node-0' });
    expect(await family.world.service.list({ children: true })).to.have.lengthOf(3);
    await family.act('shop', { kind: 'delete', abandon: true });
    expect(await family.world.service.list({ children: true })).to.deep.equal([]);
  });
});
