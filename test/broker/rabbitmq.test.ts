// The users suite on a real RabbitMQ, and what only a real one can show: other logins, other vhosts, no answer.
// Belongs here: its lab, the management's failures. Does not belong here: the suite (users.ts).
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { wireMapping } from '../../agent-protocol/amqp/wire.ts';
import { hashPassword } from '../../agent-protocol/password-hash.ts';
import { EngineError } from '../../engine/base/errors.ts';
import { Management } from '../../engine/broker/management.ts';
import { rabbitmqUsers } from '../../engine/broker/rabbitmq-users.ts';
import { type AgentsBroker, agentsBroker, makeVhost } from '../support/agents-broker.ts';
import { exerciseUsers, type UsersLab } from './users.ts';

async function rabbitLab(found: AgentsBroker): Promise<UsersLab> {
  const vhost = await makeVhost(found);
  const brokers = [{ ...found.broker, vhost: vhost.name }];
  const users = rabbitmqUsers(found.management, vhost.name);
  const prefix = `${vhost.name}-`;
  const deleteUsers = async (): Promise<void> => {
    for (const kind of ['agent', 'enrol'])
      for (const agent of ['one', 'two'])
        await found.management.call('DELETE', `/users/${kind}.${prefix}${agent}`);
  };
  return {
    transport: amqpTransport({ brokers, mapping: wireMapping, random: () => 0 }),
    engine: vhost.engine,
    users,
    prefix,
    async wipe() {
      await vhost.empty();
      await deleteUsers();
    },
    async dispose() {
      await deleteUsers();
      await vhost.remove();
    },
  };
}

const failure = async (what: Promise<unknown>): Promise<EngineError> => {
  const thrown: unknown = await what.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof EngineError) return thrown;
  throw new Error(`expected an EngineError, got ${String(thrown)}`);
};

const found = agentsBroker("users of the agents' RabbitMQ");
if (found !== undefined) {
  exerciseUsers('RabbitMQ', () => rabbitLab(found));

  describe("the broker's users (RabbitMQ), beside others", () => {
    const hash = hashPassword('x', Buffer.from([1, 2, 3, 4]));

    it('sweeps no user of another vhost', async () => {
      const [one, other] = [await makeVhost(found), await makeVhost(found)];
      const agent = `swept-${one.name}`;
      try {
        await rabbitmqUsers(found.management, other.name).createEnrolment(agent, hash);
        expect(await rabbitmqUsers(found.management, one.name).sweep(() => false)).to.deep.equal([]);
        expect(await rabbitmqUsers(found.management, other.name).sweep(() => false)).to.deep.equal([agent]);
      } finally {
        await one.remove();
        await other.remove();
      }
    });

    it('puts hundreds of agents back with a few calls', async () => {
      const vhost = await makeVhost(found);
      let calls = 0;
      const counted = new Management({ url: found.managementUrl, user: 'guest', password: 'guest' });
      const call = counted.call.bind(counted);
      counted.call = (...words) => {
        calls += 1;
        return call(...words);
      };
      const users = rabbitmqUsers(counted, vhost.name);
      const records = Array.from({ length: 200 }, (_, index) => ({
        agent: `${vhost.name}-${index}`,
        enrolmentHash: hash,
        agentHash: hash,
      }));
      try {
        expect(await users.restore(records)).to.have.lengthOf(400);
        expect(calls).to.be.lessThan(10);
        expect(await users.restore(records)).to.deep.equal([]);
      } finally {
        await found.management.call('POST', '/users/bulk-delete', {
          users: records.flatMap(({ agent }) => [`agent.${agent}`, `enrol.${agent}`]),
        });
        await vhost.remove();
      }
    });
  });

  describe("the management of the agents' broker", () => {
    const management = (url: string, user: string, password: string): Management =>
      new Management({ url, user, password, timeout: 1_000 });

    it('says who is refused, without the password', async () => {
      const error = await failure(management(found.managementUrl, 'guest', 'hunter2').call('GET', '/users'));
      expect(error.code).to.equal('transport_refused');
      expect(error.message).to.match(/refuses the user 'guest'/);
      expect(`${error.message} ${error.next}`).not.to.contain('hunter2');
    });

    it('says which right is missing', async () => {
      const vhost = await makeVhost(found);
      try {
        const { user, password } = vhost.engine;
        await found.management.call('PUT', `/users/${user}`, { password, tags: 'monitoring' });
        const error = await failure(management(found.managementUrl, user, password).call('GET', '/users'));
        expect(error.code).to.equal('transport_refused');
        expect(error.next).to.contain(`set_user_tags ${user} administrator`);
      } finally {
        await vhost.remove();
      }
    });

    it('says that nobody answers, and that something else does', async () => {
      const silent = createServer(() => undefined);
      const strange = createServer((_, answer) => void answer.end('<html>'));
      const place = async (server: typeof silent): Promise<string> => {
        await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
        return `http://u:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}`;
      };
      const nobody = 'http://127.0.0.1:1';
      try {
        for (const [url, why] of [
          [nobody, /ECONNREFUSED/],
          [await place(silent), /did not answer in time/],
          [await place(strange), /no JSON/],
        ] as const) {
          const error = await failure(management(url, 'guest', 'guest').call('GET', '/users'));
          expect(error.code).to.equal('transport_closed');
          expect(error.message).to.match(why);
          expect(error.message).not.to.contain('hunter2');
        }
      } finally {
        for (const server of [silent, strange]) {
          server.closeAllConnections();
          server.close();
        }
      }
    });
  });
}
