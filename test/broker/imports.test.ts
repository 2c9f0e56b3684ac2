// An import of users that the broker refuses at first, from a server that answers as its management does.
// Belongs here: what is tried again, and what is said. Does not belong here: what a real broker takes (rabbitmq.test.ts).
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { Management } from '../../engine/broker/management.ts';
import { rabbitmqUsers } from '../../engine/broker/rabbitmq-users.ts';
import { hashPassword } from '../../agent-protocol/password-hash.ts';

const HASH = hashPassword('secret', Buffer.alloc(4, 1));

/** Refuses so many imports, then takes them. */
async function broker(refusals: number, answer: string) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const isRefused = asked.length <= refusals;
    response.writeHead(isRefused ? 400 : 204).end(isRefused ? answer : '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const users = rabbitmqUsers(new Management({ url, user: 'guest', password: 'guest' }), '/');
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { asked, users, close };
}

describe('an import of users', () => {
  it('that is refused while the broker does something else is sent again', async () => {
    const { asked, users, close } = await broker(2, '');
    await users.createEnrolment('vm1', HASH);
    expect(asked.slice(0, 3)).to.deep.equal(Array.from({ length: 3 }, () => 'POST /api/definitions'));
    await close();
  });

  it('that is refused for good says what the broker said, in whatever shape', async () => {
    const { asked, users, close } = await broker(
      1_000,
      '{"error":"bad_request","reason":{"no_such_vhost":"a"}}',
    );
    const thrown = await users.createEnrolment('vm1', HASH).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(EngineError);
    expect(asked).to.have.lengthOf(4);
    expect((thrown as EngineError).message).to.contain('400 ({"no_such_vhost":"a"}).');
    await close();
  });
});
