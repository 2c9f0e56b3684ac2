// What every implementation of BrokerUsers promises: one suite for memory:// and for RabbitMQ.
// Belongs here: that suite. Does not belong here: making and ending brokers (memory.test.ts, rabbitmq.test.ts).
import { expect } from 'chai';
import { hashPassword } from '../../agent-protocol/password-hash.ts';
import {
  commandQueue,
  enrolmentQueue,
  FROM_AGENTS,
  type Connection,
  type Transport,
  type WireMessage,
} from '../../agent-protocol/transport.ts';
import { engineTopology } from '../../engine/agents/topology.ts';
import type { BrokerUsers } from '../../engine/broker/ports.ts';
import { refusal } from '../bus/conformance.ts';

/** A broker of its own for each test, with the engine's login. */
export interface UsersLab {
  readonly transport: Transport;
  readonly engine: { readonly user: string; readonly password: string };
  readonly users: BrokerUsers;
  /** Only users with these agents are this test's. */
  readonly prefix: string;
  /** Takes away all users, rights, queues and messages, and leaves the engine's login. */
  wipe(): Promise<void>;
  dispose(): Promise<void>;
}

const SALT = Buffer.from([1, 2, 3, 4]);
const message: WireMessage = {
  body: Buffer.from('{}'),
  messageId: 'm',
  headers: { key: 'k', signature: Buffer.from([1]) },
};

