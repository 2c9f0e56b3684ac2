// What the engine offers to those who ask from outside: the CLI now, Heat and the HTTP endpoint later.
// Belongs here: the interface and its views, plain JSON so that they cross a socket. Does not belong here: how
// they are made (views.ts, service.ts), the socket (control/), presentation (cli/, admin/).
//
// One interface, three ways to it: in the process (`run`), over the local socket of a running engine, or, when none
// runs, a service that opens the store itself. Callers cannot tell them apart.
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { StepId } from '../base/ids.ts';
import type { Problem } from '../definition/problems.ts';
import type { ParameterType } from '../definition/types.ts';
import type { OutputFailure } from '../machine/outputs.ts';
import type { StepRecord, WorkflowRecord } from '../machine/types.ts';
import type { Plan } from '../plan/types.ts';
import type { Explanation, WorkflowExplanation } from '../machine/why/types.ts';
import type { Outline } from '../drawing/outline.ts';
import type { AgentsApi } from './agents-api.ts';
import type { Expectation } from './expectation.ts';
import type { DeadLettersApi } from './dead-letters.ts';
import type { Actor, DefinitionDocument, LogEntry, RequestResult } from './ports.ts';
import type { WorkflowSummary } from './operator-api.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { Timeline } from './timeline.ts';

export interface EngineApi extends AgentsApi, DeadLettersApi {
  /**
   * Checks definition, inputs and members, stores them, and asks for the workflow. `problems` is empty on success.
   * The same id with the same content is the same request; with another content: EngineError `conflict`.
   */
  create(request: CreateRequest): Promise<{ readonly problems: readonly Problem[] }>;
  /** Resolves when the request is applied or rejected, not merely accepted. The same `requestId` twice is once. */
  act(request: ActRequest): Promise<RequestResult>;
  /** What would follow at once; nothing is stored or begun. Of an update ask for the plan. EngineErrors as of `act`. */
  rehearse(request: ActRequest): Promise<Rehearsal>;
  /**
   * What an update would do, judged as `act` would judge it; nothing is stored or begun. It equals what then happens as long
   * as nothing fails, nobody interferes and no time runs out. EngineError `not_found` when there is no such workflow.
   */
  plan(request: PlanRequest): Promise<PlanAnswer>;
  /** In creation order; children of others only when asked for. */
  list(options?: ListOptions): Promise<readonly WorkflowRecord[]>;
  /** Those of a stack of this name, the newest first, children left out. Stacks of several projects may have one name. */
  ofStack(name: string): Promise<readonly WorkflowSummary[]>;
  /** EngineError `not_found` when there is none. */
  workflow(id: string): Promise<WorkflowView>;
  /**
   * Why a step stands where it stands and who can act; without a step, what the whole workflow waits for. EngineError
   * `not_found` when there is no such workflow or step.
   */
  explain(id: string, step?: StepId): Promise<Explanation | WorkflowExplanation>;
  /** Its state graph as mermaid text: one node for each state. EngineError `not_found` when there is none. */
  graph(id: string): Promise<string>;
  /** The same as nodes and edges, with its members counted; EngineError `limit_exceeded` for more states than can be drawn. */
  outline(id: string): Promise<Outline>;
  /** When each of its steps ran, and the chain that took longest. EngineError `not_found` when there is none. */
  timeline(id: string): Promise<Timeline>;
  /** Every agent that this engine knows, and what is known of the way to them. */
  agents(): Promise<AgentsView>;
  events(id: string, after: number, limit: number): Promise<readonly LogEntry[]>;
  /** What happens from now on: log entries and live output, until the signal fires or the connection ends. */
  follow(id: string, signal: AbortSignal): AsyncIterable<Happening>;
}

export interface ListOptions {
  readonly children?: boolean;
}

export interface CreateRequest {
  readonly requestId: string;
  readonly id: string;
  readonly stackName: string;
  /** Name of the resource of the stack that it is. */
  readonly resource?: string;
  /** Id of the project that owns it; absent: it is nobody's but the operator's. */
  readonly project?: string;
  readonly document: Omit<DefinitionDocument, 'digest'>;
  /** Clear values; hidden ones are sealed before they reach the store. */
  readonly inputs: JsonObject;
  readonly members: { readonly [entity: string]: readonly NewMember[] };
  /** Milliseconds that the caller waits at most: a deadline beside the definition's own. */
  readonly allowed?: number;
  /** The owner's right to a cloud (base/credential.ts), in clear; judged, and sealed before it reaches the store. */
  readonly credential?: JsonObject;
  readonly by: string;
  /** What is known of who asks besides. */
  readonly actor?: Actor;
}

/** Entity → members. `leave` names agents; `abandon`: nothing of those that leave, or are leaving, is undone. */
export interface NewMembers {
  readonly members?: { readonly [entity: string]: readonly NewMember[] };
  readonly join?: { readonly [entity: string]: readonly NewMember[] };
  readonly leave?: { readonly [entity: string]: readonly string[] };
  readonly abandon?: boolean;
}

/** `index` is given by the engine: the lowest free one. */
export interface NewMember {
  readonly agent: string;
  readonly name: string;
  readonly data?: JsonValue;
}

