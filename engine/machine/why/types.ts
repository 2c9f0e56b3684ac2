// Why a step stands where it stands: a closed list of causes, the chain to the root, and who can act.
// Belongs here: types only; plain JSON, so that it crosses a socket. Does not belong here: finding causes (causes.ts),
// following them (walk.ts), sentences (words.ts).
//
// A new cause is a member of the union; the compiler then names what has to speak of it (words.ts, answers.ts).
import type { Phase, StepId } from '../../base/ids.ts';
import type { RequiredOutcome } from '../../definition/types.ts';
import type { StepCause, StepError, StepRecord, StepStatus, Suspension, WorkflowStatus } from '../types.ts';
import type { Doubt } from '../verify/types.ts';

/** The first few, and how many more there are. */
export interface Names {
  readonly steps: readonly StepId[];
  readonly more: number;
}

/** What is known of an agent. `unknown`: no engine runs that could know. Times are ms since the epoch; reasons are clauses. */
export type Presence =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'never_seen'; readonly reason?: string }
  | { readonly kind: 'online' }
  | { readonly kind: 'offline'; readonly lastSeen: number; readonly reason: string };

/** It lies with other steps. `hopeless`: it can no longer be met. */
export type Onward =
  | {
      readonly kind: 'step';
      readonly step: StepId;
      readonly outcome?: RequiredOutcome;
      readonly hopeless: boolean;
    }
  /** What it requires was too old and runs again first (`valid_for`), or could not be renewed. */
  | { readonly kind: 'renewal'; readonly renewed: Names; readonly hopeless: boolean }
  /** A barrier or quorum: `counts` of `needed` are there. */
  | {
      readonly kind: 'barrier';
      readonly state: string;
      readonly demand: string;
      readonly outcome?: RequiredOutcome;
      readonly counts: number;
      readonly needed: number;
      readonly missing: Names;
      readonly hopeless: boolean;
    }
  | { readonly kind: 'any_of'; readonly alternatives: readonly Cause[]; readonly hopeless: boolean }
  /** Not chosen yet: who is not final. */
  | { readonly kind: 'role'; readonly role: string; readonly missing: Names }
  /** Nobody could take it; `fault`: its rule failed. */
  | { readonly kind: 'vacant_role'; readonly role: string; readonly lost: Names; readonly fault?: string }
  /** Its VM does something else; `ahead`: how many stand before it in the queue. */
  | { readonly kind: 'machine_busy'; readonly agent: string; readonly step: StepId; readonly ahead: number }
  /** `failure_mode: halt`: since that step failed nothing starts until a person goes on. */
  | { readonly kind: 'halted'; readonly step: StepId }
  /** Others are inside its rolling, or come before it. */
  | { readonly kind: 'turn'; readonly rolling: string; readonly before: Names }
  /** Too many failed in its rolling before its member entered. */
  | { readonly kind: 'rolling_stopped'; readonly rolling: string; readonly failed: Names }
  /** These stand on it and are undone first. */
  | { readonly kind: 'undo_order'; readonly standing: Names };

/** It lies here: the root of every step that waits for this one. */
export type Root =
  | {
      readonly kind: 'running';
      readonly phase: Phase;
      readonly attempt: number;
      readonly attempts: number;
      /** Of a call: method and address. */
      readonly calls?: string;
      /** What the last look at it found, without a full stop. */
      readonly seen?: string;
      readonly agent?: string;
      /** Absent: no time is set to it. */
      readonly until?: number;
      /** What a rescue, or the undo of a step that failed, is for. */
      readonly error?: StepError;
    }
  /** Its child is at work, being deleted, or being checked; `held`: why that waits for a person; `stops`: why it is called back. */
  | {
      readonly kind: 'child';
      readonly child: string;
      readonly task: 'run' | 'delete' | 'check';
      readonly held?: string;
      readonly stops?: string;
    }
  /** An agent has to come online, to take the command, or to come back. */
  | {
      readonly kind: 'agent';
      readonly agent: string;
      readonly presence: Presence;
      readonly must: Must;
      readonly until?: number;
    }
  /** The engine and the agent cannot speak with each other, wherever the agent is. */
  | ({
      readonly kind: 'broker';
      readonly agent: string;
      readonly must: Must;
      readonly until?: number;
    } & Trouble)
  /** Nothing can be written: no command goes out, no answer of a person or a machine is taken. */
  | ({ readonly kind: 'store' } & Trouble)
  /** A service gave no more, for a quota of its own. `waits`: for a person, or for its next attempt (`at`). */
  | {
      readonly kind: 'quota';
      readonly error: StepError;
      readonly waits: 'operator' | 'failure' | 'retry';
      readonly at?: number;
    }
  | { readonly kind: 'called_back'; readonly why: string; readonly agent?: string; readonly until?: number }
  | {
      readonly kind: 'retry';
      readonly at: number;
      readonly attempt: number;
      readonly attempts: number;
      readonly error?: StepError;
    }
  | { readonly kind: 'wait'; readonly until: number }
  /** Held after a failure: a person retries, skips or fails it. */
  | { readonly kind: 'operator'; readonly error?: StepError }
  | { readonly kind: 'approval'; readonly message: string; readonly until?: number }
  | { readonly kind: 'signal'; readonly name: string; readonly until?: number }
  | { readonly kind: 'interrupted'; readonly error?: StepError }
  | { readonly kind: 'failure'; readonly error?: StepError; readonly byOperator: boolean }
  /** `goesOn`: while the rest of the workflow stays, so that a resume tries it again. */
  | { readonly kind: 'undo_failure'; readonly error?: StepError; readonly goesOn?: true }
  /** Its member leaves, and nothing of the step is left to be undone. */
  | { readonly kind: 'leaves' }
  /** The workflow has ended or is being stopped: nothing starts by itself. */
  | {
      readonly kind: 'stopped';
      readonly status: WorkflowStatus;
      /** Who had it undone: it begins anew when a person goes on. */
      readonly undoneBy?: string;
    }
  | { readonly kind: 'not_wanted' }
  | { readonly kind: 'condition_false' }
  | {
      readonly kind: 'not_the_role';
      /** Agents that hold each role that the state names. */
      readonly holders: readonly { readonly role: string; readonly agents: readonly string[] }[];
    }
  | { readonly kind: 'vouched' }
  | { readonly kind: 'goal_holds' }
  | { readonly kind: 'did_not_fail'; readonly states: readonly string[] }
  /** `unverified`: it may hold no longer, and why; `error`: what a check said. */
  | {
      readonly kind: 'reached';
      readonly tolerated?: StepError;
      readonly unverified?: Doubt;
      readonly error?: StepError;
    }
  | { readonly kind: 'undone'; readonly how?: StepCause }
  /** The workflow is suspended: what follows waits for a resume. `since`: ms since the epoch. */
  | { readonly kind: 'suspended'; readonly by: string; readonly since: number }
  /** The engine does not touch the workflow. */
  | { readonly kind: 'set_aside'; readonly reason: string }
  /** Nothing: the engine starts it with the next event. */
  | { readonly kind: 'engine' };

