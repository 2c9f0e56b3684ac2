// What holds of every workflow of which states are replaced, whatever happens meanwhile (`on_change: replace`).
// Belongs here: properties over random definitions, lives and changes. Does not belong here: a single story (test/scenarios).
import { expect } from 'chai';
import fc from 'fast-check';
import { gateVerdict } from '../../engine/machine/counters.ts';
import { chaptersOf, checkDeletion, checkEnd, checkReplay, lived } from '../support/random-chapters.ts';
import { replacingDice } from '../support/random-changes.ts';
import { anyCase, anyOutcome } from '../support/random-definitions.ts';
import { move, play } from '../support/random-lives.ts';
import type { Workflow } from '../support/workflow.ts';

const RUNS = { numRuns: Number(process.env['REPLACE_RUNS'] ?? 400) };
const chapters = chaptersOf(replacingDice);

const asideIn = (w: Workflow) => w.graph.steps.filter(({ retireAfter }) => retireAfter !== undefined);

describe('every workflow of which states are replaced', () => {
  it('RP1, RT1, RT2: keeps all invariants, ends or names who holds it, and keeps nothing that was followed once the goal holds', () => {
    const outcomes = fc.array(anyOutcome, { minLength: 1, maxLength: 8 });
    let seen = 0;
    fc.assert(
      fc.property(
        anyCase,
        chapters,
        fc.array(move, { maxLength: 12 }),
        outcomes,
        (one, told, moves, fate) => {
          const w = lived(one, told);
          seen += asideIn(w).length;
          for (const item of moves) play(w, item);
          checkEnd(w, fate);
          for (const { id, retireAfter: [own] = [] } of w.over === 'complete' ? asideIn(w) : []) {
            const isFollowed = own === undefined || gateVerdict(w.state.cells, w.graph, own) === 'met';
            if (isFollowed)
              expect(w.status(id), id).to.be.oneOf(['undone', 'waiting', 'skipped', 'not_needed']);
          }
        },
      ),
      RUNS,
    );
    expect(seen).to.be.above(0);
  });

  it('is the same from its log and from its stored records (I12)', () => {
    fc.assert(
      fc.property(anyCase, chapters, fc.array(move, { maxLength: 12 }), (one, told, moves) => {
        const w = lived(one, told);
        for (const item of moves) play(w, item);
        checkReplay(one, w);
      }),
      RUNS,
    );
  });

  it('is deleted at any time, and everything is undone or what is left is named', () => {
    fc.assert(
      fc.property(anyCase, chapters, (one, told) => {
        const w = lived(one, told);
        checkDeletion(w);
      }),
      RUNS,
    );
  });
});
