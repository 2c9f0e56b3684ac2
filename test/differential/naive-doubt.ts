// What was reached in a VM that is another now, by row 32 and docs/reference/states.md alone.
// Belongs here: who is concerned, what runs again and what is judged with it. Does not belong here: the judgement (naive-source.ts).
import {
  agentOf,
  type Board,
  demands,
  isUnfounded,
  isWanted,
  leaves,
  type NaiveStep,
  requiredOf,
  rolesNamedBy,
} from './naive-rules.ts';
import { openAgain } from './naive-source.ts';

/** It was reached there, and is, or is to be judged or renewed; what was only tolerated was never reached. */
export function ranIn(board: Board, step: NaiveStep, agent: string): boolean {
  const wasReached = step.status === 'reached' || step.renews || (step.again && !step.again.begun);
  const isTolerated = step.status === 'reached' && !step.gave;
  if (!wasReached || isTolerated || step.withdrawn || leaves(step)) return false;
  return (
    TRAVELS.has(step.ran.action?.kind ?? '') &&
    (step.base ?? step.home ?? step.wentTo ?? agentOf(board, step)) === agent
  );
}

const TRAVELS = new Set(['online', 'script', 'file', 'reboot']);

const stands = (board: Board, step: NaiveStep): boolean =>
  step.status === 'reached' && isWanted(board, step) && !leaves(step) && !step.withdrawn;

/** What is in doubt runs again, what stands on it is judged; false: nothing is. */
export function takeUp(board: Board): boolean {
  const marked = board.steps.filter(step => step.doubted && stands(board, step));
  const others = standingOn(board, marked).filter(step => !marked.includes(step) && stands(board, step));
  for (const step of [...marked, ...others]) {
    openAgain(step);
    Object.assign(step, { tries: 0, rescues: 0, interruptions: 0 });
  }
  for (const step of marked) if (step.again) step.again.changed = true;
  if (marked.length > 0) board.takenUp = true;
  return marked.length > 0;
}

/** Whoever requires one of them, names a role that is chosen among them, or stands on such. */
function standingOn(board: Board, steps: readonly NaiveStep[]): readonly NaiveStep[] {
  const found = new Set<NaiveStep>();
  const isBelow = (step: NaiveStep): boolean => [...steps, ...found].some(one => requires(board, step, one));
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const step of board.steps) if (isBelow(step)) found.add(step);
  }
  return [...found];
}

function requires(board: Board, step: NaiveStep, other: NaiveStep): boolean {
  if (leaves(other)) return false;
  const needs = demands(step.state).flat();
  const roles = board.definition.entities.get(step.entity)?.roles;
  const isAmong = (role: string): boolean =>
    step.entity === other.entity && roles?.get(role)?.among === other.state.name;
  return (
    needs.some(one => requiredOf(board, step, one).includes(other)) || rolesNamedBy(step.state).some(isAmong)
  );
}

const usesVm = ({ phase, state }: NaiveStep): boolean => {
  const kind = (phase === 'probe' ? state.probe : state.action)?.kind ?? '';
  return kind !== 'online' && TRAVELS.has(kind);
};

/** What the agent has not taken, and what has not begun, waits for what it requires. */
export function holdBack(board: Board, agent: string): void {
  for (const step of board.steps) {
    const isOut = step.status === 'running' && step.agent === agent && !step.calledBack && usesVm(step);
    const isReady = step.status === 'ready' && step.tries + step.interruptions === 0;
    if (isReady && isUnfounded(board, step)) step.status = 'waiting';
    if (isOut && step.phase !== 'rescue' && isUnfounded(board, step)) neverWas(step);
  }
}

/** Nobody has taken the command. */
function neverWas(step: NaiveStep): void {
  step.status = 'waiting';
  if (step.phase !== 'action') return;
  step.attempts -= 1;
  step.touched = step.attempts > 0;
}

/** What is interrupted waits where something that it requires was opened meanwhile. */
export const waitsAgain = (board: Board, step: NaiveStep): boolean =>
  board.takenUp && (step.phase === 'action' || step.phase === 'probe') && isUnfounded(board, step);
