// `update`: another definition, other inputs, members that join and leave; also while attempts run, after a failure, and
// when the goal holds (rows 22 to 30, 49).
// Belongs here: what becomes of steps and roles when a generation begins. Does not belong here: its graph
// (update/begin.ts), taking back (update/withdraw.ts).
//
// What was reached stays reached; what runs goes on. Who joined has everything to come. The goal holds again when they have
// come as far as those before them (counters.ts, `passedSteps`), and what left is undone.
import { armDeadline } from '../deadline.ts';
import type { Draft } from '../draft.ts';
import { standDown } from '../ends.ts';
import { hasFailed } from '../operation/begin.ts';
import { giveUpOperation } from '../operation/stop.ts';
import { considerAll, goOn, openVacant, reopen, takeCredential, wantedWith } from '../operator.ts';
import { isEarly } from '../readiness.ts';
import { ATTEMPT_OVER, hasNoWay } from '../records.ts';
import type { Step } from '../../graph/types.ts';
import type { StepRecord, StepStatus } from '../types.ts';
import { release } from '../suspension.ts';
import { mayLeave } from '../undo/order.ts';
import { followChoice } from '../update/follow.ts';
import { reopenAll } from '../update/reopen.ts';
import { isKept } from '../update/retire.ts';
import { reviewRoles } from '../update/review-roles.ts';
import { takeUp } from '../verify/mark.ts';
import { leaveUnwanted } from '../update/unwanted.ts';
import { abandon, takeAgain, withdraw } from '../update/withdraw.ts';
import type { Handler } from './handler.ts';

const ENDED = new Set<StepStatus>(['failed', 'interrupted']);

export const onUpdate: Handler<'update'> = (draft, { change, allowed, credential }) => {
  if (draft.begun?.kind !== 'generation') {
    // What changes nothing else may bring another right all the same.
    takeCredential(draft, credential);
    return false;
  }
  const { generation, definition } = draft.begun;
  const isNew = definition !== undefined;
  const { status } = draft.workflow;
  draft.workflow = { ...draft.workflow, generation, ...(isNew && { source: generation }), at: draft.at };
  takeCredential(draft, credential);
  if (draft.workflow.stragglers !== undefined) draft.mark('stragglers', undefined);
  giveUpOperation(draft, 'another generation began');
  const hadFailed = draft.former !== undefined && hasFailed(draft.former.graph, draft.former.state);
  const failed = hadFailed ? wantedWith(draft, ENDED) : [];
  if (isNew || status === 'complete' || allowed !== undefined) armDeadline(draft, allowed);
  goOn(draft, allowed, hadFailed);
  draft.setWorkflow('running', '');
  for (const { number, leaving, member, retireAfter } of draft.graph.steps) {
    if (leaving && change.abandon) abandon(draft, number);
    else if (leaving && !isKept(draft, number)) withdraw(draft, number, whyOf(member, retireAfter));
    else if (leaving) continue;
    else takeAgain(draft, number);
    rememberFailure(draft, number);
  }
  awaitOthers(draft);
  openRoles(draft);
  if (isNew) reviewRoles(draft);
  leaveUnwanted(draft);
  if (isNew) reopenAll(draft);
  else for (const number of failed) reopen(draft, number);
  if (!isNew) takeUp(draft);
  waitForThoseWhoJoined(draft);
  openFollowers(draft);
  // In the order of the beginning, so that what is as it was ends as it did.
  if (isNew) draft.steps.length = 0;
  considerAll(draft);
  if (draft.goalHolds) standDown(draft);
  return release(draft);
};

const whyOf = (
  member: Step['member'],
  retireAfter: Step['retireAfter'],
): NonNullable<StepRecord['withdrawn']> =>
  member?.leaving ? 'left' : retireAfter === undefined ? 'removed' : 'replaced';

/** An undo that has not been sent waits for those of who leaves now and stood on it. */
function awaitOthers(draft: Draft): void {
  for (const { number } of draft.graph.steps) {
    const { status, withdrawn, command } = draft.record(number);
    const isToCome = status === 'undoing' && withdrawn !== undefined && command === undefined;
    if (isToCome && draft.leaving && !mayLeave(draft.leaving, draft.graph, number))
      draft.write(number, { ...ATTEMPT_OVER, status: 'waiting' });
  }
}

/** Row 12: it failed before anybody waited for that; who joined may. */
function rememberFailure(draft: Draft, number: number): void {
  const { status, renews, hasFailed, cause, withdrawn } = draft.record(number);
  const isNew = draft.step(number).watched && !hasFailed && hasNoWay(status);
  const isLost = renews === undefined && cause !== 'undo_failed' && withdrawn === undefined;
  if (isNew && isLost) draft.write(number, { hasFailed: true });
}

/** Those that are members of nothing else. */
function leavingAgents({ graph }: Draft): ReadonlySet<string> {
  const members = [...graph.membership.values()].flat();
  const staying = new Set(members.flatMap(({ agent, leaving }) => (leaving ? [] : [agent])));
  return new Set(members.flatMap(({ agent }) => (staying.has(agent) ? [] : [agent])));
}

/** R2: a role holds until its holder leaves. */
function openRoles(draft: Draft): void {
  const leaving = new Set(
    [...draft.graph.membership].flatMap(([entity, members]) =>
      members.filter(one => one.leaving).map(({ agent }) => `${entity} ${agent}`),
    ),
  );
  for (const { number, entity, name } of draft.graph.roles) {
    const holders = draft.holders(entity, name) ?? [];
    // Who joined may hold what was vacant.
    openVacant(draft, number);
    const kept = holders.filter(agent => !leaving.has(`${entity} ${agent}`));
    if (kept.length < holders.length) draft.openRole(number, kept);
  }
}

/** On whom a state falls whose role is open is not known: it counts as to come before it is asked whether the goal holds (row 5). */
function openFollowers(draft: Draft): void {
  for (const role of draft.graph.roles)
    if (draft.holders(role.entity, role.name) === undefined) followChoice(draft, role);
}

/** What has not begun waits for those who joined, or for another VM than a leaving one; what the goal did not need may be needed now. */
function waitForThoseWhoJoined(draft: Draft): void {
  const holds = draft.goalHolds;
  const gone = leavingAgents(draft);
  for (const { number, wanted } of draft.graph.steps) {
    const { status, cause, phase, agent = '' } = draft.record(number);
    const isHomeless = gone.has(agent) && phase === undefined;
    if (isEarly(draft, number) || (status === 'ready' && isHomeless))
      draft.write(number, { ...ATTEMPT_OVER, status: 'waiting' });
    if (wanted && !holds && status === 'not_needed' && cause === 'goal_holds')
      draft.write(number, { status: 'waiting', cause: undefined });
  }
}
