// An engine that only talks: for tests that run real agents. It signs, greets, commands, and gathers what it hears.
// Belongs here: its side of the protocol, faithful in signatures and receipts. Leaves out: workflows, retries, a store.
import { memoryBroker } from '../../engine/bus/memory.ts';
import { decode, encode } from '../../agent-protocol/codec.ts';
import type {
  CommandId,
  CommandMessage,
  FromAgent,
  FromEngine,
  Hello,
  Task,
} from '../../agent-protocol/messages.ts';
import { commandKey } from '../../agent-protocol/messages.ts';
import { newSealingKey } from '../../agent-protocol/sealing.ts';
import {
  keyRing,
  newSigningKey,
  publicKeyText,
  readPublicKey,
  sign,
  verify,
} from '../../agent-protocol/signing.ts';
import type { SigningKey } from '../../agent-protocol/signing.ts';
import { commandQueue, DEAD_LETTERS, FROM_AGENTS, RESULTS_QUEUE } from '../../agent-protocol/transport.ts';
import type { Connection, Topology, Transport } from '../../agent-protocol/transport.ts';
import { startAgent } from '../../agent-protocol/agent/agent.ts';
import type { AgentOptions, RunningAgent } from '../../agent-protocol/agent/agent.ts';

export const LOGIN = { user: 'test', password: 'test', name: 'test' };
export type Answer = Extract<FromAgent, { kind: 'finished' | 'interrupted' | 'refused' }>;

/** Enough for one agent, without limits. */
const ownTopology = (agent: string): Topology => ({
  exchanges: [
    { name: FROM_AGENTS, type: 'topic' },
    { name: DEAD_LETTERS, type: 'fanout' },
  ],
  queues: [
    { name: RESULTS_QUEUE },
    { name: DEAD_LETTERS },
    { name: commandQueue(agent), deadLetterExchange: DEAD_LETTERS },
  ],
  bindings: [
    { exchange: FROM_AGENTS, queue: RESULTS_QUEUE, routingKey: '#' },
    { exchange: DEAD_LETTERS, queue: DEAD_LETTERS, routingKey: '' },
  ],
});

export class FakeEngine {
  readonly broker = memoryBroker();
  readonly signing: SigningKey;
  readonly sealing = newSealingKey();
  readonly heard: FromAgent[] = [];
  readonly live = new Map<string, CommandId>();
  receipts = true;
  greets = true;
  #agentKeys = keyRing([]);
  #hello: Hello | undefined;
  #dispatch = 0;
  #waiting: (() => void)[] = [];
  #connection: Connection | undefined;
  readonly agent: string;
  readonly transport: Transport;

  constructor(agent = 'agent-1', transport?: Transport, signing = newSigningKey()) {
    this.signing = signing;
    this.agent = agent;
    this.transport = transport ?? this.broker.transport;
  }

