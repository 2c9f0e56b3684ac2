// The typed form of a workflow definition: what the parser promises and everything later relies on.
// Belongs here: types only. Does not belong here: how text becomes this (parse.ts), what it may say (checks/),
// or what a running workflow knows (machine/types.ts).
import type { JsonValue } from '../base/json.ts';
import type { HttpAction, OpenstackAction } from './calls.ts';
import type { Template } from './expressions/types.ts';
import type { Operation } from './operations/types.ts';
import type { Constraint, Parameter, ParameterSchema, ParameterType } from './parameter-types.ts';

export type { Constraint, Parameter, ParameterSchema, ParameterType } from './parameter-types.ts';

export { HTTP_METHODS, type HttpAction, type HttpMethod, type OpenstackAction } from './calls.ts';

export const WORKFLOW_VERSIONS = ['2026-11-01'] as const;

/** A definition that passed every check it can pass without inputs and members. Names are unique and resolved. */
export interface WorkflowDefinition {
  readonly version: (typeof WORKFLOW_VERSIONS)[number];
  readonly description: string;
  readonly inputs: ReadonlyMap<string, Parameter>;
  readonly entities: ReadonlyMap<string, Entity>;
  readonly goal: readonly StateReference[];
  readonly outputs: ReadonlyMap<string, WorkflowOutput>;
  /** Absent: it has none. */
  readonly operations?: ReadonlyMap<string, Operation>;
  readonly failureMode: FailureMode;
  readonly onWorkflowFailure: OnWorkflowFailure;
  /** Milliseconds from its creation, or a person's going on, within which the goal must hold. */
  readonly deadline?: number;
  /** Milliseconds that attempts may run on once the goal holds; absent: their own timeout. */
  readonly waitForStragglers?: number;
  /** Every text that a script or file action names, by SHA-256. */
  readonly contents: ReadonlyMap<string, string>;
  /** The definitions that its `workflow` actions run, by digest; absent: none. */
  readonly children?: ReadonlyMap<string, ChildDefinition>;
  /** SHA-256 over canonical definition and files: equal digests compile to equal graphs. */
  readonly digest: string;
}

/** A definition inside another, as typed and as it was written, with the files that it may name. */
export interface ChildDefinition {
  readonly definition: WorkflowDefinition;
  readonly source: JsonValue;
  readonly fileName: string;
  readonly files: { readonly [name: string]: string };
}

/** `continue`: what does not depend on a failure goes on; `halt`: after the first one nothing starts any more. */
export const FAILURE_MODES = ['continue', 'halt'] as const;
export type FailureMode = (typeof FAILURE_MODES)[number];

/** `undo`: a workflow that fails takes back what it has started; `keep`: all stays, to be gone on from. */
export const ON_WORKFLOW_FAILURE = ['keep', 'undo'] as const;
export type OnWorkflowFailure = (typeof ON_WORKFLOW_FAILURE)[number];

export type EntityType = 'service' | 'vm' | 'vm_group';

export interface Entity {
  readonly name: string;
  readonly type: EntityType;
  readonly description: string;
  /** Sizes allowed for a `vm_group`; `{1, 1}` for a `vm`, `{0, 0}` for a `service`. */
  readonly members: { readonly min: number; readonly max: number };
  readonly roles: ReadonlyMap<string, Role>;
  readonly states: ReadonlyMap<string, State>;
}

export interface Role {
  readonly name: string;
  readonly choose: (typeof CHOICES)[number] | (typeof ROLE_RULES)[number];
  /** State of the same entity that a candidate must have reached. */
  readonly among: string;
  /** Of `where`: true or false of a candidate; of `highest` and `lowest`: a number. Ties fall to the lowest index. */
  readonly rule?: Template;
  /** How many members hold it; absent: one, and it is read as a member, not as a list of them. */
  readonly count?: number;
}

/** How many members hold a role. */
export const holdersOfRole = (role: Pick<Role, 'count'> | undefined): number => role?.count ?? 1;

/** Ways to choose that need no expression, and those that are one. */
export const CHOICES = ['lowest_index', 'first_ready'] as const;
export const ROLE_RULES = ['where', 'highest', 'lowest'] as const;

/** States that only some members of a group go through at a time (R4). A state is in one at most. */
export interface Rolling {
  /** Unique in its entity; of a state's own `serial` the name of the state. */
  readonly name: string;
  readonly states: readonly string[];
  readonly serial: Serial;
  /** Members that may fail inside before nobody else enters. */
  readonly maxFailures: number;
  /** A number or text of a member; those of the lowest enter first. Absent: by index. */
  readonly order?: Template;
}

/** `window`: the next enters as one leaves; `batches`: the next batch when the one before it is done, the last repeated. */
export type Serial =
  | { readonly kind: 'window'; readonly size: Share }
  | { readonly kind: 'batches'; readonly sizes: readonly Share[] };

