// docs/reference/states.md, written from the tables of the machine.
// Belongs here: the page's words and layout. Does not belong here: the tables (engine/machine/transitions.ts).
import { INVARIANTS } from '../../engine/machine/invariants.ts';
import { STEP_TRANSITIONS, WORKFLOW_TRANSITIONS } from '../../engine/machine/transitions.ts';
import type { StepCause, StepStatus, WorkflowStatus } from '../../engine/machine/types.ts';

const STEP_MEANING: { readonly [Status in StepStatus]: string } = {
  waiting:
    'Something it requires is not met yet or runs again first (`valid_for`), or its next attempt is timed.',
  ready: 'Everything is met; it waits for its VM, which does one thing at a time.',
  running: 'A probe or an attempt of its action is under way.',
  reached: 'The state holds. Its outputs can be read.',
  failed: 'Its attempts are spent. *Final*; an operator or a resume may open it again.',
  paused:
    'Waits for a person: for a yes or no, for a signal, or, after a failure, to be retried, skipped with outputs, or failed.',
  interrupted: 'Called back, or nobody knows how it ended. A resume or an operator opens it again.',
  skipped: 'Does not apply (role or condition), or an operator vouched for it. *Final.*',
  blocked: 'Something it requires can no longer be met. *Final*, until that is opened again.',
  not_needed: 'The goal came to hold without it, or the failure that it waits for did not happen. *Final.*',
  undoing: 'Being taken back, or waiting for its VM to be taken back.',
  undone: 'Taken back, or there was nothing to take back.',
};

const WORKFLOW_MEANING: { readonly [Status in WorkflowStatus]: string } = {
  running: 'Steps run, are timed, or can.',
  held: 'Only a person can move it; the reason says which step waits for whom.',
  complete: 'The goal holds and nothing runs.',
  failed: 'The goal does not hold and nothing can move by itself. It can be resumed; nothing is lost.',
  checking:
    'What is reached is looked at by its probes; nothing else happens. Then it is what it was before. Whatever is asked for meanwhile ends the check.',
  cancelling: 'Commands are being called back.',
  undoing:
    'What was started is being taken back: it has failed (`on_workflow_failure: undo`), or a person has one step undone (`undo`), and what stands on it. Then it is `failed`, and begins nothing again by itself; or `complete`, where the goal holds all the same.',
  deleting: 'What was started is being taken back.',
  deleted: 'Everything is taken back, or it was abandoned.',
  delete_failed: 'Something could not be taken back. Delete it again, or abandon it.',
};

const CAUSE_MEANING: { readonly [Cause in StepCause]: string } = {
  condition_false: 'skipped: its condition is false',
  not_the_role: 'skipped: it applies to another member, by `only` or `except`',
  skipped_by_operator: 'skipped: an operator vouched for it; it counts as reached',
  requirement_failed: 'blocked: a state it requires failed, or too few are left for its quorum',
  rolling_stopped: 'blocked: too many members failed in its rolling before its member entered',
  role_vacant: 'blocked: nobody could take a role it names',
  too_late: 'blocked: what it requires `within` a time did not come; a retry or a resume waits for it anew',
  tolerated: 'reached, although its attempts failed: `on_failure: continue`; it has no outputs',
  goal_holds: 'not needed: the goal holds',
  did_not_fail: 'not needed: it waits for a failure that did not happen (`outcome: failed`)',
  held_for_operator: 'paused: `on_failure: pause` or `on_interrupted: pause`',
  authorisation_lost:
    "paused: the owner's credential is no longer good for what it calls; it waits for another one",
  waits_for_approval: 'paused: the action `approval` waits for a yes or no',
  waits_for_signal: 'paused: the action `signal` waits for its signal',
  failed_by_operator: 'failed: an operator said so',
  cancelled: 'interrupted: its command was called back by a cancel or a delete',
  nothing_to_undo: 'undone: the state has no `undo`',
  undone_by_operator:
    'undone: a person asked for it (`undo`), or for the undo of what it stands on; it begins again when a person goes on',
  vm_lost: 'undone: its VM is gone',
  undo_failed: 'failed, or undone all the same: its undo failed (`undo.on_failure`)',
  abandoned: 'the workflow was forgotten without undo',
};

