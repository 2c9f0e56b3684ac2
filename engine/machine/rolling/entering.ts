// Rollings: a member enters when its turn has come, and nobody does after too many have failed (R4, row 9).
// Belongs here: who may enter, entering, the order of turns, what follows when a turn is over. Does not belong here: the
// sums (rolling/sums.ts), going back (rolling/way-back.ts).
import { EngineError } from '../../base/errors.ts';
import { type JsonValue, tagOf } from '../../base/json.ts';
import { evaluateTemplate } from '../../definition/expressions/index.ts';
import type { Template } from '../../definition/expressions/types.ts';
import type { RollingNode, StateGraph, Step, Turn } from '../../graph/types.ts';
import { expressionError } from '../command.ts';
import { hopelessOf } from '../counters.ts';
import type { Draft } from '../draft.ts';
import { failAttempt } from '../retry.ts';
import { sizeAt } from '../shares.ts';
import type { TurnSums } from './sums.ts';
import type { StepStatus } from '../types.ts';
import { dataView } from '../view.ts';

/** More have failed inside than are tolerated. */
export const isStopped = (sums: TurnSums, { number, rolling }: RollingNode): boolean =>
  sums.failed(number) > rolling.maxFailures;

/** Its member has not entered and will not: nobody does any more. A member that failed inside is not kept from going on. */
export function isShutOut(sums: TurnSums, graph: StateGraph, { turn }: Step): boolean {
  if (turn === undefined || sums.isInside(turn) || sums.hasFailed(turn)) return false;
  return isStopped(sums, rollingOf(graph, turn));
}

/** The first in order that is to come, while there is room. Before its order is known anybody may ask for it. */
export function mayEnter(sums: TurnSums, graph: StateGraph, turn: number): boolean {
  const node = rollingOf(graph, turn);
  if (isStopped(sums, node) || !hasRoom(sums, node)) return false;
  const place = sums.placeOf(graph.turns[turn] as Turn);
  return place === undefined || sums.head(node.number)?.number === turn;
}

/** Members that may be inside at a time: of a list, those of the batch that entered last. */
export const roomOf = (sums: TurnSums, { number, rolling, members }: RollingNode): number =>
  sizeAt(rolling.serial, Math.max(0, sums.entries(number) - 1), members).size;

/** Whether one more may be inside. */
export function hasRoom(sums: TurnSums, { number, rolling, members }: RollingNode): boolean {
  const inside = sums.inside(number);
  const { size, begins } = sizeAt(rolling.serial, sums.entries(number), members);
  if (rolling.serial.kind === 'window') return inside < size;
  return !begins || inside === 0;
}

/** True when its state is in no rolling, or its member is inside. */
export function isInTurn(draft: Draft, number: number): boolean {
  const { turn } = draft.step(number);
  return turn === undefined || draft.turns.isInside(turn);
}

/** True when the step may start: its state is in no rolling, its member is inside, or enters now. */
export function takeTurn(draft: Draft, number: number): boolean {
  const { turn } = draft.step(number);
  if (turn === undefined || isInTurn(draft, number)) return true;
  const node = rollingOf(draft.graph, turn);
  if (isStopped(draft.turns, node) || !putInOrder(draft, node, number)) return false;
  if (!mayEnter(draft.turns, draft.graph, turn)) return false;
  const entry = draft.turns.entries(node.number) + 1;
  draft.write(number, { rolling: { ...draft.record(number).rolling, entry } });
  return true;
}

/** Looks at a rolling again after somebody entered, left, failed, or was opened again. */
export function considerRolling(draft: Draft, number: number): void {
  const node = draft.graph.rollings[number] as RollingNode;
  if (!draft.forward) return;
  if (isStopped(draft.turns, node)) return considerRest(draft, node);
  if (draft.turns.stopped(number) > 0) release(draft, node);
  const head = draft.turns.head(number);
  if (head && hasRoom(draft.turns, node)) draft.steps.push(...head.steps);
}