export function exerciseUsers(name: string, open: () => Promise<UsersLab>): void {
  describe(`the broker's users (${name})`, () => {
    let lab: UsersLab;
    let one = '';
    let two = '';
    const opened: Connection[] = [];
    const hash = (password: string): string => hashPassword(password, SALT);
    const connect = async (user: string, password: string): Promise<Connection> => {
      const connection = await lab.transport.connect({ user, password, name: `${user} of a test` });
      opened.push(connection);
      return connection;
    };
    const asAgent = (agent: string): Promise<Connection> => connect(`agent.${agent}`, `pw ${agent}`);
    const asEnrolling = (agent: string): Promise<Connection> => connect(`enrol.${agent}`, `token ${agent}`);
    const refused = async (what: Promise<unknown>): Promise<void> => {
      const error = await refusal(what);
      expect(error.reason, error.message).to.equal('refused');
      expect(error.message).to.match(/ACCESS_REFUSED|NOT_ALLOWED/);
    };
    const declare = async (): Promise<void> => {
      const engine = await connect(lab.engine.user, lab.engine.password);
      await engine.declare(engineTopology([one, two], 'classic'));
    };

    beforeEach(async () => {
      lab = await open();
      one = `${lab.prefix}one`;
      two = `${lab.prefix}two`;
      await declare();
      for (const agent of [one, two]) {
        await lab.users.createEnrolment(agent, hash(`token ${agent}`));
        await lab.users.admit(agent, hash(`pw ${agent}`));
      }
    });

    afterEach(async () => {
      for (const connection of opened.splice(0)) await connection.close();
      await lab.dispose();
    });

    it('an agent publishes under its own keys and reads its own queue', async () => {
      const agent = await asAgent(one);
      for (const key of ['hello', 'result', 'output'])
        await agent.publish(FROM_AGENTS, `${one}.${key}`, message);
      await agent.consume(commandQueue(one), 1, () => undefined);
    });

    it('an enrolling agent publishes its enrolment and reads the answers', async () => {
      const agent = await asEnrolling(one);
      await agent.publish(FROM_AGENTS, `${one}.enrol`, message);
      await agent.consume(enrolmentQueue(one), 1, () => undefined);
    });

    const FORBIDDEN: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
      "reads another's commands": connection => connection.consume(commandQueue(two), 1, () => undefined),
      "reads another's enrolment answers": connection =>
        connection.consume(enrolmentQueue(two), 1, () => undefined),
      'reads what agents say': connection => connection.consume('engine.results', 1, () => undefined),
      'reads enrolments': connection => connection.consume('engine.enrolments', 1, () => undefined),
      'reads dead letters': connection => connection.consume('dead-letters', 1, () => undefined),
      "publishes under another's key": connection =>
        connection.publish(FROM_AGENTS, `${two}.result`, message),
      "publishes another's enrolment": connection => connection.publish(FROM_AGENTS, `${two}.enrol`, message),
      'publishes under a key that is longer': connection =>
        connection.publish(FROM_AGENTS, `${one}.result.x`, message),
      'commands itself by the default exchange': connection =>
        connection.publish('', commandQueue(one), message),
      'commands another by the default exchange': connection =>
        connection.publish('', commandQueue(two), message),
      'writes dead letters': connection => connection.publish('dead-letters', '', message),
      'declares a queue': connection =>
        connection.declare({ exchanges: [], queues: [{ name: 'own', kind: 'classic' }], bindings: [] }),
      'declares an exchange': connection =>
        connection.declare({ exchanges: [{ name: 'own', type: 'topic' }], queues: [], bindings: [] }),
      'binds its queue to what others say': connection =>
        connection.declare({
          exchanges: [],
          queues: [],
          bindings: [{ exchange: FROM_AGENTS, queue: commandQueue(one), routingKey: '#' }],
        }),
    };
    for (const [what, attempt] of Object.entries(FORBIDDEN)) {
      it(`no agent ${what}`, async () => {
        await refused(attempt(await asAgent(one)));
        await refused(attempt(await asEnrolling(one)));
      });
    }

    it('an agent does not enrol, and who enrols says no results and reads no commands', async () => {
      await refused((await asAgent(one)).publish(FROM_AGENTS, `${one}.enrol`, message));
      await refused((await asAgent(one)).consume(enrolmentQueue(one), 1, () => undefined));
      await refused((await asEnrolling(one)).publish(FROM_AGENTS, `${one}.result`, message));
      await refused((await asEnrolling(one)).consume(commandQueue(one), 1, () => undefined));
    });

    it('revoking closes the connections at once, and the agent may enrol again', async () => {
      const agent = await asAgent(one);
      const other = await asAgent(two);
      await lab.users.revoke(one);
      expect(await agent.closed).to.match(/CONNECTION_FORCED|deleted/);
      await refused(asAgent(one));
      await (await asEnrolling(one)).publish(FROM_AGENTS, `${one}.enrol`, message);
      await other.publish(FROM_AGENTS, `${two}.hello`, message);
    });

    it('admitting with another password revokes the one before; with the same it changes nothing', async () => {
      const agent = await asAgent(one);
      await lab.users.admit(one, hash(`pw ${one}`));
      await agent.publish(FROM_AGENTS, `${one}.hello`, message);
      await lab.users.admit(one, hash('another'));
      await agent.closed;
      await refused(asAgent(one));
      await connect(`agent.${one}`, 'another');
    });

    it('three connections and no more', async () => {
      for (let count = 0; count < 3; count += 1) await asAgent(one);
      await refused(asAgent(one));
      await asAgent(two);
    });

    it('removing leaves neither users nor queues, and does nothing the second time', async () => {
      await lab.users.remove(one);
      await lab.users.remove(one);
      await refused(asAgent(one));
      await refused(asEnrolling(one));
      const engine = await connect(lab.engine.user, lab.engine.password);
      for (const queue of [commandQueue(one), enrolmentQueue(one)])
        expect((await refusal(engine.publish('', queue, message))).reason).to.equal('returned');
      await engine.publish('', commandQueue(two), message);
    });

    it('puts back what a wiped broker lost, with the same rights, and nothing the second time', async () => {
      const records = [
        { agent: one, enrolmentHash: hash(`token ${one}`), agentHash: hash(`pw ${one}`) },
        { agent: two, enrolmentHash: hash(`token ${two}`) },
      ];
      await lab.wipe();
      await refused(asAgent(one));
      const restored = await lab.users.restore(records);
      expect([...restored].sort()).to.deep.equal([`agent.${one}`, `enrol.${one}`, `enrol.${two}`]);
      expect(await lab.users.restore(records)).to.deep.equal([]);
      await declare();
      await (await asAgent(one)).publish(FROM_AGENTS, `${one}.hello`, message);
      await (await asEnrolling(two)).publish(FROM_AGENTS, `${two}.enrol`, message);
      await refused((await asAgent(one)).publish(FROM_AGENTS, `${two}.hello`, message));
      await refused(asAgent(two));
    });

    it('sweeps the users and queues of agents that nobody knows', async () => {
      const ours = new Set([one]);
      const swept = await lab.users.sweep(agent => ours.has(agent) || !agent.startsWith(lab.prefix));
      expect(swept).to.deep.equal([two]);
      await refused(asAgent(two));
      await asAgent(one);
      expect(await lab.users.sweep(agent => ours.has(agent) || !agent.startsWith(lab.prefix))).to.deep.equal(
        [],
      );
    });

    it('refuses a hash that is none, without showing it', async () => {
      const error = await lab.users.admit(one, 'hunter2').then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).to.include({ code: 'usage' });
      expect((error as Error).message).not.to.contain('hunter2');
    });
  });
}
