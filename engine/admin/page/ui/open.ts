// A workflow that is open: what its tabs and its panel see of it.
// Belongs here: types only. Does not belong here: loading it (workflow.ts), any tab.
import type { JsonObject } from '../../../base/json.ts';
import type { Explanation, WorkflowExplanation } from '../../../machine/why/types.ts';
import type { Timeline } from '../../../runtime/timeline.ts';
import type { Drawing } from '../client.ts';
import type { Act, Draft } from '../model/acts.ts';
import type { Address } from '../model/address.ts';
import type { Board } from '../model/board.ts';
import type { Around } from './around.ts';
import type { Child } from './dom.ts';

export type WorkflowAddress = Extract<Address, { readonly page: 'workflow' }>;

/** What tabs and the panel see of a workflow. */
export interface Open {
  readonly around: Around;
  readonly address: WorkflowAddress;
  readonly board: Board;
  readonly timeline: Timeline | undefined;
  readonly drawing: Drawing | undefined;
  readonly explained: Explanation | WorkflowExplanation | undefined;
  /** What a step was last given; undefined: nothing, or that is not known. */
  readonly inputsOf: (step: string) => JsonObject | undefined;
  readonly go: (change: Partial<WorkflowAddress>, replace?: boolean) => void;
  readonly act: (act: Act) => void;
  /** Shows what would follow if that member left. */
  readonly letLeave: (member: Draft['leaving'][number]) => void;
}

/** A tab; it lasts as long as the page of the workflow. */
export interface TabView {
  nodes(open: Open): readonly Child[];
  key?(event: KeyboardEvent, open: Open): boolean;
  /** What it shows of its own is to be read anew. */
  refresh?(): Promise<void>;
  stop?(): void;
}