/** So many members, or so many of a hundred: rounded down, one at least. */
export type Share = { readonly count: number } | { readonly percent: number };

/** A state named from outside: `sql.prepared`. */
export interface StateReference {
  readonly entity: string;
  readonly state: string;
}

export interface State {
  readonly name: string;
  readonly entity: string;
  /** What it was called in definitions before (row 29); no state of its entity is called so now. */
  readonly was?: string;
  readonly description: string;
  readonly requires: readonly Requirement[];
  /** Roles whose holder alone (`only`), or everyone but the holders (`except`), the state applies to. */
  readonly only: readonly string[];
  readonly except: readonly string[];
  /** One step for the whole group, run on the holder of this role, or on the lowest index that is eligible. */
  readonly once?: { readonly role: string } | { readonly any: true };
  /** The same object in every state of the rolling. */
  readonly rolling?: Rolling;
  readonly condition?: Template;
  /** Absent: a join, reached as soon as what it requires is. */
  readonly action?: Action;
  /** The member in whose VM it runs on behalf of its own: the action, and what of it has no such line itself. */
  readonly runOn?: Template;
  readonly probe?: Action;
  readonly probeRunOn?: Template;
  readonly undo?: Undo;
  /** Milliseconds, of one attempt, reboots included. */
  readonly timeout: number;
  readonly retry: Retry;
  /** Once attempts are spent, and `rescue` has run if there is one. */
  readonly onFailure: OnFailure;
  readonly rescue?: Rescue;
  readonly onInterrupted: 'rerun' | 'probe' | 'pause' | 'fail';
  readonly idempotent: boolean;
  /** Ms after which it runs again before a step that requires it begins; absent: it never ages. */
  readonly validFor?: number;
  /** False: its action and probe run beside others in their VM (R5). An undo always has the VM for itself. */
  readonly exclusive: boolean;
  /** A running attempt is called back when an update takes its step away; absent: it is awaited (row 23). */
  readonly interruptible?: true;
  /**
   * What becomes of it when its action says something else in a later generation: it stays as it is, or the new runs beside the
   * old, which is undone later; absent: it runs again (R3).
   */
  readonly onChange?: 'keep' | 'replace';
  /** Of `replace`: states that are to be reached before the old is undone; absent: those that require this one. */
  readonly retireAfter?: readonly Requirement[];
  /** Runs in the place of `action` where that changed since it was reached (`on_change`). */
  readonly changeAction?: Action;
  /** States with whose re-run it runs again too; they are among `requires` (row 27). */
  readonly rerunAfter?: readonly Requirement[];
  readonly outputs: ReadonlyMap<string, StateOutput>;
}

export interface StateOutput {
  readonly name: string;
  readonly type: ParameterType;
  readonly description: string;
  readonly hidden: boolean;
  readonly optional: boolean;
  readonly constraints: readonly Constraint[];
  readonly schema?: ParameterSchema;
}

export type Requirement = {
  readonly entity: string;
  readonly state: string;
  /**
   * `same`: bare name, the same entity's state, in a group of the same member;
   * `all` and the rest: of the members to which the state applies.
   */
  readonly members: Quorum;
  /** True when an expression that reads an output made this requirement, not the author's `requires`. */
  readonly inferred: boolean;
  /** How those members must have ended; absent: reached. `failed` opens an alternative path. */
  readonly outcome?: RequiredOutcome;
  /** Of the requirements of a state with the same number one is enough (`any_of`); absent: it must be met. */
  readonly choice?: number;
  /** Milliseconds in which it must be met, from when the rest was; absent: any time. */
  readonly within?: number;
};

export const REQUIRED_OUTCOMES = ['failed', 'final'] as const;
export type RequiredOutcome = (typeof REQUIRED_OUTCOMES)[number];

export type Quorum =
  | { readonly kind: 'same' }
  | { readonly kind: 'all' }
  | { readonly kind: 'any' }
  | { readonly kind: 'majority' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'percent'; readonly percent: number };

/** What becomes of a reached step whose action changed. */
export const ON_CHANGE = ['rerun', 'keep', 'replace'] as const;

export interface Retry {
  /** Attempts in total, the first included. */
  readonly attempts: number;
  /** Milliseconds before the second attempt. */
  readonly delay: number;
  /** Factor from one delay to the next, ≥ 1. */
  readonly backoff: number;
  /** Milliseconds that no delay exceeds. */
  readonly maxDelay: number;
  /** 0…1: share of the delay that a hash of the effect id may add or take. */
  readonly jitter: number;
  /** False on the error: no further attempt. Reads `error`. */
  readonly when?: Template;
}

/** `undo`: what it did is taken back, then it has failed; `retry`: its rescue gives it new attempts. */
export const ON_FAILURE = ['fail', 'continue', 'pause', 'undo', 'retry'] as const;
export type OnFailure = (typeof ON_FAILURE)[number];

