// A suspended workflow in a running engine: asked for, stored, as it was after a restart.
// Belongs here: suspension across commits and restarts. Does not belong here: what the machine decides (test/machine).
import { expect } from 'chai';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { Family } from './family.ts';
import { members, World } from './kit.ts';

const DEFINITION = `
workflow_version: 2026-11-01
deadline: 1h
entities:
  sql:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      looked_at: {probe: {script: {bash: look}}, action: {script: {bash: mend}}}
      prepared: {action: {script: {bash: prepare}}, exclusive: false, retry: {attempts: 3, delay: 30s, jitter: 0}}
      joined: {requires: [prepared, looked_at], action: {script: {bash: join}}}
goal: sql.joined
`;

const done = { kind: 'succeeded', outputs: {} } as const;
const exit = (exitCode: number) =>
  ({ kind: 'failed', error: { kind: 'exit', message: `exit ${exitCode}`, exitCode } }) as const;

async function started(disk: MemoryDisk): Promise<World> {
  const world = new World(disk);
  await world.engine.start();
  await world.settled();
  return world;
}

const act = (world: World, kind: 'suspend' | 'resume', requestId: string) =>
  world.service.act({ kind, requestId, workflow: 'w', by: 'ann' });

const sent = (world: World): readonly string[] => world.driver.started.map(({ id }) => id.step);

describe('a suspended workflow in a running engine', () => {
  it('stays so over restarts, sends nothing again that has ended, and goes on with what is due', async () => {
    const disk = new MemoryDisk();
    let world = await started(disk);
    await world.create('w', {
      document: { source: DEFINITION, fileName: 'w.yaml', files: {} },
      inputs: {},
      members: members(1),
    });
    expect(sent(world)).to.have.members(['sql[0].looked_at', 'sql[0].prepared']);
    expect(await act(world, 'suspend', 's1')).to.eql({ status: 'applied' });
    expect(await act(world, 'suspend', 's2')).to.eql({ status: 'applied' });
    await world.driver.finish('sql[0].prepared', exit(1));
    await world.driver.finish('sql[0].looked_at', exit(1));
    await world.settled();
    const { record } = await world.service.workflow('w');
    await world.engine.stop();

    world = await started(disk);
    expect(sent(world), 'its end is known').to.eql([]);
    const { suspended, deadline } = (await world.service.workflow('w')).record;
    expect(suspended).to.eql(record.suspended);
    world.clock.advance(2 * 3_600_000);
    await world.settled();
    expect(sent(world)).to.eql([]);
    expect((await world.service.workflow('w')).record.status).to.equal('running');
    await world.engine.stop();
    expect(world.clock.waiting).to.equal(0);

    const last = await started(disk);
    last.clock.advance(2 * 3_600_000);
    await act(last, 'resume', 'r1');
    await last.settled();
    expect(sent(last)).to.have.members(['sql[0].looked_at', 'sql[0].prepared']);
    expect((await last.service.workflow('w')).record.deadline).to.be.greaterThan(deadline ?? Infinity);
    await last.driver.finish('sql[0].looked_at', done);
    await last.driver.finish('sql[0].prepared', done);
    await last.driver.finish('sql[0].joined', done);
    await last.settled();
    expect((await last.service.workflow('w')).record.status).to.equal('complete');
    await last.engine.stop();
  });

  it('has its moved deadline again, by a timer, after it went on', async () => {
    const world = await started(new MemoryDisk());
    await world.create('w', {
      document: { source: DEFINITION, fileName: 'w.yaml', files: {} },
      inputs: {},
      members: members(1),
    });
    await act(world, 'suspend', 's1');
    world.clock.advance(59 * 60_000);
    await act(world, 'resume', 'r1');
    world.clock.advance(59 * 60_000);
    await world.settled();
    const status = async (): Promise<string> => (await world.service.workflow('w')).record.status;
    expect(await status()).not.to.equal('cancelling');
    world.clock.advance(2 * 60_000);
    await world.settled();
    expect((await world.service.workflow('w')).record.late).to.equal(true);
    await world.engine.stop();
  });
});

describe('a suspended workflow that runs a child', () => {
  const BOTH = ['db[0].installed', 'db[1].installed'];
  const suspension = async (family: Family, id: string) =>
    (await family.world.service.workflow(id)).record.suspended;

  async function begun(disk = new MemoryDisk()): Promise<Family> {
    const family = await new Family(disk).begin();
    await family.end('node[0].ready');
    await family.end('node[1].ready');
    return family;
  }

  it('suspends it, rests once that rests, and lets it go on, with restarts in between', async () => {
    const disk = new MemoryDisk();
    const family = await begun(disk);
    const child = await family.child();
    await family.act('shop', { kind: 'suspend' });
    expect(await suspension(family, child)).to.deep.include({ by: 'workflow shop' });
    expect(await suspension(family, 'shop')).not.to.have.property('rests');
    for (const step of BOTH) await family.end(step);
    expect(await suspension(family, child)).to.have.property('rests', true);
    expect(await suspension(family, 'shop')).to.have.property('rests', true);
    await family.world.engine.stop();

    const second = new Family(disk, { clock: family.clock });
    await second.world.engine.start();
    // That the child is held is news, which waits for company.
    for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve));
    second.clock.advance(25);
    await second.settled();
    expect(await suspension(second, child)).to.deep.include({ by: 'workflow shop', rests: true });
    await second.act('shop', { kind: 'resume', requestId: 'second-1' });
    expect(await suspension(second, child)).to.equal(undefined);
    expect(await second.status()).to.equal('held');
    await second.act('shop', { kind: 'suspend', requestId: 'second-2' });
    expect(await suspension(second, child), 'asked anew').to.deep.include({ by: 'workflow shop' });
    await second.act('shop', { kind: 'resume', requestId: 'second-3' });
    await second.act(child, { kind: 'approve', step: 'site.agreed' });
    await second.end('shop.used');
    expect(await second.status()).to.equal('complete');
  });

  it('that somebody else suspended leaves that to them', async () => {
    const family = await begun();
    const child = await family.child();
    await family.act(child, { kind: 'suspend' });
    for (const step of BOTH) await family.end(step);
    const { record } = await family.world.service.workflow('shop');
    expect(record.status).to.equal('held');
    expect(record.reason).to.contain(`its child ${child}, which is held: it is suspended by`);
    await family.act('shop', { kind: 'suspend' });
    await family.act('shop', { kind: 'resume' });
    expect(await suspension(family, child)).not.to.equal(undefined);
    await family.act(child, { kind: 'resume' });
    await family.act(child, { kind: 'approve', step: 'site.agreed' });
    await family.end('shop.used');
    expect(await family.status()).to.equal('complete');
  });

  it('and deletes it suspends that too', async () => {
    const family = await begun();
    for (const step of BOTH) await family.end(step);
    const child = await family.child();
    await family.act(child, { kind: 'approve', step: 'site.agreed' });
    await family.end('shop.used');
    await family.act('shop', { kind: 'delete', abandon: false });
    await family.act('shop', { kind: 'suspend' });
    expect(await suspension(family, child)).to.deep.include({ by: 'workflow shop' });
    for (const step of BOTH) await family.end(step);
    expect(await family.status(child), 'what it did is taken back, and that is all it may say').to.equal(
      'deleting',
    );
    expect(await suspension(family, 'shop')).to.have.property('rests', true);
    await family.act('shop', { kind: 'resume' });
    for (const node of ['node[0].ready', 'node[1].ready']) await family.end(node);
    expect(await family.world.service.list({ children: true })).to.deep.equal([]);
  });
});
