// Members that change in a running engine: what is stored, sent again after a restart, and seen from outside.
// Belongs here: generations across commits and restarts. Does not belong here: what the machine decides (test/machine).
import { expect } from 'chai';
import type { ActRequest, NewMembers } from '../../engine/runtime/api.ts';
import type { RequestResult } from '../../engine/runtime/ports.ts';
import { MemoryDisk } from '../../engine/store/memory.ts';
import { createRequest, members, World } from './kit.ts';

const ready = { kind: 'succeeded', outputs: { address: { text: '10.0.0.1' } } } as const;
const done = { kind: 'succeeded', outputs: {} } as const;

let asked = 0;

async function update(world: World, change: NewMembers): Promise<RequestResult> {
  asked += 1;
  const request = { kind: 'update', requestId: `update-${asked}`, workflow: 'w', by: 'ann', ...change };
  const result = await world.service.act(request as ActRequest);
  await world.settled();
  return result;
}

const joining = (...agents: readonly string[]) => ({
  join: { sql: agents.map(agent => ({ agent, name: agent })) },
});

async function finish(world: World, step: string): Promise<void> {
  await world.driver.finish(step, step.endsWith('prepared') ? ready : done);
  await world.settled();
}

describe('members of a running workflow', () => {
  it('join and leave across restarts: records follow their steps, commands that are out are sent again', async () => {
    const disk = new MemoryDisk();
    let world = new World(disk);
    await world.engine.start();
    await world.create('w', { members: members(2) });
    expect((await update(world, joining('x'))).status).to.equal('applied');
    expect(steps(world)).to.eql(['sql[0].prepared', 'sql[1].prepared', 'sql[2].prepared']);
    await world.engine.stop();

    world = new World(disk);
    await world.engine.start();
    await world.settled();
    expect(steps(world)).to.eql(['sql[0].prepared', 'sql[1].prepared', 'sql[2].prepared']);
    expect(world.driver.started.map(({ id }) => id.generation)).to.eql([1, 1, 2]);
    for (const index of [0, 1, 2]) await finish(world, `sql[${index}].prepared`);
    for (const index of [0, 1, 2]) await finish(world, `sql[${index}].joined`);
    expect((await world.service.workflow('w')).record.status).to.equal('complete');
    await world.engine.stop();
  });

  it('leave: they are shown as leaving until all is undone, then they are gone, also from the steps', async () => {
    const disk = new MemoryDisk();
    let world = new World(disk);
    await world.engine.start();
    await world.create('w', { members: members(2) });
    for (const index of [0, 1]) await finish(world, `sql[${index}].prepared`);
    for (const index of [0, 1]) await finish(world, `sql[${index}].joined`);
    expect((await update(world, { leave: { sql: ['agent-1'] } })).status).to.equal('applied');
    const { members: groups, record } = await world.service.workflow('w');
    expect(groups['sql']?.map(({ name, leaving }) => `${name} ${leaving ?? false}`)).to.eql([
      'sql-0 false',
      'sql-1 true',
    ]);
    expect(record.status).to.equal('running');
    await world.engine.stop();

    world = new World(disk);
    await world.engine.start();
    await world.settled();
    expect(steps(world)).to.eql(['sql[1].prepared']);
    await world.driver.finish('sql[1].prepared', done);
    await world.settled();
    const after = await world.service.workflow('w');
    expect([after.record.status, after.members['sql']?.length]).to.eql(['complete', 1]);
    expect(after.steps.map(({ id }) => id)).to.eql(['sql[0].prepared', 'sql[0].joined']);
    expect(after.outputs).to.eql({ addresses: ['10.0.0.1'] });
    await world.engine.stop();
  });

  it('are refused with one sentence, and stay as they are', async () => {
    const world = new World();
    await world.engine.start();
    await world.service.create({ ...createRequest('w'), members: members(1) });
    const result = await update(world, { leave: { sql: ['agent-0'] } });
    expect(result).to.include({ status: 'rejected' });
    expect(result).to.have.property('message').that.contains('it must have 1 to 200');
    expect((await world.service.workflow('w')).record.generation).to.equal(1);
    await world.engine.stop();
  });
});

const steps = (world: World): readonly string[] => world.driver.started.map(({ id }) => id.step);
