// What the rest of the engine sees of expressions: compiled templates, what they read, and what they are given.
// Belongs here: types only; CEL stays behind evaluate.ts and compile.ts. Does not belong here: anything of the library.
import type { JsonValue } from '../../base/json.ts';

/** A value in which expressions may stand at any depth, compiled. */
export interface Template {
  readonly root: TemplateNode;
  /** Everything that any expression inside reads; what requirements are inferred from. */
  readonly reads: readonly Read[];
  /** True when a hidden value can reach the result. */
  readonly secret: boolean;
  /** JSON pointer to it in the definition. */
  readonly at: string;
}

export type TemplateNode =
  | { readonly kind: 'literal'; readonly value: JsonValue }
  /** The whole string is one expression: the value keeps its type. */
  | { readonly kind: 'expression'; readonly expression: CompiledExpression }
  /** Text with expressions in it: strings as they are, numbers and booleans plain, lists and maps as compact JSON. */
  | { readonly kind: 'text'; readonly parts: readonly (string | CompiledExpression)[] }
  | { readonly kind: 'list'; readonly items: readonly TemplateNode[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, TemplateNode])[] };

export interface CompiledExpression {
  readonly source: string;
  /** Runs the program; throws EngineError `expression_failed` naming the expression. */
  evaluate(data: DataView): JsonValue;
}

/** One thing that an expression reads. `optional`: only under `has()` or `.?`, so it infers nothing. */
export type Read =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'role'; readonly entity: string; readonly role: string }
  | { readonly kind: 'members'; readonly entity: string }
  /** A member's status or facts: what they are hangs on when it is looked at. */
  | { readonly kind: 'passing'; readonly entity: string }
  | {
      readonly kind: 'outputs';
      readonly entity: string;
      readonly state: string;
      /** `self`: of the member it runs for (or of the service or vm); `all`: of members in general; `once`: of the group. */
      readonly of: 'self' | 'all' | 'once';
      readonly optional: boolean;
    }
  /** `sql.reached.STATE`: a barrier unless `requires` names that state with a quorum. */
  | { readonly kind: 'reached'; readonly entity: string; readonly state: string };

/** What an evaluation may look at. Built lazily by the machine: only what is asked for is made. */
export interface DataView {
  /** Values in the encoded form of base/json.ts; hidden ones are `{"$secret": ref}`. */
  readonly inputs: { readonly [name: string]: JsonValue };
  readonly workflow: { readonly id: string; readonly stackName: string };
  /** The member it runs for; absent in a service and outside groups. */
  readonly member?: MemberView;
  members(entity: string): readonly MemberView[];
  /** The holder; absent while unchosen or vacant. */
  role(entity: string, role: string): MemberView | undefined;
  /** The holders of a role with a `count`, in index order; absent while unchosen or vacant. */
  holders(entity: string, role: string): readonly MemberView[] | undefined;
  /** Outputs of a state of a `service` or `vm`; absent until reached. */
  outputs(entity: string, state: string): Outputs | undefined;
  once(entity: string, state: string): Outputs | undefined;
  reached(entity: string, state: string): readonly MemberView[];
  /** In `retry.when` and rescues. */
  readonly error?: ErrorView;
  /** What a service answered; where nothing else exists. */
  readonly response?: ResponseView;
  /** Number of the attempt about to start, from 1. */
  readonly attempt?: number;
  /** The operation for which it runs; absent: it runs for none. */
  readonly operation?: OperationView;
  /** Of the step itself, when it was reached; where a changed action runs. */
  readonly previous?: PreviousView;
}

/** `inputs`: of the action as it was; empty where it had none, or an earlier definition kept none. */
export interface PreviousView {
  readonly inputs: Outputs;
  readonly outputs: Outputs;
}

export interface OperationView {
  readonly name: string;
  /** As whoever started it called it. */
  readonly id: string;
  /** In the form of `DataView.inputs`. */
  readonly inputs: { readonly [name: string]: JsonValue };
}

export type Outputs = { readonly [name: string]: JsonValue };

export interface MemberView {
  readonly entity: string;
  /** The agent's id: a member's identity. */
  readonly agent: string;
  readonly name: string;
  readonly index: number;
  readonly data: JsonValue;
  readonly facts: JsonValue;
  outputs(state: string): Outputs | undefined;
  /** Status of the member's step for that state, such as `reached`. */
  status(state: string): string | undefined;
}