const SUSPENDED = [
  'Beside its status a workflow may be *suspended* (`suspended: {at, by}`), in any of them. Its status then stays what it was: `running` or `held`, `undoing`, `deleting`; it is concluded when it goes on.',
  [
    '- Nothing begins: no attempt, retry, probe, rescue or undo, no value is computed and nobody is chosen for a role. What runs ends, and counts.',
    '- Where something would follow at once (the action after its probe, a rescue, a check), the end is kept with the step, and what follows comes when the workflow goes on. So it is with a no to a question.',
    '- Limits stand still: the deadline, the time of stragglers, `within`, the time for an answer and for an agent to come online. They are moved by as long as it was suspended. An attempt that runs keeps its own `timeout`.',
    '- What only has to pass, passes: the delay before a retry, a `wait`, the age of what was reached (`valid_for`). What is due meanwhile is due when it goes on.',
    '- Its children are suspended with it and go on with it; those that somebody else suspended stay so. It is at rest (`rests: true`) once no attempt is under way, here or in a child.',
    '- A `resume` goes on. So does an update, a cancel or a deletion, each with what it asks for. A retry, a skip or an answer counts, and what follows waits. An operation is refused.',
  ].join('\n'),
];

const UNVERIFIED = [
  'A step that is `reached` may be marked as unverified (`unverified: {why, since}`): what was reached may hold no longer.',
  [
    '| why | when |',
    '|---|---|',
    '| `vm_replaced` | its action (`script`, `file`, `reboot`, `online`) ran in a VM that was rebuilt, or lost what its agent keeps: the agent came back with another journal |',
    '| `vm_reverted` | that VM went back to a snapshot: the journal did too |',
    '| `drifted` | a [check](cli.md#check) looked, and its probe denies it |',
  ].join('\n'),
  [
    '- It counts as reached all the while, in gates, roles and the goal: others acted on it.',
    '- Of a workflow that runs or is held, what another VM put in doubt runs again at once. Of one that has ended nothing starts by itself: it is marked, its reason says so, and [converge](cli.md#converge), a `resume` or `retry` after a failure, or any update takes it up. So does going on from a suspension. What has drifted waits for one of these in any case. An operation leaves marks alone.',
    '- Taken up, it runs again in the order of the graph: its probe first, where it has one. What the probe confirms is reached again, with the outputs that it gives; else the action runs with `$WORKFLOW_REASON` = `verify`. What stands on it is judged as after an [update](update.md#another-definition-other-inputs): what reads an output that came out differently runs again, all else stays. A state that says `rerun_after` does not follow.',
    '- A command that had not been taken by the agent is held back until what it requires there has run again. One that had begun in the VM as it was is interrupted (`on_interrupted`).',
    '- While a workflow is `checking`, each reached state that the goal needs and that has a probe is looked at (`look: {at, found, error}`): `holds` takes a mark away, `drifted` puts one on, `unknown` (anything but exit 0 or 1) does neither. A look is no attempt: it is not retried unless it was interrupted, gives no outputs, and takes no turn in a rolling. What only counts as reached because its failure is tolerated, or an operator skipped it, is not looked at.',
  ].join('\n'),
];

export function statesPage(): string {
  return [
    '# States of steps and workflows',
    'Written from `engine/machine/transitions.ts`; a test fails when it differs. To write it anew: `UPDATE_DOCS=1 npm test`.',
    '## A step',
    meanings(STEP_MEANING),
    diagram(STEP_TRANSITIONS),
    'What one event changes is one transition, so a step that gets ready while its VM is free goes from `waiting` to `running`.',
    table(STEP_TRANSITIONS),
    '### Causes',
    'Beside its status a step may carry a cause:',
    meanings(CAUSE_MEANING),
    '### Unverified',
    ...UNVERIFIED,
    '## A workflow',
    meanings(WORKFLOW_MEANING),
    diagram(WORKFLOW_TRANSITIONS),
    table(WORKFLOW_TRANSITIONS),
    '### Suspended',
    ...SUSPENDED,
    '## What always holds',
    'Checked after every event in tests and simulation (`engine/machine/invariants.ts`).',
    meanings(INVARIANTS),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

type Pairs = { readonly [from: string]: { readonly [to: string]: string } };

const meanings = (entries: { readonly [name: string]: string }): string =>
  [
    '| name | meaning |',
    '|---|---|',
    ...Object.entries(entries).map(([name, text]) => `| \`${name}\` | ${text} |`),
  ].join('\n');

const table = (pairs: Pairs): string =>
  [
    '| from | to | when |',
    '|---|---|---|',
    ...Object.entries(pairs).flatMap(([from, targets]) =>
      Object.entries(targets).map(([to, why]) => `| \`${from}\` | \`${to}\` | ${why} |`),
    ),
  ].join('\n');

const diagram = (pairs: Pairs): string =>
  [
    '```mermaid',
    'stateDiagram-v2',
    ...Object.entries(pairs).flatMap(([from, targets]) =>
      Object.keys(targets).map(to => `  ${from} --> ${to}`),
    ),
    '```',
  ].join('\n');
