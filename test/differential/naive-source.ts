// Another definition, or other inputs, by the rules of docs/reference/update.md alone (R3, rows 22 to 28).
// Belongs here: what was reached and whether it stands, what follows whom, what begins anew. Does not belong here: what is
// taken back (naive-update.ts), what happens in one generation (naive.ts).
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { agentOf, type Board, isWanted, leaves, memberNamed, type NaiveStep } from './naive-rules.ts';

/** What the action would do now: random ones read nothing, but where it runs hangs on roles and members. */
function printOf(board: Board, step: NaiveStep): string | undefined {
  const { action, runOn } = step.state;
  if (!action) return undefined;
  const place = runOn && memberNamed(board, step, runOn);
  return runOn && place === undefined ? undefined : JSON.stringify([action, place]);
}

/** An attempt begins, with its probe or without. */
export function begun(board: Board, step: NaiveStep): void {
  step.touched ||= step.phase === 'action';
  step.attempts += Number(step.phase === 'action');
  step.started = true;
  if (step.phase === 'action' && step.state.action?.kind === 'online') step.wentTo = agentOf(board, step);
  if (step.again) step.again = { ...step.again, begun: true };
  if (step.phase !== 'action' && step.phase !== 'probe') return;
  Object.assign(step, { ran: step.state, source: board.source, print: printOf(board, step) });
}

const keyOf = ({ entity, state }: NaiveStep): string => `${entity}.${state.name}`;

const isFollowed = ({ definition }: Board, step: NaiveStep): boolean =>
  [...definition.entities.values()].some(({ states }) =>
    [...states.values()].some(({ rerunAfter = [] }) =>
      rerunAfter.some(one => one.entity === step.entity && one.state === step.state.name),
    ),
  );

/** It is reached, after it ran again: who follows it has to run again too. */
export function noteRerun(board: Board, step: NaiveStep): void {
  if (!step.again?.changed || !isFollowed(board, step)) return;
  step.reran = step.source;
  board.reran.set(keyOf(step), step.source);
}

/** Row 27: something that it follows ran again since it began. */
function hasToFollow(board: Board, step: NaiveStep): boolean {
  return (step.state.rerunAfter ?? []).some(({ entity, state, members }) => {
    const all = board.steps.filter(one => one.entity === entity && one.state.name === state);
    const isSame = members.kind === 'same' && (step.member || all.length <= 1);
    const one = isSame
      ? all.find(({ member }) => !member || all.length <= 1 || member.index === step.member?.index)
      : undefined;
    const reran = one ? one.reran : board.reran.get(`${entity}.${state}`);
    return reran !== undefined && reran > step.source;
  });
}

/** What it reached, or is running to reach, is what it would be now. */
export function isUnchanged(board: Board, step: NaiveStep): boolean {
  if (!step.state.action) return true;
  if (hasToFollow(board, step)) return false;
  if (step.print === undefined || step.state.onChange === 'keep') return true;
  return step.print === printOf(board, step);
}

/** All that it requires is met again: true: it is reached again; false: it runs again. */
export function stands(board: Board, step: NaiveStep): boolean {
  if (!step.doubted && isUnchanged(board, step)) {
    Object.assign(step, { since: step.again?.since, again: undefined });
    return true;
  }
  step.again = { since: step.again?.since, begun: step.again?.begun ?? false, changed: true };
  Object.assign(step, { tries: 0, rescues: 0 });
  return false;
}

/** Its condition says no: nothing of it begins under this definition. */
export function isRuledOut({ state: { condition } }: NaiveStep): boolean {
  return condition?.root.kind === 'literal' && condition.root.value === false;
}

/** Statuses in which it is open still what becomes of what was reached. */
const MAY_STAND = new Set(['waiting', 'ready', 'running', 'paused', 'interrupted', 'failed', 'blocked']);

/** Once it is clear what became of it there is nothing to compare. */
export function settled(step: NaiveStep): void {
  if (!MAY_STAND.has(step.status)) step.again = undefined;
}

/** It runs under another definition, or other inputs, than hold now. */
export const isOfEarlier = (board: Board, step: NaiveStep): boolean =>
  step.status === 'running' && step.source < board.source && !step.withdrawn && isWanted(board, step);

/** Rows 23 and 24: all that the goal needs is looked at again. */
export function reopen(board: Board, step: NaiveStep): void {
  if (!isWanted(board, step) || leaves(step) || step.withdrawn) return;
  // Nobody counts on what it was while it is not known what it is.
  if (step.status === 'running') step.renews = false;
  if (['running', 'undoing', 'undone'].includes(step.status)) return;
  const follows = step.state.only.length + step.state.except.length > 0;
  if (step.status === 'skipped' && (step.vouched || (step.aside && follows))) return;
  openAgain(step);
}

/** What was reached, and of which nothing has begun since, can be compared. */
function againOf({ status, again, renews, since, tries, interruptions }: NaiveStep): NaiveStep['again'] {
  if (status === 'reached') return { since, changed: false, begun: false };
  if (again) return { ...again, changed: again.begun && again.changed };
  if (!renews) return undefined;
  const begun = tries > 0 || interruptions > 0 || status !== 'waiting';
  return { since, changed: begun, begun };
}

export function openAgain(step: NaiveStep): void {
  step.again = againOf(step);
  if (!step.again || step.again.begun)
    Object.assign(step, { tries: 0, interruptions: 0, rescues: 0, started: false });
  Object.assign(step, {
    status: 'waiting',
    renews: false,
    freshFrom: undefined,
    timed: false,
    awaited: false,
    late: false,
    aside: false,
    idle: false,
    held: false,
    queued: false,
    undoFailed: false,
  });
}

/** What it did as things were, for what began when that could not be told. */
export function notePrint(board: Board, step: NaiveStep): void {
  if (step.status === 'reached') step.print ??= printOf(board, step);
}

/** A role's rule as it is written, but for what states are called. */
export function ruleText(
  definition: WorkflowDefinition,
  entity: string,
  role: string,
  nameOf: (entity: string, name: string) => string = (_, name) => name,
): string | undefined {
  const found = definition.entities.get(entity)?.roles.get(role);
  if (!found) return undefined;
  const { choose, among, count, rule } = found;
  return JSON.stringify([choose, nameOf(entity, among), count, rule?.root]);
}
