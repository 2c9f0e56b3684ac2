// Behaviour of an agent that enrols by itself: from its configuration to its first hello, whatever goes wrong between.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { RunningAgent } from '../../../agent-protocol/agent/agent.ts';
import { FILE_STEPS, type FileSteps } from '../../../agent-protocol/agent/durable-file.ts';
import { newSigningKey } from '../../../agent-protocol/signing.ts';
import type { Connection, Transport } from '../../../agent-protocol/transport.ts';
import { until } from '../../agents/world.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { Clerk } from './clerk.ts';

describe('an agent that enrols by itself', () => {
  let clerk: Clerk;
  let directory: string;
  const running: RunningAgent[] = [];
  const start = async (options: Parameters<Clerk['start']>[1] = {}): Promise<RunningAgent> => {
    const agent = await clerk.start(directory, options);
    running.push(agent);
    return agent;
  };
  const said = (pattern: RegExp): boolean => clerk.logged.some(text => pattern.test(text));

  beforeEach(async () => {
    clerk = new Clerk();
    directory = await temporaryDirectory();
    await clerk.open();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map(agent => agent.stop()));
    await clerk.close();
  });

  it('enrols, logs in as itself, and says hello; after a restart it does not enrol again', async () => {
    const agent = await start();
    await until(() => clerk.hellos.length > 0, 'a hello');
    expect(clerk.heard[0]).to.deep.include({ signingKey: agent.identity.signingKey, agent: clerk.agent });
    expect(clerk.broker.connections().map(({ user }) => user)).to.include('agent.a3f1');
    await agent.stop();
    const enrolments = clerk.heard.length;
    await start();
    await until(() => clerk.hellos.length > 1, 'another hello');
    expect(clerk.heard.length).to.equal(enrolments);
  });

  it('keeps its secrets to itself: modes, and nothing of them in what it says', async () => {
    await start();
    await until(() => clerk.hellos.length > 0);
    for (const name of ['identity.json', 'broker.json', 'trust.json'])
      expect(statSync(path.join(directory, name)).mode & 0o777, name).to.equal(0o600);
    const { password } = JSON.parse(readFileSync(path.join(directory, 'broker.json'), 'utf8')) as {
      password: string;
    };
    const told = JSON.stringify([clerk.heard, clerk.hellos, clerk.logged]);
    for (const secret of [password, clerk.config.token, clerk.config.enrol.password])
      expect(told).to.not.contain(secret);
  });

  it('says it again until it is answered, and until the broker is there', async () => {
    clerk.answers = false;
    clerk.broker.stop('a power cut');
    await start();
    await until(() => said(/not enrolled yet/));
    clerk.broker.start();
    await clerk.open();
    await until(() => clerk.heard.length > 2, 'a repetition');
    expect(new Set(clerk.heard.map(({ signingKey }) => signingKey)).size).to.equal(1);
    clerk.answers = true;
    await until(() => clerk.hellos.length > 0, 'a hello');
  });

  it('stopped while it asks, it ends at once, and calls that no trouble with its connection', async () => {
    clerk.answers = false;
    const agent = await start();
    await until(() => clerk.heard.length > 0, 'an enrolment');
    await agent.stop();
    expect(said(/no connection|Error/), clerk.logged.join('\n')).to.equal(false);
  });

  it('asks again after a refusal, for what refuses it may change', async () => {
    clerk.refuse = () => ({ reason: 'other_server' });
    await start();
    await until(() => said(/enrolment refused \(other_server\): Not now/));
    clerk.refuse = () => undefined;
    await until(() => clerk.hellos.length > 0, 'a hello');
  });

  it('waits for somebody to tell which server this is', async () => {
    let server: string | undefined = undefined;
    await start({ server: async () => server });
    await until(() => said(/neither metadata service nor config drive/));
    expect(clerk.heard).to.deep.equal([]);
    server = '00000000-0000-0000-0000-000000000001';
    await until(() => clerk.hellos.length > 0);
    expect(clerk.heard[0]?.server).to.equal(server);
  });

  it('a broker that lost its users and queues gets the same key and the same hash again', async () => {
    await start();
    await until(() => clerk.hellos.length > 0);
    clerk.broker.wipe('the disk was lost');
    for (const user of ['agent.a3f1', 'enrol.a3f1']) clerk.broker.removeUser(user);
    await clerk.open();
    const before = clerk.hellos.length;
    await until(() => clerk.hellos.length > before, 'a hello on the new broker');
    const told = new Set(clerk.heard.map(one => `${one.signingKey} ${one.passwordHash}`));
    expect(told.size).to.equal(1);
  });

  it('believes no answer that the root key does not vouch for', async () => {
    const forger = newSigningKey();
    clerk.answers = false;
    await start();
    await until(() => clerk.heard.length > 0);
    const { nonce = '', signingKey = '' } = clerk.heard[0] ?? {};
    expect(signingKey).to.not.equal('');
    const answer = { kind: 'enrolled' as const, agent: clerk.agent, nonce, key: 'k' };
    await clerk.answer({ ...answer, keys: clerk.keys }, forger);
    await until(() => said(/not believed: signed by a key that is not trusted/));
    const set = clerk.keySet(2, forger);
    await clerk.answer({ ...answer, keys: { ...set, signature: clerk.keys.signature } }, forger);
    await until(() => said(/root key did not sign/));
    expect(readdirSync(directory)).to.not.include('trust.json');
    expect(clerk.broker.connections().map(({ user }) => user)).to.not.include('agent.a3f1');
  });

  it('an answer to an earlier sending, or for another key, enrols nobody', async () => {
    clerk.answers = false;
    await start();
    await until(() => clerk.heard.length > 0);
    const { nonce = '' } = clerk.heard[0] ?? {};
    await clerk.answer({ kind: 'enrolled', agent: clerk.agent, nonce: 'old', key: 'k', keys: clerk.keys });
    await clerk.answer({ kind: 'enrolled', agent: clerk.agent, nonce, key: 'k', keys: clerk.keys });
    await until(() => clerk.heard.length > 2);
    expect(said(/: enrolled\./)).to.equal(false);
  });

  it('learns a new key of the engine while it is connected, and keeps it', async () => {
    const agent = await start();
    await until(() => clerk.hellos.length > 0);
    const old = clerk.signing;
    clerk.signing = newSigningKey();
    clerk.keys = clerk.keySet(2, clerk.signing);
    const before = clerk.hellos.length;
    await clerk.greet();
    await until(() => clerk.hellos.length > before, 'a hello to the greeting');
    await agent.stop();
    clerk.keys = clerk.keySet(1, old);
    clerk.signing = old;
    await start();
    await until(() => said(/key set 1, and 2 is known already/), 'the older set to be refused');
  });

  it('killed at each I/O of its enrolment, it enrols when it is started again, with one key and one hash', async () => {
    const whole = new Steps(Infinity);
    await start({ fileSteps: whole.files, transport: whole.over(clerk.broker.transport) });
    await until(() => clerk.hellos.length > 0);
    await running.pop()?.stop();
    expect(whole.count, 'I/Os of a whole enrolment').to.be.greaterThan(15);
    for (let last = 0; last < whole.count; last += 1) {
      const steps = new Steps(last);
      directory = await temporaryDirectory();
      clerk.heard.length = 0;
      await clerk.users.revoke(clerk.agent);
      const hellos = clerk.hellos.length;
      const options = { fileSteps: steps.files, transport: steps.over(clerk.broker.transport) };
      const first = await clerk.start(directory, options).catch(() => undefined);
      await until(() => steps.dead || clerk.hellos.length > hellos, `the end at ${last}`);
      clerk.broker.cut('killed', ({ user }) => user !== 'engine');
      await first?.stop();
      const again = await clerk.start(directory);
      await until(() => clerk.hellos.length > hellos, `a hello after ${last}`);
      expect(
        new Set(clerk.heard.map(one => `${one.signingKey} ${one.passwordHash}`)).size,
        `${last}`,
      ).to.equal(1);
      await again.stop();
    }
  });
});

