// What an operation is: something that is done to a workflow now and then, by its own graph (R8).
// Belongs here: types only. Does not belong here: reading (read.ts), compiling (build.ts), running (machine/operation/).
import type { Template } from '../expressions/types.ts';
import type { Parameter, StateReference } from '../types.ts';

/** Started by an operator, a signal or a changed property; one at a time. */
export interface Operation {
  readonly name: string;
  readonly description: string;
  /** Read as `operation.inputs.NAME`. */
  readonly inputs: ReadonlyMap<string, Parameter>;
  /** States that must be reached, by every member that they apply to, before it may begin. */
  readonly requires: readonly StateReference[];
  /** One after the other: the next begins when all of the one before it have ended. */
  readonly steps: readonly OperationStep[];
  /** States to be reached at its end, beside those that it ran. */
  readonly goal: readonly StateReference[];
  /** What a failure of one step does to those after it. */
  readonly onFailure: OperationFailure;
}

/** `fail`: the rest is not begun; `continue`: it is, and the operation has failed at the end all the same. */
export const OPERATION_FAILURE = ['fail', 'continue'] as const;
export type OperationFailure = (typeof OPERATION_FAILURE)[number];

export type OperationStep =
  /** Runs these states again, or for the first time; `of`: on the members of which this is true. */
  | { readonly kind: 'rerun'; readonly states: readonly StateReference[]; readonly of?: Template }
  /** Chooses the roles again, by their own rules. */
  | { readonly kind: 'choose_again'; readonly roles: readonly RoleReference[] }
  /** Gives the role to the member that `to` names. */
  | { readonly kind: 'move'; readonly role: RoleReference; readonly to: Template };

/** A role named from outside: `sql.master`. */
export interface RoleReference {
  readonly entity: string;
  readonly role: string;
}
