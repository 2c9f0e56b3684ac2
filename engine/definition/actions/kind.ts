// What each kind of action must say of itself.
// Belongs here: the interface between an action's file and the reader of states. Does not belong here: any one kind.
import type { ActionDraft } from '../draft.ts';
import type { Contents } from '../contents.ts';
import type { Node } from '../reader.ts';
import type { Report } from '../report.ts';
import type { EntityType } from '../types.ts';

export interface ActionContext {
  readonly report: Report;
  readonly contents: Contents;
  /** For sentences: `sql.prepared`, `the undo of sql.prepared`. */
  readonly what: string;
  readonly entityType: EntityType;
  /** True where `run_on` says in whose VM it runs. */
  readonly hasRunOn?: boolean;
  /** Milliseconds, as the author wrote it; absent: the default. */
  readonly timeout?: number;
  /** Absent: it is the state's own action. */
  readonly phase?: 'probe' | 'undo' | 'rescue' | 'change';
  /** As the author wrote it of the state. */
  readonly idempotent?: boolean;
}

export interface KindOfAction {
  /** Runs in a VM, so a service cannot have it without `run_on`. */
  readonly needsVm: boolean;
  /** `run_on` may say in whose VM it runs. */
  readonly placeable: boolean;
  /** Can give outputs. */
  readonly givesOutputs: boolean;
  /** May run again without harm, whatever it was doing when it was cut short. */
  readonly idempotent: boolean;
  /** Reads its fields; undefined when they cannot be used. */
  read(node: Node, context: ActionContext): ActionDraft | undefined;
}
