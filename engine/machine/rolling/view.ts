// Whose turn it is in a rolling, for those who ask why a step waits or is not undone.
// Belongs here: reading it from the state, one phrase about it. Does not belong here: layout (views).
import type { RollingNode, StateGraph, Step, Turn } from '../../graph/types.ts';
import { turnSums } from '../counters.ts';
import { hasNoWay } from '../records.ts';
import type { MachineState } from '../state.ts';
import { hasRoom, isStopped, mayEnter, roomOf, rollingOf } from './entering.ts';
import { isTurnToUndo } from '../undo/order.ts';
import type { TurnSums } from './sums.ts';
import type { StepStatus } from '../types.ts';

/** A rolling as one of its members sees it. Members are named by the first of their steps in it. */
export interface RollingView {
  /** `entity.rolling`. */
  readonly name: string;
  /** `inside`; `may_enter`: as soon as one of its steps is ready; `waits` for others; `stopped`; `over`. */
  readonly standing: 'inside' | 'may_enter' | 'waits' | 'stopped' | 'over';
  /** Steps of those inside that are not final. */
  readonly inside: readonly Step[];
  /** First steps of those that come before it in the order and have not entered, in order. */
  readonly ahead: readonly Step[];
  /** Members that failed inside, and how many may. */
  readonly failed: number;
  readonly maxFailures: number;
}

/** Undefined: the step is in no rolling. Costs the members of the rolling. */
export function rollingView(graph: StateGraph, state: MachineState, step: Step): RollingView | undefined {
  if (step.turn === undefined) return undefined;
  const sums = turnSums(state.cells, graph);
  const node = rollingOf(graph, step.turn);
  const turns = graph.turns.slice(node.first, node.first + node.members);
  const own = graph.turns[step.turn] as Turn;
  const place = sums.placeOf(own) ?? own.place;
  return {
    name: `${node.entity}.${node.rolling.name}`,
    standing: standingOf(graph, sums, step.turn),
    inside: turns.filter(({ number }) => sums.isInside(number)).map(turn => openStep(graph, state, turn)),
    ahead: turns
      .filter(turn => sums.isOutside(turn.number) && (sums.placeOf(turn) ?? turn.place) < place)
      .sort((a, b) => (sums.placeOf(a) ?? a.place) - (sums.placeOf(b) ?? b.place))
      .map(turn => openStep(graph, state, turn)),
    failed: sums.failed(node.number),
    maxFailures: node.rolling.maxFailures,
  };
}

/** `its turn in rolling sql.patch (1 of 1 inside, sql[1].drained is next)`; nothing for who need not wait. Costs one turn. */
export function turnPhrase(graph: StateGraph, state: MachineState, { turn }: Step): readonly string[] {
  if (turn === undefined) return [];
  const sums = turnSums(state.cells, graph);
  const node = rollingOf(graph, turn);
  const name = `rolling ${node.entity}.${node.rolling.name}`;
  switch (standingOf(graph, sums, turn)) {
    case 'waits': {
      const inside = `${sums.inside(node.number)} of ${roomOf(sums, node)} inside`;
      const head = sums.head(node.number);
      const isNext = head === undefined || head.number === turn;
      return [
        `its turn in ${name} (${inside}${isNext ? '' : `, ${openStep(graph, state, head).id} is next`})`,
      ];
    }
    case 'stopped':
      return sums.hasFailed(turn) ? [] : [`a retry of what failed in ${name}: nobody else enters`];
    case 'inside':
    case 'may_enter':
    case 'over':
      return [];
  }
}

function standingOf(graph: StateGraph, sums: TurnSums, turn: number): RollingView['standing'] {
  if (sums.isInside(turn)) return 'inside';
  if (isStopped(sums, rollingOf(graph, turn))) return 'stopped';
  if (!sums.isOutside(turn)) return 'over';
  return mayEnter(sums, graph, turn) ? 'may_enter' : 'waits';
}

/** The first of its steps that is not final: what the others wait for. */
function openStep(graph: StateGraph, state: MachineState, { steps }: Turn): Step {
  const open = steps.find(step => !FINAL.has(statusOf(state, step)));
  return graph.steps[open ?? (steps[0] as number)] as Step;
}

const FINAL = new Set<StepStatus>(['reached', 'failed', 'blocked', 'skipped', 'not_needed', 'undone']);

const turnsOf = (graph: StateGraph, { first, members }: RollingNode): readonly Turn[] =>
  graph.turns.slice(first, first + members);

/** Open steps of those inside; while there is room, of the one that comes first. */
export function aheadIn(graph: StateGraph, state: MachineState, node: RollingNode): readonly number[] {
  const sums = turnSums(state.cells, graph);
  const head = sums.head(node.number);
  const before = hasRoom(sums, node)
    ? head === undefined
      ? []
      : [head]
    : turnsOf(graph, node).filter(({ number }) => sums.isInside(number));
  return before.flatMap(({ steps }) => steps).filter(step => !FINAL.has(statusOf(state, step)));
}

/** Steps that failed, of members inside; if none did, those that are blocked. */
export function failedIn(graph: StateGraph, state: MachineState, node: RollingNode): readonly number[] {
  const sums = turnSums(state.cells, graph);
  const lost = turnsOf(graph, node)
    .filter(({ number }) => sums.hasFailed(number))
    .flatMap(({ steps }) => steps)
    .filter(step => hasNoWay(statusOf(state, step)));
  const failed = lost.filter(step => statusOf(state, step) === 'failed');
  return failed.length > 0 ? failed : lost;
}

/** Steps of members whose turn to be undone has come. */
export function openForUndo(graph: StateGraph, { undo }: MachineState, node: RollingNode): readonly number[] {
  const steps = turnsOf(graph, node).flatMap(turn => turn.steps);
  return undo ? steps.filter(step => isTurnToUndo(undo, graph, step)) : [];
}

const statusOf = (state: MachineState, step: number): StepStatus => state.records[step]?.status ?? 'waiting';
