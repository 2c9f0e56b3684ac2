// A member that Heat deletes leaves its workflows: they are asked, undo what they did on it, and it is gone.
// Belongs here: leaving as a whole engine does it. Does not belong here: what leaving means to steps (test/machine), Heat's patience
// (test/agents/membership.test.ts).
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { leavingOf } from '../../engine/leaving.ts';
import { members, World } from './kit.ts';

const ready = { kind: 'succeeded', outputs: { address: { text: '10.0.0.1' } } } as const;
const done = { kind: 'succeeded', outputs: {} } as const;

describe('a member that Heat deletes', () => {
  let world: World;
  const leave = async (agent: string, abandon = false, again = false): Promise<boolean> => {
    const left = leavingOf(world.store, () => world.service).leave(agent, { abandon, again, by: 'heat' });
    left.catch(() => undefined);
    await world.settled();
    return left;
  };
  const finish = async (step: string): Promise<void> => {
    await world.driver.finish(step, step.endsWith('prepared') ? ready : done);
    await world.settled();
  };

  beforeEach(async () => {
    world = new World();
    await world.engine.start();
    await world.create('wf', { members: members(2) });
  });

  it('is gone once what was done on it is undone; asked again meanwhile, nothing is asked twice', async () => {
    for (const step of ['sql[0].prepared', 'sql[1].prepared', 'sql[0].joined', 'sql[1].joined'])
      await finish(step);
    expect(await leave('agent-1')).to.equal(false);
    const { generation } = (await world.service.workflow('wf')).record;
    expect(await leave('agent-1')).to.equal(false);
    expect((await world.service.workflow('wf')).record.generation).to.equal(generation);
    await world.driver.finish('sql[1].prepared', done);
    await world.settled();
    expect(await leave('agent-1')).to.equal(true);
    expect((await world.service.workflow('wf')).members['sql']?.map(({ agent }) => agent)).to.deep.equal([
      'agent-0',
    ]);
    expect(await leave('agent-1')).to.equal(true);
  });

  it('is gone at once where nothing is to be undone', async () => {
    expect(await leave('agent-1', true)).to.equal(true);
    expect(await leave('nobody')).to.equal(true);
  });

  it('is not waited for when what was done on it cannot be undone; the next delete tries that again', async () => {
    for (const step of ['sql[0].prepared', 'sql[1].prepared', 'sql[0].joined', 'sql[1].joined'])
      await finish(step);
    expect(await leave('agent-1', false, true)).to.equal(false);
    await world.driver.finish('sql[1].prepared', {
      kind: 'failed',
      error: { kind: 'exit', message: 'The disk is busy.' },
    });
    await world.settled();
    const refused = (await leave('agent-1').catch((thrown: unknown) => thrown)) as EngineError;
    expect(refused.code).to.equal('not_allowed');
    expect(refused.message).to.include('sql[1].prepared on sql-1 could not be undone: The disk is busy');
    expect(await leave('agent-1', false, true)).to.equal(false);
    await world.driver.finish('sql[1].prepared', done);
    await world.settled();
    expect(await leave('agent-1')).to.equal(true);
  });

  it('is not let go where the definition needs it, and that is said', async () => {
    expect(await leave('agent-1', true)).to.equal(true);
    const refused = await leave('agent-0').catch((thrown: unknown) => thrown);
    expect(refused).to.be.instanceOf(EngineError);
    expect((refused as EngineError).code).to.equal('not_allowed');
  });
});
