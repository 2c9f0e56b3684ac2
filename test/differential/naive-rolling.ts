// Rollings as the rules say them, over plain lists: who is inside, who is next, who is shut out (R4, rows 7 and 9).
// Belongs here: turns. Does not belong here: when steps are looked at (naive.ts), any code of engine/machine.
import { evaluateTemplate } from '../../engine/definition/expressions/index.ts';
import type { DataView } from '../../engine/definition/expressions/types.ts';
import type { Rolling, Share } from '../../engine/definition/types.ts';
import { isFinal, isLost, type NaiveStep } from './naive-rules.ts';

interface Turn {
  readonly steps: readonly NaiveStep[];
  /** `left`: it was inside and is over; opened again it is outside once more. */
  standing: 'outside' | 'inside' | 'left';
}

interface Roll {
  readonly rolling: Rolling;
  /** In index order until the order is known. */
  turns: Turn[];
  isOrdered: boolean;
  entries: number;
}

export class NaiveRollings {
  private readonly rolls: readonly Roll[];

  constructor(steps: readonly NaiveStep[]) {
    const rollings = new Set(steps.map(step => step.state.rolling));
    this.rolls = [...rollings]
      .filter(rolling => rolling !== undefined)
      .map(rolling => ({ rolling, turns: turnsOf(rolling, steps), isOrdered: !rolling.order, entries: 0 }));
  }

  /** Who is over has left; who left and was opened again is outside. */
  update(): void {
    for (const turn of this.rolls.flatMap(({ turns }) => turns)) {
      const over = turn.steps.every(isOver);
      if (turn.standing === 'inside' && over) turn.standing = 'left';
      if (turn.standing === 'left' && !over) turn.standing = 'outside';
    }
  }

  /** Too many have failed: who has not entered never will. Those that failed are not shut out by their own failure. */
  isShutOut(step: NaiveStep): boolean {
    const [roll, turn] = this.find(step);
    if (!roll || !turn || turn.standing === 'inside' || hasFailed(turn)) return false;
    return isStopped(roll);
  }

  isInside(step: NaiveStep): boolean {
    const [, turn] = this.find(step);
    return turn === undefined || turn.standing === 'inside';
  }

  /** True when it may start; its member enters if it has not. */
  take(step: NaiveStep): boolean {
    const [roll, turn] = this.find(step);
    if (!roll || !turn || turn.standing === 'inside') return true;
    if (isStopped(roll)) return false;
    putInOrder(roll);
    const next = roll.turns.find(one => one.standing === 'outside' && !one.steps.every(isOver));
    if (next !== turn || !hasRoom(roll)) return false;
    turn.standing = 'inside';
    roll.entries += 1;
    return true;
  }

  private find(step: NaiveStep): readonly [Roll | undefined, Turn | undefined] {
    const roll = this.rolls.find(({ turns }) => turns.some(({ steps }) => steps.includes(step)));
    return [roll, roll?.turns.find(({ steps }) => steps.includes(step))];
  }
}

function turnsOf(rolling: Rolling, steps: readonly NaiveStep[]): Turn[] {
  const own = steps.filter(step => step.state.rolling === rolling && step.member);
  const members = [...new Set(own.map(({ member }) => member?.index))].toSorted(
    (a, b) => (a ?? 0) - (b ?? 0),
  );
  return members.map(index => ({
    steps: own.filter(({ member }) => member?.index === index),
    standing: 'outside',
  }));
}

/** What was taken back is over as well. */
const isOver = (step: NaiveStep): boolean => isFinal(step) || step.status === 'undone';

const hasFailed = ({ standing, steps }: Turn): boolean => standing !== 'outside' && steps.some(isLost);

const isStopped = ({ turns, rolling }: Roll): boolean => turns.filter(hasFailed).length > rolling.maxFailures;

function hasRoom({ rolling: { serial }, turns, entries }: Roll): boolean {
  const inside = turns.filter(({ standing }) => standing === 'inside').length;
  if (serial.kind === 'window') return inside < countOf(serial.size, turns.length);
  // The batches that those who have entered filled, one after the other.
  let begun = 0;
  for (let batch = 0; begun < entries; batch += 1)
    begun += countOf(serial.sizes[Math.min(batch, serial.sizes.length - 1)] as Share, turns.length);
  return begun > entries || inside === 0;
}

const countOf = (share: Share, members: number): number =>
  'count' in share ? share.count : Math.max(1, Math.floor((share.percent * members) / 100));

/** Random orders look at a member's index only. */
function putInOrder(roll: Roll): void {
  const { order } = roll.rolling;
  if (roll.isOrdered || !order) return;
  const keyOf = ({ steps }: Turn): number =>
    Number(evaluateTemplate(order, { member: steps[0]?.member } as unknown as DataView));
  roll.turns = roll.turns.toSorted((a, b) => keyOf(a) - keyOf(b));
  roll.isOrdered = true;
}
