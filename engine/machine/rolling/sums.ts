// Running sums over rollings: who is inside, who has failed there, who is next (R4).
// Belongs here: the layout of the numbers and their upkeep when a step's record changes. Does not belong here: what is
// done when a turn comes (rolling/entering.ts), the numbers of gates (counters.ts, which keeps these behind its own).
//
//   M20 the numbers of a rolling are those of its turns.
//
// A member enters with a number, from 1, which the record of the step that takes the turn keeps (`rolling.entry`). It is
// inside while a step of its turn is not final. When a person opens a turn that was over, the step that is opened keeps
// the entry that had ended (`rolling.left`): the member has to enter anew. So everything here follows from the records.
import type { RollingNode, StateGraph, Turn } from '../../graph/types.ts';
import type { Cells } from '../cells.ts';
import { hasNoWay } from '../records.ts';
import type { StepRecord, StepStatus } from '../types.ts';

/** Of a rolling. `head`: the place in the order of the first that has not entered; `stopped`: steps blocked by its stop. */
const ROLLING = { entries: 0, inside: 1, failed: 2, head: 3, stopped: 4 } as const;
const ROLLING_CELLS = 5;
/** Of a turn. `rank`: its place in the order, from 1; `ranked`: which turn stands at this place, by its number from 1. */
const TURN = { pending: 0, lost: 1, entry: 2, left: 3, rank: 4, ranked: 5 } as const;
const TURN_CELLS = 6;

export const turnCellCount = (graph: StateGraph): number =>
  graph.rollings.length * ROLLING_CELLS + graph.turns.length * TURN_CELLS;

/** Told when anything changed that decides who may enter. */
export interface RollingWatcher {
  rollingChanged(rolling: number): void;
}

/** The numbers of all rollings, kept in `cells` from the number `base` on. */
export class TurnSums {
  private readonly cells: Cells;
  private readonly graph: StateGraph;
  private readonly base: number;

  constructor(cells: Cells, graph: StateGraph, base: number) {
    this.cells = cells;
    this.graph = graph;
    this.base = base;
  }

  /** How many have entered so far, those that entered anew counted again. */
  entries(rolling: number): number {
    return this.rolling(rolling, 'entries');
  }

  inside(rolling: number): number {
    return this.rolling(rolling, 'inside');
  }

  failed(rolling: number): number {
    return this.rolling(rolling, 'failed');
  }

  /** Steps that its stop has blocked. */
  stopped(rolling: number): number {
    return this.rolling(rolling, 'stopped');
  }

  /** The first in order that has not entered and is not over; undefined: there is none, or no order yet. */
  head(rolling: number): Turn | undefined {
    const node = this.graph.rollings[rolling] as RollingNode;
    return this.turnAt(node, this.rolling(rolling, 'head'));
  }

  /** The turn at a place of the order. */
  turnAt(node: RollingNode, place: number): Turn | undefined {
    if (place >= node.members) return undefined;
    if (!node.rolling.order) return this.graph.turns[node.first + place];
    const found = this.turn(node.first + place, 'ranked');
    return found === 0 ? undefined : this.graph.turns[found - 1];
  }

  /** Where it stands in the order; undefined: the order is not known yet. */
  placeOf(turn: Turn): number | undefined {
    const node = this.graph.rollings[turn.rolling] as RollingNode;
    if (!node.rolling.order) return turn.place;
    const rank = this.turn(turn.number, 'rank');
    return rank === 0 ? undefined : rank - 1;
  }

  isInside(turn: number): boolean {
    return this.hasEntered(turn) && this.turn(turn, 'pending') > 0;
  }

  /** Not inside, and not over. */
  isOutside(turn: number): boolean {
    return !this.hasEntered(turn) && this.turn(turn, 'pending') > 0;
  }

  hasFailed(turn: number): boolean {
    return this.hasEntered(turn) && this.lost(turn) > 0;
  }

  /** Its steps that failed or are blocked. */
  lost(turn: number): number {
    return this.turn(turn, 'lost');
  }

  /** Every number: for comparison. */
  all(): readonly number[] {
    return Array.from({ length: turnCellCount(this.graph) }, (_, at) => this.cells.get(this.base + at));
  }

  /** What the record of a step keeps that is opened again when its turn is over: the entry that has ended. */
  opening(
    turn: number,
    { rolling }: StepRecord,
    status: StepStatus | undefined,
  ): Pick<StepRecord, 'rolling'> {
    if (status === undefined || status === 'undoing' || !isPending(status)) return {};
    if (this.turn(turn, 'pending') > 0 || !this.hasEntered(turn)) return {};
    return { rolling: { ...rolling, left: this.turn(turn, 'entry') } };
  }

