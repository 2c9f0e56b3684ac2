// The vocabulary of the machine: what is remembered of a workflow, what drivers are asked, and what they answer.
// Belongs here: types only; every value is plain JSON, so records are stored and replayed as they are.
// Does not belong here: events and decisions (events.ts), deciding (decide.ts, on/), allowed transitions (transitions.ts).
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Phase, StepId } from '../base/ids.ts';
import type { Interpreter } from '../definition/types.ts';
import type { HttpCall, OpenstackCall, StackTask } from './calls.ts';
import type { GenerateTask } from './generate-task.ts';
import type { StepError } from './errors.ts';
import type { MachineEvent } from './events.ts';
import type { PastOperation, RunningOperation } from './operation/types.ts';
import type { CheckResult, Look, RunningCheck, Unverified } from './verify/types.ts';

export { ERROR_KINDS, type ErrorCause, type StepError } from './errors.ts';
export type { Begun, Change, Decision, Effect, MachineEvent } from './events.ts';

/** Life of a step. Final: reached, failed, blocked, skipped, not_needed. Explained in docs/reference/states.md. */
export const STEP_STATUSES = [
  'waiting',
  'ready',
  'running',
  'reached',
  'failed',
  'paused',
  'interrupted',
  'skipped',
  'blocked',
  'not_needed',
  'undoing',
  'undone',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/**
 * `running`: steps run, are timed, or can; `held`: only a person can move it; `complete`: the goal holds and
 * nothing runs; `failed`: the goal doesn't hold and nothing can move by itself (resumable); `checking`: what is reached
 * is looked at, → what it was before; `cancelling` → `failed`; `undoing` → `failed`, what was started taken back;
 * `deleting` → `deleted` or `delete_failed`.
 */
export const WORKFLOW_STATUSES = [
  'running',
  'held',
  'complete',
  'failed',
  'checking',
  'cancelling',
  'undoing',
  'deleting',
  'deleted',
  'delete_failed',
] as const;
export type WorkflowStatus = (typeof WORKFLOW_STATUSES)[number];

/** The agent's id; of a role with a `count` those of all holders, in index order. */
export type Holder = string | readonly string[];

/** One per workflow: the row beside its steps. */
export interface WorkflowRecord {
  readonly id: string;
  readonly stackName: string;
  readonly generation: number;
  /** Generation with which the present definition and inputs came; absent: the first. */
  readonly source?: number;
  readonly status: WorkflowStatus;
  /** One sentence for people: what failed and where, or who is waited for. Empty while all is well. */
  readonly reason: string;
  /** `entity.role` → who holds it; null: vacant (too few reached `among`). Absent: not chosen yet. */
  readonly roles: { readonly [role: string]: Holder | null };
  /** The step whose failure halted it (`failure_mode: halt`): nothing starts any more until a person goes on. */
  readonly halted?: StepId;
  /** When it is to have ended (`deadline`), ms since the epoch. */
  readonly deadline?: number;
  /** Milliseconds that whoever asked for it, or for its going on, waits at most; a deadline beside the definition's. */
  readonly allowed?: number;
  /** Until when attempts may run on although the goal holds (`wait_for_stragglers`). */
  readonly stragglers?: number;
  /** Of states that others follow (`rerun_after`), by their key: the generation in which one of its steps last ran again. */
  readonly reran?: { readonly [state: string]: number };
  /** Its deadline passed before the goal held, and what ran was called back. */
  readonly late?: true;
  /** Roles of several that are chosen again because a holder left: who of them still holds it. */
  readonly keeps?: { readonly [role: string]: readonly string[] };
  /** Reference of the credential by which its actions call the owner's cloud; absent: none was given. */
  readonly credential?: string;
  /** Signals that came before anybody asked: the last of each name (row 38). */
  readonly signals?: { readonly [name: string]: KeptSignal };
  readonly operation?: RunningOperation;
  /** Operations that ended, the last of them last; bounded. */
  readonly operations?: readonly PastOperation[];
  /** Nothing begins any more until a person goes on; since when (ms since the epoch), and by whose word. */
  readonly suspended?: Suspension;
  /** Being checked, while `checking`. */
  readonly check?: RunningCheck;
  /** The last check that ended. */
  readonly checked?: CheckResult;
  /** When what was unverified last began to be run again, ms since the epoch. */
  readonly takenUp?: number;
  /** While `undoing` because a person asked for it: one step, and what stands on it. Absent: all is taken back. */
  readonly undo?: AskedUndo;
  /** It is forgotten without being undone, as soon as its children are. */
  readonly abandoned?: true;
  /** The step of another workflow that runs it as its child. */
  readonly parent?: ParentLink;
  /** Time of the last event, ms since the epoch; never goes back (rule P10). */
  readonly at: number;
  /** Number of the last entry in its event log. */
  readonly seq: number;
  readonly createdAt: number;
}

export interface AskedUndo {
  readonly step: StepId;
  readonly by: string;
  /** Ms since the epoch. */
  readonly at: number;
}

export interface Suspension {
  readonly at: number;
  readonly by: string;
  /** No attempt is under way any more. */
  readonly rests?: true;
}

/** `dispatch`: number of the command that created the child. */
export interface ParentLink {
  readonly workflow: string;
  readonly step: StepId;
  readonly dispatch: number;
}

export interface KeptSignal {
  readonly data: JsonObject;
  readonly by: string;
}

/** What a paused step waits for, other than an operator's word after a failure. */
export type Question =
  | { readonly kind: 'approval'; readonly message: string }
  | { readonly kind: 'signal'; readonly name: string };

/** One per step that ever left `waiting`; a step without a record is `waiting` with nothing started. */
export interface StepRecord {
  readonly status: StepStatus;
  /** Number of the current or last attempt of the action, from 1; 0: none started. */
  readonly attempt: number;
  /** Attempts counted against `retry.attempts`; an operator's retry sets it back to 0. */
  readonly tries: number;
  /** Commands sent in the step's whole life, of any phase; part of the effect id, never reset. */
  readonly dispatch: number;
  /** Generation in which the last of them was sent; part of the effect id. Absent: the first. */
  readonly generation?: number;
  /** Generation with which the definition came under which it last began; absent: the first. By that it is taken back. */
  readonly source?: number;
  /** What its action was made of when it last began (row 26); absent: no action, or an engine that kept none. */
  readonly fingerprint?: Fingerprint;
  /** Inputs of its action when it last began, encoded: kept where `on_change` has an action, which may read them. */
  readonly given?: JsonObject;
  /** Of a state that others follow: generation in which it last ran again (`rerun_after`). */
  readonly reran?: number;
  /** It was reached when definition or inputs changed, or is unverified: it is judged or run again before it counts as reached. */
  readonly again?: Again;
  /** It was reached, and may hold no longer: gone with the next run, or look, that says it does. */
  readonly unverified?: Unverified;
  /** Of a reached state: what a check found, or that it is being looked at. */
  readonly look?: Look;
  /** What is being done while `running` or `undoing`, or looked at; while `ready`, a rescue that waits for its VM. */
  readonly phase?: Phase;
  /** How far the agent has come with the command that is out. */
  readonly progress?: 'sent' | 'accepted' | 'started';
  /** The command that is out, complete: a restarted engine sends the same again (rule P3). */
  readonly command?: Command;
  /** The one timer of the step: rebuilt from here after a restart (rule P4). */
  readonly due?: {
    readonly at: number;
    readonly for: 'retry' | 'deadline' | 'wait' | 'answer' | 'within';
    /** Of `within`: when the rest of what it requires was met. */
    readonly since?: number;
  };
  /** What it waits for while paused for a yes, a no or a signal. */
  readonly asks?: Question;
  /** Who gave the answer, or asked for the undo. */
  readonly answeredBy?: string;
  /** Id of the child that the step runs or has run; until that is deleted. */
  readonly child?: string;
  /** Why its child is held; absent: it isn't. */
  readonly held?: string;
  /** What came while the workflow is suspended and would have begun something: it counts when the workflow goes on. */
  readonly kept?: MachineEvent;
  /** Why the command that is out is being called back; absent: it isn't. A restarted engine calls it back again. */
  readonly cancel?: string;
  /** Attempts in a row whose end nobody knows; bounds reruns (`LIMITS.interruptions`). */
  readonly interruptions?: number;
  /** Rescues that were begun; bounds `on_failure: {then: retry}` (row 41). */
  readonly rescues?: number;
  /** What the agent told of its machine when an `online` state was reached. */
  readonly facts?: JsonObject;
  /** Declared outputs, typed and checked; hidden ones as `{"$secret": ref}`. */
  readonly outputs?: JsonObject;
  readonly error?: StepError;
  /** Why it is skipped, blocked, paused, tolerated: one of a closed list. */
  readonly cause?: StepCause;
  /** Agent that runs or ran it. */
  readonly agent?: string;
  /** Where some phase has a `run_on`: the agent of what has none of its own. */
  readonly base?: string;
  /** While it is ready: the phase that its VM is awaited for, where that is not its first. */
  readonly next?: 'action';
  /** True once any attempt of the action was sent: then undo concerns it (R10), whatever its status. */
  readonly touched: boolean;
  /**
   * To be taken back while the workflow goes on: its member left the group, its state is gone from the definition, another took its
   * place (`on_change: replace`), or it
   * applies to its member no more, as when the role that it follows moved.
   */
  readonly withdrawn?: 'left' | 'moved' | 'removed' | 'replaced';
  /** To be taken back because a person asked for the undo of it, or of what it stands on (`undo` of the workflow). */
  readonly toUndo?: true;
  /** Id of the operation that had it run, last or now. */
  readonly operation?: string;
  /** It was reached, last at this time, and became too old for a step that asked, so it runs again; for all others it counts as reached. */
  readonly renews?: number;
  /** Since when it waits for what it requires to be renewed; ends from then on are fresh. Ms since the epoch. */
  readonly freshFrom?: number;
  /** It failed or was blocked once, and another state waits for that; never taken back (row 12). */
  readonly hasFailed?: true;
  /** Of a state in a rolling. */
  readonly rolling?: TurnRecord;
  /** When it entered its status, and when its first attempt started; ms since the epoch. */
  readonly since: number;
  readonly startedAt?: number;
}

/** Keyed hashes, 16 hex digits each: equal for equal values under the same key, telling nothing without it. */
export interface Fingerprint {
  /** Of its kind and its evaluated fields but the inputs. */
  readonly action: string;
  /** Of each of its inputs (of a stack, its parameters); absent: its kind has none. */
  readonly inputs?: { readonly [name: string]: string };
}

export interface Again {
  /** When it was reached, ms since the epoch. */
  readonly since: number;
  /** It is run again: found to have changed, or unverified; absent: yet to be judged. */
  readonly why?: 'changed' | 'unverified';
  /** Something of the run has begun: only its end brings it to its state again. */
  readonly begun?: true;
  /** What its state's `on_change` runs with, encoded; absent: the action itself runs. */
  readonly previous?: { readonly inputs: JsonObject; readonly outputs: JsonObject };
}

/** What a step remembers of its member's turn in a rolling (R4); of several the highest numbers hold. */
export interface TurnRecord {
  /** The member entered with this step, as the so many-th; those that enter anew count again. */
  readonly entry?: number;
  /** It was opened again after this entry had ended: the member is outside until it enters anew. */
  readonly left?: number;
  /** Its member's place in the order of the rolling, from 1, where an expression says it. */
  readonly rank?: number;
}

export const STEP_CAUSES = [
  'condition_false',
  'not_the_role',
  'skipped_by_operator',
  'requirement_failed',
  'rolling_stopped',
  'role_vacant',
  'too_late',
  'tolerated',
  'goal_holds',
  'did_not_fail',
  'held_for_operator',
  'authorisation_lost',
  'waits_for_approval',
  'waits_for_signal',
  'failed_by_operator',
  'cancelled',
  'nothing_to_undo',
  'undone_by_operator',
  'vm_lost',
  'undo_failed',
  'abandoned',
] as const;
export type StepCause = (typeof STEP_CAUSES)[number];

/** A command for a driver, every expression evaluated; values in the encoded form of base/json.ts. */
export interface Command {
  readonly action: ResolvedAction;
  /** Agent to run it; absent for kinds that need none. */
  readonly agent?: string;
  /** Milliseconds that one attempt may take once started. */
  readonly timeout: number;
  readonly reason: 'first' | 'changed' | 'retry' | 'reboot' | 'verify' | 'operation';
  /** False: it may run beside others in its VM, though beside no reboot. Absent: it may not. */
  readonly exclusive?: false;
  /** Of what calls the owner's cloud: the reference of the credential. */
  readonly credential?: string;
  /** Names to collect; hidden ones come back sealed. */
  readonly outputs: readonly { readonly name: string; readonly hidden: boolean }[];
}

export type ResolvedAction =
  | {
      readonly kind: 'online';
      readonly os?: string;
      readonly minDisk?: number;
      readonly interpreter?: Interpreter;
    }
  | {
      readonly kind: 'script';
      readonly interpreter: Interpreter;
      readonly digest: string;
      readonly inputs: JsonObject;
      readonly runAs?: JsonValue;
      readonly workingDirectory?: JsonValue;
      readonly reboots: number;
    }
  | {
      readonly kind: 'file';
      readonly path: JsonValue;
      readonly content:
        | { readonly digest: string }
        | { readonly value: JsonValue }
        | { readonly url: JsonValue; readonly sha256: JsonValue };
      readonly mode?: number;
      readonly owner?: JsonValue;
    }
  | { readonly kind: 'reboot' }
  | HttpCall
  | OpenstackCall
  | StackTask
  | GenerateTask
  | ChildTask;

/** What is wanted of a child: that it runs to its end, or that it goes. */
export type ChildTask = { readonly kind: 'workflow'; readonly child: string } & (
  | {
      readonly task: 'run';
      /** Digest of its definition, among the children of this workflow's. */
      readonly definition: string;
      readonly inputs: JsonObject;
      readonly members: { readonly [entity: string]: readonly MemberPlace[] };
      /** Milliseconds that it has; absent: as long as it takes. */
      readonly allowed?: number;
    }
  /** `abandon`: forgotten without being undone. */
  | { readonly task: 'delete'; readonly abandon: boolean }
  /** Whether what it reached still holds; milliseconds that it has to find out. */
  | { readonly task: 'check'; readonly allowed: number }
);

/** A member of this workflow. */
export interface MemberPlace {
  readonly entity: string;
  readonly agent: string;
}

/** What a driver says of a command. */
export type Report =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'started' }
  /** Its child waits for a person, and why; `started` ends that. */
  | { readonly kind: 'held'; readonly reason: string }
  | { readonly kind: 'finished'; readonly outcome: Outcome };

export type Outcome =
  | {
      readonly kind: 'succeeded';
      readonly outputs: { readonly [name: string]: RawOutput };
      readonly tail?: string;
    }
  | { readonly kind: 'failed'; readonly error: Omit<StepError, 'phase'> }
  /** The agent or VM died in the middle: nobody knows how far it came. */
  | { readonly kind: 'interrupted'; readonly evidence: string }
  /** Never started and never will be: the agent confirmed a cancel, or refuses it for good. */
  | { readonly kind: 'refused'; readonly message: string };

/** As the script wrote it (of `online`: the agent's facts, as the output `facts`): a file's text, a JSON value, or a hidden value already stored under a reference. */
export type RawOutput =
  | { readonly text: string }
  /** What the engine read itself, in the form of base/json.ts. */
  | { readonly encoded: JsonValue }
  | { readonly json: JsonValue }
  | { readonly secret: string };
