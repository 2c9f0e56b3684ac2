// The compiled form of a definition for given members: steps, and gates between them.
// Belongs here: types only. Does not belong here: compilation (compile.ts), status (machine/).
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { StepId } from '../base/ids.ts';
import type { Template } from '../definition/expressions/types.ts';
import type {
  Entity,
  RequiredOutcome,
  Requirement,
  Role,
  Rolling,
  State,
  StateReference,
  WorkflowDefinition,
} from '../definition/types.ts';

/** A state that an operation runs; `members`: on those with these indices alone. */
export interface Ran extends StateReference {
  readonly members?: readonly number[];
}

/** One VM of an entity. Identity is the agent's id; the index is given on joining and never changes. */
export interface Member {
  readonly agent: string;
  readonly name: string;
  readonly index: number;
  /** The map given on its `Murano::Member`. */
  readonly data: JsonValue;
  /** Generation in which it joined; absent: the first. Another member had its index before, perhaps. */
  readonly since?: number;
  /** It is on its way out: what was done on it is taken back, and nobody counts it any more. */
  readonly leaving?: true;
}

/** Entity name → its members in index order; a `vm` has one, a `service` none. */
export type Membership = ReadonlyMap<string, readonly Member[]>;

/**
 * Cost rule P7: the number of steps, gates and edges is linear in (definition size × members). A barrier over n
 * members is one gate with n inputs, shared by all that wait for it, never n × n edges.
 */
export interface StateGraph {
  /** What an operation runs or awaits beside the goal; absent: nothing. */
  readonly also?: readonly Ran[];
  readonly definition: WorkflowDefinition;
  readonly membership: Membership;
  readonly steps: readonly Step[];
  readonly stepByState: ReadonlyMap<string, readonly number[]>;
  /** By the ids that people use, and those of before. */
  readonly stepById: ReadonlyMap<StepId, number>;
  /** By the ids that are known outside (`outsideId`). */
  readonly stepByOutside: ReadonlyMap<StepId, number>;
  readonly gates: readonly Gate[];
  readonly choices: readonly Choice[];
  readonly roles: readonly RoleNode[];
  readonly rollings: readonly RollingNode[];
  readonly turns: readonly Turn[];
  /** Gates that must all be met for the goal to hold, and what an operation runs to be done. */
  readonly goal: readonly number[];
  /** What is left of definitions before the present one; absent: nothing is. */
  readonly earlier?: Earlier;
}

/** Of definitions that were followed by another: what is needed to take back what was done under them. */
export interface Earlier {
  /** By the generation with which they came; those under which some step last ran. */
  readonly definitions: ReadonlyMap<number, WorkflowDefinition>;
  /** States that are gone from the definition, as long as something of them is left. */
  readonly states: readonly FormerState[];
  /** Inputs that the present definition has no more, as they last were. */
  readonly inputs: JsonObject;
  /** Absent: no state was renamed. */
  readonly names?: Names;
}

/** States that were renamed (row 29), each as `ENTITY.STATE`; plain JSON. */
export interface Names {
  /** State → its names before; by the first of them it is known outside. */
  readonly called: { readonly [state: string]: readonly string[] };
  /** Generation of an earlier definition → state there → its name now, where that is another. */
  readonly now: { readonly [generation: string]: { readonly [state: string]: string } };
}

/** A state that the present definition has no more; `generation`: of the last definition that had it. */
export interface FormerState extends StateReference {
  readonly generation: number;
  /** What it is called since another took its place and its name (`on_change: replace`); absent: nobody did. */
  readonly now?: string;
}