/** Runs on the step's VM once its attempts are spent, before anything else is done about that. */
export interface Rescue {
  readonly action: Action;
  /** How often it may give the step new attempts, where `retry` follows; per step and generation. */
  readonly times: number;
}

export interface Undo {
  readonly action: Action;
  /** The member in whose VM it runs; absent: where the action ran. */
  readonly runOn?: Template;
  readonly timeout: number;
  readonly retry: Retry;
  /** Absent: `continue` on delete, `fail` otherwise. */
  readonly onFailure?: 'fail' | 'continue';
}

/**
 * What takes a step into its state. `fields` hold the author's values, expressions compiled.
 * Each kind's own shape, its checks and its page in the reference come from one file in actions/.
 */
export type Action =
  | OnlineAction
  | ScriptAction
  | FileAction
  | RebootAction
  | WaitAction
  | SignalAction
  | ApprovalAction
  | HttpAction
  | SetAction
  | WorkflowAction
  | StackAction
  | OpenstackAction;
export type ActionKind = Action['kind'];

export interface OnlineAction {
  readonly kind: 'online';
  /** Facts the agent must show; absent ones are not asked for. */
  readonly os?: string;
  /** Bytes. */
  readonly minDisk?: number;
  readonly interpreter?: Interpreter;
}

export const INTERPRETERS = ['bash', 'sh', 'powershell', 'python', 'cmd'] as const;
export type Interpreter = (typeof INTERPRETERS)[number];

/** Text given in place or one of the definition's files; found by its digest in `WorkflowDefinition.contents`. */
export interface Content {
  /** SHA-256 of the text's UTF-8 bytes, in hex. */
  readonly digest: string;
  /** The name under `files`; absent when the text stands in the definition. */
  readonly file?: string;
}

export interface ScriptAction {
  readonly kind: 'script';
  readonly interpreter: Interpreter;
  readonly content: Content;
  /** A map; its values become environment variables and one JSON file. */
  readonly inputs: Template;
  readonly ignoreChanges: readonly string[] | 'all';
  readonly runAs?: Template;
  readonly workingDirectory?: Template;
  /** Reboots that one attempt may ask for by exit 194 (Linux) or 3010 (Windows). */
  readonly reboots: number;
}

export interface FileAction {
  readonly kind: 'file';
  readonly path: Template;
  /** `template`: text with its expressions resolved; `copy`: bytes as they are; `download`: fetched by the agent. */
  readonly content:
    | { readonly kind: 'template'; readonly template: Template }
    | { readonly kind: 'copy'; readonly content: Content }
    | { readonly kind: 'download'; readonly url: Template; readonly sha256: Template };
  /** Octal permission bits, such as 0o644. */
  readonly mode?: number;
  readonly owner?: Template;
}

/** Reached when its agent is back with another boot id. */
export interface RebootAction {
  readonly kind: 'reboot';
}

export interface WaitAction {
  readonly kind: 'wait';
  /** Milliseconds. */
  readonly duration: number;
}

/** Waits for a signal; early ones are kept, the last of each name (row 38). */
export interface SignalAction {
  readonly kind: 'signal';
  readonly name: string;
  /** Milliseconds; absent: it waits without end. */
  readonly timeout?: number;
}

/** Waits for an operator's yes or no. */
export interface ApprovalAction {
  readonly kind: 'approval';
  /** What is to be decided. */
  readonly message: Template;
  /** Milliseconds; absent: it waits without end. */
  readonly timeout?: number;
}

export interface SetAction {
  readonly kind: 'set';
  /** A map from output name to value. */
  readonly outputs: Template;
  /** Hidden outputs that are made, once and for good; absent: none. */
  readonly generate?: readonly GeneratedSecret[];
}

export type StackAction =
  | {
      readonly kind: 'stack';
      readonly change: 'create';
      readonly template: Content;
      readonly parameters: Template;
      /** Output of the state → output of the stack, where they differ. */
      readonly sources: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'stack'; readonly change: 'delete' };

export interface GeneratedSecret {
  readonly name: string;
  readonly length: number;
  /** Drawn from all of these together, at least `min` from each. */
  readonly classes: readonly { readonly characters: string; readonly min: number }[];
}

/** Runs another definition as a child, one per step; taken back by deleting the child. */
export interface WorkflowAction {
  readonly kind: 'workflow';
  /** Digest of the child's definition, one of `WorkflowDefinition.children`. */
  readonly definition: string;
  /** A map: input of the child → value. */
  readonly inputs: Template;
  /** Entity of the child → members of this workflow: one, a list of them, or a list of such lists. */
  readonly members: ReadonlyMap<string, Template>;
  /** Milliseconds that the child has; absent: as long as it takes. */
  readonly timeout?: number;
}

export interface WorkflowOutput {
  readonly name: string;
  readonly description: string;
  readonly value: Template;
  readonly hidden: boolean;
}
