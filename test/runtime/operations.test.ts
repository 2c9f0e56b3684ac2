// Operations in a running engine: asked for, stored, gone on with after a restart (R8).
// Belongs here: operations across commits and restarts. Does not belong here: what the machine decides (test/scenarios).
import { expect } from 'chai';
import type { RequestResult } from '../../engine/runtime/ports.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { members, World } from './kit.ts';

const DEFINITION = `
workflow_version: 2026-11-01
entities:
  db:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      started: {action: {script: {bash: start}}}
      saved: {requires: [started], action: {script: {bash: save, inputs: {of: "<% operation.?name.orValue('') %>"}}}}
operations:
  backup:
    inputs: {key: {type: string, hidden: true}}
    steps: [{rerun: db.saved}, {rerun: db.started}]
goal: db.started
`;

const done = { kind: 'succeeded', outputs: {} } as const;
const group = (count: number) => ({ db: members(count)['sql'] ?? [] });

async function begun(disk: MemoryDisk): Promise<World> {
  const world = new World(disk);
  await world.engine.start();
  const document = { source: DEFINITION, fileName: 'db.yaml', files: {} };
  await world.create('w', { document, inputs: {}, members: group(1) });
  await finish(world, 'db[0].started');
  return world;
}

async function finish(world: World, step: string): Promise<void> {
  await world.driver.finish(step, done);
  await world.settled();
  // Between two steps of an operation it is due at once.
  world.clock.advance(0);
  await world.settled();
}

async function operate(world: World, id: string, more: object = {}): Promise<RequestResult> {
  const request = {
    kind: 'operate',
    requestId: `ask-${id}`,
    workflow: 'w',
    by: 'ann',
    operation: 'backup',
  } as const;
  const result = await world.service.act({ ...request, id, inputs: { key: 'a secret key' }, ...more });
  await world.settled();
  return result;
}

describe('an operation in a running engine', () => {
  it('R8: goes on after a restart in the middle of each of its steps, and is kept when it is done', async () => {
    const disk = new MemoryDisk();
    let world = await begun(disk);
    expect(await operate(world, 'b1')).to.eql({ status: 'applied' });
    for (const step of ['db[0].saved', 'db[0].started']) {
      await world.engine.stop();
      world = new World(disk);
      await world.engine.start();
      await world.settled();
      expect(world.driver.started.map(({ id }) => id.step)).to.eql([step]);
      await finish(world, step);
    }
    const { record } = await world.service.workflow('w');
    expect(record.status).to.equal('complete');
    expect(record.operation).to.equal(undefined);
    expect(record.operations).to.have.length(1);
    expect(record.operations?.[0]).to.include({ id: 'b1', name: 'backup', by: 'ann', status: 'done' });
    await world.engine.stop();
  });

  it('R8: keeps hidden inputs sealed', async () => {
    const disk = new MemoryDisk();
    const world = await begun(disk);
    await operate(world, 'b1');
    const kept = [...disk.workflows.values()].map(({ log, record, source }) => [log, record, source]);
    expect(JSON.stringify(kept)).to.contain('$secret').and.not.to.contain('a secret key');
    await world.engine.stop();
  });

  it('R8: is refused with what is wrong: unknown, without its inputs, or beside another', async () => {
    const world = await begun(new MemoryDisk());
    expect(await operate(world, 'x', { operation: 'backups' })).to.include({
      next: "Did you mean 'backup'?",
    });
    expect(await operate(world, 'y', { inputs: {} })).to.include({ code: 'inputs_invalid' });
    expect(await operate(world, 'b1')).to.eql({ status: 'applied' });
    expect(await operate(world, 'b2')).to.have.property('message', 'The operation backup runs.');
    await world.engine.stop();
  });

  it('R8: that is stopped ends also when the engine was restarted before', async () => {
    const disk = new MemoryDisk();
    let world = await begun(disk);
    await operate(world, 'b1');
    await world.service.act({ kind: 'cancel', requestId: 'c', workflow: 'w', by: 'ann' });
    await world.settled();
    await world.driver.finish('db[0].saved', { kind: 'interrupted', evidence: 'called back' });
    await world.engine.stop();
    world = new World(disk);
    await world.engine.start();
    world.clock.advance(0);
    await world.settled();
    const { record } = await world.service.workflow('w');
    expect([record.status, record.operations?.[0]?.status]).to.eql(['complete', 'stopped']);
    await world.engine.stop();
  });
});
