// Which status may follow which, and why: the tables that docs/reference/states.md is written from.
// Belongs here: the pairs and their reasons. Does not belong here: when a transition happens (readiness.ts, on/).
//
// One event can carry a step through several statuses; what is committed, logged and checked against these tables is
// the pair of the status before the event and the one after it. `Draft.write` and `Draft.setStatus` are the only
// ways to change a status and both refuse a pair that is not here, so no decision can contain one.
import type { StepStatus, WorkflowStatus } from './types.ts';

type Table<Status extends string> = { readonly [From in Status]: { readonly [To in Status]?: string } };

const FROM_OPERATOR = {
  waiting: 'an operator or a resume opens it again; what it requires is not met',
  ready: 'an operator or a resume opens it again; its VM is busy',
  running: 'an operator or a resume starts a new attempt',
  reached: 'opened again and nothing had to be run, or its failure is tolerated',
  failed: 'opened again and failed at once, or an operator says that it failed',
  paused: 'opened again and held at once',
  skipped: 'an operator skips it, or it turns out not to apply',
  blocked: 'opened again; what it requires can no longer be met',
  not_needed: 'opened again, and the goal came to hold in the same event',
} as const;

const TO_UNDO = {
  undoing:
    'the workflow is deleted, or undoes what it did, or a person has it undone, or its member leaves, or its role moves; nothing that required it is left',
  undone:
    'the workflow is deleted, or undoes what it did, or a person has it undone, or its member leaves; there is nothing to take back, or that is abandoned',
} as const;

/** An update or a role that moved changed what applies to its member. */
const FROM_UPDATE = {
  waiting: 'its member comes back, or gets the role; what it requires is not met',
  ready: 'its member comes back, or gets the role; its VM is busy',
  running: 'its member comes back, or gets the role, and it begins anew',
  reached: 'its member comes back, or gets the role, and nothing has to be run',
  skipped: 'its role moved to another member',
  paused: 'its member comes back, or gets the role, and it asks',
  blocked: 'its member comes back, or gets the role; what it requires can no longer be met',
  not_needed: 'its member comes back, and the goal holds without it',
} as const;

const UNDO_FAILED = {
  failed: 'the workflow is deleted, or undoes what it did, and its undo cannot be begun',
} as const;

export const STEP_TRANSITIONS: Table<StepStatus> = {
  waiting: {
    waiting: 'its retry, or what it requires, is timed, or no longer; or an operation is to run it',
    ready: 'everything it requires is met; its VM is busy',
    running: 'everything it requires is met',
    reached: 'a join or `set`: everything it requires is met; or its signal had come already',
    failed: 'an expression failed, or an operator says that it failed',
    paused: 'it asks for a yes, a no or a signal; or an expression failed and the state says `pause`',
    skipped: 'its condition is false, another member has the role, or an operator skips it',
    blocked: 'something it requires can no longer be met, or did not come in time',
    not_needed: 'the goal holds without it, or the failure that it waits for did not happen',
    ...TO_UNDO,
  },
  ready: {
    waiting: 'the workflow stopped before its turn came, its member leaves, or it waits for who joined',
    ready: 'the member leaves in whose VM it was to run; another that it may run in is busy',
    skipped: 'an operator skips it, or another member has its role',
    running: 'its VM is free',
    reached: 'its command cannot be made and the state tolerates failure',
    failed:
      'its command cannot be made, its rescue is not begun any more, or an operator says that it failed',
    paused: 'its command cannot be made and the state says `pause`',
    not_needed: 'the goal holds without it',
    blocked: 'definition or inputs changed, and something it requires can no longer be met',
    ...TO_UNDO,
  },
  running: {
    running:
      'its agent accepted or started the command, its child is held or goes on, or the next phase begins',
    waiting:
      'the attempt failed, and the next one is timed; or its VM was replaced, and what it requires there runs again first',
    blocked:
      'the attempt failed; for the next, at once, something it requires is too old and could not be renewed',
    ready:
      'the attempt failed, or its next phase runs in another VM: that, or its rescue, may start at once and its VM is busy',
    reached: 'the attempt succeeded, or its failure is tolerated',
    failed: 'the last attempt failed',
    paused:
      "the last attempt failed and the state says `pause`; or the owner's authorisation was lost; or its probe denies and it asks",
    interrupted: 'its command was called back, or nobody knows how it ended',
    skipped: 'its role moved to another member meanwhile, and there is nothing to undo',
    not_needed: 'the attempt failed, and the failure that it waited for left with its member meanwhile',
    ...TO_UNDO,
    undoing: `its last attempt failed and the state says \`then: undo\`; or ${TO_UNDO.undoing}`,
  },
  reached: {
    ...FROM_UPDATE,
    waiting:
      'it is too old for a step that gets ready (`valid_for`), and the workflow stopped; or another has its role, and there is nothing to undo; or definition or inputs changed, it is unverified, or an operation runs it again, and what it requires is not met',
    ready:
      'it is too old for a step that gets ready (`valid_for`), it is unverified, or another definition, other inputs or an operation let it run again; its VM is busy',
    running:
      'it is too old for a step that gets ready (`valid_for`), it is unverified, its definition or inputs changed, or an operation runs it again',
    reached:
      'it is marked as unverified, or looked at by a check; or it was to run again, and the goal came to hold; or its command cannot be made and that is tolerated',
    paused: 'it is asked again; or its command cannot be made and the state says `pause`',
    ...TO_UNDO,
    failed: `it was to run again, and its command cannot be made; or ${UNDO_FAILED.failed}`,
  },
  failed: { ...FROM_OPERATOR, ...TO_UNDO },
  paused: {
    ...FROM_OPERATOR,
    waiting: 'an operator opens it again, its retry is timed, or the workflow stopped before the answer',
    running: 'an operator starts a new attempt; or the answer was no and its rescue begins',
    ready: 'opened again, or the answer was no and its rescue follows; its VM is busy',
    reached: 'the answer was yes, or its signal came; or opened again and nothing had to be run',
    failed: 'the answer was no or did not come in time; or an operator says that it failed',
    not_needed: 'the goal holds without it',
    ...TO_UNDO,
  },
  interrupted: {
    ...FROM_OPERATOR,
    ...TO_UNDO,
    interrupted: 'it is to be taken back, and what stands on it first; or its member came back',
  },
  skipped: { ...FROM_OPERATOR, ...TO_UNDO },
  blocked: { ...FROM_OPERATOR, ...TO_UNDO },
  not_needed: { ...FROM_OPERATOR, ...TO_UNDO },
  undoing: {
    ...FROM_UPDATE,
    undoing: 'its agent accepted or started the undo, or its next try or its check begins',
    undone: 'taken back, or its VM is lost, or the failure of its undo is tolerated',
    failed:
      'its undo failed, the undo after its failure is over (`then: undo`), or the workflow was abandoned',
  },
  undone: {
    ...FROM_OPERATOR,
    undoing: 'opened again, and the workflow failed at once and undoes what it did',
    undone: 'opened again, and the workflow failed at once and nothing had been started',
  },
};

