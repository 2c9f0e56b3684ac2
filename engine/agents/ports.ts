// What the engine's side of the agents needs of the world, and what it remembers of each agent.
// Belongs here: interfaces and records. Does not belong here: any implementation.
import type { JsonValue } from '../base/json.ts';
import type { EffectId } from '../base/ids.ts';
import type { Facts } from '../../agent-protocol/messages.ts';

/** Public keys as `publicKeyText` writes them: SPKI, base64. Both empty: expected, and nobody may speak for it yet. */
export interface AgentCard {
  readonly id: string;
  /** Ed25519: what the agent signs with. */
  readonly signingKey: string;
  /** X25519: what hidden inputs are sealed to. */
  readonly sealingKey: string;
}

/**
 * All that must survive a restart of the engine. Without `incarnation` a cloned or re-created agent would pass for
 * the old one; without `journal` a VM that was reverted to a snapshot would (A14).
 */
export interface AgentRecord extends AgentCard {
  /** The journal that the agent's last hello named; absent until the first hello. */
  readonly incarnation?: string;
  /** Journals of the past: a hello from one of them is a copy of the VM, and refused (A15). */
  readonly retired: readonly string[];
  /** Highest count of journal records told in a hello of this incarnation. */
  readonly journal: number;
  /** Ms since the epoch: its last hello, or its last word to an engine that was then stopped. */
  readonly lastSeen?: number;
}

/** Which agents there are. Reading is synchronous: it is asked for every message. */
export interface AgentDirectory {
  get(id: string): AgentRecord | undefined;
  list(): readonly AgentRecord[];
  /**
   * Makes the agent known; the same keys again change nothing. Other keys than it has: EngineError `conflict`, or with
   * `replace` they take over and the incarnation bound so far is retired. Resolves when it is kept durably.
   */
  register(card: AgentCard, options?: { readonly replace?: boolean }): Promise<AgentRecord>;
  /**
   * Makes the agent known without keys: its commands wait until it enrols. Who had keys has none any more, and its
   * incarnation is retired. Resolves when it is kept durably.
   */
  expect(id: string): Promise<AgentRecord>;
  /** Binds what a hello told at `at`, ms since the epoch. Resolves when it is kept durably: only then may the hello be answered. */
  bind(id: string, incarnation: string, journal: number, at?: number): Promise<AgentRecord>;
  /** Keeps when they were last heard, ms since the epoch by id; who is not known any more is left out. */
  heard(times: ReadonlyMap<string, number>): Promise<void>;
  remove(id: string): Promise<void>;
  close(): Promise<void>;
}

/** Seals hidden values under the engine's key before they reach the store. */
export interface Vault {
  seal(ref: string, value: JsonValue): Uint8Array;
}

/** A piece of live output; may be lost, never decides anything. */
export interface LiveOutput {
  readonly agent: string;
  readonly id: EffectId;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly offset: number;
  readonly skipped: number;
}

/** What an operator should know of an agent and no workflow decides. */
export interface Alarm {
  readonly agent: string;
  readonly kind:
    | 'new_incarnation'
    | 'journal_went_back'
    | 'retired_incarnation'
    | 'refused_message'
    | 'enrolment_refused'
    | 'enrolled_anew'
    | 'impostor'
    | 'flood';
  readonly message: string;
}

export interface AgentPresence {
  readonly agent: string;
  readonly state: 'online' | 'offline';
  readonly reason?: string;
  readonly facts?: Facts;
}
