// Enrolments that nobody should get: forged, stolen, replayed, redirected, too many; and the table of rules, row by row.
// Belongs here: hostile claimants. Does not belong here: honest ones (enrolment.test.ts).
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import {
  decodeAnswer,
  encodeEnrolment,
  type Enrol,
  type EnrolmentAnswer,
} from '../../agent-protocol/enrolment/messages.ts';
import { proofOf } from '../../agent-protocol/enrolment/proof.ts';
import { hashPassword } from '../../agent-protocol/password-hash.ts';
import { newSealingKey } from '../../agent-protocol/sealing.ts';
import { newSigningKey, publicKeyText, sign, type SigningKey } from '../../agent-protocol/signing.ts';
import {
  agentKey,
  DEAD_LETTERS,
  enrolmentQueue,
  FROM_AGENTS,
  type Connection,
} from '../../agent-protocol/transport.ts';
import { ruleOn, type Ruling, type Situation } from '../../engine/agents/enrolment/rules.ts';
import { SAMPLES } from '../agent-protocol/samples.ts';
import { EnrolmentWorld, server } from './enrolment-world.ts';
import { settle, until } from './world.ts';

const { facts } = SAMPLES.hello as Extract<(typeof SAMPLES)['hello'], { facts: unknown }>;

describe('enrolment, hostile', () => {
  let world: EnrolmentWorld;
  let connection: Connection;
  const answers: EnrolmentAnswer[] = [];
  const key = newSigningKey();

  beforeEach(async () => {
    world = new EnrolmentWorld();
    await world.open();
    await world.create('a1');
    await world.create('a2');
    const { enrol } = await world.config('a1');
    connection = await world.broker.transport.connect({ ...enrol, name: 'x' });
    answers.length = 0;
    await connection.consume(enrolmentQueue('a1'), 10, delivery => {
      const decoded = decodeAnswer(delivery.message.body);
      if ('message' in decoded) answers.push(decoded.message);
      delivery.ack();
    });
  });
  afterEach(async () => {
    await connection.close();
    await world.end();
  });

  const enrolOf = async (change: Partial<Enrol> = {}, signing = key, from = 'a1'): Promise<Enrol> => {
    const { token } = await world.config(from);
    const claimed = {
      agent: 'a1',
      signingKey: publicKeyText(signing.publicKey),
      sealingKey: publicKeyText(newSealingKey().publicKey),
      passwordHash: hashPassword('p', Buffer.alloc(4)),
      server: server(1),
    };
    const proof = proofOf(token, claimed);
    const nonce = randomBytes(8).toString('hex');
    return { kind: 'enrol', protocol: 1, ...claimed, bootId: 'b', facts, nonce, proof, ...change };
  };
  const send = async (enrol: Enrol, signing: SigningKey = key, under = 'a1'): Promise<void> => {
    const body = encodeEnrolment(enrol);
    const headers = sign(signing, 'enrolment', under, body);
    await connection.publish(FROM_AGENTS, agentKey(under, 'enrol'), { body, messageId: 'm', headers });
  };
  const dead = (): number => world.broker.depth(DEAD_LETTERS)?.ready ?? 0;
  const refusedWith = async (enrol: Enrol, signing = key): Promise<string> => {
    const before = answers.length;
    await send(enrol, signing);
    await until(() => answers.length > before, 'an answer');
    const answer = answers.at(-1);
    return answer?.kind === 'enrolment_refused' ? answer.reason : 'enrolled';
  };
  const nobody = (): void =>
    expect(world.side.directory.get('a1')?.signingKey).to.equal('') as unknown as void;

  it('forged: signed by another key than the one it brings, it is dead-lettered and told of', async () => {
    await send(await enrolOf(), newSigningKey());
    await until(() => dead() === 1);
    expect(world.alarms.at(-1)).to.deep.include({ kind: 'refused_message', agent: 'a1' });
    nobody();
  });

  it('without the token, or with that of another agent: refused', async () => {
    expect(await refusedWith(await enrolOf({ proof: 'AAAA' }))).to.equal('wrong_proof');
    expect(await refusedWith(await enrolOf({}, key, 'a2'))).to.equal('wrong_proof');
    nobody();
  });

  it('a proof taken off the wire is of no use for other keys', async () => {
    const { proof } = await enrolOf();
    const other = newSigningKey();
    expect(await refusedWith(await enrolOf({ proof }, other), other)).to.equal('wrong_proof');
    nobody();
  });

  it('redirected: an enrolment for another agent under this one, and under a key of the other', async () => {
    await send({ ...(await enrolOf()), agent: 'a2' });
    await until(() => dead() === 1);
    let closed = false;
    void connection.closed.then(() => (closed = true));
    await send(await enrolOf(), key, 'a2').catch(() => undefined);
    await until(() => closed, 'the broker to close it');
    nobody();
  });

  it('replayed after another key was bound: the former key counts no more', async () => {
    const first = await enrolOf();
    expect(await refusedWith(first)).to.equal('enrolled');
    const second = newSigningKey();
    await world.member('a1', 2);
    const { token } = await world.config('a1');
    const next = { ...(await enrolOf({}, second)), server: server(2) };
    expect(await refusedWith({ ...next, proof: proofOf(token, next) }, second)).to.equal('enrolled');
    expect(await refusedWith(first)).to.equal('given_up_key');
    expect(world.side.directory.get('a1')?.signingKey).to.equal(publicKeyText(second.publicKey));
  });

  it('duplicate: the same enrolment twice is once', async () => {
    const enrol = await enrolOf();
    expect(await refusedWith(enrol)).to.equal('enrolled');
    const kept = (): string =>
      JSON.stringify([...world.disk.kept.values()].map(({ id, value }) => `${id} ${value}`));
    const before = kept();
    expect(await refusedWith(enrol)).to.equal('enrolled');
    expect(kept()).to.equal(before);
  });

  it('of another version of the protocol: refused by name', async () => {
    expect(await refusedWith(await enrolOf({ protocol: 2 }))).to.equal('unsupported');
  });

  it('oversized, and no JSON: dead-lettered unread', async () => {
    await send(await enrolOf({ bootId: 'x'.repeat(70_000) }));
    await until(() => dead() === 1);
    await connection.publish(FROM_AGENTS, 'a1.enrol', {
      body: Buffer.from('{'),
      messageId: 'm',
      headers: sign(key, 'enrolment', 'a1', Buffer.from('{')),
    });
    await until(() => dead() === 2);
    nobody();
  });

  it('a flood is dropped beyond its allowance, and costs the others nothing', async () => {
    const enrol = await enrolOf({ proof: 'AAAA' });
    for (let count = 0; count < 60; count += 1) await send(enrol);
    await until(() => world.enrolment.office.counts.dropped >= 30, 'the rest to be dropped');
    await settle();
    expect(answers.length).to.equal(30);
    await world.vm(await world.config('a2'), 5);
    await until(() => world.side.presence.online('a2'), 'the other agent');
  });

  it('an engine that was replaced enrols nobody, and rotates no keys', async () => {
    world.around.owned = () => {
      throw new Error('fenced');
    };
    await send(await enrolOf());
    await settle();
    expect(answers).to.deep.equal([]);
    nobody();
    const { keySet } = world.keys;
    const rotation = await world.administer({ kind: 'rotate_keys', drop: true }).then(
      () => 'done',
      (thrown: Error) => thrown.message,
    );
    expect([rotation, world.keys.keySet]).to.deep.equal(['fenced', keySet]);
  });
});

