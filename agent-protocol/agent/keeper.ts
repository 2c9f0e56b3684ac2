// Keeps the agent's state: events through the machine, records to the journal, then the effects out.
// Belongs here: that order (AM1), batching of syncs, what happens when the disk is full. Does not belong here: decisions
// (agent-machine.ts), carrying effects out (agent.ts).
import { advance } from '../agent-machine.ts';
import type { AgentEffect, AgentEvent } from '../agent-machine.ts';
import { applyRecord, newState, shortForm } from '../agent-records.ts';
import type { AgentState, JournalRecord } from '../agent-records.ts';
import { AGENT_LIMITS as LIMITS } from '../limits.ts';
import type { Journal } from './journal.ts';

export interface KeeperContext {
  letOut(effect: AgentEffect): void;
  log(text: string): void;
  /** Milliseconds until a batch that could not be written is tried again. */
  readonly retryAfter: number;
}

/** Builds the state that these records add up to. */
export function replay(agent: string, incarnation: string, records: readonly JournalRecord[]): AgentState {
  const state = newState(agent, incarnation);
  for (const record of records) applyRecord(state, record);
  return state;
}

export class Keeper {
  state: AgentState;
  readonly #journal: Journal | undefined;
  readonly #context: KeeperContext;
  #waiting: AgentEvent[] = [];
  #working: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  /** Receipted: forgetting may itself be forgotten (the answer is said again), so it waits for the next sync. */
  #deferred: JournalRecord[] = [];
  /** Set while the disk does not take what is written: new commands are refused. */
  full = false;

  /** Without a journal (it is damaged) nothing is written; the machine then decides nothing that needs to be. */
  constructor(state: AgentState, journal: Journal | undefined, context: KeeperContext) {
    this.state = state;
    this.#journal = journal;
    this.#context = context;
  }

  push(event: AgentEvent): void {
    if (this.#stopped) return;
    this.#waiting.push(event);
    this.#begin();
  }

  #begin(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Lets the batch in flight end, and takes nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#working;
    if (this.#deferred.length > 0) await this.#journal?.append(this.#deferred).catch(() => undefined);
    await this.#journal?.close();
  }

  async #work(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0 && this.#retry === undefined) {
      const events = this.#waiting.splice(0);
      const { bootId, mayReboot, nonce, welcomed, rebootAsked } = this.state;
      const volatile = { bootId, mayReboot, nonce, welcomed, rebootAsked };
      const before = { ...volatile, running: new Set(this.state.running) };
      const decisions = events.map(event => advance(this.state, event));
      if (!(await this.#write(decisions.flatMap(decision => decision.records)))) {
        await this.#takeBack(before, events);
        continue;
      }
      for (const effect of decisions.flatMap(decision => decision.effects)) this.#letOut(effect);
      await this.#tidy();
    }
  }

  #letOut(effect: AgentEffect): void {
    try {
      this.#context.letOut(effect);
    } catch (error) {
      this.#context.log(`Agent ${this.state.agent}: ${effect.kind} failed: ${String(error)}`);
    }
  }

  async #write(records: readonly JournalRecord[]): Promise<boolean> {
    if (records.length === 0 || this.#journal === undefined) return true;
    if (this.#mayWait(records)) {
      this.#deferred.push(...records);
      return true;
    }
    const all = [...this.#deferred, ...records];
    if (!(await this.#append(this.#journal, all))) return false;
    this.#deferred = [];
    return true;
  }

  #mayWait(records: readonly JournalRecord[]): boolean {
    const forgetting = records.every(record => record.kind === 'forgotten');
    return forgetting && this.#deferred.length + records.length <= LIMITS.deferredRecords;
  }

  async #append(journal: Journal, records: readonly JournalRecord[]): Promise<boolean> {
    try {
      await journal.append(records);
      return true;
    } catch (error) {
      this.full = true;
      this.#context.log(`Agent ${this.state.agent}: the journal cannot be written: ${String(error)}`);
    }
    // Outcomes of what was accepted have this space of their own.
    if (!(await journal.releaseReserve().catch(() => false))) return false;
    return journal.append(records).then(
      () => true,
      () => false,
    );
  }

  /** As if the events had not been looked at: they are tried again later, commands as not fitting. */
  async #takeBack(before: Partial<AgentState>, events: readonly AgentEvent[]): Promise<void> {
    const { agent, incarnation } = this.state;
    const records = await (this.#journal as Journal).read();
    this.state = Object.assign(replay(agent, incarnation, records), before);
    this.#deferred = [];
    const again = events.map(event => (event.kind === 'message' ? { ...event, space: false } : event));
    this.#waiting = [...again, ...this.#waiting];
    if (this.#stopped) return void this.#waiting.splice(0);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#begin();
    }, this.#context.retryAfter);
  }

  async #tidy(): Promise<void> {
    const journal = this.#journal;
    if (journal === undefined) return;
    if (!journal.reserved && this.full) this.full = !(await journal.restoreReserve());
    if (journal.length < LIMITS.journalCompactRecords + 2 * this.state.held.size) return;
    try {
      await journal.rewrite(shortForm(this.state));
      this.#deferred = [];
    } catch (error) {
      this.#context.log(`Agent ${this.state.agent}: the journal could not be shortened: ${String(error)}`);
    }
  }
}
