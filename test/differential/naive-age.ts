// `valid_for`, read naively: which of the things that a step requires are too old for it.
// Belongs here: the judgement at one moment, and the beginning of a renewal. Does not belong here: when it is made (naive.ts).
import type { Requirement } from '../../engine/definition/types.ts';
import {
  type Board,
  demands,
  isLost,
  isNeutral,
  isReached,
  type NaiveStep,
  neededFor,
  requiredOf,
  requirementVerdict,
  type Verdict,
} from './naive-rules.ts';

/** Everything was reached; `open`: those in `stale` run again first. */
export function ageOf(
  board: Board,
  step: NaiveStep,
): { readonly verdict: Verdict; readonly stale: readonly NaiveStep[] } {
  const verdicts = demands(step.state).map(demand => {
    const each = demand.map(one => requirementAge(board, step, one));
    if (each.includes('met')) return 'met';
    return each.includes('open') ? 'open' : 'lost';
  });
  if (verdicts.includes('lost')) return { verdict: 'lost', stale: [] };
  if (!verdicts.includes('open')) return { verdict: 'met', stale: [] };
  const lacking = demands(step.state).filter((_, place) => verdicts[place] === 'open');
  const asked = lacking.flat().filter(one => requirementAge(board, step, one) === 'open');
  const stale = asked
    .filter(one => !one.outcome && requirementVerdict(board, step, one) === 'met')
    .flatMap(one =>
      requiredOf(board, step, one).filter(input => input.status === 'reached' && isOld(board, step, input)),
    );
  return { verdict: 'open', stale };
}

function requirementAge(board: Board, step: NaiveStep, requirement: Requirement): Verdict {
  const plain = requirementVerdict(board, step, requirement);
  if (plain !== 'met' || requirement.outcome) return plain;
  const steps = requiredOf(board, step, requirement).filter(one => !isNeutral(one));
  const needed = neededFor(requirement, steps.length);
  const fresh = steps.filter(one => isReached(one) && !isOld(board, step, one));
  const lost = steps.filter(
    one => isLost(one) || (one.renews && one.status === 'failed' && isOld(board, step, one)),
  );
  if (fresh.length >= needed) return 'met';
  return steps.length - lost.length < needed ? 'lost' : 'open';
}

/** At the time at which the one that asks got ready; what is being renewed is as old as it was before. */
function isOld({ now }: Board, asking: NaiveStep, step: NaiveStep): boolean {
  const { validFor } = step.state;
  const isAged = validFor !== undefined && (step.status === 'reached' || step.renews);
  return isAged && (asking.freshFrom ?? now) - (step.since ?? now) > validFor;
}

export function renew(step: NaiveStep): void {
  if (step.renews) return;
  Object.assign(step, { status: 'waiting', renews: true, tries: 0, interruptions: 0 });
}

const BETWEEN = new Set(['waiting', 'ready', 'running', 'paused', 'interrupted', 'failed']);

/** What follows from a status: since when it is reached, and whether it is still between two times of that. */
export function note(step: NaiveStep, now: number): void {
  const isBetween = step.renews && BETWEEN.has(step.status);
  if (!isBetween)
    step.since = step.status === 'reached' ? (step.renews ? now : (step.since ?? now)) : undefined;
  step.renews = isBetween;
  if (step.status !== 'waiting' && step.status !== 'blocked') step.freshFrom = undefined;
}

/** A step that is ready has waited for its machine, and what it stands on may be too old by now. */
export function waitAgain(board: Board): void {
  for (const step of board.steps) {
    const { status, tries, interruptions, phase, renews, state } = step;
    const hasBegun = tries + interruptions > 0 || (phase === 'action' && state.probe !== undefined);
    const isFirst = status === 'ready' && !hasBegun && !renews && phase !== 'rescue';
    if (isFirst && ageOf(board, step).verdict !== 'met') step.status = 'waiting';
  }
}