describe('enrolment, the rules', () => {
  const bound = { key: 'k1', server: server(1) } as NonNullable<Situation['account']['bound']>;
  const say = (
    claim: Situation['claim'],
    situation: {
      bound?: typeof bound;
      member?: number;
      revoked?: boolean;
      givenUp?: string[];
      policy?: 'approval' | 'offline';
      former?: Situation['former'];
    } = {},
  ): string => {
    const { member, revoked, givenUp = [], policy = 'approval', former = 'not_asked' } = situation;
    const ruling: Ruling = ruleOn({
      account: {
        givenUp,
        reenrolment: policy,
        ...(situation.bound && { bound: situation.bound }),
        ...(revoked !== undefined && { revoked }),
      },
      claim,
      former,
      ...(member !== undefined && { memberServer: server(member) }),
    });
    if (ruling.kind === 'bind') return ruling.how;
    return ruling.kind === 'refuse' ? `${ruling.reason}${ruling.pending ? ', pending' : ''}` : ruling.kind;
  };
  const claim = (key: string, number: number) => ({ key, server: server(number) });

  it('row 1: none is bound', () => {
    expect(say(claim('k1', 1))).to.equal('first');
    expect(say(claim('k1', 1), { member: 1 })).to.equal('first');
    expect(say(claim('k1', 2), { member: 1 })).to.equal('other_server');
  });

  it('row 2: the bound key', () => {
    expect(say(claim('k1', 1), { bound })).to.equal('again');
    expect(say(claim('k1', 1), { bound, member: 1 })).to.equal('again');
    expect(say(claim('k1', 2), { bound, member: 2 })).to.equal('moved');
    expect(say(claim('k1', 2), { bound })).to.equal('already_bound, pending');
    expect(say(claim('k1', 2), { bound, member: 1 })).to.equal('other_server');
    expect(say(claim('k1', 1), { bound, member: 2 })).to.equal('other_server');
  });

  it('row 3: a key that was given up, wherever it comes from', () => {
    for (const member of [undefined, 1, 2])
      for (const number of [1, 2]) {
        const situation = { bound, givenUp: ['k0'], ...(member !== undefined && { member }) };
        expect(say(claim('k0', number), situation)).to.equal('given_up_key');
      }
  });

  it('row 4: a new key', () => {
    expect(say(claim('k2', 2), { bound, member: 2 })).to.equal('replaced');
    expect(say(claim('k2', 2), { bound })).to.equal('already_bound, pending');
    expect(say(claim('k2', 2), { bound, member: 1 })).to.equal('other_server');
    expect(say(claim('k2', 1), { bound, member: 2 })).to.equal('other_server');
    expect(say(claim('k2', 1), { bound, member: 1 })).to.equal('needs_approval, pending');
    for (const [former, ruling] of [
      ['not_asked', 'ask_former'],
      ['alive', 'still_online, pending'],
      ['silent', 'replaced'],
    ] as const)
      expect(say(claim('k2', 1), { bound, policy: 'offline', former })).to.equal(ruling);
  });

  it('whoever was revoked is refused first of all', () => {
    for (const key of ['k0', 'k1', 'k2'])
      expect(say(claim(key, 1), { bound, member: 1, revoked: true, givenUp: ['k0'] })).to.equal('revoked');
  });
});
