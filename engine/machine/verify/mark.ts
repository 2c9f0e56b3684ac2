// What was reached and may hold no longer: the mark, and running it again (row 32).
// Belongs here: who is concerned, marking, opening what is marked. Does not belong here: who finds out (engine/agents/),
// looking (look.ts), the attempt itself, which is one like all others.
//
// What is marked counts as reached until it is run again, for others acted on it. Run again it is, and what stands on it is
// judged, as after an update (R3): in the order of the graph, with its probe first; what reads an output that came out
// differently runs again too, all else stays. What the goal does without is left as it is.
import { agentFor, travels } from '../command.ts';
import { unmetOf } from '../counters.ts';
import type { Draft } from '../draft.ts';
import { ATTEMPT_OVER } from '../records.ts';
import type { StateGraph, Step } from '../../graph/types.ts';
import type { Again, StepRecord } from '../types.ts';
import type { Doubt } from './types.ts';

/** Marks what was reached in the agent's VM; false: that is nothing, or it is marked already. */
export function markReached(draft: Draft, agent: string, why: Doubt): boolean {
  let marks = 0;
  for (const { number, leaving } of draft.graph.steps) {
    const record = draft.record(number);
    if (leaving || record.unverified || !isConcerned(draft, number, record, agent)) continue;
    // On another VM its action for a change (`on_change`) finds nothing to change.
    const { again } = record;
    const anew = again?.why ? { again: { since: again.since, why: 'unverified' } as const } : {};
    draft.write(number, { unverified: { why, since: draft.at }, look: undefined, ...anew });
    marks += 1;
  }
  return marks > 0;
}

/** Its action ran in that VM, and it is reached, or was and waits to be judged, or is being renewed. */
function isConcerned(draft: Draft, number: number, record: StepRecord, agent: string): boolean {
  const { status, cause, again, renews, withdrawn, base } = record;
  const wasReached = status === 'reached' || renews !== undefined || (again !== undefined && !again.begun);
  if (!wasReached || cause === 'tolerated' || withdrawn !== undefined) return false;
  const { state } = draft.asRun(number);
  // A look elsewhere, or one that needs no VM, tells nothing of where the action runs.
  const ranOn = base ?? (state.probeRunOn ? undefined : record.agent) ?? agentFor(draft, draft.step(number));
  return state.action !== undefined && travels(state.action) && ranOn === agent;
}

/** Reached, unverified, and needed by the goal. */
export const isToTakeUp = (draft: Draft, number: number): boolean => {
  const { wanted, leaving } = draft.step(number);
  const { status, unverified, withdrawn } = draft.record(number);
  return wanted && !leaving && status === 'reached' && unverified !== undefined && withdrawn === undefined;
};

/** Opens everything that is unverified; false: nothing is. Called while steps may start. */
export function takeUp(draft: Draft): boolean {
  const marked = draft.graph.steps.filter(({ number }) => isToTakeUp(draft, number));
  if (marked.length === 0 || draft.isHalted || draft.isSuspended) return false;
  draft.mark('takenUp', draft.at);
  for (const { number } of marked) open(draft, number, { why: 'unverified' });
  for (const number of standingOn(draft.graph, marked))
    if (mayBeJudged(draft, number)) open(draft, number, {});
  return true;
}

function open(draft: Draft, number: number, why: Pick<Again, 'why'>): void {
  const { since } = draft.record(number);
  draft.write(number, { ...OPENED, again: { since, ...why } });
  draft.steps.push(number);
}

/** What is reached of it, and needed. */
function mayBeJudged(draft: Draft, number: number): boolean {
  const { wanted, leaving } = draft.step(number);
  const { status, withdrawn } = draft.record(number);
  return wanted && !leaving && status === 'reached' && withdrawn === undefined;
}

/** Every step that requires one of these, directly or not, in the order of their numbers. */
export function standingOn(graph: StateGraph, steps: readonly Pick<Step, 'number'>[]): readonly number[] {
  const found = new Set<number>();
  const opened = new Set<number>();
  const visit = (all: readonly number[]): void => {
    for (const step of all) found.add(step);
  };
  const follow = (number: number): void => {
    const { feeds, candidateOf } = graph.steps[number] as Step;
    for (const feed of feeds) {
      if (opened.has(feed)) continue;
      opened.add(feed);
      const { outputs, choices } = graph.gates[feed] as StateGraph['gates'][number];
      visit(outputs);
      for (const choice of choices) visit(graph.choices[choice]?.outputs ?? []);
    }
    for (const role of candidateOf) visit(graph.roles[role]?.outputs ?? []);
  };
  for (const { number } of steps) follow(number);
  for (const number of found) follow(number);
  return [...found].toSorted((a, b) => a - b);
}

/**
 * What its agent has not taken yet would meet a VM without what it stands on. Nobody has begun it: what had been told to
 * the agent as it was has been reported as interrupted before.
 */
export function holdBackUnsent(draft: Draft, agent: string): void {
  for (const { number } of draft.graph.steps) {
    const { status, phase, progress, command, cancel, attempt } = draft.record(number);
    const isOut = status === 'running' && command?.agent === agent && cancel === undefined;
    const isUnsent = isOut && progress === 'sent' && command.action.kind !== 'online' && phase !== 'rescue';
    if (!isUnsent || unmetOf(draft.cells, draft.graph, number) === 0) continue;
    draft.callBack(number, 'its VM is another, and what it requires there runs again first', {
      ...ATTEMPT_OVER,
      status: 'waiting',
      cause: undefined,
      // It never was.
      ...(phase === 'action' && { attempt: attempt - 1, touched: attempt > 1 }),
    });
    draft.steps.push(number);
  }
}

const OPENED = {
  ...ATTEMPT_OVER,
  status: 'waiting',
  tries: 0,
  interruptions: undefined,
  rescues: undefined,
  cause: undefined,
} as const;
