// What the runtime needs of the world, and nothing more of it.
// Belongs here: the interfaces that adapters implement. Does not belong here: any adapter, or a word of SQL or AMQP.
//
// The runtime owns: the order decide → commit → let out → ack (rule P1), batching, timers, recovery, the inbox.
// Adapters own: bytes, sockets, files, processes. An adapter never decides anything about a workflow.
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { EffectId, StepId } from '../base/ids.ts';
import type { ChildState } from '../machine/child.ts';
import type {
  Begun,
  Change,
  Command,
  MemberPlace,
  ParentLink,
  Report,
  StepRecord,
  Suspension,
  WorkflowRecord,
} from '../machine/types.ts';
import type { Problem } from '../definition/problems.ts';
import type { Member, Ran } from '../graph/types.ts';
import type { EarlierSources } from '../machine/events.ts';
import type { Word } from '../machine/why/types.ts';
import type { Counts, Outlook, WorkflowFilter, WorkflowPage } from './operator-api.ts';
import type { Doubt } from '../machine/verify/types.ts';

/** Wall clock for `at`; timers that fire once, at or after `at`. Models replace it in simulation. */
export interface Clock {
  now(): number;
  /** Calls back once; returns how to take it back. */
  at(time: number, callback: () => void): () => void;
  /** Resolves when what is ready now has run, so that its reports share a commit. Absent: nothing is waited for. */
  turn?(): Promise<void>;
}

/** Carries out the commands of some action kinds. Holds no promise across a restart (rule P4). */
export interface Driver {
  /**
   * Starts or, when it was started before under the same id, converges on it without repeating it.
   * Reports any number of times; resolves when the command is handed over, rejects only for the driver's own failure.
   */
  start(id: EffectId, command: Command, context: DriverContext): Promise<void>;
  /** Stops it if it can; answered by a `finished` report. Unknown ids are answered `refused`. */
  cancel(id: EffectId, agent: string | undefined, why: string): Promise<void>;
  /** What is known at present of a command that is under way, for explanations. Never anything hidden. */
  word?(id: EffectId): Word | undefined;
  close(): Promise<void>;
}

export interface DriverContext {
  /** Engine term under which it is sent; agents refuse a lower one than they have seen for the workflow. */
  readonly term: number;
  /** The text behind a digest that the command names. */
  content(digest: string): string;
  /** Clear text of a hidden value; held no longer than the sealing takes. */
  secret(ref: string): Promise<JsonValue>;
  /** Present when an engine that is gone has reported it as started: then nobody knows how far it came. */
  readonly begun?: Begun;
  /** Whether the store has a hidden value under this reference. Rejects when it does not answer. */
  holds(ref: string): Promise<boolean>;
  /** The workflow that the command is of, as far as a child of it has to know it. */
  readonly parent: ParentView;
}

export interface ParentView {
  readonly stackName: string;
  /** The definition behind the digest that the command names. */
  definition(digest: string): Omit<DefinitionDocument, 'digest'>;
  /** Undefined: it has no such member. */
  member(place: MemberPlace): Member | undefined;
}

/**
 * Workflows that are run on behalf of a step of another. Everything is asked for under a request id that follows from
 * the command: what was asked twice happens once, also after a restart.
 */
export interface ChildWorkflows {
  /** As committed; undefined: there is none, or none any more. */
  look(id: string): Promise<ChildLook | undefined>;
  /** Resolves with why it cannot be started as given, or undefined once it is created. EngineError `conflict`: the id is taken. */
  create(child: NewChild): Promise<string | undefined>;
  /** Whether a workflow is suspended, as committed, a child's parent too. */
  suspension(id: string): Promise<Suspension | undefined>;
  /** Resolves when it is applied or refused: what it led to `look` tells. */
  ask(id: string, request: ChildRequest): Promise<RequestResult>;
  /** Calls back after each commit that may have changed what `look` tells; returns how to take it back. */
  watch(id: string, told: () => void): () => void;
}

/** `seq`: number of the last entry of its log. */
export type ChildLook = ChildState & { readonly seq: number; readonly parent?: ParentLink };

export interface NewChild {
  readonly id: string;
  readonly requestId: string;
  readonly parent: ParentLink;
  readonly stackName: string;
  readonly document: Omit<DefinitionDocument, 'digest'>;
  /** In clear. */
  readonly inputs: JsonObject;
  readonly members: { readonly [entity: string]: readonly Omit<Member, 'index'>[] };
  readonly allowed?: number;
}

export type ChildRequest = { readonly requestId: string; readonly by: string } & (
  | { readonly kind: 'resume' | 'converge' | 'check'; readonly allowed?: number }
  | { readonly kind: 'cancel' | 'suspend' }
  | { readonly kind: 'delete'; readonly abandon: boolean }
);

