// A simulated agent: the production agent machine, codec and signatures on a VM that is a model.
// Belongs here: the shell around `advance`: journal, connection, scripts. Does not belong here: any decision.
import {
  advance,
  type AgentDecision,
  type AgentEffect,
  type AgentEvent,
} from '../../agent-protocol/agent-machine.ts';
import { applyRecord, newState, type AgentState } from '../../agent-protocol/agent-records.ts';
import { decode, encode } from '../../agent-protocol/codec.ts';
import {
  commandKey,
  PROTOCOL_VERSION,
  type FromAgent,
  type FromEngine,
  type Hello,
} from '../../agent-protocol/messages.ts';
import { sign, verify, type KeyRing } from '../../agent-protocol/signing.ts';
import {
  agentKey,
  commandQueue,
  FROM_AGENTS,
  type AgentKey,
  type Connection,
  type Delivery,
  type Transport,
} from '../../agent-protocol/transport.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import type { Vm } from './vm.ts';

export interface AgentWorld {
  readonly scheduler: Scheduler;
  readonly transport: Transport;
  readonly engineKeys: KeyRing;
  /** Whether the disk has room for one more command. */
  space(): boolean;
  /** The agent asks its machine to reboot. */
  reboot(vm: Vm): void;
}

const RESEND_EVERY = 30_000;

export class AgentHost {
  readonly vm: Vm;
  readonly life: Life;
  readonly #world: AgentWorld;
  readonly #state: AgentState;
  readonly #deliveries = new Map<number, Delivery>();
  #connection: Connection | undefined;
  #token = 0;
  #nonce = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(vm: Vm, life: Life, world: AgentWorld) {
    this.vm = vm;
    this.life = life;
    this.#world = world;
    this.#state = newState(vm.name, vm.incarnation);
    for (const record of vm.journal) applyRecord(this.#state, record);
    vm.onEnd = (key, run) => this.#collect(key, run);
    life.onDeath(why => {
      vm.onEnd = undefined;
      void this.#connection?.close().catch(() => why);
    });
    this.#feed({ kind: 'boot', bootId: vm.bootId, mayReboot: true });
    void this.#stayConnected();
    this.#resendLater();
  }

  /** Events are decided one after another: the next only when the journal holds what the last one decided. */
  #feed(event: AgentEvent): void {
    this.#queue = this.#queue.then(() => this.#handle(event));
  }

  async #handle(event: AgentEvent): Promise<void> {
    if (!this.life.alive) return;
    const decision: AgentDecision = advance(this.#state, event);
    this.vm.journaled(decision.records);
    if (decision.records.length > 0) {
      await this.life.io('journal', () => void this.vm.journal.push(...decision.records));
    }
    for (const effect of decision.effects) await this.#carryOut(effect);
  }

  async #carryOut(effect: AgentEffect): Promise<void> {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.message);
      case 'hello':
        return this.#send(this.#hello(effect.nonce));
      case 'ack':
        this.life.now('ack', () => this.#deliveries.get(effect.token)?.ack());
        this.#deliveries.delete(effect.token);
        return;
      case 'start':
        await this.life.io('spawn', () => this.vm.spawn(effect.key, effect.held));
        return this.#feed({ kind: 'running', key: effect.key, run: effect.held.run });
      case 'look':
        return this.#look(effect.key, effect.held.run);
      case 'kill': {
        const process = this.vm.processOf(effect.key, effect.held.run);
        if (process) process.killed ??= 'cancelled';
        return;
      }
      case 'reboot':
        return this.#world.reboot(this.vm);
      case 'forget':
        return;
    }
  }

  #look(key: string, run: number): void {
    if (this.vm.exitOf(key, run)) return this.#collect(key, run);
    const process = this.vm.processOf(key, run);
    if (process === undefined) return this.#feed({ kind: 'never_started', key, run });
    if (process.alive) return this.#feed({ kind: 'running', key, run });
    this.#feed({ kind: 'dead', key, run, evidence: 'it is gone and left no exit record' });
  }

  #collect(key: string, run: number): void {
    const exit = this.vm.exitOf(key, run);
    if (exit) this.#feed({ kind: 'ended', key, run, ending: exit.ending, spent: exit.spent });
  }

  #send(message: FromAgent): void {
    const body = encode(message);
    const kind: AgentKey =
      message.kind === 'hello' ? 'hello' : message.kind === 'output' ? 'output' : 'result';
    const headers = sign(this.vm.signing, 'from_agent', this.vm.name, body);
    const messageId = 'id' in message ? `${commandKey(message.id)}/${message.kind}` : message.kind;
    const connection = this.#connection;
    this.life.now('publish', () => {
      // What is lost here is said again: at the next hello, and by the resend timer.
      connection
        ?.publish(FROM_AGENTS, agentKey(this.vm.name, kind), { body, messageId, headers })
        .catch(() => {});
    });
  }

  async #stayConnected(): Promise<void> {
    while (this.life.alive) {
      try {
        await this.#connect();
      } catch {
        this.#connection = undefined;
      }
      this.#feed({ kind: 'disconnected' });
      await this.#world.scheduler.sleep(500);
    }
  }

  async #connect(): Promise<void> {
    const { name } = this.vm;
    const connection = await this.#world.transport.connect({ user: `agent.${name}`, password: 'x', name });
    if (!this.life.alive) return connection.close();
    this.#connection = connection;
    await connection.consume(commandQueue(name), 20, delivery => this.#receive(delivery));
    const nonce = `${this.life.name}-${++this.#nonce}`;
    this.#feed({ kind: 'connected', nonce });
    this.#queue = this.#queue.then(() => this.#send(this.#hello(nonce)));
    await connection.closed;
  }

  #hello(nonce: string): Hello {
    const unreceipted = [...this.#state.held.values()]
      .filter(held => held.answer)
      .map(held => held.command.id);
    return {
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      agent: this.vm.name,
      incarnation: this.vm.incarnation,
      bootId: this.vm.bootId,
      journal: this.#state.written,
      unreceipted,
      facts: {
        os: 'linux',
        release: 'simulated',
        arch: 'x64',
        hostname: this.vm.name,
        freeDisk: 1e10,
        interpreters: ['sh', 'bash'],
        agentVersion: '0',
      },
      nonce,
    };
  }

  #receive(delivery: Delivery): void {
    if (!this.life.alive) return;
    const trusted = verify(this.#world.engineKeys, 'from_engine', this.vm.name, delivery.message);
    const decoded = trusted.kind === 'valid' ? decode(delivery.message.body, 'from_engine') : undefined;
    if (decoded === undefined || 'refused' in decoded) return delivery.nack({ requeue: false });
    const token = ++this.#token;
    this.#deliveries.set(token, delivery);
    this.#note(decoded.message);
    this.#feed({ kind: 'message', message: decoded.message, token, space: this.#world.space() });
  }

  #note(message: FromEngine): void {
    const { kind } = message;
    if (kind === 'receipt') this.vm.receipt(commandKey(message.id));
    if (kind === 'command' || kind === 'cancel')
      this.vm.told(commandKey(message.id), message.id.workflow, message.term);
  }

  #resendLater(): void {
    this.#world.scheduler.at(this.#world.scheduler.time + RESEND_EVERY, () => {
      if (!this.life.alive) return;
      this.#feed({ kind: 'resend' });
      // A hello that got no welcome (the engine was away, or it was lost) is said again.
      if (!this.#state.welcomed && this.#state.nonce !== undefined)
        this.#send(this.#hello(this.#state.nonce));
      this.#resendLater();
    });
  }
}
