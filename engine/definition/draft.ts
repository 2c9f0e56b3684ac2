// A definition half read: structure is known, names are not resolved, expressions not compiled.
// Belongs here: the types that pass between reading (pass 1) and building (pass 2). Does not belong here: either pass.
import type { JsonValue } from '../base/json.ts';
import type { Template } from './expressions/types.ts';
import type {
  Action,
  ActionKind,
  EntityType,
  OnFailure,
  Quorum,
  RequiredOutcome,
  Rescue,
  Retry,
  Role,
  Rolling,
  Serial,
  StateOutput,
  Undo,
} from './types.ts';

/** Compiles a value with expressions in it; notes problems and gives a template in any case. */
export type Compile = (value: JsonValue, at: string, use?: TemplateUse) => Template;

export interface TemplateUse {
  /** Key whose value would show a hidden value to anybody. */
  readonly showsSecrets?: string;
  /** It reads what a service answers, and nothing else: true or false, or any value. */
  readonly response?: 'test' | 'value';
  /** Output of the state that the value becomes. */
  readonly output?: string;
  /** Name of the file whose text the value is. */
  readonly file?: string;
  /** It names members, not a value. */
  readonly members?: true;
}

/** An action whose fields were read; `build` compiles what holds expressions. */
export interface ActionDraft {
  readonly kind: ActionKind;
  readonly at: string;
  build(compile: Compile): Action;
  /** Judges whether it can give the state's outputs. */
  readonly judge?: (outputs: ReadonlyMap<string, StateOutput>) => void;
  /** Of an undo or a probe: in whose VM it runs. */
  readonly runOn?: Placed;
  /** The names of outputs that it gives, as it says itself. */
  readonly gives?: readonly Mention[];
  /** Outputs that it does not name it may give as well. */
  readonly givesOthers?: boolean;
  /** Where that lies with its fields: whether it may run again without harm. */
  readonly idempotent?: boolean;
  /** Those of them that are made: hidden outputs, declared or not. */
  readonly makes?: readonly Mention[];
  /** For `workflow`: the child's outputs, of which the state takes those that it declares. */
  readonly offers?: ReadonlyMap<string, { readonly hidden: boolean }>;
}

/** A value that an author wrote, and where. */
export interface Placed {
  readonly value: JsonValue;
  readonly at: string;
}

export interface RetryDraft {
  readonly retry: Omit<Retry, 'when'>;
  readonly when?: { readonly value: JsonValue; readonly at: string };
}

export interface UndoDraft extends Omit<Undo, 'action' | 'retry' | 'runOn'> {
  readonly action: ActionDraft;
  readonly retry: RetryDraft;
}

export interface RescueDraft extends Omit<Rescue, 'action'> {
  readonly action: ActionDraft;
}

/** A name used somewhere, to be looked up once all are known. */
export interface Mention {
  readonly name: string;
  readonly at: string;
}

export interface RequirementDraft extends Mention {
  /** Absent for a bare name or a plain qualified one. */
  readonly quorum?: Quorum;
  /** Where `members` stands. */
  readonly quorumAt?: string;
  /** Absent: reached. */
  readonly outcome?: RequiredOutcome;
  /** Of those with the same number one is enough. */
  readonly choice?: number;
  /** Milliseconds. */
  readonly within?: number;
}

export interface StateDraft {
  readonly name: string;
  readonly entity: string;
  readonly at: string;
  readonly was?: Mention;
  readonly description: string;
  readonly requires: readonly RequirementDraft[];
  readonly only: readonly Mention[];
  readonly except: readonly Mention[];
  readonly once?: Mention;
  readonly condition?: { readonly value: JsonValue; readonly at: string };
  readonly action?: ActionDraft;
  readonly runOn?: Placed;
  readonly probe?: ActionDraft;
  readonly undo?: UndoDraft;
  readonly timeout: number;
  readonly retry: RetryDraft;
  readonly onFailure: OnFailure;
  readonly rescue?: RescueDraft;
  readonly onInterrupted: 'rerun' | 'probe' | 'pause' | 'fail';
  readonly idempotent: boolean;
  readonly validFor?: number;
  readonly exclusive: boolean;
  readonly interruptible?: true;
  readonly onChange?: 'keep' | 'replace';
  readonly retireAfter?: readonly RequirementDraft[];
  readonly changeAction?: ActionDraft;
  readonly rerunAfter?: readonly RequirementDraft[];
  /** Its own `serial`: a rolling of this state alone. */
  readonly serial?: { readonly serial: Serial; readonly maxFailures: number; readonly at: string };
  readonly outputs: ReadonlyMap<string, StateOutput>;
}

export interface RoleDraft extends Omit<Role, 'rule'> {
  readonly at: string;
  readonly rule?: { readonly value: JsonValue; readonly at: string };
}

export interface RollingDraft extends Omit<Rolling, 'order' | 'states'> {
  readonly at: string;
  readonly states: readonly Mention[];
  readonly order?: { readonly value: JsonValue; readonly at: string };
}

export interface EntityDraft {
  readonly name: string;
  readonly at: string;
  readonly type: EntityType;
  readonly description: string;
  readonly members: { readonly min: number; readonly max: number };
  readonly roles: ReadonlyMap<string, RoleDraft>;
  readonly rollings: readonly RollingDraft[];
  readonly states: ReadonlyMap<string, StateDraft>;
  /** States that stand there but could not be read, or all: whoever names one is not to blame. */
  readonly unread: ReadonlySet<string> | 'all';
}

/** The entities that could be read, by name, and the names of the others. */
export interface EntityDrafts extends ReadonlyMap<string, EntityDraft> {
  readonly unread: ReadonlySet<string> | 'all';
}

export interface OutputDraft {
  readonly name: string;
  readonly description: string;
  readonly value: { readonly value: JsonValue; readonly at: string };
  readonly hidden: boolean;
}
