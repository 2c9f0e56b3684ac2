// An engine that only enrols: for tests that run real agents from a configuration. It admits, refuses, and greets.
// Belongs here: its side of the conversation, faithful in signatures. Leaves out: the rules of who may enrol, a store.
import { startEnrolledAgent } from '../../../agent-protocol/agent/enrolled.ts';
import type { EnrolledOptions } from '../../../agent-protocol/agent/enrolled.ts';
import type { RunningAgent } from '../../../agent-protocol/agent/agent.ts';
import { decode, encode } from '../../../agent-protocol/codec.ts';
import type { AgentConfig } from '../../../agent-protocol/enrolment/config.ts';
import { type SignedKeySet, signKeySet } from '../../../agent-protocol/enrolment/key-set.ts';
import {
  decodeEnrol,
  encodeEnrolment,
  type Enrol,
  type EnrolmentAnswer,
} from '../../../agent-protocol/enrolment/messages.ts';
import { provesToken } from '../../../agent-protocol/enrolment/proof.ts';
import type { Hello } from '../../../agent-protocol/messages.ts';
import { hashPassword } from '../../../agent-protocol/password-hash.ts';
import { newSealingKey } from '../../../agent-protocol/sealing.ts';
import {
  keyId,
  keyRing,
  newSigningKey,
  publicKeyText,
  readPublicKey,
  sign,
  type SigningKey,
  verify,
} from '../../../agent-protocol/signing.ts';
import type { Connection, Delivery, Login, Transport } from '../../../agent-protocol/transport.ts';
import {
  commandQueue,
  ENROLMENTS_QUEUE,
  enrolmentQueue,
  RESULTS_QUEUE,
} from '../../../agent-protocol/transport.ts';
import { engineTopology } from '../../../engine/agents/topology.ts';
import type { BrokerUsers } from '../../../engine/broker/ports.ts';
import { memoryBrokerUsers } from '../../../engine/broker/memory-users.ts';
import { memoryBroker } from '../../../engine/bus/memory.ts';

export const SERVER = '3f0d2c1e-8a7b-4c5d-9e6f-001122334455';
const ENGINE = { user: 'engine', password: 'e', name: 'engine' };

/** Another broker than the one in this process. */
export interface ClerkPlace {
  readonly agent: string;
  readonly transport: Transport;
  readonly login: Login;
  readonly users: BrokerUsers;
  /** Given to the program; the agent's transport is the same broker's. */
  readonly urls: readonly string[];
  readonly ca?: string;
}

export class Clerk {
  readonly broker = memoryBroker({ users: { engine: { password: 'e' } } });
  readonly users: BrokerUsers;
  readonly root = newSigningKey();
  signing: SigningKey = newSigningKey();
  keys: SignedKeySet = this.keySet(1, this.signing);
  readonly heard: Enrol[] = [];
  readonly hellos: Hello[] = [];
  readonly logged: string[] = [];
  /** Undefined: it may; else why not. */
  refuse: (enrol: Enrol) => Pick<EnrolmentAnswer & { kind: 'enrolment_refused' }, 'reason'> | undefined =
    () => undefined;
  /** False: the clerk is away, and what is said waits. */
  answers = true;
  readonly agent: string;
  readonly #place: ClerkPlace;
  #connection: Connection | undefined;

