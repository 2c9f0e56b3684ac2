// The author's words for steps and members: `sql[1].installed`, `sql.installed=2`, `sql[0]@5m`.
// Belongs here: reading them for one graph, and what to say when they name nothing. Does not belong here: effects.
import { durationMs } from '../definition/durations.ts';
import { didYouMean } from '../definition/nearest.ts';
import { stateKey } from '../graph/references.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import type { Misunderstood } from './types.ts';

const STEPS = /^([a-z][a-z0-9_]*)(?:\[(\d{1,6}|\*)\])?\.([a-z][a-z0-9_]*)(?:=(\d{1,6}))?$/;
const MEMBERS = /^([a-z][a-z0-9_]*)(?:\[(\d{1,6}|\*)\])?(?:@([0-9hms]{1,20}))?$/;

/** Step number → how many attempts are meant; of several wishes for a step the last counts. */
export function attemptsWished(
  graph: StateGraph,
  wishes: readonly string[],
  otherwise: number,
  wrong: Misunderstood[],
): ReadonlyMap<number, number> {
  const attempts = new Map<number, number>();
  for (const wish of wishes) {
    const match = STEPS.exec(wish);
    const [, entity = '', index, state = '', count] = match ?? [];
    const steps = match === null ? [] : stepsOf(graph, entity, state, index);
    if (steps.length === 0) wrong.push(noStep(graph, wish, stateKey(entity, state)));
    const idle = steps.find(step => !isDone(step));
    if (idle) wrong.push(nothingRuns(wish, idle));
    for (const step of steps) attempts.set(step.number, count === undefined ? otherwise : Number(count));
  }
  return attempts;
}

/** Agent → ms from which on nothing is heard of it. */
export function lostMembers(
  graph: StateGraph,
  wishes: readonly string[],
  wrong: Misunderstood[],
): ReadonlyMap<string, number> {
  const lost = new Map<string, number>();
  for (const wish of wishes) {
    const [, entity = '', index, after] = MEMBERS.exec(wish) ?? [];
    const at = after === undefined ? 0 : durationMs(after);
    const members = (graph.membership.get(entity) ?? []).filter(
      member => index === undefined || index === '*' || member.index === Number(index),
    );
    if (members.length === 0 || at === undefined) wrong.push(noMember(graph, wish, entity));
    else for (const { agent } of members) lost.set(agent, at);
  }
  return lost;
}

export function stepsOf(graph: StateGraph, entity: string, state: string, index: string | undefined): Step[] {
  const steps = (graph.stepByState.get(stateKey(entity, state)) ?? []).map(
    number => graph.steps[number] as Step,
  );
  if (index === undefined || index === '*') return steps;
  return steps.filter(step => step.member?.index === Number(index));
}

/** Done by the engine or by people: nothing is sent to a machine, so nothing can fail there. */
const WITHOUT_MACHINE = new Set<string>(['wait', 'set', 'approval', 'signal']);

const isDone = ({ state: { action } }: Step): boolean =>
  action !== undefined && !WITHOUT_MACHINE.has(action.kind);

export function noStep(graph: StateGraph, wish: string, key: string): Misunderstood {
  const known = graph.stepByState.get(key);
  const last = known && graph.steps[known.at(-1) ?? -1];
  const hint = last
    ? `Its ${known.length === 1 ? 'one step is' : 'last step is'} ${last.id}.`
    : didYouMean(wish.replace(/\[[^\]]*\]|=\d+$/g, ''), graph.stepByState.keys());
  return { wish, message: `There is no step '${wish.slice(0, 80)}'.`, ...(hint && { hint }) };
}

function nothingRuns(wish: string, step: Step): Misunderstood {
  const what = step.state.action === undefined ? 'has no action' : `is a ${step.state.action.kind}`;
  return {
    wish,
    message: `${step.id} ${what}: nothing runs on a machine that could fail.`,
    hint: 'Name a step with a script, a file, a reboot or an online action.',
  };
}

function noMember(graph: StateGraph, wish: string, entity: string): Misunderstood {
  const size = graph.membership.get(entity)?.length;
  const hint =
    size === undefined
      ? didYouMean(entity, graph.membership.keys())
      : `${entity} has ${size} here: write ${entity}[0], or ${entity}[0]@5m for one that is lost after five minutes.`;
  return { wish, message: `There is no member '${wish.slice(0, 80)}'.`, ...(hint && { hint }) };
}
