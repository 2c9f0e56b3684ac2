// Lives of a workflow in chapters, between which its definition or inputs change.
// Belongs here: drawing and living them, what holds of every end. Does not belong here: single changes (random-changes.ts), moves (random-lives.ts).
import { expect } from 'chai';
import fc from 'fast-check';
import { restore } from '../../engine/machine/state.ts';
import type { Outcome } from '../../engine/machine/types.ts';
import type { ChangeDice } from './random-changes.ts';
import type { Case } from './random-definitions.ts';
import {
  changeSource,
  drain,
  type Move,
  move,
  play,
  replayedFrom,
  storedSteps,
  text,
} from './random-lives.ts';
import { checkExplanations } from './why.ts';
import { HASH, Workflow } from './workflow.ts';

/** `isOver`: all commands are answered well before the change comes. */
export interface Chapter {
  readonly isOver: boolean;
  readonly moves: readonly Move[];
  readonly dice: readonly ChangeDice[];
  readonly n: number;
}

export const chaptersOf = (dice: fc.Arbitrary<readonly ChangeDice[]>): fc.Arbitrary<readonly Chapter[]> =>
  fc.array(
    fc.record({
      isOver: fc.boolean(),
      moves: fc.array(move, { maxLength: 12 }),
      dice,
      n: fc.nat({ max: 1 }),
    }),
    { minLength: 1, maxLength: 3 },
  );

/** Good ends but for the look after an undo, which has to deny. */
export const well = (w: Workflow) => (): Outcome => {
  const isAfterUndo = w.record(w.out()[0] ?? '')?.phase === 'verify';
  return isAfterUndo
    ? { kind: 'failed', error: { kind: 'exit', message: 'exit 1', exitCode: 1 } }
    : { kind: 'succeeded', outputs: { port: { text: '1' } } };
};

export function lived({ definition, members }: Case, told: readonly Chapter[]): Workflow {
  const w = new Workflow(definition, members).create();
  for (const { isOver, moves, dice, n } of told) {
    for (const item of moves) play(w, item);
    if (isOver) drain(w, well(w));
    changeSource(w, dice, n);
  }
  return w;
}

/** All that is out ends, in these ways in turn: it is over, or says who holds it. */
export function checkEnd(w: Workflow, fate: readonly Outcome[]): void {
  drain(w, turn => fate[turn % fate.length] as Outcome);
  expect(w.over).to.be.oneOf(['complete', 'failed', 'held']);
  if (w.over !== 'complete') expect(w.reason).not.to.equal('');
  checkExplanations(w);
}

/** The same from its log and from its stored records (I12). */
export function checkReplay(one: Case, w: Workflow): void {
  const replayed = replayedFrom(one, w);
  expect(text(replayed)).to.equal(text(w.state));
  expect(replayed).to.eql(w.state);
  const { workflow, inputs } = w.state;
  expect(restore(w.graph, workflow, storedSteps(w.state), inputs, HASH)).to.eql(w.state);
}

/** Deleted now, everything is undone, or what is left is named. */
export function checkDeletion(w: Workflow): void {
  w.send({ kind: 'delete', abandon: false, by: 'heat' });
  drain(w, well(w));
  expect(w.over).to.be.oneOf(['deleted', 'delete_failed']);
  if (w.over === 'delete_failed') expect(w.reason).to.contain('could not be undone');
}
