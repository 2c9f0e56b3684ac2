// What happens to a workflow, and what is decided about it: events, changes, effects.
// Belongs here: types only; events and changes are plain JSON, so they are stored and replayed as they are.
// Does not belong here: what is remembered (types.ts), deciding (decide.ts, on/).
import type { EffectId, StepId } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import type { MemberChange } from '../graph/members.ts';
import type { FormerState, Member, Names, Ran, StateGraph } from '../graph/types.ts';
import type { MachineState } from './state.ts';
import type { Doubt } from './verify/types.ts';
import type { Command, Report, StepRecord, StepStatus, WorkflowRecord } from './types.ts';

/** What a workflow runs by from now on. */
export interface NewSource {
  /** Digest of the definition; its built form goes with the event as an argument of `decide`. */
  readonly definition: string;
  /**
   * Values of all inputs, defaults filled in; hidden ones as `{"$secret": ref}`. A hidden value that did not change keeps
   * its reference: equal references mean equal values.
   */
  readonly inputs: JsonObject;
}

/** `source` absent: definition and inputs stay. */
export type GenerationChange = MemberChange & { readonly source?: NewSource };

/** Everything that can happen. `at` is ms since the epoch, given by the runtime. */
export type MachineEvent = {
  readonly at: number;
} /** `allowed`: milliseconds that whoever asks waits at most; `credential`: the reference of the one that holds from now on. */ & (
  | { readonly kind: 'create'; readonly allowed?: number; readonly credential?: string }
  | { readonly kind: 'report'; readonly id: EffectId; readonly report: Report }
  /** The step's `due` time has come; without a step, the workflow's own. */
  | { readonly kind: 'timer'; readonly step?: StepId }
  /** Without a step: every failed, interrupted or paused step that the goal needs. */
  | { readonly kind: 'retry'; readonly step?: StepId; readonly attempt?: number; readonly by: string }
  | { readonly kind: 'skip'; readonly step: StepId; readonly outputs: JsonObject; readonly by: string }
  | { readonly kind: 'fail'; readonly step: StepId; readonly by: string }
  /** The step is taken back, and before it all that stands on it; then nothing begins until a person goes on. */
  | { readonly kind: 'undo'; readonly step: StepId; readonly by: string }
  /** Yes or no to a step that asks. */
  | { readonly kind: 'approve'; readonly step: StepId; readonly by: string }
  | { readonly kind: 'reject'; readonly step: StepId; readonly by: string }
  | { readonly kind: 'signal'; readonly name: string; readonly data: JsonObject; readonly by: string }
  /** Goes on from a failure: retries what failed, as `stack update` will. Of what is suspended: from there, and no further. */
  | {
      readonly kind: 'resume';
      readonly by: string;
      readonly allowed?: number;
      readonly credential?: string;
    }
  | { readonly kind: 'cancel'; readonly by: string }
  /** Nothing begins until a `resume`; what runs may end. */
  | { readonly kind: 'suspend'; readonly by: string }
  /** Every reached state that has a probe is looked at; nothing else happens. */
  | { readonly kind: 'check'; readonly by: string; readonly allowed?: number }
  /** What is unverified, and what failed, is run again; nothing else is. */
  | {
      readonly kind: 'converge';
      readonly by: string;
      readonly allowed?: number;
      readonly credential?: string;
    }
  /** What was reached in the agent's VM may hold no longer. */
  | { readonly kind: 'unverify'; readonly agent: string; readonly why: Doubt }
  /** `inputs`: values of all inputs of the operation. The same `id` twice is once. */
  | {
      readonly kind: 'operate';
      readonly operation: string;
      readonly id: string;
      readonly inputs: JsonObject;
      readonly by: string;
      readonly allowed?: number;
    }
  /** Another definition, other inputs, members that join and leave: the next generation. */
  | {
      readonly kind: 'update';
      readonly change: GenerationChange;
      readonly by: string;
      readonly allowed?: number;
      readonly credential?: string;
    }
  /** `abandon`: forget without undoing. */
  | {
      readonly kind: 'delete';
      readonly abandon: boolean;
      readonly by: string;
      readonly credential?: string;
    }
);

/**
 * What `decide` returns. `changes` ARE the rows and log entries to commit; nothing in `effects` may be let out
 * before that commit (rule P1). `rejected`: the event asks for what may not be done now; nothing changes.
 */
export interface Decision {
  readonly changes: readonly Change[];
  readonly effects: readonly Effect[];
  readonly rejected?: { readonly message: string; readonly next: string };
  /** A generation has begun: the graph and state that the changes are about, in place of those asked with. */
  readonly next?: { readonly graph: StateGraph; readonly state: MachineState };
}

export type Change =
  /** A generation begins with these members; what follows is about their graph. */
  | ({
      readonly kind: 'generation';
      readonly generation: number;
      readonly members: { readonly [entity: string]: readonly Member[] };
    } & Partial<NewSource> & {
        /** What is left of definitions before the present one, whole; absent: nothing is. */
        readonly earlier?: EarlierSources;
      })
  /** A step of an operation begins, counted from 0, or behind the last its goal; without one it has ended. */
  | {
      readonly kind: 'operation';
      readonly name: string;
      readonly id: string;
      readonly step?: number;
      /** What is run or awaited from now on beside the goal. */
      readonly also: readonly Ran[];
    }
  | { readonly kind: 'step'; readonly step: StepId; readonly from: StepStatus; readonly record: StepRecord }
  | { readonly kind: 'workflow'; readonly record: Omit<WorkflowRecord, 'seq'> };

export type GenerationEntry = Extract<Change, { readonly kind: 'generation' }>;
export type OperationEntry = Extract<Change, { readonly kind: 'operation' }>;

/** A generation, or a step of an operation, that begins: its log entry, and what it follows. */
export interface Beginning {
  readonly entry: GenerationEntry | OperationEntry;
  readonly graph: StateGraph;
  readonly state: MachineState;
}

/** What is left of earlier definitions, as it is stored; `Earlier` in graph/types.ts once the definitions are looked up. */
export interface EarlierSources {
  /** Generation with which a definition came → its digest; of those under which some step last ran. */
  readonly definitions: { readonly [generation: string]: string };
  readonly states: readonly FormerState[];
  readonly names?: Names;
  /** Inputs that the present definition has no more, as they last were: what is taken back may read them. */
  readonly inputs: JsonObject;
}

/** Of a command that a restarted engine sends again, and that was reported as started: it may be done in part or whole. */
export interface Begun {
  /** When the time of the attempt is over, ms since the epoch. */
  readonly endsAt: number;
}

export type Effect =
  | { readonly kind: 'start'; readonly id: EffectId; readonly command: Command; readonly begun?: Begun }
  | { readonly kind: 'cancel'; readonly id: EffectId; readonly agent?: string; readonly why: string };
