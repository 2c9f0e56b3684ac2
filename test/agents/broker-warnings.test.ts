// What is said of the agents' broker before it is too late: its certificate, and policies that drop what is waited for.
// Belongs here: B17 and B20. Does not belong here: what agents say of a certificate (test/agent-protocol/program), how it
// looks on a terminal (test/cli).
import { expect } from 'chai';
import { brokerWarnings } from '../../engine/agents/broker-warnings.ts';
import { minorityOf } from '../../engine/broker/majority.ts';
import { losingPolicies } from '../../engine/broker/policies.ts';
import { systemClock } from '../../engine/runtime/clock.ts';
import { agentsBroker } from '../support/agents-broker.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type AmqpWorld, eventually, makeAmqpWorld } from './amqp-world.ts';

const DAY = 86_400_000;
const ENDS = Date.UTC(2027, 0, 31, 12);

describe("warnings of the agents' broker", () => {
  const at = (left: number) => brokerWarnings({ losing: [] }, ENDS, 'agents', ENDS - left);

  it('B20: say the end of its certificate from 30 days before on, and anew at 7 days, at one, and after it', () => {
    expect(at(30 * DAY + 1)).to.deep.equal([]);
    expect(brokerWarnings({ losing: [] }, undefined, 'agents', ENDS)).to.deep.equal([]);
    expect(at(30 * DAY)[0]?.sentence).to.match(
      /^The certificate .* ends on 2027-01-31 12:00 UTC, in 30 days:/,
    );
    expect(at(1.5 * DAY)[0]?.sentence).to.include('in 1 day:');
    expect(at(DAY / 2)[0]?.sentence).to.include('in less than a day:');
    expect(at(-DAY)[0]?.sentence).to.include('ended on 2027-01-31 12:00 UTC:');
    const keys = [30, 8, 7, 2, 1, 0.5, 0, -1].map(days => at(days * DAY)[0]?.key);
    expect(new Set(keys)).to.have.lengthOf(4);
    expect(keys[0]).to.equal(keys[1]);
    expect(keys[2]).to.equal(keys[3]);
  });

  it('B17: name policies that drop what nobody has read, each once, with how many queues; dead letters may be bounded', () => {
    const under = (name: string, policy: string, effective_policy_definition: object) => ({
      name,
      policy,
      operator_policy: null,
      effective_policy_definition,
    });
    const found = losingPolicies([
      under('agent.a', 'short', { 'message-ttl': 1_000, 'max-length': 5 }),
      under('agent.b', 'short', { 'message-ttl': 1_000, 'max-length': 5 }),
      under('engine.results', 'mirrors', { 'queue-version': 2 }),
      under('dead-letters', 'short', { 'max-length': 5 }),
      { name: 'agent.c', effective_policy_definition: [] },
    ]);
    expect(found).to.deep.equal([
      { policies: ['short'], keys: ['message-ttl', 'max-length'], queues: 2, example: 'agent.a' },
    ]);
    const [warning] = brokerWarnings({ losing: found }, undefined, 'agents', 0);
    expect(warning?.sentence).to.match(
      /^The policy 'short' .* \(message-ttl, max-length\) .*2 queues, such as agent\.a/,
    );
  });

  it('B15: name queues without a majority of nodes, and the nodes that are down; one of three may be', () => {
    const seen = (name: string, ...online: readonly string[]) => ({
      name,
      type: 'quorum',
      members: ['one', 'two', 'three'],
      online,
    });
    expect(minorityOf([seen('agent.a', 'three', 'one'), { name: 'agent.b', type: 'classic' }])).to.equal(
      undefined,
    );
    const found = minorityOf([
      seen('agent.a', 'three', 'one'),
      seen('agent.b', 'three'),
      seen('agent.c', 'three'),
    ]);
    expect(found).to.deep.equal({ queues: 2, example: 'agent.b', away: ['one', 'two'] });
    const [warning] = brokerWarnings({ losing: [], ...(found && { minority: found }) }, undefined, 'a', 0);
    expect(warning?.sentence).to.match(
      /stores nothing .*: 2 of its queues, such as agent\.b, have no majority of nodes while one and two are down\./,
    );
    const two = { name: 'q', type: 'quorum', members: ['one', 'two'], online: ['one'] };
    expect(minorityOf([two])?.away).to.deep.equal(['two']);
  });
});

const found = agentsBroker("warnings of the agents' broker");
if (found !== undefined) {
  describe('with a real broker', function () {
    this.timeout(120_000);
    let world: AmqpWorld;
    afterEach(() => world.close());

    const looked = (): readonly string[] => {
      world.watch.link(world.states.at(-1) ?? { kind: 'connected' });
      return world.watch.view().warnings ?? [];
    };

    it('B17: a policy on the vhost is named while it stands, and once in the log', async () => {
      world = await makeAmqpWorld(found, await temporaryDirectory());
      await world.admit('vm');
      const policy = `/policies/${world.name}/short-lived`;
      await found.management.call('PUT', policy, {
        pattern: '^agent',
        definition: { 'message-ttl': 60_000 },
        'apply-to': 'queues',
      });
      const named = (): readonly string[] => looked().filter(one => one.includes("'short-lived'"));
      await eventually(
        () => named().length === 1,
        () => `a warning in ${looked().join('\n')}`,
      );
      expect(named()[0]).to.include('the queue agent.vm.');
      await found.management.call('DELETE', policy);
      await eventually(
        () => named().length === 0,
        () => 'its end',
      );
      expect(world.logged.filter(line => line.includes("'short-lived'"))).to.have.lengthOf(1);
    });

    it('B20: the end of its certificate is read from the connection, and said in time', async () => {
      const early = { ...systemClock, now: () => Date.now() - 20 * DAY };
      world = await makeAmqpWorld(found, await temporaryDirectory(), { secure: true, clock: early });
      await eventually(
        () => world.side.link.certificateEnds !== undefined,
        () => 'the connection',
      );
      const left = (world.side.link.certificateEnds as number) - Date.now();
      expect(left / DAY).to.be.within(0, 30);
      expect(looked().join()).to.equal('');
      await world.close();
      world = await makeAmqpWorld(found, await temporaryDirectory(), { secure: true });
      await eventually(
        () => looked().length === 1,
        () => 'the warning',
      );
      expect(looked()[0]).to.match(/^The certificate of the agents' broker ends on \d/);
      await eventually(
        () => world.logged.some(line => line.startsWith('The certificate')),
        () => 'the log',
      );
    });
  });
}
