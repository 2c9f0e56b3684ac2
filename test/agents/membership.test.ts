// Agents and members as Heat asks for them: made, told of their server, leaving, removed; and what a version keeps.
// Belongs here: requests to the registrar. Does not belong here: who may enrol (enrolment.test.ts).
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { inProject } from '../support/project.ts';
import { EnrolmentWorld, server } from './enrolment-world.ts';
import { until } from './world.ts';

const refusal = async (what: Promise<unknown>): Promise<string> =>
  what.then(
    () => 'none',
    (thrown: unknown) =>
      thrown instanceof EngineError ? `${thrown.code}: ${thrown.message}` : String(thrown),
  );

describe('agents and members of Heat', () => {
  let world: EnrolmentWorld;
  const online = (agent: string): boolean => world.side.presence.online(agent);
  const enrolled = (agent: string): Promise<void> => until(() => online(agent), `${agent} to be there`);
  beforeEach(async () => {
    world = new EnrolmentWorld();
    await world.open();
  });
  afterEach(() => world.end());

  it('what version 0.1.0 kept is read by every later one: the same user data, the same member', async () => {
    const file = inProject('test', 'agents', 'fixtures', 'kept-0.1.0.json');
    const kept = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly userData: string;
      readonly rows: readonly {
        readonly kind: 'agent';
        readonly id: string;
        readonly value: object;
        readonly sealed?: string;
      }[];
    };
    await world.close();
    for (const { sealed, value, ...row } of kept.rows) {
      const bytes = sealed === undefined ? {} : { sealed: Buffer.from(sealed, 'base64') };
      world.disk.kept.set(`${row.kind}/${row.id}`, { ...row, value: JSON.stringify(value), ...bytes });
    }
    await world.open();
    expect(await world.userData('a1')).to.equal(kept.userData);
    await world.create('a1');
    expect(await world.userData('a1')).to.equal(kept.userData);
    expect(await world.show('a1')).to.include({ state: 'created', member_server: server(1) });
    await world.vm({ ...(await world.config('a1')), root_key: world.keys.rootKeyText }, 1);
    await enrolled('a1');
  });

  it('removed, nothing of it is left: no user, no queue, no record; and removing it again is nothing', async () => {
    await world.create('a1');
    await world.member('a1', 1);
    const vm = await world.vm(await world.config('a1'), 1);
    await enrolled('a1');
    await vm.stop();
    await world.administer({ kind: 'delete_agent', agent: 'a1' });
    await world.administer({ kind: 'delete_agent', agent: 'a1' });
    expect(world.broker.userNames()).to.deep.equal(['engine']);
    expect(world.broker.queues().filter(name => name.includes('a1'))).to.deep.equal([]);
    expect([...world.disk.kept.keys()]).to.deep.equal([]);
    expect(await refusal(world.show('a1'))).to.match(/^not_found/);
  });

  it('a member leaves once its workflows have let it go, and says so when that takes too long', async () => {
    await world.create('a1');
    await world.member('a1', 1);
    world.mayLeave = false;
    const leave = (): Promise<unknown> => world.administer({ kind: 'delete_member', member: 'm-a1' });
    expect(await leave()).to.deep.equal({ gone: false, poll_after: 1 });
    await world.clock.advance(15_000);
    expect(await leave()).to.deep.equal({ gone: false, poll_after: 5 });
    await world.clock.advance(46_000);
    expect(await refusal(leave())).to.match(/^not_allowed: .*has not left its workflows within 60 seconds/);
    expect(await leave()).to.deep.include({ gone: false });
    world.mayLeave = true;
    expect(await leave()).to.deep.equal({ gone: true });
    expect(await leave()).to.deep.equal({ gone: true });
    expect(new Set(world.left)).to.deep.equal(new Set(['a1', 'a1 again']));
  });

  it('a member that is not let go stays, and each delete is the first of its own', async () => {
    await world.create('a1');
    await world.member('a1', 1);
    const leave = (): Promise<unknown> => world.administer({ kind: 'delete_member', member: 'm-a1' });
    world.mayLeave = false;
    await leave();
    await leave();
    world.mayLeave = new EngineError('not_allowed', 'The definition needs it.', 'Add another.');
    expect(await refusal(leave())).to.equal('not_allowed: The definition needs it.');
    expect(await world.show('a1')).to.include({ member_server: server(1) });
    expect(await refusal(leave())).to.equal('not_allowed: The definition needs it.');
    expect(world.left).to.deep.equal(['a1 again', 'a1', 'a1', 'a1 again']);
  });

  it('an impostor is thrown out also when the broker could not be told at once: asked again, it is', async () => {
    await world.create('a1');
    await world.vm(await world.config('a1'), 9);
    await enrolled('a1');
    world.around.users = () => {
      throw new EngineError('transport_closed', 'The management is away.', 'Wait.');
    };
    expect(await refusal(world.member('a1', 1))).to.match(/^transport_closed/);
    expect(world.side.directory.get('a1')?.signingKey).to.equal('');
    expect(world.broker.userNames()).to.include('agent.a1');
    world.around = {};
    await world.member('a1', 1);
    expect(world.broker.userNames()).to.not.include('agent.a1');
  });

  it('a member that Heat replaces by another of the same agent does not leave', async () => {
    await world.create('a1');
    await world.member('a1', 1);
    world.clock.time += 1;
    await world.member('a1', 2, 'm-new');
    expect(await world.administer({ kind: 'delete_member', member: 'm-a1' })).to.deep.equal({ gone: true });
    expect(world.left).to.deep.equal([]);
    expect(await world.show('a1')).to.include({ member_server: server(2) });
  });

  it('says what cannot be asked', async () => {
    await world.create('a1');
    const put = {
      kind: 'put_member',
      member: 'm',
      agent: 'a1',
      name: 'a1',
      onLeave: 'undo',
      leaveTimeout: 1,
    } as const;
    expect(await refusal(world.administer({ ...put, server: 'web-1' }))).to.match(
      /^usage: 'web-1' is no server/,
    );
    expect(await refusal(world.administer({ ...put, agent: 'a2', server: server(1) }))).to.match(
      /^not_found/,
    );
    const data = 'x'.repeat(70_000);
    expect(await refusal(world.administer({ ...put, server: server(1), data }))).to.match(/^limit_exceeded/);
    await world.create('a2');
    await world.member('a1', 1, 'm');
    expect(await refusal(world.administer({ ...put, agent: 'a2', server: server(1) }))).to.match(/^conflict/);
    expect(await refusal(world.administer({ kind: 'show_member', member: 'x' }))).to.match(/^not_found/);
    expect(await refusal(world.administer({ kind: 'approve', agent: 'a1' }))).to.match(/^not_allowed/);
    expect(await refusal(world.create('../x'))).to.match(/^usage/);
  });
});