/** A (state, member) pair; a `once` state and a service's state have one step without a member. */
export interface Step {
  readonly number: number;
  readonly id: StepId;
  /** The id under which its commands, what they made and its secrets are known, where its state was renamed; see `outsideId`. */
  readonly outside?: StepId;
  readonly entity: Entity;
  readonly state: State;
  /** What the states are called now that its expressions name otherwise: it is read as an earlier definition has it. */
  readonly names?: { readonly [state: string]: string };
  readonly member?: Member;
  /** Gates to be met before it is ready. */
  readonly needs: readonly number[];
  /** Of its gates those that must be met in time, ms from when the rest is met; absent: none. */
  readonly within?: readonly { readonly gate: number; readonly within: number }[];
  /** Choices (numbers) to be met before it is ready. */
  readonly choices: readonly number[];
  /** Roles (numbers) that must be chosen before it is known whether, or on whom, it runs. */
  readonly roles: readonly number[];
  /** Gates that count this step, or did before its member began to leave. */
  readonly feeds: readonly number[];
  /** Roles that this step makes its member a candidate for. */
  readonly candidateOf: readonly number[];
  /** Its member's turn (number) in the rolling that its state is in; absent: in none, or not wanted. */
  readonly turn?: number;
  /** True when the goal needs it, directly or not; the others are never run. */
  readonly wanted: boolean;
  /** True when some state waits for it to fail or to be final: then its failure is remembered for good (row 12). */
  readonly watched: boolean;
  /**
   * Its member leaves, or its state is gone from the definition: no gate or role counts it, and it is never wanted; only
   * its undo goes by its requirements.
   */
  readonly leaving?: true;
  /** Of what was replaced: gates to be met before it is undone, while the workflow goes on. */
  readonly retireAfter?: readonly number[];
}

/** A requirement over the steps of one state, shared by all that state the same. */
export interface Gate {
  readonly number: number;
  readonly target: StateReference;
  readonly requirement: Requirement['members'];
  /** How its inputs must have ended; absent: reached. */
  readonly outcome?: RequiredOutcome;
  /** The one member it is about, for `same`. */
  readonly member?: number;
  readonly inferred: boolean;
  /** True for an alternative: that nobody has the state is then no way to meet it (row 13). */
  readonly some?: true;
  /** Ms for which what it counts is fresh (`valid_for`); absent: for good, or it asks how they ended. */
  readonly validFor?: number;
  /** Choices that it is an alternative of. */
  readonly choices: readonly number[];
  /** Steps counted. */
  readonly inputs: readonly number[];
  /** Steps of members that leave, counted no more: who waits for the gate stands on them all the same (R10). */
  readonly leaving?: readonly number[];
  /** Steps waiting for it. */
  readonly outputs: readonly number[];
  /** Steps that are undone after it is met; absent: none. */
  readonly retires?: readonly number[];
}

/** Gates of which one is enough (`any_of`), shared by all that state the same. */
export interface Choice {
  readonly number: number;
  readonly alternatives: readonly number[];
  /** Steps waiting for it. */
  readonly outputs: readonly number[];
}

/** A role of a group: waits until all steps of `among` are final (`first_ready`: one is reached), then is chosen. */
export interface RoleNode {
  readonly number: number;
  readonly entity: string;
  readonly name: string;
  readonly choose: Role['choose'];
  /** Judges a candidate; absent where `choose` needs none. */
  readonly rule?: Template;
  /** How many hold it, as a list; absent: one. */
  readonly count?: number;
  readonly candidates: readonly number[];
  /** Steps of members that leave, candidates no more. */
  readonly leaving?: readonly number[];
  /** Steps that wait for the choice. */
  readonly outputs: readonly number[];
}

/** A rolling of a group: its turns stand behind each other, in index order. */
export interface RollingNode {
  readonly number: number;
  readonly entity: string;
  readonly rolling: Rolling;
  /** Number of its first turn. */
  readonly first: number;
  /** How many turns it has. */
  readonly members: number;
}

/** What one member does in a rolling. */
export interface Turn {
  readonly number: number;
  readonly rolling: number;
  /** From 0, in index order. */
  readonly place: number;
  /** Index of the member. */
  readonly member: number;
  /** Its wanted steps of the states of the rolling. */
  readonly steps: readonly number[];
}
