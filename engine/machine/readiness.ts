// Whether a step may begin: applies, can still be, is, or is not yet ready.
// Belongs here: the judgement of one step. Does not belong here: who waits for which VM (settle.ts), sums (counters.ts).
import { EngineError } from '../base/errors.ts';
import type { Phase } from '../base/ids.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { Template } from '../definition/expressions/types.ts';
import type { Step } from '../graph/types.ts';
import { applies } from './applies.ts';
import { firstPhase, reach, startPhase } from './attempts.ts';
import { expressionError, isComputed, needsVm, viewFor } from './command.ts';
import { isBeforeAll, momentOf } from './condition.ts';
import { alarmOf, hopelessOf, unmetOf } from './counters.ts';
import type { Draft } from './draft.ts';
import { type Freshness, freshnessOf } from './freshness.ts';
import { hasBegun, mayStart } from './halting.ts';
import { hasPlaces } from './places.ts';
import { failAttempt } from './retry.ts';
import { isInTurn, isShutOut, takeTurn } from './rolling/entering.ts';
import { tryPlace } from './turns.ts';
import { ATTEMPT_OVER, isToJudge } from './records.ts';
import type { StepRecord } from './types.ts';
import { awaitsFormerHolder, followRole, standAside } from './update/follow.ts';
import { judgeRunning, stands } from './update/judge.ts';
import { isAwaiting, timeRequirements } from './within.ts';

/** Looks at a step again after something beside it changed. */
export function considerStep(draft: Draft, number: number): void {
  const step = draft.step(number);
  const record = draft.record(number);
  if (step.retireAfter) draft.undoable.push(number);
  if (!step.wanted || !draft.underway) return;
  const fits = applies(draft, step);
  if (record.status === 'running') judgeRunning(draft, number);
  if (isEarly(draft, number)) draft.write(number, { ...ATTEMPT_OVER, status: 'waiting' });
  else if (!isOpen(record)) return followRole(draft, number, fits);
  if (!draft.forward || record.withdrawn !== undefined) return;
  if (fits === false) return standAside(draft, number, { cause: 'not_the_role', ...unblamed(record) });
  // Who left, joined or moved may have taken away what it required: it gets ready anew.
  if (record.freshFrom !== undefined && unmetOf(draft.cells, draft.graph, number) > 0)
    draft.write(number, { freshFrom: undefined });
  const moment = momentOf(draft, step, record);
  const holds = moment === 'now' ? foresee(draft, step) : undefined;
  if (holds === false) return standAside(draft, number, { cause: 'condition_false', ...unblamed(record) });
  const isHopeless = hopelessOf(draft.cells, draft.graph, number) > 0 || isKeptOut(draft, step, record);
  if (isHopeless && moment !== 'open' && !awaitsChoice(draft, step)) return giveUp(draft, step, record);
  if (awaitsFormerHolder(draft, number)) return unblock(draft, number, record);
  const isMet = unmetOf(draft.cells, draft.graph, number) === 0;
  if (isMet && isToJudge(record)) {
    if (moment === 'last' && foresee(draft, step) === false)
      return standAside(draft, number, { cause: 'condition_false', ...unblamed(record) });
    if (stands(draft, number)) return;
  }
  const { verdict, stale } =
    isMet && record.renews === undefined ? freshnessOf(draft, number) : NOTHING_STALE;
  if (verdict === 'hopeless') return blockByAge(draft, number, record);
  unblock(draft, number, record);
  timeRequirements(draft, number);
  if (verdict === 'open') return awaitRenewal(draft, number, stale);
  if (isMet) begin(draft, number, holds === true);
}

/** What it requires may be met again, or who has the role may be another. */
function unblock(draft: Draft, number: number, record: StepRecord): void {
  if (record.status === 'blocked')
    draft.write(number, { status: 'waiting', cause: undefined, ...unblamed(record) });
}

/** What may have nothing to run enters no rolling yet. */
const isKeptOut = (draft: Draft, step: Step, record: StepRecord): boolean =>
  !isToJudge(record) && isShutOut(draft.turns, draft.graph, step);

/** It is ready, but a role that moved, or who joined, took away what it requires before it began. */
export function isEarly(draft: Draft, number: number): boolean {
  const record = draft.record(number);
  return record.status === 'ready' && unmetOf(draft.cells, draft.graph, number) > 0 && !hasBegun(record);
}

const NOTHING_STALE: Freshness = { verdict: 'met', stale: [] };

/** What it requires is too old and could not be renewed. */
function blockByAge(draft: Draft, number: number, { status, freshFrom = draft.at }: StepRecord): void {
  if (status !== 'blocked')
    draft.write(number, { status: 'blocked', cause: 'requirement_failed', due: undefined, freshFrom });
}

/** Halted, nothing is begun for it either. */
function awaitRenewal(draft: Draft, number: number, stale: readonly number[]): void {
  if (!mayStart(draft, number)) return;
  const { freshFrom = draft.at } = draft.record(number);
  draft.write(number, { freshFrom });
  for (const step of stale) if (draft.record(step).renews === undefined) renew(draft, step);
}

/** The error of a role's rule ends with the block that it made, and the time of a requirement with the wait for it. */
const unblamed = ({ status, due }: StepRecord) => ({
  ...(status === 'blocked' && { error: undefined }),
  ...(due && { due: undefined }),
});