  constructor(place?: ClerkPlace) {
    this.#place = place ?? {
      agent: 'a3f1',
      transport: this.broker.transport,
      login: ENGINE,
      users: memoryBrokerUsers(this.broker),
      urls: ['amqp://broker.example'],
    };
    this.agent = this.#place.agent;
    this.users = this.#place.users;
  }

  get config(): AgentConfig {
    return {
      version: 1,
      agent: this.agent,
      broker: { urls: this.#place.urls, ...(this.#place.ca === undefined ? {} : { ca: this.#place.ca }) },
      enrol: { user: `enrol.${this.agent}`, password: 'enrol-password-of-a-test' },
      token: 'token-of-a-test-0123456789',
      root_key: publicKeyText(this.root.publicKey),
    };
  }

  keySet(version: number, ...keys: SigningKey[]): SignedKeySet {
    return signKeySet(this.root, { version, keys: keys.map(key => publicKeyText(key.publicKey)) });
  }

  /** As the engine after a start, or after the broker lost everything. `enrols`: the rest is heard by somebody else. */
  async open(only?: 'enrols'): Promise<void> {
    const connection = await this.#place.transport.connect(this.#place.login);
    this.#connection = connection;
    await connection.declare(engineTopology([this.agent]));
    await this.users.createEnrolment(this.agent, hashPassword(this.config.enrol.password, Buffer.alloc(4)));
    await connection.consume(ENROLMENTS_QUEUE, 10, delivery => void this.#enrol(delivery));
    if (only !== 'enrols') await connection.consume(RESULTS_QUEUE, 10, delivery => void this.#hear(delivery));
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  start(directory: string, options: Partial<EnrolledOptions> = {}): Promise<RunningAgent> {
    return startEnrolledAgent({
      directory,
      config: this.config,
      transport: this.#place.transport,
      server: async () => SERVER,
      reconnectMs: 5,
      resendMs: 50,
      minimumFreeBytes: 0,
      log: text => this.logged.push(text),
      ...options,
    });
  }

  async #enrol(delivery: Delivery): Promise<void> {
    const decoded = decodeEnrol(delivery.message.body);
    if ('refused' in decoded) throw new Error(decoded.refused);
    const { message } = decoded;
    const key = readPublicKey(message.signingKey, 'ed25519');
    if (key === undefined || !provesToken(this.config.token, message)) throw new Error('a bad enrolment');
    const verdict = verify(keyRing([key]), 'enrolment', this.agent, delivery.message);
    if (verdict.kind === 'refused') throw new Error(verdict.reason);
    this.heard.push(message);
    if (!this.answers) return delivery.ack();
    const refused = this.refuse(message);
    if (refused === undefined) await this.users.admit(this.agent, message.passwordHash);
    const { agent } = this;
    const common = { agent, nonce: message.nonce, keys: this.keys };
    await this.answer(
      refused === undefined
        ? { kind: 'enrolled', ...common, key: keyId(key) }
        : { kind: 'enrolment_refused', ...common, ...refused, message: 'Not now.', retryAfter: 1 },
    );
    delivery.ack();
  }

  async answer(answer: EnrolmentAnswer, signing = this.signing): Promise<void> {
    await this.#say(enrolmentQueue(this.agent), 'enrolment_answer', encodeEnrolment(answer), signing);
  }

  async greet(): Promise<void> {
    const body = encode({ kind: 'greet', agent: this.agent, term: 1, keys: this.keys });
    await this.#say(commandQueue(this.agent), 'from_engine', body, this.signing);
  }

  async #say(
    queue: string,
    purpose: 'enrolment_answer' | 'from_engine',
    body: Uint8Array,
    signing: SigningKey,
  ): Promise<void> {
    const headers = sign(signing, purpose, this.agent, body);
    await this.#connection?.publish('', queue, { body, messageId: 'x', headers }).catch(() => undefined);
  }

  async #hear(delivery: Delivery): Promise<void> {
    delivery.ack();
    const decoded = decode(delivery.message.body, 'from_agent');
    if ('refused' in decoded || decoded.message.kind !== 'hello') return;
    const { incarnation, nonce } = decoded.message;
    this.hellos.push(decoded.message);
    const body = encode({
      kind: 'welcome',
      protocol: 1,
      agent: this.agent,
      incarnation,
      nonce,
      term: 1,
      live: [],
      sealingKey: publicKeyText(newSealingKey().publicKey),
      keys: this.keys,
    });
    await this.#say(commandQueue(this.agent), 'from_engine', body, this.signing);
  }
}