/** Counts every I/O of an enrolment; from the `last` on, nothing happens any more: the process is dead. */
class Steps {
  count = 0;
  readonly #last: number;

  constructor(last: number) {
    this.#last = last;
  }

  get dead(): boolean {
    return this.count > this.#last;
  }

  #step(what: string): void {
    this.count += 1;
    if (this.dead) throw new Error(`killed before ${what}`);
  }

  readonly files: FileSteps = {
    write: (file, text) => {
      this.#step('write');
      FILE_STEPS.write(file, text);
    },
    rename: (from, to) => {
      this.#step('rename');
      FILE_STEPS.rename(from, to);
    },
    syncDirectory: directory => {
      this.#step('sync');
      FILE_STEPS.syncDirectory(directory);
    },
  };

  over(transport: Transport): Transport {
    return {
      connect: async login => {
        this.#step('connect');
        return this.#connection(await transport.connect(login));
      },
    };
  }

  #connection(inner: Connection): Connection {
    return {
      publish: async (...what) => {
        this.#step('publish');
        return inner.publish(...what);
      },
      consume: async (queue, prefetch, deliver) => {
        this.#step('consume');
        return inner.consume(queue, prefetch, delivery => {
          if (this.dead) return;
          deliver({
            ...delivery,
            ack: () => {
              this.count += 1;
              if (!this.dead) delivery.ack();
            },
            nack: options => {
              if (!this.dead) delivery.nack(options);
            },
          });
        });
      },
      declare: topology => inner.declare(topology),
      closed: inner.closed,
      onBlocked: listener => inner.onBlocked(listener),
      close: () => inner.close(),
    };
  }
}
