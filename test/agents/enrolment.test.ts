// Who becomes an agent, and who stays it: real agents with real user data against the engine's side.
// Belongs here: enrolment as a whole. Does not belong here: the table of rules (enrolment-hostile.test.ts), members (membership.test.ts).
import { expect } from 'chai';
import { memoryBrokerUsers } from '../../engine/broker/memory-users.ts';
import { EngineError } from '../../engine/base/errors.ts';
import { SIGN_OF_LIFE } from '../../engine/agents/enrolment/office.ts';
import { EnrolmentWorld, server } from './enrolment-world.ts';
import { until } from './world.ts';

const refusal = async (what: Promise<unknown>): Promise<string> =>
  what.then(
    () => 'none',
    (thrown: unknown) =>
      thrown instanceof EngineError ? `${thrown.code}: ${thrown.message}` : String(thrown),
  );

describe('enrolment', () => {
  let world: EnrolmentWorld;
  const online = (agent: string): boolean => world.side.presence.online(agent);
  const enrolled = (agent: string): Promise<void> => until(() => online(agent), `${agent} to be there`);
  const alarms = (): string[] => world.alarms.map(({ kind }) => kind);
  beforeEach(async () => {
    world = new EnrolmentWorld();
    await world.open();
  });
  afterEach(() => world.end());

  it('a VM with its user data becomes the agent; its member confirms the server', async () => {
    expect(await world.create('a1')).to.include({ state: 'created', online: false });
    await world.vm(await world.config('a1'), 1);
    await enrolled('a1');
    expect(await world.show('a1')).to.include({ state: 'enrolled', online: true, server: server(1) });
    const view = await world.member('a1', 1);
    expect(view['member']).to.deep.equal({ agent: 'a1', name: 'a1' });
    expect(await world.show('a1')).to.include({ member_server: server(1) });
  });

  it('user data is the same bytes for life: asked again, after a restart, after rotations', async () => {
    await world.create('a1');
    const first = await world.userData('a1');
    await world.create('a1');
    await world.administer({ kind: 'rotate_keys', drop: false });
    await world.close();
    await world.open();
    await world.create('a1', 'offline');
    await world.administer({ kind: 'rotate_keys', drop: true });
    expect(await world.userData('a1')).to.equal(first);
    await world.vm(await world.config('a1'), 1);
    await enrolled('a1');
  });

  it('one that enrolled stays the agent over a restart of the engine and of itself', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    const vm = await world.vm(config, 1);
    await enrolled('a1');
    await vm.stop();
    await world.close();
    await world.open();
    const before = world.enrolment.office.counts.enrolled;
    await world.vm(config, 1, vm.disk);
    await enrolled('a1');
    expect(world.enrolment.office.counts.enrolled).to.equal(before);
  });

  it('a broker wiped in the middle: users put back from the records, and the agent comes back by itself', async () => {
    await world.create('a1');
    await world.vm(await world.config('a1'), 1);
    await enrolled('a1');
    for (const name of world.broker.userNames()) if (name !== 'engine') world.broker.removeUser(name);
    world.side.presence.lost('a1', 'the broker was wiped');
    world.broker.wipe('the disk was lost');
    await until(() => !world.side.link.connected);
    while (!world.side.link.connected) await world.clock.advance(1_000);
    const restored = await memoryBrokerUsers(world.broker).restore(world.enrolment.accounts.brokerRecords());
    expect(restored).to.have.members(['enrol.a1', 'agent.a1']);
    await enrolled('a1');
  });

  it('a server that is replaced with the same user data: refused until its member names it, then the former counts no more', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    const old = await world.vm(config, 1);
    await enrolled('a1');
    await world.member('a1', 1);
    const former = world.side.directory.get('a1')?.incarnation;
    const replacing = await world.vm(config, 2);
    await until(() => world.said(/^2: .*refused \(other_server\)/));
    expect(alarms()).to.include('enrolment_refused');
    await world.member('a1', 2);
    // It would ask again after a minute; another start asks at once.
    await replacing.stop();
    await world.vm(config, 2, replacing.disk);
    await until(() => world.side.directory.get('a1')?.incarnation !== former && online('a1'), 'the new one');
    expect(world.side.directory.get('a1')?.retired).to.deep.equal([former]);
    expect(await world.show('a1')).to.include({ server: server(2) });
    await until(
      () => world.said(/^1: .*refused \((other_server|given_up_key)\)/),
      'the former to be refused',
    );
    await old.stop();
  });

  it('a server that is rebuilt: an operator approves, and only then', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    const before = await world.vm(config, 1);
    await enrolled('a1');
    await world.member('a1', 1);
    await before.stop();
    world.side.presence.lost('a1', 'rebuilt');
    await world.vm(config, 1);
    await until(() => world.said(/refused \(needs_approval\)/));
    const view = await world.show('a1');
    expect(view['state']).to.equal('waits_for_approval');
    expect(view['pending']).to.include({ server: server(1) });
    expect(world.enrolment.registrar.reason('a1')).to.match(
      /wants to enrol in its place .*agents approve a1 --key \S+, or refuse a1 --key \S+$/,
    );
    // Decided is only about what was seen: who saw a key that another took the place of decides about nobody.
    const { key } = view['pending'] as { key: string };
    for (const kind of ['approve', 'refuse'] as const)
      expect(await refusal(world.administer({ kind, agent: 'a1', key: 'seen-before' }))).to.match(
        new RegExp(`^stale: The key seen-before does not wait .*: the key ${key} of server`),
      );
    expect(await world.show('a1')).to.include({ state: 'waits_for_approval' });
    await world.administer({ kind: 'approve', agent: 'a1', key });
    expect(await world.show('a1')).to.include({ state: 'enrolled' });
    expect(world.enrolment.registrar.reason('a1')).to.equal(undefined);
    expect(await refusal(world.administer({ kind: 'approve', agent: 'a1', key }))).to.match(/: nothing does/);
  });

  it('a server that is rebuilt, where the policy allows it: once the former gave no sign of life', async () => {
    await world.create('a1', 'offline');
    const config = await world.config('a1');
    const before = await world.vm(config, 1);
    await enrolled('a1');
    await before.stop();
    world.side.presence.lost('a1', 'rebuilt');
    const rebuilt = await world.vm(config, 1);
    await until(() => world.said(/refused \(still_online\)/));
    await rebuilt.stop();
    expect(world.side.directory.get('a1')?.signingKey).to.not.equal('');
    await world.clock.advance(SIGN_OF_LIFE);
    await world.vm(config, 1, rebuilt.disk);
    await enrolled('a1');
  });

  it('a server with another key, while the former is there: refused, whatever the policy', async () => {
    await world.create('a1', 'offline');
    const config = await world.config('a1');
    await world.vm(config, 1);
    await enrolled('a1');
    const hellos = world.side.desk.counts.taken;
    world.clock.time += 1;
    const other = await world.vm(config, 1);
    await until(() => world.said(/refused \(still_online\)/));
    world.clock.time += 1;
    await until(() => world.side.desk.counts.taken > hellos, 'a sign of life');
    await other.stop();
    await world.clock.advance(SIGN_OF_LIFE);
    world.logged.length = 0;
    await world.vm(config, 1, other.disk);
    await until(() => world.said(/refused \(still_online\)/));
    expect(online('a1')).to.equal(true);
  });

  it('two VMs with one user data: one is the agent, the other is refused and told of', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    await world.member('a1', 2);
    await world.vm(config, 1);
    await world.vm(config, 2);
    await enrolled('a1');
    await until(() => world.said(/^1: .*refused \(other_server\)/));
    expect(await world.show('a1')).to.include({ server: server(2) });
    expect(alarms()).to.include('enrolment_refused');
  });

  it('whoever enrolled before its member was known is thrown out when the member names another server', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    await world.vm(config, 9);
    await enrolled('a1');
    await world.member('a1', 1);
    expect(alarms()).to.include('impostor');
    expect(online('a1')).to.equal(false);
    expect(world.broker.userNames()).to.not.include('agent.a1');
    await world.vm(config, 1);
    await enrolled('a1');
    expect(await world.show('a1')).to.include({ server: server(1) });
  });

  it('a copy of the disk on another server is not the agent', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    const vm = await world.vm(config, 1);
    await enrolled('a1');
    await vm.stop();
    await world.member('a1', 1);
    for (const name of ['agent.a1']) world.broker.removeUser(name);
    await world.vm(config, 2, vm.disk);
    await until(() => world.said(/^2: .*refused \(other_server\)/));
  });

  it('revoked, it is cut off at once and stays out; approved again, it comes back with the same key', async () => {
    await world.create('a1');
    await world.vm(await world.config('a1'), 1);
    await enrolled('a1');
    const key = (await world.show('a1'))['key'];
    expect(await world.administer({ kind: 'revoke', agent: 'a1' })).to.include({ state: 'revoked' });
    await until(() => world.said(/refused \(revoked\)/));
    expect(world.enrolment.registrar.reason('a1')).to.match(/took its rights away/);
    expect(world.broker.connections().map(({ user }) => user)).to.not.include('agent.a1');
    expect(await world.administer({ kind: 'approve', agent: 'a1' })).to.include({ state: 'created' });
    const config = await world.config('a1');
    expect(config.agent).to.equal('a1');
    expect(key).to.be.a('string');
  });

  it('refused by an operator, a key never enrols again', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    const first = await world.vm(config, 1);
    await enrolled('a1');
    const second = await world.vm(config, 2);
    await until(() => world.said(/^2: .*refused \(already_bound\)/));
    expect(await world.show('a1')).to.include({ state: 'waits_for_approval' });
    await world.administer({ kind: 'refuse', agent: 'a1' });
    expect(await world.show('a1')).to.include({ state: 'enrolled', server: server(1) });
    expect(await refusal(world.administer({ kind: 'refuse', agent: 'a1' }))).to.match(
      /^not_allowed: Nothing/,
    );
    await second.stop();
    await world.vm(config, 2, second.disk);
    await until(() => world.said(/^2: .*refused \(given_up_key\)/));
    await first.stop();
  });

  it('a new key and the end of the incarnation before it are one commit', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    const vm = await world.vm(config, 1);
    await enrolled('a1');
    await world.member('a1', 1);
    await vm.stop();
    await world.member('a1', 2);
    const commits: number[] = [];
    world.around.keep = changes => commits.push(changes);
    await world.vm(config, 2);
    await until(() => commits.length > 0);
    expect(commits[0]).to.equal(2);
    await until(() => world.side.directory.get('a1')?.incarnation !== undefined);
  });

  it('the engine dies at each step of an enrolment: the next one ends it, with one key', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    for (const step of ['owned', 'keep', 'admit'] as const) {
      let died = false;
      const die = (): void => {
        died = true;
        throw new EngineError('store_failed', `it died before ${step}`, 'Start another.');
      };
      world.around = {
        ...(step === 'owned' && { owned: die }),
        ...(step === 'keep' && { keep: die }),
        ...(step === 'admit' && { users: (call: string) => (call === 'admit' ? die() : undefined) }),
      };
      const vm = await world.vm(config, 1);
      await until(() => died, `the death before ${step}`);
      world.around = {};
      await world.close();
      await world.open();
      await enrolled('a1');
      await vm.stop();
      world.side.presence.lost('a1', 'next');
      await world.administer({ kind: 'delete_agent', agent: 'a1' });
      expect(await world.create('a1')).to.include({ state: 'created' });
      Object.assign(config, await world.config('a1'));
    }
  });

  it('an agent that is there learns a rotated key by itself, and what is signed by a dropped one counts no more', async () => {
    await world.create('a1');
    await world.vm(await world.config('a1'), 1);
    await enrolled('a1');
    const welcomed = (): number =>
      world.wire.filter(({ message }) => message.headers.key === world.keys.signing.id).length;
    for (const drop of [false, true]) {
      await world.administer({ kind: 'rotate_keys', drop });
      // The greeting, and the welcome after the hello that answers it.
      await until(() => welcomed() >= 2, 'a welcome under the new key');
    }
    expect(world.said(/refused a message/)).to.equal(false);
  });

  it('its secrets stand nowhere: not on the wire, not in the store, not in logs and alarms', async () => {
    await world.create('a1');
    const config = await world.config('a1');
    const vm = await world.vm(config, 1);
    await enrolled('a1');
    await world.member('a1', 1);
    await world.vm(config, 2);
    await until(() => world.said(/refused/));
    const { readFile } = await import('node:fs/promises');
    const own = JSON.parse(await readFile(`${vm.disk}/broker.json`, 'utf8')) as { password: string };
    const views = JSON.stringify([
      await world.show('a1'),
      await world.administer({ kind: 'show_member', member: 'm-a1' }),
    ]);
    const everything = world.everything() + views;
    expect(everything).to.contain('"kind":"enrol"');
    for (const secret of [config.token, config.enrol.password, own.password]) {
      for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')])
        expect(everything).to.not.contain(form);
    }
  });
});
