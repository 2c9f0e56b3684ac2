// What an operator's endpoint asks of the engine beyond EngineApi: lists by filter, and all that changes.
// Belongs here: the interface and its plain JSON. Does not belong here: who may ask (admin/), how it is answered
// (operator-views.ts).
import type { ActRequest } from './api.ts';
import type { Log } from './log.ts';
import type { Observer } from './observers.ts';
import type { AuditEntry, AuditFilter, NewAudit } from './ports.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { StandsFor } from './standing.ts';
import type { JsonValue } from '../base/json.ts';
import type { ParameterType } from '../definition/types.ts';
import type { StepStatus, WorkflowRecord, WorkflowStatus } from '../machine/types.ts';
import type { Presence } from '../machine/why/types.ts';

/**
 * What a workflow as a whole waits for. `work`: agents, times and services, no person; `approval`, `signal`, `operator`: nothing
 * moves until a person says yes or no, somebody sends a signal, or a failure is dealt with; `nothing`: it is over.
 */
export const WAITING = ['work', 'approval', 'signal', 'operator', 'nothing'] as const;
export type Waiting = (typeof WAITING)[number];

/** What a list is asked for by, and no record says in so few words. */
export interface Outlook {
  readonly waiting: Waiting;
  /** What failed first, without what differs from one workflow to another: equal for those that failed alike. */
  readonly failure?: string;
}