/** Where drivers report. The promise resolves when the report is committed: only then may a message be acked. */
export interface ReportSink {
  report(id: EffectId, report: Report, secrets?: readonly NewSecret[]): Promise<ReportVerdict>;
  /**
   * Resolves when this engine still owns the store, asked just now. A replaced engine may answer nobody (rule P2): its
   * idea of what is out is of the past. Rejects with `fenced`, and the engine ends; or with the store's passing errors.
   */
  owned(): Promise<void>;
}

/** Where it is told that a VM is another than before. */
export interface Doubts {
  /**
   * What was reached in the agent's VM may hold no longer; resolves when every workflow that it takes part in has it
   * committed. `journal` names what the agent came back with: the same twice is once. Rejects as `report`.
   */
  doubt(agent: string, why: Doubt, journal: string): Promise<void>;
}

/** `stale`: another attempt is current; `unknown_workflow`: no such workflow lives here. Both may be acked. */
export type ReportVerdict = 'recorded' | 'stale' | 'unknown_workflow';

/** A hidden value, sealed by the engine's key before it reaches the store. */
export interface NewSecret {
  readonly ref: string;
  readonly sealed: Uint8Array;
}

/** A workflow as it is asked for; what `create` puts into the inbox. Hidden inputs are already `{"$secret": ref}`. */
export interface WorkflowSource {
  readonly stackName: string;
  /** Name of the resource of its stack that it is; absent: nobody has said. No part of the content: a later change may tell it. */
  readonly resource?: string;
  /** Id of the project that owns it; absent: it is nobody's but the operator's. */
  readonly project?: string;
  /** Digest of the stored definition document. */
  readonly definition: string;
  readonly inputs: JsonObject;
  readonly members: { readonly [entity: string]: readonly Member[] };
  /** What is left of definitions before this one: something done under them may still have to be taken back. */
  readonly earlier?: EarlierSources;
  /** What an operation runs now. */
  readonly also?: readonly Ran[];
  /** The step that runs it as its child. */
  readonly parent?: ParentLink;
}

/** Every definition that the workflow needs, the present one first; by digest. */
export const definitionsOf = ({ definition, earlier }: WorkflowSource): readonly string[] => [
  ...new Set([definition, ...Object.values(earlier?.definitions ?? {})]),
];

/** The definition as the author gave it: text or map, and its files. Stored once, by digest. */
export interface DefinitionDocument {
  readonly digest: string;
  readonly source: JsonValue;
  readonly fileName: string;
  readonly files: { readonly [name: string]: string };
}

export type RequestKind =
  | 'create'
  | 'retry'
  | 'skip'
  | 'fail'
  | 'undo'
  | 'approve'
  | 'reject'
  | 'signal'
  | 'resume'
  | 'cancel'
  | 'suspend'
  | 'check'
  | 'converge'
  | 'unverify'
  | 'update'
  | 'operate'
  | 'delete';

/** Who asked over a way that knows more of them than a name. */
export interface Actor {
  readonly user: string;
  readonly project?: string;
  readonly roles: readonly string[];
  /** From where. */
  readonly address: string;
}

/** A row of the inbox: every mutation asked for from outside. */
export interface InboxRow {
  readonly requestId: string;
  readonly workflow: string;
  readonly kind: RequestKind;
  readonly payload: JsonObject;
  readonly by: string;
  readonly actor?: Actor;
  readonly at: number;
}

/** How a request ended; kept with its row so that asking twice gives the same answer. */
export type RequestResult =
  | { readonly status: 'applied' }
  | {
      readonly status: 'rejected';
      readonly code: string;
      readonly message: string;
      readonly next: string;
      /** All that is wrong with what was given, where that is more than one sentence tells. */
      readonly problems?: readonly Problem[];
      /** Of `stale`: what is now of what was expected. */
      readonly now?: JsonObject;
    };

/** What was asked, by whom, and what came of it: written in the commit of its effect, and never changed. */
export interface NewAudit {
  readonly at: number;
  readonly requestId: string;
  readonly kind:
    | RequestKind
    | `agent_${'approve' | 'refuse' | 'revoke' | 'delete'}`
    | 'keys_rotate'
    | 'dead_letters_discard'
    | 'audit_forget';
  /** Absent, as its project: it is about an agent, or the engine. */
  readonly workflow?: string;
  readonly project?: string;
  readonly step?: StepId;
  readonly agent?: string;
  readonly by: string;
  readonly actor?: Actor;
  /** SHA-256 of what was asked, hidden values by reference: what it was, without keeping it. */
  readonly asked: string;
  /** Of the workflow, or of the step that was named; absent: there was none. */
  readonly before?: string;
  readonly after?: string;
  /** `begun`: what it is about takes more than one commit; the entry is there before the first. */
  readonly result: RequestResult['status'] | 'begun';
  /** Of a rejection. */
  readonly code?: string;
  /** What came before the entry `from` is forgotten; `before`: the hash that it follows from. */
  readonly left?: { readonly from: number; readonly before: string };
}

/** Entries are counted from 1; each hash covers its own entry and the hash before it, so none can be changed or left out. */
export interface AuditEntry extends NewAudit {
  readonly number: number;
  /** SHA-256, hexadecimal. */
  readonly hash: string;
}

