// Engine's side and real agents on a real RabbitMQ, each with a login of its own, and a broker in trouble.
// Belongs here: what only the real broker shows. Does not belong here: rights (test/broker/), a broker that is restarted
// (amqp-restart.test.ts), protocol rules (end-to-end.test.ts).
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { amqpTransport } from '../../agent-protocol/amqp/transport.ts';
import { wireMapping } from '../../agent-protocol/amqp/wire.ts';
import { connect } from 'amqplib';
import { newSealingKey } from '../../agent-protocol/sealing.ts';
import { newSigningKey, publicKeyText } from '../../agent-protocol/signing.ts';
import { AGENT_LIMITS } from '../../agent-protocol/limits.ts';
import { FROM_AGENTS, type Connection, type WireMessage } from '../../agent-protocol/transport.ts';
import type { Command } from '../../engine/machine/types.ts';
import { agentsBroker } from '../support/agents-broker.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { refusal } from '../bus/conformance.ts';
import { type AmqpWorld, caOf, eventually, makeAmqpWorld } from './amqp-world.ts';
import { contextOf, idOf, scriptCommand } from './world.ts';

const run = promisify(execFile);
const found = agentsBroker('agents over RabbitMQ');

if (found !== undefined) {
  describe('engine and real agents over RabbitMQ', function () {
    this.timeout(60_000);
    let world: AmqpWorld;
    let directory: string;
    // Users belong to the whole broker: nobody else may have the same.
    let vm1: string;
    let vm2: string;
    let vm3: string;

    beforeEach(async () => {
      directory = await temporaryDirectory();
      world = await makeAmqpWorld(found, directory);
      [vm1, vm2, vm3] = ['vm1', 'vm2', 'vm3'].map(name => `${world.name}-${name}`) as [
        string,
        string,
        string,
      ];
    });

    afterEach(() => world.close());

    const until = (condition: () => boolean, what: string): Promise<void> =>
      eventually(condition, () => `${what}\n${world.sink.kinds().join(', ')}\n${world.logged.join('\n')}`);
    const online = (agent: string): Promise<void> =>
      until(() => world.side.presence.online(agent), `${agent} to be online`);
    const start = (agent: string, text: string, change: Partial<Command> = {}, step = 'app[0].ready') =>
      world.drivers.script.start(idOf(1, step), { ...scriptCommand(agent), ...change }, contextOf({}, text));
    /** Steps that ended; an end that is sent again before its receipt came is told again. */
    const ends = (): number =>
      new Set(world.sink.reports.filter(one => one.report.kind === 'finished').map(one => one.id.step)).size;
    const ended = (count = 1): Promise<void> => until(() => ends() >= count, `${count} ends`);
    const runs = async (): Promise<number> =>
      (await readFile(path.join(directory, 'runs.txt'), 'utf8').catch(() => '')).split('\n').length - 1;
    const held = (line: string): string =>
      `echo ${line} >> ${directory}/runs.txt; while [ ! -e ${directory}/go ]; do sleep 0.02; done`;
    const release = (): Promise<void> => writeFile(path.join(directory, 'go'), '');
    const forged = (body: Buffer | string): WireMessage => ({
      body: Buffer.from(body),
      messageId: 'forged',
      headers: { key: 'k', signature: Buffer.alloc(64) },
    });
    const asAgent = (agent: string): Promise<Connection> =>
      world.transport.connect({ user: `agent.${agent}`, password: world.passwordOf(agent), name: 'test' });

    it('makes its own place on a broker that has none, and runs a script', async () => {
      await world.begin(vm1);
      await online(vm1);
      await start(vm1, `${held('run')}; echo done`);
      await release();
      await ended();
      expect(world.sink.outcome?.kind).to.equal('succeeded');
      expect(world.logged.join('\n')).to.include(
        `the vhost '${world.name}', the user 'engine-${world.name}'`,
      );
      const view = world.watch.view();
      expect(view.bus).to.deep.equal({
        state: 'connected',
        place: `amqp://127.0.0.1:${world.broker.port}/${world.name}`,
      });
    });

    it('B2: a broker that lost vhost, users, rights and queues is whole again by itself, and a script ran once', async () => {
      for (const agent of [vm1, vm2]) {
        await world.begin(agent);
        await online(agent);
      }
      await start(vm1, held('run'));
      await until(() => world.sink.kinds().includes('started'), 'the start');
      const { management } = found;
      for (const user of [
        `engine-${world.name}`,
        ...[vm1, vm2].flatMap(id => [`agent.${id}`, `enrol.${id}`]),
      ])
        await management.call('DELETE', `/users/${user}`);
      // The broker answers 500 while connections to the vhost come and go.
      await eventually(
        () =>
          management.call('DELETE', `/vhosts/${world.name}`).then(
            () => true,
            () => false,
          ),
        () => 'the vhost to go',
      );
      await start(vm2, 'true', {}, 'app[1].ready');
      await release();
      await ended(2);
      expect(await runs()).to.equal(1);
      expect(ends()).to.equal(2);
      expect(world.logged.join('\n')).to.match(/lacked \d users of agents/);
    });

    it("B2: a broker that lost an agent's user and rights alone gets them back", async () => {
      await world.begin(vm1);
      await online(vm1);
      await found.management.call('DELETE', `/users/agent.${vm1}`);
      await found.control(`close_all_connections --vhost ${world.name} test`);
      await start(vm1, 'true');
      await ended();
      expect(world.sink.outcome?.kind).to.equal('succeeded');
    });

    it('loses and repeats nothing though every connection is cut again and again', async () => {
      await world.begin(vm1);
      await online(vm1);
      const steps = Array.from({ length: 40 }, (_, index) => `app[${index}].ready`);
      const cuts = (async (): Promise<number> => {
        let count = 0;
        for (; count < 3 && ends() < steps.length; count += 1)
          await found.control(`close_all_connections --vhost ${world.name} test`);
        return count;
      })();
      for (const step of steps) await start(vm1, `echo ${step} >> ${directory}/runs.txt`, {}, step);
      expect(await cuts).to.be.greaterThan(0);
      await ended(steps.length);
      expect(await runs()).to.equal(steps.length);
    });

    it('revocation closes the connection of a running agent, and lets it in no more', async () => {
      await world.begin(vm1);
      await online(vm1);
      // The broker closes what it has on its list, and puts a connection there a moment after it is open.
      const listed = async (): Promise<boolean> => {
        const connections = await found.management.call('GET', `/vhosts/${world.name}/connections`);
        return JSON.stringify(connections).includes(`"agent.${vm1}"`);
      };
      await eventually(listed, () => 'the connection on the list');
      world.records.delete(vm1);
      await world.bus.users.revoke(vm1);
      // Before its vhost was made it may have been refused once: what counts is what follows the end of its connection.
      const ends =
        /connection closed: .*CONNECTION_FORCED - user 'agent\.[^']*' is deleted.*refuses the user 'agent\./s;
      await until(() => ends.test(world.logged.join('\n')), 'its end, and the refused login');
    });

    it('forged, oversized and strange messages are dead letters once, are counted and shown, and harm nobody', async () => {
      await world.begin(vm1);
      await world.admit(vm2);
      await online(vm1);
      await world.side.register({ ...world.side.directory.list()[0], id: vm2 } as never);
      const connection = await asAgent(vm2);
      const bodies = ['{}', 'no json', Buffer.alloc(AGENT_LIMITS.messageBytes + 1, 0x20)];
      for (const body of bodies) await connection.publish(FROM_AGENTS, `${vm2}.result`, forged(body));
      await connection.close();
      await until(() => world.side.desk.counts.refused === bodies.length, 'the refusals');
      await until(() => world.watch.view().deadLetters === bodies.length, 'the letters');
      expect(world.alarms.map(alarm => alarm.agent)).to.deep.equal([vm2, vm2, vm2]);
      await start(vm1, 'true');
      await ended();
    });

    /** Keys of an agent that does not run. */
    const newCard = () => ({
      signingKey: publicKeyText(newSigningKey().publicKey),
      sealingKey: publicKeyText(newSealingKey().publicKey),
    });
    const letters = () => world.letters.page({ limit: 100 }).letters;

    it('a poisoned message is listed once, with when, where, why and by whom, and leaves the broker', async () => {
      await world.begin(vm1);
      await online(vm1);
      await world.admit(vm2);
      await world.side.register({ ...newCard(), id: vm2 });
      const connection = await asAgent(vm2);
      await connection.publish(FROM_AGENTS, `${vm2}.result`, forged('{"a":1}'));
      await until(() => letters().length === 1, 'the letter');
      const [letter] = letters();
      expect(letter).to.deep.include({
        queue: 'engine.results',
        why: 'rejected',
        agent: vm2,
        times: 1,
        bytes: 7,
      });
      expect(letter).to.deep.include({ signer: 'nobody', reason: 'signed by a key that is not trusted' });
      expect(letter?.diedAt).to.be.within((letter?.at ?? 0) - 60_000, letter?.at ?? 0);
      await connection.publish(FROM_AGENTS, `${vm2}.result`, forged('{"a":1}'));
      await until(() => letters()[0]?.times === 2, 'the same again');
      expect(letters()).to.have.length(1);
      await connection.close();
      const left = async (): Promise<boolean> => {
        const queue = await found.management.call('GET', `/queues/${world.name}/dead-letters`);
        return (queue as { readonly messages?: number }).messages === 0;
      };
      await eventually(left, () => 'an empty queue');
      expect(await world.letters.discard({ requestId: 'r', by: 'me', number: 1 })).to.equal(1);
      expect(letters()).to.deep.equal([]);
    });

    it('what has no signature at all is refused by name, within the same budget', async () => {
      await world.begin(vm1);
      await online(vm1);
      await world.admit(vm2);
      await world.side.register({ ...newCard(), id: vm2 });
      const model = await connect(
        `amqp://agent.${vm2}:${encodeURIComponent(world.passwordOf(vm2))}@127.0.0.1:${world.broker.port}/${world.name}`,
      );
      const channel = await model.createConfirmChannel();
      for (let count = 0; count < 80; count += 1)
        channel.publish(FROM_AGENTS, `${vm2}.result`, Buffer.from(`no ${count}`));
      await channel.waitForConfirms();
      await until(() => world.side.desk.counts.refused === 80, 'the refusals');
      await until(() => letters().length === 50, 'as many letters as the budget gives');
      expect(world.side.desk.counts.dropped).to.equal(30);
      expect(letters()[0]).to.deep.include({ agent: vm2, reason: 'signed by a key that is not trusted' });
      await model.close();
    });

    it('a command that a policy lets expire is listed with its workflow and step', async () => {
      await world.begin(vm3);
      await online(vm3);
      await found.management.call('PUT', `/policies/${world.name}/short`, {
        pattern: '^agent\\.',
        'apply-to': 'queues',
        definition: { 'message-ttl': 1 },
      });
      await world.admit(vm1);
      await world.side.register({ ...newCard(), id: vm1 });
      const about = { agent: vm1, incarnation: 'inc-1', term: 7, id: idOf(1, 'app[0].ready') };
      await world.side.post.send(world.side.post.letter({ kind: 'cancel', ...about, why: 'test' }, 'k'));
      await until(() => letters().length === 1, 'the letter');
      expect(letters()[0]).to.deep.include({
        queue: `agent.${vm1}`,
        why: 'expired',
        agent: vm1,
        direction: 'to_agent',
        signer: 'engine',
        kind: 'cancel',
        workflow: 'w1',
        step: 'app[0].ready',
      });
    });

    /** The broker's own numbers are five seconds old and more: asks again and again, as long as the test may last. */
    const shown = async (holds: () => boolean): Promise<void> => {
      while (!holds()) {
        world.watch.link(world.states.at(-1) ?? { kind: 'connected' });
        await delay(200);
      }
    };

    it('a flood of one agent does not keep another waiting, and is dropped, not gathered', async () => {
      await world.begin(vm1);
      await world.admit(vm2);
      await online(vm1);
      await world.side.register({ ...world.side.directory.list()[0], id: vm2 } as never);
      const connection = await asAgent(vm2);
      let sent = 0;
      const flood = Promise.all(
        Array.from({ length: 20 }, async () => {
          for (let count = 0; count < 250; count += 1) {
            await connection.publish(FROM_AGENTS, `${vm2}.result`, forged('{}'));
            sent += 1;
          }
        }),
      );
      await start(vm1, 'true');
      await ended();
      await flood;
      await connection.close();
      await until(() => world.side.desk.counts.refused >= sent, 'the end of the flood');
      expect(sent).to.equal(5_000);
      expect(world.alarms.length).to.be.lessThan(100);
    });

    it('tells an agent that is connected and silent from one that never came', async () => {
      await world.begin(vm1);
      await online(vm1);
      // Made, and not enrolled yet.
      for (const agent of [vm2, vm3]) await world.admit(agent);
      const silent = await asAgent(vm2);
      const view = (agent: string) => world.watch.view().agents.find(one => one.id === agent);
      await shown(() => /has not said hello/.test(view(vm2)?.reason ?? ''));
      expect(view(vm2)).to.deep.include({ state: 'never_seen' });
      expect(view(vm2)?.reason).to.match(
        /^it is connected from 127.0.0.1 since .* UTC, and has not said hello$/,
      );
      expect(view(vm3)?.reason).to.match(/^it has never logged in at amqp:/);
      expect(view(vm1)).to.deep.include({ state: 'online', waiting: 0 });
      await silent.close();
    });

    describe('over TLS', () => {
      const through = (ca: string) =>
        amqpTransport({
          brokers: [{ ...found.secure, vhost: world.name }],
          mapping: wireMapping,
          random: () => 0,
          tls: { ca },
        });

      it('an agent that knows the authority works', async () => {
        await world.begin(vm1, through(caOf(found)));
        await online(vm1);
        await start(vm1, 'true');
        await ended();
      });

      it('another authority, no authority, and another name are refused with the reason', async () => {
        const login = { user: `engine-${world.name}`, password: 'secret', name: 'test' };
        const other = path.join(directory, 'other.pem');
        const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
        await run('openssl', [...words, '-subj', '/CN=other', '-keyout', `${other}.key`, '-out', other]);
        const wrong = await refusal(through(await readFile(other, 'utf8')).connect(login));
        expect(wrong.reason).to.equal('unreachable');
        expect(wrong.message).to.match(/unable to verify the first certificate|self-signed certificate/);
        const none = amqpTransport({
          brokers: [{ ...found.secure, vhost: world.name }],
          mapping: wireMapping,
          random: () => 0,
        });
        expect((await refusal(none.connect(login))).message).to.match(/certificate/);
        const byAddress = amqpTransport({
          brokers: [{ ...found.secure, host: '127.0.0.2', vhost: world.name }],
          mapping: wireMapping,
          random: () => 0,
          tls: { ca: caOf(found) },
        });
        expect((await refusal(byAddress.connect(login))).message).to.match(/127\.0\.0\.2/);
      });
    });
  });
}