/** `expect`: what whoever asks has seen; when it is otherwise by now, the request is rejected as `stale` and does nothing. */
export type ActRequest = {
  readonly requestId: string;
  readonly workflow: string;
  readonly by: string;
  readonly actor?: Actor;
  readonly expect?: Expectation;
} & (
  | { readonly kind: 'retry'; readonly step?: StepId; readonly attempt?: number }
  | { readonly kind: 'skip'; readonly step: StepId; readonly outputs: JsonObject }
  | { readonly kind: 'fail'; readonly step: StepId }
  /** Applied when it has begun: the workflow is `undoing`, and then `failed`, or `complete` where the goal holds without it. */
  | { readonly kind: 'undo'; readonly step: StepId }
  | { readonly kind: 'approve' | 'reject'; readonly step: StepId }
  | { readonly kind: 'signal'; readonly name: string; readonly data: JsonObject }
  | { readonly kind: 'resume'; readonly allowed?: number; readonly credential?: JsonObject }
  | { readonly kind: 'cancel' }
  /** Nothing begins until a `resume`, an update, a cancel or a deletion; what runs may end. Twice is once. */
  | { readonly kind: 'suspend' }
  /** Applied when it has begun: the workflow is `checking` until every look has ended. `allowed`: 10 minutes if absent. */
  | { readonly kind: 'check'; readonly allowed?: number }
  /** What is unverified runs again, and what failed is tried again. */
  | { readonly kind: 'converge'; readonly allowed?: number; readonly credential?: JsonObject }
  /** Applied when it has begun, not when all is run and undone. Rejected, with the problems, when anything is wrong with it. */
  | ({
      readonly kind: 'update';
      readonly allowed?: number;
      /** Another definition; absent: it stays. */
      readonly document?: Omit<DefinitionDocument, 'digest'>;
      /** In clear. Those that are not named stay as they are, or, with `whole`, have their defaults. */
      readonly inputs?: JsonObject;
      /** Inputs that are to have their defaults again. */
      readonly unset?: readonly string[];
      readonly whole?: true;
      /** Name of the resource that it is; remembered with the generation that the update begins. */
      readonly resource?: string;
      readonly credential?: JsonObject;
    } & NewMembers)
  /** An operation of the definition (R8). The same `id` twice is once, as long as it is among the last. */
  | {
      readonly kind: 'operate';
      readonly operation: string;
      readonly id: string;
      readonly inputs: JsonObject;
      readonly allowed?: number;
    }
  | { readonly kind: 'delete'; readonly abandon: boolean; readonly credential?: JsonObject }
);

/** An update that is only thought of. */
export type PlanRequest = Omit<
  Extract<ActRequest, { readonly kind: 'update' }>,
  'kind' | 'requestId' | 'by' | 'actor' | 'expect' | 'resource'
>;

/** `problems`: errors, without a plan, or warnings. */
export interface PlanAnswer {
  readonly plan?: Plan;
  readonly problems: readonly Problem[];
}

export interface WorkflowView {
  readonly record: WorkflowRecord;
  readonly description: string;
  readonly goal: readonly string[];
  readonly steps: readonly StepView[];
  /** Entity → who takes part, in index order. Who leaves is among them until all of it is undone. */
  readonly members: { readonly [entity: string]: readonly MemberOf[] };
  /** Declared inputs by name, as whoever gives them has to write them. */
  readonly inputTypes: { readonly [name: string]: ParameterType };
  /** Declared outputs by name; absent while what they read is not reached; hidden ones are left out. */
  readonly outputs: JsonObject;
  /** Outputs that have no value because of a mistake, or, once it is complete, because what they read is not there. */
  readonly outputFailures?: readonly OutputFailure[];
}

export interface MemberOf {
  readonly agent: string;
  readonly name: string;
  readonly index: number;
  readonly leaving?: true;
}

export interface StepView {
  readonly id: StepId;
  readonly entity: string;
  readonly state: string;
  readonly member?: { readonly agent: string; readonly name: string; readonly index: number };
  /** Kind of its action; `join` for a state without one. */
  readonly kind: string;
  readonly description: string;
  readonly wanted: boolean;
  readonly record: StepRecord;
  /** While waiting: what is not met yet, one short phrase each, such as `sql.prepared (2 of 3)` or `choice of sql.master`. */
  readonly waitsFor: readonly string[];
}

export interface AgentsView {
  readonly agents: readonly AgentView[];
  /** `none`: no engine runs that could reach anybody. */
  readonly bus: {
    readonly state: 'connected' | 'blocked' | 'down' | 'none';
    readonly reason?: string;
    /** Hosts and vhost; absent for agents in the engine's own process. */
    readonly place?: string;
  };
  /** Messages that were refused and are kept, to be listed and discarded; the same one again is not counted. */
  readonly deadLetters?: number;
  /** Why the broker's own numbers are missing or old. */
  readonly trouble?: string;
  /** What will go wrong with the broker, or does so unseen: one sentence each. */
  readonly warnings?: readonly string[];
}

export interface AgentView {
  readonly id: string;
  readonly state: 'online' | 'offline' | 'never_seen' | 'unknown';
  /** Why it is not there. */
  readonly reason?: string;
  /** Ms since the epoch: the last message of it that was believed by this engine. */
  readonly lastSeen?: number;
  /** Of its program. */
  readonly version?: string;
  readonly host?: string;
  readonly bootId?: string;
  /** Messages for it that it has not settled. */
  readonly waiting?: number;
}

export type Happening =
  | { readonly kind: 'log'; readonly entry: LogEntry }
  | {
      readonly kind: 'output';
      readonly step: StepId;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
    }
  | {
      readonly kind: 'agent';
      readonly agent: string;
      readonly state: 'online' | 'offline';
      readonly reason?: string;
    };