/**
 * Starts a step that was found to need no VM, or a turn in a rolling; not when the goal came to hold meanwhile. Turns
 * are taken last, so that what an event blocks or skips is known before anybody enters because of it.
 */
export function startUnbound(draft: Draft, number: number): void {
  if (!mayStart(draft, number) || !isOpen(draft.record(number)) || !takeTurn(draft, number)) return;
  const phase = firstPhase(draft, number);
  if (!needsVm(draft, number, phase)) return startPhase(draft, number, phase);
  const { state } = draft.step(number);
  if (state.exclusive) return getReady(draft, number, phase);
  if (hasPlaces(state)) {
    const place = tryPlace(draft, { step: number, phase, anew: true });
    if (!place) return;
    draft.write(number, place);
  }
  startPhase(draft, number, phase);
}

/** Waiting for others, not for a time. What came too late stays so until a person goes on. */
const isOpen = (record: StepRecord): boolean =>
  isAwaiting(record) || (record.status === 'blocked' && record.cause !== 'too_late');

/**
 * Row 5: as long as it is open whether the step applies, it is not lost either. Were it blocked and then turned out
 * not to apply, what was blocked because of it would come to life again.
 */
const awaitsChoice = (draft: Draft, step: Step): boolean =>
  applies(draft, step) === undefined && !step.roles.some(role => isVacant(draft, role));

/**
 * Something can no longer be met. What waits for a failure is not needed when that never comes, and is not judged
 * before that is known: else it would be blocked or not by the order in which its requirements end.
 */
function giveUp(draft: Draft, step: Step, record: StepRecord): void {
  switch (alarmOf(draft.cells, draft.graph, step.number)) {
    case 'hopeless':
      return draft.write(step.number, {
        status: 'not_needed',
        cause: 'did_not_fail',
        ...unblamed(record),
      });
    case 'open':
      return unblock(draft, step.number, record);
    case 'met':
      return block(draft, step, record);
  }
}

function block(draft: Draft, step: Step, record: StepRecord): void {
  const vacant = step.roles.filter(role => isVacant(draft, role));
  const isHopeless = hopelessOf(draft.cells, draft.graph, step.number) > 0;
  const cause = vacant.length > 0 ? 'role_vacant' : isHopeless ? 'requirement_failed' : 'rolling_stopped';
  const error = vacant.map(role => draft.faults.get(role)).find(fault => fault !== undefined);
  const isTold = error === undefined || record.error?.message === error.message;
  if (record.status === 'blocked' && record.cause === cause && isTold) return;
  draft.write(step.number, { status: 'blocked', cause, error, due: undefined });
}

function isVacant(draft: Draft, role: number): boolean {
  const node = draft.graph.roles[role];
  return node !== undefined && draft.holders(node.entity, node.name) === null;
}

/** Everything it requires is met. A condition is judged before anything of the step was started. */
function begin(draft: Draft, number: number, isJudged: boolean): void {
  const { state } = draft.step(number);
  if (state.condition && !isJudged && isBeforeAll(draft.record(number))) {
    const holds = judge(draft, number, state.condition);
    if (holds === undefined) return;
    if (!holds) return standAside(draft, number, { cause: 'condition_false' });
  }
  if (!state.action) return reach(draft, number);
  const phase = firstPhase(draft, number);
  if (!needsVm(draft, number, phase)) {
    // A value is there at once, as a join is; a wait or a question to an agent is a start like any other.
    if (isComputed(state.action) && phase === 'action') return startPhase(draft, number, phase);
    draft.unbound.push(number);
    return;
  }
  if (isInTurn(draft, number)) getReady(draft, number, phase);
  else draft.unbound.push(number);
}

/** It waits for its VM; one that shares it with others starts with those that need none. */
function getReady(draft: Draft, number: number, phase: Phase): void {
  const place = tryPlace(draft, { step: number, phase, anew: true });
  if (!place) return;
  if (!draft.step(number).state.exclusive) return void draft.unbound.push(number);
  if (!mayStart(draft, number)) return;
  draft.write(number, { status: 'ready', ...place, cause: undefined });
}

/** The condition, ahead of what else the step requires. What cannot be judged is a failure when its turn comes. */
function foresee(draft: Draft, step: Step): boolean | undefined {
  try {
    const value = evaluateTemplate(step.state.condition as Template, viewFor(draft, step, 1));
    return typeof value === 'boolean' ? value : undefined;
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    return undefined;
  }
}

/** Undefined: it could not be judged, and the step has failed of it. */
function judge(draft: Draft, number: number, condition: Template): boolean | undefined {
  try {
    const value = evaluateTemplate(condition, viewFor(draft, draft.step(number), 1));
    if (typeof value === 'boolean') return value;
    const message = `The condition at ${condition.at} gave ${typeof value}, not true or false.`;
    failAttempt(draft, number, { kind: 'expression', message, phase: 'action' }, 'final');
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    failAttempt(draft, number, expressionError(thrown, 'action'), 'final');
  }
  return undefined;
}

/** Begins a renewal: with its probe, where it has one. What it requires itself is not looked at again. */
function renew(draft: Draft, number: number): void {
  draft.write(number, {
    ...ATTEMPT_OVER,
    status: 'waiting',
    renews: draft.record(number).since,
    tries: 0,
    interruptions: undefined,
    cause: undefined,
  });
  draft.steps.push(number);
}