/** Nobody else enters: who has not is looked at, and blocked. */
function considerRest(draft: Draft, node: RollingNode): void {
  for (const turn of turnsToCome(draft, node))
    if (turn && draft.turns.isOutside(turn.number)) draft.steps.push(...turn.steps);
}

/** From the head on; all of them while the order is not known, as when it is made anew. */
function turnsToCome({ graph, turns }: Draft, node: RollingNode): readonly (Turn | undefined)[] {
  const { first, members } = node;
  const [any] = graph.turns.slice(first, first + members);
  if (any && turns.placeOf(any) === undefined) return graph.turns.slice(first, first + members);
  const head = turns.head(node.number);
  const from = (head && turns.placeOf(head)) ?? members;
  return Array.from({ length: members - from }, (_, index) => turns.turnAt(node, from + index));
}

/** A person opened what had failed. All are to come again before one of them is looked at: the order holds. */
function release(draft: Draft, { first, members }: RollingNode): void {
  for (const { steps } of draft.graph.turns.slice(first, first + members)) {
    for (const step of steps) {
      const { status, cause } = draft.record(step);
      if (status !== 'blocked' || cause !== 'rolling_stopped') continue;
      if (hopelessOf(draft.cells, draft.graph, step) === 0)
        draft.write(step, { status: 'waiting', cause: undefined });
      draft.steps.push(step);
    }
  }
}

export const rollingOf = (graph: StateGraph, turn: number): RollingNode =>
  graph.rollings[graph.turns[turn]?.rolling ?? -1] as RollingNode;

/** Evaluates the order once, when the first member could enter. False: it could not be, and the step has failed of it. */
function putInOrder(draft: Draft, node: RollingNode, number: number): boolean {
  const { order } = node.rolling;
  const turn = draft.graph.turns[draft.step(number).turn ?? -1];
  if (!order || !turn || draft.turns.placeOf(turn) !== undefined) return true;
  try {
    const turns = draft.graph.turns.slice(node.first, node.first + node.members);
    const keys = turns.map(one => ({ turn: one, key: keyOf(draft, node, order, one) }));
    keys.sort((a, b) => compare(a.key, b.key) || a.turn.place - b.turn.place);
    for (const [place, one] of keys.entries()) keepRank(draft, one.turn, place + 1);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    failAttempt(draft, number, expressionError(thrown, 'action'), 'final');
    return false;
  }
}

type Key = number | bigint | string;

/** Numbers come before texts. */
function compare(a: Key, b: Key): number {
  const [isText, areTexts] = [typeof a === 'string', typeof b === 'string'];
  if (isText !== areTexts) return isText ? 1 : -1;
  return a < b ? -1 : Number(a > b);
}

/** Throws EngineError `expression_failed`, naming the member that has no place. */
function keyOf(draft: Draft, node: RollingNode, order: Template, turn: Turn): Key {
  const step = draft.step(turn.steps[0] as number);
  const what = `order of rolling ${node.entity}.${node.rolling.name} for ${step.member?.name ?? step.id}`;
  try {
    const key = asKey(evaluateTemplate(order, dataView(draft, { step })));
    if (key !== undefined) return key;
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    throw new EngineError('expression_failed', `${what}: ${thrown.message}`, thrown.next, { cause: thrown });
  }
  throw new EngineError(
    'expression_failed',
    `${what}: the answer is neither a number nor text.`,
    'Correct it.',
  );
}

function asKey(value: JsonValue): Key | undefined {
  if (typeof value === 'number' || typeof value === 'string') return value;
  return tagOf(value) === '$integer' ? BigInt((value as { readonly $integer: string }).$integer) : undefined;
}

/** Nothing of the step's own goes on in these. */
const STILL = new Set<StepStatus>(['waiting', 'paused', 'blocked', 'failed']);

/** The rank is kept with one of the member's steps; who is past its turn may be opened again. */
function keepRank(draft: Draft, { steps }: Turn, rank: number): void {
  const keeper = steps.find(step => STILL.has(draft.record(step).status)) ?? steps[0];
  if (keeper === undefined) return;
  draft.write(keeper, { rolling: { ...draft.record(keeper).rolling, rank } });
}
