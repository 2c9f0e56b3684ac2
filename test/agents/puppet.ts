// An agent played by a test: says what it is told to, signed with its own key or another's.
// Belongs here: its connection and its words. Does not belong here: what a real agent decides (agent-protocol/agent/).
import { randomUUID } from 'node:crypto';
import { decode, encode } from '../../agent-protocol/codec.ts';
import type { Facts, FromAgent, FromEngine, Hello } from '../../agent-protocol/messages.ts';
import { newSealingKey } from '../../agent-protocol/sealing.ts';
import { keyRing, newSigningKey, publicKeyText, sign, verify } from '../../agent-protocol/signing.ts';
import { agentKey, commandQueue, FROM_AGENTS, type Connection } from '../../agent-protocol/transport.ts';
import type { AgentCard } from '../../engine/agents/ports.ts';
import type { EffectId } from '../../engine/base/ids.ts';
import { settle, type World } from './world.ts';

export const FACTS: Facts = {
  os: 'linux',
  release: 'Debian 12',
  arch: 'x64',
  hostname: 'vm-1',
  freeDisk: 10_000_000_000,
  interpreters: ['bash', 'sh'],
  agentVersion: '1.0.0',
};

/** `as`: the agent of routing key and signature; `signedBy`: whose key. */
interface Disguise {
  readonly as?: string;
  readonly signedBy?: Puppet;
}

export class Puppet {
  readonly signing = newSigningKey();
  readonly sealing = newSealingKey();
  incarnation = 'inc-1';
  journal = 1;
  readonly got: FromEngine[] = [];
  readonly id: string;
  readonly #world: World;
  #connection: Connection | undefined;

  constructor(world: World, id = 'a1') {
    this.#world = world;
    this.id = id;
  }

  get card(): AgentCard {
    const { id, signing, sealing } = this;
    return { id, signingKey: publicKeyText(signing.publicKey), sealingKey: publicKeyText(sealing.publicKey) };
  }

  /** Registers, connects, reads its queue, and says hello unless told not to. */
  async join(options: { readonly hello?: boolean } = {}): Promise<this> {
    await this.#world.side.register(this.card);
    await this.connect();
    if (options.hello !== false) await this.hello();
    return this;
  }

  async connect(): Promise<void> {
    const { broker, keys } = this.#world;
    const connection = await broker.transport.connect({ user: this.id, password: '', name: this.id });
    this.#connection = connection;
    await connection.consume(commandQueue(this.id), 32, delivery => {
      const valid = verify(keyRing([keys.signing.publicKey]), 'from_engine', this.id, delivery.message);
      const decoded = decode(delivery.message.body, 'from_engine');
      if (valid.kind === 'valid' && 'message' in decoded) this.got.push(decoded.message);
      delivery.ack();
    });
  }

  async hello(change: Partial<Hello> = {}): Promise<Hello> {
    const hello: Hello = {
      kind: 'hello',
      protocol: 1,
      agent: this.id,
      incarnation: this.incarnation,
      bootId: 'boot-1',
      journal: this.journal,
      unreceipted: [],
      facts: FACTS,
      nonce: randomUUID(),
      ...change,
    };
    await this.say(hello);
    await settle();
    return hello;
  }

  async say(message: FromAgent, disguise: Disguise = {}): Promise<void> {
    await this.publish(encode(message), message.kind, disguise);
  }

  async publish(body: Uint8Array, kind: FromAgent['kind'], disguise: Disguise = {}): Promise<void> {
    const { as = this.id, signedBy = this } = disguise;
    const key = agentKey(as, kind === 'hello' || kind === 'output' ? kind : 'result');
    const headers = sign(signedBy.signing, 'from_agent', as, body);
    await this.#connection?.publish(FROM_AGENTS, key, { body, messageId: randomUUID(), headers });
  }

  /** Anything about a command, as this agent and incarnation. */
  async tell(id: EffectId, rest: { readonly kind: string } & Record<string, unknown>): Promise<void> {
    await this.say({ agent: this.id, incarnation: this.incarnation, id, ...rest } as unknown as FromAgent);
    await settle();
  }

  async finish(id: EffectId, rest: Record<string, unknown> = {}): Promise<void> {
    const result = { kind: 'exit', code: 0 };
    await this.tell(id, { kind: 'finished', result, outputs: {}, stdout: '', stderr: '', ...rest });
  }

  /** What it got of one kind, in order. */
  of<K extends FromEngine['kind']>(kind: K): Extract<FromEngine, { kind: K }>[] {
    return this.got.filter((one): one is Extract<FromEngine, { kind: K }> => one.kind === kind);
  }
}
