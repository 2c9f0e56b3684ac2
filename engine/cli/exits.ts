// Exit codes of the command: a closed table, printed in docs/reference/cli.md.
// Belongs here: codes, and which error or status gives which. Does not belong here: texts of errors (failure.ts).
import type { ErrorCode } from '../base/errors.ts';
import type { WorkflowStatus } from '../machine/types.ts';

/** Code → what it means; the words stand in the reference, and a test compares. */
export const EXIT_CODES = {
  0: 'Done: the workflow is complete or deleted, the step is undone (`undo`), the definition is valid, the answer was given',
  1: 'The workflow or the operation failed or was cancelled, a check found something, or the workflow could not be deleted whole',
  2: 'Wrong usage, or the definition, inputs or members are invalid; nothing was started',
  3: 'The workflow is held or suspended: it waits for a person',
  4: 'The engine or its store is not available: locked, not writable, full, damaged, or gone',
  5: 'No such workflow or step',
  6: 'Refused: not possible in the present state, or the name is taken by something else',
  70: 'A fault in murano-workflow itself',
  130: 'Stopped by Ctrl-C or a signal; the workflow can be resumed',
} as const;
export type ExitCode = keyof typeof EXIT_CODES;

export const EXIT_OF_ERROR: { readonly [code in ErrorCode]: ExitCode } = {
  definition_invalid: 2,
  inputs_invalid: 2,
  members_invalid: 2,
  expression_failed: 2,
  limit_exceeded: 2,
  usage: 2,
  not_found: 5,
  conflict: 6,
  not_allowed: 6,
  stale: 6,
  store_locked: 4,
  store_unsafe: 4,
  store_full: 4,
  store_failed: 4,
  store_newer: 4,
  fenced: 4,
  commit_unknown: 4,
  key_missing: 4,
  transport_closed: 4,
  transport_refused: 4,
  journal_damaged: 4,
  message_refused: 70,
  internal: 70,
};

/** What a command that watched a workflow to its end answers; moving ones were left, not ended. */
export const EXIT_OF_STATUS: { readonly [status in WorkflowStatus]: ExitCode } = {
  running: 0,
  checking: 0,
  cancelling: 0,
  undoing: 0,
  deleting: 0,
  complete: 0,
  deleted: 0,
  failed: 1,
  delete_failed: 1,
  held: 3,
};
