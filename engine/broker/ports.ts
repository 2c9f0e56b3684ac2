// Who of the agents may use the broker: the port behind which its users are made and taken away.
// Belongs here: the interface and what is kept of each agent. Does not belong here: which rights they have (rights.ts),
// RabbitMQ's API (management.ts), what an enrolment says (engine/agents/).
//
// U1 An agent is recorded before its users are made, and its record goes before they do: whoever finds users without a
//    record has found leftovers (`sweep`), whoever finds a record without users puts them back (`restore`).
// U2 Only hashes are kept and handed over: no password of an agent passes through here.
// U3 Rights are narrowed before they are given: no user ever has its permission without the rule on its routing keys.

/** What must be remembered of an agent so that its users can be made again on a broker that lost them (B2). */
export interface BrokerRecord {
  readonly agent: string;
  /** Hash of the password of `enrol.<agent>`, as `hashPassword` makes it. */
  readonly enrolmentHash: string;
  /** Hash of the password of `agent.<agent>`; absent: not enrolled, or revoked. */
  readonly agentHash?: string;
}

/**
 * Every call may be repeated. All reject with EngineError `transport_closed` when the broker's management does not
 * answer (again later), `transport_refused` when it refuses the engine's own login, `usage` for a hash that is none.
 */
export interface BrokerUsers {
  /** Makes `enrol.<agent>`, which lives as long as the agent. */
  createEnrolment(agent: string, passwordHash: string): Promise<void>;
  /** Makes `agent.<agent>`. One with another password is revoked first: its connections are closed. */
  admit(agent: string, passwordHash: string): Promise<void>;
  /** Deletes `agent.<agent>`, which closes its connections at once. `enrol.<agent>` stays: it may enrol again. */
  revoke(agent: string): Promise<void>;
  /** Deletes both users and both queues. */
  remove(agent: string): Promise<void>;
  /** Makes again what the broker lost of these; returns the names of the users that were missing or had other rights. */
  restore(records: readonly BrokerRecord[]): Promise<readonly string[]>;
  /** Removes the users and queues of every agent that is not known; `known` is asked after they were listed. */
  sweep(known: (agent: string) => boolean): Promise<readonly string[]>;
}