const FAILS =
  'it failed, and its definition says `on_workflow_failure: undo`; or a person has a step of it undone';

const CHECKED = 'a person asks whether what was reached still holds';

export const WORKFLOW_TRANSITIONS: Table<WorkflowStatus> = {
  running: {
    running: 'a role is chosen',
    held: 'only a person can move it',
    complete: 'the goal holds and nothing runs',
    failed: 'the goal does not hold and nothing can move by itself',
    undoing: FAILS,
    cancelling: 'a person cancels it, or its time is up; commands are called back',
    deleting: 'a person deletes it',
    deleted: 'it is abandoned, or there was nothing to undo',
    delete_failed: 'it is deleted, and the first undo could not be started',
  },
  held: {
    running: 'a person answered, or what its child waits for',
    held: 'another step is waited for',
    checking: CHECKED,
    cancelling: 'a person cancels it, or its deadline passed; its child is called back',
    complete: 'the answer made the goal hold',
    failed: 'the answer was that the step failed, it is cancelled, or its deadline passed',
    undoing: FAILS,
    deleting: 'a person deletes it',
    deleted: 'it is abandoned, or there was nothing to undo',
    delete_failed: 'it is deleted, and the first undo could not be started',
  },
  complete: {
    running:
      'its definition, inputs or members changed, an operation began, or what is unverified runs again',
    held: 'its definition, inputs or members changed, and a person is waited for',
    complete: 'it was changed, and the goal holds all the same; or a VM was replaced, and that is said',
    failed: 'it was changed, and something failed at once',
    checking: CHECKED,
    undoing: FAILS,
    deleting: 'a person deletes it',
    deleted: 'it is abandoned, or there was nothing to undo',
    delete_failed: 'it is deleted, and the first undo could not be started',
  },
  failed: {
    running: 'a person goes on from the failure',
    held: 'a person goes on, and another is waited for',
    complete: 'a person went on and the goal holds',
    failed: 'a person went on and it failed at once',
    checking: CHECKED,
    undoing: FAILS,
    deleting: 'a person deletes it',
    deleted: 'it is abandoned, or there was nothing to undo',
    delete_failed: 'it is deleted, and the first undo could not be started',
  },
  checking: {
    complete: 'it was complete: every look has ended, or the check is given up',
    failed: 'it had failed: every look has ended, or the check is given up',
    held: 'it was held: every look has ended, or the check is given up',
    running: 'something else begins: the check is given up',
    undoing: 'the check is given up, and it fails at once',
    cancelling: 'the check is given up, and the deadline of what was held has passed',
    deleting: 'a person deletes it',
    deleted: 'it is abandoned, or there was nothing to undo',
    delete_failed: 'it is deleted, and the first undo could not be started',
  },
  cancelling: {
    failed: 'every command that was called back is answered',
    complete: 'the goal holds: the last command ended before it could be called back, or was not needed',
    undoing: FAILS,
    deleting: 'a person deletes it',
    deleted: 'it is abandoned',
    delete_failed: 'it is deleted, and the first undo could not be started',
  },
  undoing: {
    failed: 'what was started, or what a person asked for, is taken back, as far as it could be',
    complete: 'what a person asked for is taken back, and the goal holds without it',
    deleting: 'a person deletes it',
    deleted: 'it is abandoned, or there was nothing more to undo',
    delete_failed: 'it is deleted, and the first undo could not be started',
  },
  deleting: {
    deleted: 'everything is undone, or it is abandoned and its children are gone',
    delete_failed: 'an undo failed and nothing else is left to do',
  },
  delete_failed: {
    deleting: 'a person deletes it again',
    deleted: 'it is abandoned, or deleted again with success',
    delete_failed: 'it was deleted again and failed at once',
  },
  deleted: {},
};

/** Why a step may go from one status to the other; undefined: it may not. */
export function stepTransition(from: StepStatus, to: StepStatus): string | undefined {
  return STEP_TRANSITIONS[from][to];
}

export function workflowTransition(from: WorkflowStatus, to: WorkflowStatus): string | undefined {
  return WORKFLOW_TRANSITIONS[from][to];
}