  /** `topology`: what it declares; engineTopology where the agents' broker is a real one. */
  async start(topology: Topology | undefined = ownTopology(this.agent)): Promise<void> {
    const connection = await this.transport.connect(LOGIN);
    this.#connection = connection;
    await connection.declare(topology);
    await connection.consume(RESULTS_QUEUE, 100, delivery => {
      const verdict = verify(this.#agentKeys, 'from_agent', this.agent, delivery.message);
      const decoded = decode(delivery.message.body, 'from_agent');
      if (verdict.kind === 'refused' || 'refused' in decoded)
        throw new Error(JSON.stringify([verdict, decoded]));
      delivery.ack();
      this.#hear(decoded.message);
    });
  }

  async stop(): Promise<void> {
    await this.#connection?.close();
  }

  startAgent(directory: string, options: Partial<AgentOptions> = {}): Promise<RunningAgent> {
    return startAgent({
      directory,
      agent: this.agent,
      login: LOGIN,
      transport: this.transport,
      engineKeys: [this.signing.publicKey],
      reconnectMs: 10,
      killGraceMs: 300,
      pipeGraceMs: 200,
      minimumFreeBytes: 0,
      ...options,
    }).then(agent => {
      this.trust(agent.identity.signingKey);
      return agent;
    });
  }

  trust(signingKey: string): void {
    const key = readPublicKey(signingKey, 'ed25519');
    if (key !== undefined) this.#agentKeys = keyRing([...this.#agentKeys.values(), key]);
  }

  get hello(): Hello {
    if (this.#hello === undefined) throw new Error('No hello was heard yet.');
    return this.#hello;
  }

  command(task: Task, changes: Partial<CommandMessage> = {}): CommandMessage {
    this.#dispatch += 1;
    return {
      kind: 'command',
      agent: this.agent,
      incarnation: this.hello.incarnation,
      term: 1,
      id: { workflow: 'wf', generation: 1, step: `node[0].s${this.#dispatch}`, dispatch: 1 },
      timeout: 30_000,
      reason: 'first',
      task,
      outputs: [],
      exclusive: true,
      ...changes,
    };
  }

  /** Sends it and marks it as out, as an engine that committed it. */
  async give(command: CommandMessage): Promise<CommandMessage> {
    this.live.set(commandKey(command.id), command.id);
    await this.send(command);
    return command;
  }

  async send(message: FromEngine): Promise<void> {
    const body = encode(message);
    const headers = sign(this.signing, 'from_engine', this.agent, body);
    await this.#connection?.publish('', commandQueue(this.agent), { body, messageId: 'm', headers });
  }

  cancel(id: CommandId): Promise<void> {
    const { agent } = this;
    return this.send({
      kind: 'cancel',
      agent,
      incarnation: this.hello.incarnation,
      term: 1,
      id,
      why: 'test',
    });
  }

  /** Runs a script to its answer. */
  async run(
    text: string,
    changes: Partial<CommandMessage> & { task?: never; inputs?: object } = {},
  ): Promise<Answer> {
    const { inputs = {}, ...rest } = changes;
    const task: Task = {
      kind: 'script',
      interpreter: 'bash',
      text,
      inputs: inputs as Record<string, never>,
      reboots: 0,
    };
    return this.answer((await this.give(this.command(task, rest))).id);
  }

  answer(id: CommandId): Promise<Answer> {
    return this.until(() => this.answers(id)[0]);
  }

  answers(id: CommandId): Answer[] {
    return this.heard.filter(
      (message): message is Answer =>
        (message.kind === 'finished' || message.kind === 'interrupted' || message.kind === 'refused') &&
        commandKey(message.id) === commandKey(id),
    );
  }

  has(kind: FromAgent['kind'], id: CommandId): true | undefined {
    const found = this.heard.some(
      message =>
        message.kind === kind && message.kind !== 'hello' && commandKey(message.id) === commandKey(id),
    );
    return found || undefined;
  }

  /** Resolves when something heard makes `find` answer. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    }
  }

  #hear(message: FromAgent): void {
    this.heard.push(message);
    for (const wake of this.#waiting.splice(0)) wake();
    if (message.kind === 'hello') {
      this.#hello = message;
      if (this.greets) void this.send(this.#welcome(message));
    } else if (this.receipts && this.answers(message.id).length > 0 && message.kind !== 'output') {
      this.live.delete(commandKey(message.id));
      const { agent, incarnation, id } = message;
      void this.send({ kind: 'receipt', agent, incarnation, id, verdict: 'recorded' });
    }
  }

  #welcome(hello: Hello): FromEngine {
    const { agent, incarnation, nonce } = hello;
    const sealingKey = publicKeyText(this.sealing.publicKey);
    return {
      kind: 'welcome',
      protocol: 1,
      agent,
      incarnation,
      nonce,
      term: 1,
      live: [...this.live.values()],
      sealingKey,
    };
  }
}