export interface WorkflowSummary extends Outlook {
  readonly id: string;
  readonly stackName: string;
  /** Name of the resource of its stack; absent: nobody has said. */
  readonly resource?: string;
  /** Of its owner; absent: it is nobody's but the operator's. */
  readonly project?: string;
  readonly status: WorkflowStatus;
  readonly reason: string;
  readonly generation: number;
  readonly parent?: NonNullable<WorkflowRecord['parent']>;
  readonly deadline?: number;
  /** Ms since the epoch; `updatedAt`: of the last entry in its log. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** All that are given hold; `after`: what the page before ended with. */
export interface WorkflowFilter {
  readonly project?: string;
  readonly stackName?: string;
  readonly status?: WorkflowStatus;
  readonly waiting?: Waiting;
  readonly failure?: string;
  /** Children of others too. */
  readonly children?: boolean;
  readonly after?: number;
  readonly limit: number;
}

/** The newest first. `next`: the `after` of the page that follows; absent: this was the last. */
export interface WorkflowPage {
  readonly workflows: readonly WorkflowSummary[];
  readonly next?: number;
}

/** A workflow that changed, or is gone. `at`: sent back as `last`, what follows goes on after it. */
export type Changed = { readonly at: string } & (
  | { readonly kind: 'workflow'; readonly workflow: WorkflowSummary }
  | { readonly kind: 'gone'; readonly id: string; readonly project?: string }
);

/** `resumed`: it goes on after what was asked for; false: who follows asks for the list, now that it follows. `at`: where it begins. */
export interface Changing {
  readonly resumed: boolean;
  readonly at: string;
  readonly changes: AsyncIterable<Changed>;
}

/** Status, and what is waited for, → how many workflows; those that are nobody's children. */
export interface Counts {
  readonly status: { readonly [status in WorkflowStatus]?: number };
  readonly waiting: { readonly [what in Waiting]?: number };
}

/** Who takes part. Times are ms since the epoch. */
export interface MemberView {
  readonly entity: string;
  readonly agent: string;
  readonly name: string;
  readonly index: number;
  /** The generation in which it joined, and when that began. */
  readonly generation: number;
  readonly since: number;
  /** It is on its way out: what was done on it is taken back. */
  readonly leaving?: true;
  /** That it holds now: `db.primary`. */
  readonly roles: readonly string[];
  readonly presence: Presence;
  /** Status → how many of its steps that are wanted, or are to be taken back. */
  readonly steps: { readonly [status in StepStatus]?: number };
}

/** An operation of the definition. */
export interface OperationView {
  readonly name: string;
  readonly description: string;
  readonly inputs: readonly InputView[];
  /** What it does, one after the other: `moves db.primary`, `runs db.following`. */
  readonly steps: readonly string[];
  /** Why it may not begin now, and what to do. */
  readonly refused?: { readonly message: string; readonly next: string };
}

/** An input as it is declared. */
export interface InputView {
  readonly name: string;
  readonly type: ParameterType;
  readonly description: string;
  readonly required: boolean;
  readonly hidden: boolean;
  /** Absent where it is hidden. */
  readonly default?: JsonValue;
  /** All values that it may have; absent: its constraints alone bound it. */
  readonly allowed?: readonly JsonValue[];
  /** In words. */
  readonly constraints: readonly string[];
}

/** What an endpoint for operators needs of an engine beside EngineApi. */
export interface Operating {
  readonly views: OperatorViews;
  /** Rejects when the engine does not own its store. */
  readonly owned: () => Promise<void>;
  /** Tells an observer of everything from now on; returns how to end it. */
  readonly observe: (observer: Observer) => () => void;
  /** Keeps the audit log for so many milliseconds from now on; returns how to end that. */
  readonly retain: (keep: number, log: Log) => () => void;
  /** Workflows held in memory, and what the engine does not touch. */
  readonly held: () => { readonly inMemory: number; readonly setAside: number };
  /** By what steps stand for: since when the one that has stood longest, ms since the epoch. */
  readonly oldest: () => ReadonlyMap<StandsFor, number>;
  /** Ms since the epoch. */
  readonly now: () => number;
  /** What has gone over the agents' broker since the engine started. */
  readonly traffic: () => Traffic;
}

/** Messages of agents as the engine judged them, and those to them that wait. */
export interface Traffic {
  readonly messages: { readonly [verdict in MessageVerdict]: number };
  readonly enrolments: { readonly [verdict in EnrolmentVerdict]: number };
  /** Messages to agents that the broker has not confirmed. */
  readonly unconfirmed: number;
  /** Messages of agents that wait for the engine on the broker; absent: nobody has looked. */
  readonly backlog?: number;
}

/** `stale`: about an attempt that is over; `dropped`: more than the engine listens to. */
export const MESSAGE_VERDICTS = ['taken', 'stale', 'refused', 'dropped'] as const;
export type MessageVerdict = (typeof MESSAGE_VERDICTS)[number];
export const ENROLMENT_VERDICTS = ['enrolled', 'refused', 'dropped'] as const;
export type EnrolmentVerdict = (typeof ENROLMENT_VERDICTS)[number];

/** Of an engine without agents. */
export const NO_TRAFFIC: Traffic = {
  messages: { taken: 0, stale: 0, refused: 0, dropped: 0 },
  enrolments: { enrolled: 0, refused: 0, dropped: 0 },
  unconfirmed: 0,
};

/** What there is to be seen beside EngineApi. */
export interface OperatorViews {
  page(filter: WorkflowFilter): Promise<WorkflowPage>;
  counts(): Promise<Counts>;
  /** As it stands in a page. EngineError `not_found` when there is none. */
  summary(id: string): Promise<WorkflowSummary>;
  /** In the order of their entities and indices; who leaves until all of it is undone. Errors as of `summary`. */
  members(id: string): Promise<readonly MemberView[]>;
  /** In the order of the definition. Errors as of `summary`. */
  operations(id: string): Promise<readonly OperationView[]>;
  /** As the definition declares them, without their values; in its order. Errors as of `summary`. */
  inputs(id: string): Promise<readonly InputView[]>;
  /** What would follow from the request at once; nothing is stored or begun. Errors as of `act`. */
  rehearse(request: ActRequest): Promise<Rehearsal>;
  /** Notes who asks for something about an agent or the engine's keys, before any of it is done. */
  note(asked: Pick<NewAudit, 'kind' | 'agent' | 'by' | 'actor' | 'requestId'>): Promise<void>;
  /** What was asked for, by whom, and what came of it. */
  audit(filter: AuditFilter): Promise<readonly AuditEntry[]>;
  /** The same in the order of its chain, after a number. */
  auditChain(after: number, limit: number): Promise<readonly AuditEntry[]>;
  /**
   * What changes from now on, each workflow as it is when it is read: who reads slowly reads less. `last`: an `at` of before; what changed
   * since comes first, as long as this engine knows that. Ends with the signal.
   */
  follow(signal: AbortSignal, last?: string): Changing;
}