/** The newest first; `before`: number of an entry. All that are given hold. */
export interface AuditFilter {
  readonly project?: string;
  readonly workflow?: string;
  readonly before?: number;
  readonly limit: number;
}

export interface LogEntry {
  readonly seq: number;
  readonly at: number;
  readonly change: Change;
}

/** Everything one commit changes of one workflow. */
export interface WorkflowCommit {
  readonly id: string;
  /** Present with the first commit of a generation: `steps` are then all that the workflow has, whatever it had before. */
  readonly source?: WorkflowSource;
  readonly record?: WorkflowRecord;
  /** With the record: what lists are asked for by. */
  readonly outlook?: Outlook;
  /** Step number → its new record. */
  readonly steps: readonly { readonly number: number; readonly record: StepRecord }[];
  readonly log: readonly LogEntry[];
  readonly secrets: readonly NewSecret[];
  readonly requests: readonly {
    readonly requestId: string;
    readonly result: RequestResult;
    readonly audit: NewAudit;
  }[];
  /** Erases the workflow's rows and secrets and leaves a tombstone that refuses a late create. */
  readonly erase?: boolean;
}

export interface StoredWorkflow {
  readonly record: WorkflowRecord;
  readonly source: WorkflowSource;
  readonly steps: readonly { readonly number: number; readonly record: StepRecord }[];
}

/**
 * What the engine knows of agents, members and dead letters: small records, each under a kind and an id. `sealed`: what only the vault
 * may open.
 */
export interface KeptRecord {
  readonly kind: 'agent' | 'account' | 'member' | 'letter';
  readonly id: string;
  readonly value: JsonObject;
  readonly sealed?: Uint8Array;
}

/** A record as it is from now on; without a value: erased. */
export type RecordChange = KeptRecord | (Pick<KeptRecord, 'kind' | 'id'> & { readonly value?: undefined });

/**
 * Durable truth. One conformance suite (test/store/conformance.ts) binds every implementation.
 * Every method rejects with EngineError: `store_full`, `store_failed`, `fenced`, `commit_unknown`, `store_newer`.
 */
export interface Store {
  /** Takes the lease with a new term, higher than any before; every later commit of an older term fails `fenced`. */
  acquire(owner: string): Promise<{ readonly term: number }>;
  /**
   * All or nothing. Opens with the fencing write, which must change exactly one row. `commit_unknown`: the answer
   * was lost; ask `committed` whether it happened. `commitSeq` is what `committed` says before this commit; after it,
   * `committed` says one more.
   */
  commit(batch: { readonly commitSeq: number; readonly workflows: readonly WorkflowCommit[] }): Promise<void>;
  /** The commit_seq in the store, if this term still owns it. */
  committed(): Promise<number>;
  /** Inserts if the id is new; returns the result if it was already applied. Needs no lease. */
  submit(
    row: InboxRow,
    definition?: DefinitionDocument,
    secrets?: readonly NewSecret[],
  ): Promise<RequestResult | 'accepted'>;
  /** Rows not applied yet, oldest first. */
  pending(limit: number): Promise<readonly InboxRow[]>;
  result(requestId: string): Promise<RequestResult | 'accepted' | undefined>;
  /** Ids of workflows whose status is not final (complete, failed, deleted, delete_failed), in creation order. */
  live(): Promise<readonly string[]>;
  list(filter: { readonly limit: number; readonly after?: string }): Promise<readonly WorkflowRecord[]>;
  /** By an index, whatever the filter: one statement a page, two with children. */
  page(filter: WorkflowFilter): Promise<WorkflowPage>;
  /** Of all that are nobody's children. */
  counts(): Promise<Counts>;
  /** What was asked for and by whom. */
  audit(filter: AuditFilter): Promise<readonly AuditEntry[]>;
  /** The same from the first entry on, after a number: in the order in which the hashes follow from each other. */
  auditChain(after: number, limit: number): Promise<readonly AuditEntry[]>;
  load(id: string): Promise<StoredWorkflow | undefined>;
  /** Ids of the workflows in which the agent has a seat, in creation order. */
  seating(agent: string): Promise<readonly string[]>;
  /** All that are live, in creation order: for recovery, many at a time. */
  loadLive(): AsyncIterable<readonly StoredWorkflow[]>;
  definition(digest: string): Promise<DefinitionDocument | undefined>;
  events(id: string, after: number, limit: number): Promise<readonly LogEntry[]>;
  secret(ref: string): Promise<Uint8Array | undefined>;
  tombstone(id: string): Promise<boolean>;
  /** Everything that was kept, by kind and id. */
  records(): Promise<readonly KeptRecord[]>;
  /** All or nothing, and only for the term that owns the store (`fenced`). Leaves `committed` as it is. An entry with `left` forgets, too. */
  keep(changes: readonly RecordChange[], audit?: readonly NewAudit[]): Promise<void>;
  close(): Promise<void>;
}
