// Which agents are there: online once a hello is answered, offline when their connection is known to be gone.
// Belongs here: presence, last facts, waiting for an agent. Does not belong here: identity (directory.ts), whether the
// facts suit a workflow (engine/drivers/online-driver.ts).
import type { Facts } from '../../agent-protocol/messages.ts';
import type { Presence as Known } from '../machine/why/types.ts';
import type { AgentPresence } from './ports.ts';

interface Seen {
  readonly state: 'online' | 'offline';
  readonly facts: Facts;
  readonly bootId: string;
  /** Ms since the epoch. */
  readonly lastHello: number;
  readonly reason?: string;
}

/** Of an agent that was there before, and is not known to be away. */
export const SILENT = 'it has not said hello since this engine started';

export class Presence {
  readonly #seen = new Map<string, Seen>();
  /** Last message that was believed, ms since the epoch. */
  readonly #heard = new Map<string, number>();
  /** Why it was refused last; gone with the next that is taken. */
  readonly #refused = new Map<string, string>();
  readonly #listeners = new Set<(change: AgentPresence) => void>();
  readonly #before: (agent: string) => number | undefined;

  /** `before`: when an earlier engine heard an agent last, ms since the epoch. */
  constructor(before: (agent: string) => number | undefined = () => undefined) {
    this.#before = before;
  }

  /** The welcome is confirmed by the broker. */
  answered(agent: string, facts: Facts, bootId: string, at: number): void {
    this.#seen.set(agent, { state: 'online', facts, bootId, lastHello: at });
    this.#refused.delete(agent);
    this.#tell({ agent, state: 'online', facts });
  }

  /** Its connection is gone, or it is silent for too long; says so once. */
  lost(agent: string, reason: string): void {
    const seen = this.#seen.get(agent);
    if (seen?.state !== 'online') return;
    this.#seen.set(agent, { ...seen, state: 'offline', reason });
    this.#tell({ agent, state: 'offline', reason, facts: seen.facts });
  }

  /** A message of it was believed. */
  heard(agent: string, at: number): void {
    this.#heard.set(agent, at);
  }

  /** By this engine, or by one before it. */
  lastHeard(agent: string): number | undefined {
    return this.#heard.get(agent) ?? this.#before(agent);
  }

  /** What this engine heard, by agent. */
  get times(): ReadonlyMap<string, number> {
    return this.#heard;
  }

  /** Its hello or its enrolment was not taken: it is connected, and stands outside. A sentence without its full stop. */
  refused(agent: string, reason: string): void {
    this.#refused.set(agent, reason);
  }

  /** Its enrolment was taken; its hello is still to come. */
  admitted(agent: string): void {
    this.#refused.delete(agent);
  }

  refusal(agent: string): string | undefined {
    return this.#refused.get(agent);
  }

  forget(agent: string): void {
    this.lost(agent, 'the agent was removed');
    for (const known of [this.#seen, this.#heard, this.#refused]) known.delete(agent);
  }

  online(agent: string): boolean {
    return this.#seen.get(agent)?.state === 'online';
  }

  /** What is known of it; undefined: it never said hello to this engine. */
  of(agent: string): (AgentPresence & { readonly lastHello: number; readonly bootId: string }) | undefined {
    const seen = this.#seen.get(agent);
    return seen && { agent, ...seen };
  }

  /** The same, in the words of an explanation. */
  known(agent: string): Known {
    const seen = this.#seen.get(agent);
    const before = this.#before(agent);
    if (seen === undefined)
      return before === undefined
        ? { kind: 'never_seen' }
        : { kind: 'offline', lastSeen: before, reason: SILENT };
    if (seen.state === 'online') return { kind: 'online' };
    return { kind: 'offline', lastSeen: seen.lastHello, reason: seen.reason ?? 'no reason is known' };
  }

  /** Called at every hello that was answered and every loss; returns how to end it. */
  listen(listener: (change: AgentPresence) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(change: AgentPresence): void {
    for (const listener of this.#listeners) listener(change);
  }
}
