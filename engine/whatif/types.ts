// What a simulation is given and what it tells: a plan of how things go, and the course that follows from it.
// Belongs here: types only. Does not belong here: running (simulate.ts), reading the author's words (plan.ts).
//
// Times are milliseconds from the workflow's creation, in virtual time.
import type { JsonObject } from '../base/json.ts';
import type { StepId } from '../base/ids.ts';
import type { StateGraph } from '../graph/types.ts';
import type { PastOperation } from '../machine/operation/types.ts';
import type { OutputFailure } from '../machine/outputs.ts';
import type { Span } from '../machine/spans.ts';
import type { StepCause, StepError, StepStatus, WorkflowRecord, WorkflowStatus } from '../machine/types.ts';

/** How the author wants things to go; everything that is not said goes well. What is meant for a child begins with `STEP/`. */
export interface Wishes {
  /** Step, state or kind of action → ms. Kinds: `script`, `file`, `online`, `probe` and so on. */
  readonly durations: ReadonlyMap<string, number>;
  /** Step or state → outputs of its action; for an `online` one, the key `facts`. */
  readonly outputs: ReadonlyMap<string, JsonObject>;
  /** `sql[1].installed`, `sql.installed` for all members, `sql[1].installed=2` for the first two attempts only. */
  readonly fail: readonly string[];
  /** As `fail`, once unless said otherwise: the machine reboots in the middle of the attempt. */
  readonly reboot: readonly string[];
  /** `sql[0]`, or `sql` for all: never heard of; `sql[0]@5m`: not after five minutes. */
  readonly lose: readonly string[];
  /** `service.agreed=yes`, `=no`, `=yes@5m`: five minutes after it asked; of a held step `=retry`, `=skip`, `=fail`. */
  readonly answers?: readonly string[];
  /** `paid`, `paid@5m`, `paid={"amount": 3}`: sent whenever a step waits for it. */
  readonly signals?: readonly string[];
}

/** A wish that means nothing for this definition and these members. */
export interface Misunderstood {
  readonly wish: string;
  readonly message: string;
  readonly hint?: string;
  /** It is not the wish that is wrong: something is not said, and has to be. */
  readonly lacks?: true;
}

export interface StepCourse {
  readonly id: StepId;
  readonly number: number;
  readonly status: StepStatus;
  readonly cause?: StepCause;
  readonly error?: StepError;
  /** Name of the signal for which it waits. */
  readonly signal?: string;
  /** The agent that ran it. */
  readonly agent?: string;
  readonly attempts: number;
  /** Why its child is held. */
  readonly held?: string;
  /** Of the child that it ran, in its own time. */
  readonly child?: ChildCourse;
  readonly spans: readonly Span[];
  /** First start; absent: nothing of it was started. */
  readonly start?: number;
  /** When it came to its status. */
  readonly since: number;
}

/** What a child took as long as; `kind`: of the step's action. */
export interface ChildCourse {
  readonly makespan: number;
  readonly status: WorkflowStatus;
  readonly criticalPath: readonly (Omit<PathLink, 'number'> & { readonly kind: string })[];
}

/** A link of the chain that took longest: from the end of the link before to its own end. */
export interface PathLink {
  readonly step: StepId;
  readonly number: number;
  readonly from: number;
  readonly to: number;
  /** What let it start: the link before was required, only kept the machine busy, or came first in its rolling. */
  readonly after: 'required' | 'machine' | 'turn';
}

/** What followed from what was asked; times count from then. */
export interface Phase {
  /** Empty: the creation. */
  readonly says: string;
  /** Ms from the workflow's creation. */
  readonly at: number;
  readonly course: Course;
  /** What `number`s of the course mean. */
  readonly graph: StateGraph;
  /** How the operation ended that was asked for; absent: there was none, or it has not. */
  readonly operation?: Pick<PastOperation, 'status' | 'reason'>;
}

/** Something that was asked, and may not be done then. */
export interface Refused {
  readonly says: string;
  readonly at: number;
  readonly message: string;
  readonly next: string;
}

export interface Played {
  /** The creation, then one for each wish that was not refused. */
  readonly phases: readonly [Phase, ...Phase[]];
  readonly refused: readonly Refused[];
  /** Wishes that mean nothing in any phase, and values that have to be said. */
  readonly misunderstood: readonly Misunderstood[];
}

export interface Course {
  readonly status: WorkflowStatus;
  readonly reason: string;
  /** From creation to the standstill. */
  readonly makespan: number;
  /** When the goal held; absent: it never did. */
  readonly goalAt?: number;
  /** The steps that the goal needs, in the order in which they started; those that never did come last. */
  readonly steps: readonly StepCourse[];
  readonly criticalPath: readonly PathLink[];
  /** Steps held for a person whose answer nobody said, or that run a child which is. */
  readonly asked: readonly StepId[];
  /** Answers that were given as the author said, in order. */
  readonly answered: readonly { readonly step: StepId; readonly at: number; readonly says: string }[];
  readonly roles: WorkflowRecord['roles'];
  /** Declared outputs of the workflow, as far as they can be computed. */
  readonly outputs: JsonObject;
  readonly outputFailures: readonly OutputFailure[];
  /** Wishes for children that mean nothing there; absent: none. */
  readonly misunderstood?: readonly Misunderstood[];
  /** Events that the machine decided on. */
  readonly events: number;
}