export type Cause = Onward | Root;

/** What an agent has to do next. */
export type Must = 'be_online' | 'take_command' | 'take_turn' | 'come_back';

/** What keeps the engine itself from going on: a clause, and since when, in ms since the epoch. */
export interface Trouble {
  readonly reason: string;
  readonly since: number;
}

/** What a driver knows of a command that is out, as a clause. `stuck`: the broker does not take it. */
export interface Word {
  readonly kind: 'seen' | 'stuck';
  readonly says: string;
}

/** Who can move it, and with which requests. */
export type Who = 'operator' | 'machine' | 'time' | 'author' | 'engine' | 'nobody';

export type Answer =
  | { readonly act: 'retry' | 'skip' | 'fail' | 'approve' | 'reject'; readonly step: StepId }
  | { readonly act: 'signal'; readonly name: string }
  | { readonly act: 'resume' | 'delete' | 'abandon' };

export interface Told {
  readonly cause: Cause;
  /** For people: what follows the step's name in a sentence, without a full stop. */
  readonly says: string;
}

/** One step on the way to a root; what it tells leads on to the next. */
export interface Link {
  readonly step: StepId;
  readonly machine?: string;
  readonly status: StepStatus;
  /** Ms since the epoch. */
  readonly since: number;
  readonly told: Told;
}

/** What it all hangs on: the last link of the path. */
export interface RootPath {
  readonly path: readonly Link[];
  readonly who: Who;
  readonly answers: readonly Answer[];
  /** Of a long chain: how many links follow the first `after` and are not told; asked about, `next`, the first of them, tells them. */
  readonly omitted?: { readonly after: number; readonly links: number; readonly next: StepId };
  /** Where the last link runs a child: what that waits for in its turn. */
  readonly child?: ChildExplanation;
}

export interface ChildExplanation {
  readonly id: string;
  readonly explanation: WorkflowExplanation;
}

export interface Explanation {
  readonly step: StepId;
  readonly machine?: string;
  readonly status: StepStatus;
  readonly since: number;
  /** What it waits for itself, or why it ended so. */
  readonly causes: readonly Told[];
  /** The roots, those first for which somebody has to do something. */
  readonly roots: readonly RootPath[];
  /** Roots beyond those given. */
  readonly moreRoots: number;
}

/** What a whole workflow waits for: the roots of what its goal lacks. */
export interface WorkflowExplanation {
  readonly status: WorkflowStatus;
  readonly reason: string;
  readonly since: number;
  /** When it is to have ended; absent: nobody said, or it has. */
  readonly deadline?: number;
  readonly suspended?: Suspension;
  readonly roots: readonly RootPath[];
  readonly moreRoots: number;
}

/** What an explanation needs beyond graph and state. */
export interface Surroundings {
  /** Ms since the epoch: sentences say how long. */
  readonly now: number;
  readonly presence: (agent: string) => Presence;
  readonly setAside?: string;
  /** Of the way to all agents. */
  readonly broker?: Trouble;
  readonly store?: Trouble;
  /** Of the command that a record holds. */
  readonly word?: (step: StepId, record: StepRecord) => Word | undefined;
}