  /** Counts that the record of a step of this turn was replaced. */
  count(number: number, before: StepRecord, after: StepRecord, watcher?: RollingWatcher): void {
    const turn = this.graph.turns[number] as Turn;
    const was = this.standing(number);
    const pending = Number(isPending(after.status)) - Number(isPending(before.status));
    const lost = Number(hasNoWay(after.status)) - Number(hasNoWay(before.status));
    const stopped = Number(isStopped(after)) - Number(isStopped(before));
    if (pending) this.addTurn(number, 'pending', pending);
    if (lost) this.addTurn(number, 'lost', lost);
    if (stopped) this.addRolling(turn.rolling, 'stopped', stopped);
    const told = after.rolling !== before.rolling && this.take(turn, after.rolling ?? {});
    if (!pending && !lost && !told) return;
    const is = this.standing(number);
    const inside = Number(is.inside) - Number(was.inside);
    const failed = Number(is.failed) - Number(was.failed);
    if (inside) this.addRolling(turn.rolling, 'inside', inside);
    if (failed) this.addRolling(turn.rolling, 'failed', failed);
    const moved = this.moveHead(turn);
    if (inside || failed || moved || told) watcher?.rollingChanged(turn.rolling);
  }

  /** In a workflow in which nothing has happened every turn is to come. */
  begin(): void {
    for (const { number, steps } of this.graph.turns) this.addTurn(number, 'pending', steps.length);
    for (const { number, rolling, members } of this.graph.rollings) {
      if (rolling.order) this.addRolling(number, 'head', members);
    }
  }

  /** What the record of one of its steps says of the turn; false: nothing new. */
  private take(turn: Turn, { entry = 0, left = 0, rank = 0 }: NonNullable<StepRecord['rolling']>): boolean {
    const { first } = this.graph.rollings[turn.rolling] as RollingNode;
    const news = [
      this.raise(this.turnCell(turn.number, 'entry'), entry),
      this.raise(this.turnCell(turn.number, 'left'), left),
      this.raise(this.turnCell(turn.number, 'rank'), rank),
      rank > 0 && this.raise(this.turnCell(first + rank - 1, 'ranked'), turn.number + 1),
      this.raise(this.rollingCell(turn.rolling, 'entries'), entry),
    ];
    return news.includes(true);
  }

  private standing(turn: number): { readonly inside: boolean; readonly failed: boolean } {
    return { inside: this.isInside(turn), failed: this.hasFailed(turn) };
  }

  private hasEntered(turn: number): boolean {
    return this.turn(turn, 'entry') > this.turn(turn, 'left');
  }

  /** To the first place whose turn is to come. It goes back only when a person opens a turn again. */
  private moveHead(changed: Turn): boolean {
    const node = this.graph.rollings[changed.rolling] as RollingNode;
    const before = this.rolling(node.number, 'head');
    const place = this.placeOf(changed);
    let head = place !== undefined && this.isOutside(changed.number) ? Math.min(before, place) : before;
    while (head < node.members && !this.isNext(node, head)) head += 1;
    if (head === before) return false;
    this.cells.set(this.rollingCell(node.number, 'head'), head);
    return true;
  }

  private isNext(node: RollingNode, place: number): boolean {
    const turn = this.turnAt(node, place);
    return turn !== undefined && this.isOutside(turn.number);
  }

  private rolling(number: number, what: keyof typeof ROLLING): number {
    return this.cells.get(this.rollingCell(number, what));
  }

  private turn(number: number, what: keyof typeof TURN): number {
    return this.cells.get(this.turnCell(number, what));
  }

  private addRolling(number: number, what: keyof typeof ROLLING, by: number): void {
    const at = this.rollingCell(number, what);
    this.cells.set(at, this.cells.get(at) + by);
  }

  private addTurn(number: number, what: keyof typeof TURN, by: number): void {
    const at = this.turnCell(number, what);
    this.cells.set(at, this.cells.get(at) + by);
  }

  private raise(at: number, value: number): boolean {
    if (value <= this.cells.get(at)) return false;
    this.cells.set(at, value);
    return true;
  }

  private rollingCell(number: number, what: keyof typeof ROLLING): number {
    return this.base + number * ROLLING_CELLS + ROLLING[what];
  }

  private turnCell(number: number, what: keyof typeof TURN): number {
    const turns = this.base + this.graph.rollings.length * ROLLING_CELLS;
    return turns + number * TURN_CELLS + TURN[what];
  }
}

/** Not final: what is taken back before it has failed is not over yet. */
const PENDING = new Set<StepStatus>(['waiting', 'ready', 'running', 'paused', 'interrupted', 'undoing']);
const isPending = (status: StepStatus): boolean => PENDING.has(status);

const isStopped = ({ status, cause }: StepRecord): boolean =>
  status === 'blocked' && cause === 'rolling_stopped';
