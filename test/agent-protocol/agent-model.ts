// A world around the agent's machine: a journal that survives crashes, processes, an engine, a lossy queue.
// Belongs here: the model that agent-machine.test.ts drives at random. Leaves out: output, files, time.
import { advance } from '../../agent-protocol/agent-machine.ts';
import type { AgentEffect, AgentEvent } from '../../agent-protocol/agent-machine.ts';
import { applyRecord, newState, shortForm } from '../../agent-protocol/agent-records.ts';
import type { AgentState, Ending, JournalRecord } from '../../agent-protocol/agent-records.ts';
import { commandKey } from '../../agent-protocol/messages.ts';
import type { CommandMessage, FromAgent, FromEngine } from '../../agent-protocol/messages.ts';
import { AGENT, COMMAND, INCARNATION } from './samples.ts';

export const ending = (code: number): Ending => ({
  result: { kind: 'exit', code },
  outputs: {},
  stdout: '',
  stderr: '',
});

export class World {
  journal: JournalRecord[] = shortForm(newState(AGENT, INCARNATION));
  state: AgentState = newState(AGENT, INCARNATION);
  boot = 1;
  connections = 0;
  readonly queue: FromEngine[] = [];
  readonly unacked = new Map<number, FromEngine>();
  readonly processes = new Map<
    string,
    { key: string; run: number; end: AgentEvent | 'killed' | undefined }
  >();
  readonly starts: string[] = [];
  /** What ran when the machine was asked to reboot. */
  readonly besides: string[] = [];
  readonly heard: FromAgent[] = [];
  readonly commands: CommandMessage[] = [];
  readonly live = new Set<string>();
  #token = 0;
  #events: AgentEvent[] = [];
  /** Effects let out before the next crash; undefined: no crash; -1: before the records are on disk. */
  crashAfter: number | undefined;

  constructor() {
    this.restart();
  }

  restart(): void {
    this.state = newState(AGENT, INCARNATION);
    for (const record of this.journal) applyRecord(this.state, record);
    this.#events = [];
    this.queue.push(...this.unacked.values());
    this.unacked.clear();
    this.handle({ kind: 'boot', bootId: `boot-${this.boot}`, mayReboot: true });
  }

  reboot(): void {
    this.boot += 1;
    for (const run of this.processes.values()) run.end ??= 'killed';
    this.restart();
  }

  handle(event: AgentEvent): void {
    this.#events.push(event);
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      if (!this.#one(next)) return this.restart();
    }
  }

  /** False when the agent crashed on the way. */
  #one(event: AgentEvent): boolean {
    const { records, effects } = advance(this.state, event);
    const crash = this.crashAfter;
    this.crashAfter = undefined;
    if (crash === -1) return false;
    this.journal.push(...records);
    for (const effect of effects.slice(0, crash)) this.#let(effect);
    return crash === undefined;
  }

  #let(effect: AgentEffect): void {
    switch (effect.kind) {
      case 'send':
        this.heard.push(effect.message);
        return;
      case 'ack':
        this.unacked.delete(effect.token);
        return;
      case 'start': {
        const { key, held } = effect;
        this.starts.push(`${key}#${held.run}`);
        this.processes.set(`${key}#${held.run}`, { key, run: held.run, end: undefined });
        this.#events.push({ kind: 'running', key, run: held.run });
        return;
      }
      case 'look':
        this.#events.push(this.#look(effect.key, effect.held.run));
        return;
      case 'kill': {
        const { key } = effect;
        const run = effect.held.run;
        const cancelled: Ending = { ...ending(0), result: { kind: 'cancelled' } };
        this.end(`${key}#${run}`, { kind: 'ended', key, run, ending: cancelled, spent: 1 });
        return;
      }
      case 'reboot':
        for (const [run, { end }] of this.processes) if (end === undefined) this.besides.push(run);
        return void this.#events.push({ kind: 'disconnected' });
      case 'forget':
      case 'hello':
        return;
    }
  }

  #look(key: string, run: number): AgentEvent {
    const found = this.processes.get(`${key}#${run}`);
    if (found === undefined) return { kind: 'never_started', key, run };
    if (found.end === undefined) return { kind: 'running', key, run };
    return found.end === 'killed' ? { kind: 'dead', key, run, evidence: 'boot id changed' } : found.end;
  }

  /** A process ends by itself or is killed; the agent hears of it. */
  end(id: string, end: AgentEvent): void {
    const found = this.processes.get(id);
    if (found === undefined || found.end !== undefined) return;
    found.end = end;
    this.#events.push(end);
  }

  exit(number: number, code: number): void {
    const running = [...this.processes].filter(([, run]) => run.end === undefined);
    const [id, run] = running[number % Math.max(1, running.length)] ?? [];
    if (id === undefined || run === undefined) return;
    this.end(id, { kind: 'ended', key: run.key, run: run.run, ending: ending(code), spent: 1 });
    this.handle({ kind: 'resend' });
  }

  send(reboots: number, exclusive: boolean, term: number, rebootsOnly: boolean): void {
    const number = this.commands.length;
    const id = { ...COMMAND.id, step: `node[0].s${number % 3}`, dispatch: number + 1 };
    const task = rebootsOnly ? { kind: 'reboot' } : { ...COMMAND.task, reboots };
    const command = { ...COMMAND, id, term, exclusive, task } as CommandMessage;
    this.commands.push(command);
    this.live.add(commandKey(id));
    this.queue.push(command);
  }

  deliver(number: number, keep: boolean, space = true): void {
    if (this.state.nonce === undefined || this.queue.length === 0) return;
    const at = number % this.queue.length;
    const message = this.queue[at] as FromEngine;
    if (!keep) this.queue.splice(at, 1);
    this.#token += 1;
    this.unacked.set(this.#token, message);
    this.handle({ kind: 'message', message, token: this.#token, space });
  }

  connect(): void {
    this.connections += 1;
    this.queue.push(...this.unacked.values());
    this.unacked.clear();
    this.handle({ kind: 'connected', nonce: `n${this.connections}` });
    const live = this.commands.map(command => command.id).filter(id => this.live.has(commandKey(id)));
    this.queue.push({
      kind: 'welcome',
      protocol: 1,
      agent: AGENT,
      incarnation: INCARNATION,
      nonce: `n${this.connections}`,
      term: 1,
      live,
      sealingKey: 'AAAA',
    });
  }

  cancel(number: number): void {
    const command = this.commands[number % Math.max(1, this.commands.length)];
    if (command === undefined) return;
    const { agent, incarnation, id } = command;
    this.queue.push({ kind: 'cancel', agent, incarnation, term: 9, id, why: 'test' });
  }

  /** Receipts for a random one of the answers heard. */
  receipt(number: number): void {
    const answers = this.heard.filter(message => ANSWERS.has(message.kind));
    const message = answers[number % Math.max(1, answers.length)];
    if (message === undefined || message.kind === 'hello') return;
    const { agent, incarnation, id } = message;
    this.live.delete(commandKey(id));
    this.queue.push({ kind: 'receipt', agent, incarnation, id, verdict: 'recorded' });
  }

  answered(command: CommandMessage): boolean {
    const key = commandKey(command.id);
    return this.heard.some(
      message => message.kind !== 'hello' && ANSWERS.has(message.kind) && commandKey(message.id) === key,
    );
  }
}

const ANSWERS: ReadonlySet<string> = new Set(['finished', 'interrupted', 'refused']);
