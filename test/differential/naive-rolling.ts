// Rollings as the rules say them, over plain lists: who is inside, who is next, who is shut out (R4, rows 7 and 9).
// Belongs here: turns. Does not belong here: when steps are looked at (naive.ts), any code of engine/machine.
import { evaluateTemplate } from '../../engine/definition/expressions/index.ts';
import type { DataView } from '../../engine/definition/expressions/types.ts';
import type { Rolling, Share } from '../../engine/definition/types.ts';
import { isFinal, type NaiveStep } from './naive-rules.ts';

interface Turn {
  readonly steps: readonly NaiveStep[];
  /** `left`: it was inside and is over; opened again it is outside once more. */
  standing: 'outside' | 'inside' | 'left';
  /** The step with which its member entered, and as which of all. */
  entered?: { readonly step: NaiveStep; readonly entry: number };
}

interface Roll {
  readonly rolling: Rolling;
  /** In index order until the order is known. */
  turns: Turn[];
  isOrdered: boolean;
  entries: number;
}

export class NaiveRollings {
  private rolls: readonly Roll[];

  constructor(steps: readonly NaiveStep[]) {
    this.rolls = rollsOf(steps);
  }

  /** Others take part: who stays keeps its standing, and an order is made anew. */
  seat(steps: readonly NaiveStep[], isNew: boolean): void {
    const before = this.rolls;
    this.rolls = rollsOf(steps).map(roll =>
      isNew
        ? begunAnew(roll, before)
        : kept(
            roll,
            before.find(({ rolling }) => rolling === roll.rolling),
          ),
    );
  }

  /** Who is over has left; who left and was opened again is outside. */
  update(): void {
    for (const turn of this.rolls.flatMap(({ turns }) => turns)) {
      const over = turn.steps.every(isOver);
      if (turn.standing === 'inside' && over) turn.standing = 'left';
      // What is taken back is not over.
      const isBack = turn.steps.some(({ status }) => status === 'undoing');
      if (turn.standing === 'left' && !over) turn.standing = isBack ? 'inside' : 'outside';
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
    turn.entered = { step, entry: roll.entries };
    return true;
  }

  private find(step: NaiveStep): readonly [Roll | undefined, Turn | undefined] {
    const roll = this.rolls.find(({ turns }) => turns.some(({ steps }) => steps.includes(step)));
    return [roll, roll?.turns.find(({ steps }) => steps.includes(step))];
  }
}

function rollsOf(steps: readonly NaiveStep[]): readonly Roll[] {
  const rollings = new Set(steps.map(step => step.state.rolling));
  return [...rollings]
    .filter(rolling => rolling !== undefined)
    .map(rolling => ({ rolling, turns: turnsOf(rolling, steps), isOrdered: !rolling.order, entries: 0 }));
}

/** With another definition rollings begin anew; who is inside one goes on to its end. */
function begunAnew(roll: Roll, before: readonly Roll[]): Roll {
  const inside = before.flatMap(({ turns }) => turns).filter(({ standing }) => standing === 'inside');
  const turns = roll.turns.map(turn => {
    const old = inside.find(({ entered }) => entered && turn.steps.includes(entered.step));
    return old?.entered ? { ...turn, standing: old.standing, entered: old.entered } : turn;
  });
  return { ...roll, turns, entries: Math.max(0, ...turns.map(({ entered }) => entered?.entry ?? 0)) };
}

function kept(roll: Roll, before: Roll | undefined): Roll {
  if (!before) return roll;
  const turns = roll.turns.map(turn => {
    const old = before.turns.find(({ entered }) => entered && turn.steps.includes(entered.step));
    return old?.entered ? { ...turn, standing: old.standing, entered: old.entered } : turn;
  });
  const entries = Math.max(0, ...turns.map(({ entered }) => entered?.entry ?? 0));
  const agents = (list: readonly Turn[]): string =>
    list
      .map(({ steps }) => steps[0]?.member?.agent ?? '')
      .toSorted()
      .join(' ');
  if (!before.isOrdered || agents(turns) !== agents(before.turns)) return { ...roll, turns, entries };
  const place = ({ steps }: Turn): number =>
    before.turns.findIndex(one => one.steps[0]?.member?.agent === steps[0]?.member?.agent);
  return { ...roll, turns: turns.toSorted((a, b) => place(a) - place(b)), entries, isOrdered: true };
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
const isOver = (step: NaiveStep): boolean =>
  step.withdrawn ? ENDED.has(step.status) : isFinal(step) || step.status === 'undone';

/** Of what is to be taken back. */
const ENDED = new Set(['reached', 'failed', 'blocked', 'skipped', 'not_needed', 'undone']);

const hasFailed = ({ standing, steps }: Turn): boolean =>
  standing !== 'outside' && steps.some(({ status }) => LOST.has(status));

const LOST = new Set(['failed', 'blocked']);

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