export interface ErrorView {
  readonly kind: string;
  readonly message: string;
  readonly exit_code?: number;
  /** HTTP status that a service answered with. */
  readonly status?: number;
  readonly tail: string;
  /** What failed first in its child. */
  readonly cause?: CauseView;
}

export interface CauseView {
  readonly kind: string;
  readonly message: string;
  readonly exit_code?: number;
  readonly tail: string;
  /** Id of the workflow and step that failed, and the name of its member. */
  readonly workflow: string;
  readonly step: string;
  readonly member?: string;
}

/** An answer of a service, as expressions see it. */
export interface ResponseView {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
  /** The body where it is JSON, in the engine's encoded form. */
  readonly json?: JsonValue;
}

/** What the expression compiler must know of the definition around an expression. */
export interface ExpressionModel {
  readonly inputs: ReadonlyMap<string, ValueType>;
  readonly entities: ReadonlyMap<string, EntityModel>;
  /** What may be read of an operation; absent: there is none. */
  readonly operation?: OperationModel;
}

export interface OperationModel {
  readonly inputs: ReadonlyMap<string, ValueType>;
  /** In an operation's own expressions all of it is there; a state may run for another one, or for none. */
  readonly isCertain: boolean;
}

export interface EntityModel {
  readonly type: 'service' | 'vm' | 'vm_group';
  readonly roles: ReadonlySet<string>;
  /** Those of the roles that say how many members hold them: they are lists. */
  readonly counted?: ReadonlySet<string>;
  readonly states: ReadonlyMap<string, StateModel>;
  /** Most members that the entity may have, for the cost of loops over them; absent: LIMITS.members. */
  readonly maxMembers?: number;
}

export interface StateModel {
  readonly once: boolean;
  /** May be skipped, not apply, or be tolerated: its outputs are then not guaranteed. */
  readonly mayBeAbsent: boolean;
  readonly outputs: ReadonlyMap<string, ValueType & { readonly optional: boolean }>;
}

export interface ValueType {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'list' | 'map';
  readonly hidden: boolean;
  /** Known keys of a map, or the items of a list; absent: anything. */
  readonly keys?: ReadonlyMap<string, ValueType>;
  readonly items?: ValueType;
}

/**
 * Where an expression stands decides which names exist and what may be inferred (row 34 of the rules):
 * only `action`, `change` (of `on_change`), `run_on`, `members` (of a child), `probe`, `condition` and `set` infer requirements. `undo`, `undo_run_on`, `rescue`,
 * `retry_when`, the rules of roles (`role_where`: true or false; `role_rank`: a number) and the order of a rolling
 * (`rolling_order`: a number or text) infer none, nor does what reads a service's answer alone (`response`; `response_test`:
 * true or false), nor what an operation says of itself (`operation_of`: true or false of a member; `operation_to`: a member), so what they read must be optional or guaranteed by
 * `guaranteed`. `output` infers none either, but may read what is not there
 * yet: its evaluation then fails with `details.absent`, and the output has no value.
 */
export interface ExpressionPlace {
  readonly use:
    | 'action'
    | 'probe'
    | 'condition'
    | 'undo'
    | 'rescue'
    | 'change'
    | 'retry_when'
    | 'output'
    | 'set'
    | 'role_where'
    | 'role_rank'
    | 'run_on'
    | 'undo_run_on'
    | 'rolling_order'
    | 'members'
    | 'response'
    | 'response_test'
    | 'operation_of'
    | 'operation_to';
  /** Entity and state it belongs to; absent for the workflow's outputs. */
  readonly entity?: string;
  readonly state?: string;
  /** JSON pointer of the value in the definition. */
  readonly at: string;
  /** The value is the text of this file: it stays text, white space and all, and its problems stand in the file. */
  readonly file?: string;
  /**
   * True when the state is reached for certain before this expression is read: `self`: by the member it runs for;
   * `all`: by every member that it applies to; `once`: by the group.
   */
  guaranteed(entity: string, state: string, of: 'self' | 'all' | 'once'): boolean;
}
