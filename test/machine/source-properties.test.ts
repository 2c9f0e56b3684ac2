// What holds of every workflow whose definition or inputs change, whatever they were and whatever happens meanwhile.
// Belongs here: properties over random definitions and random changes of them. Does not belong here: single cases
// (source.test.ts), lives without such changes (properties.test.ts).
import { expect } from 'chai';
import fc from 'fast-check';
import { chaptersOf, checkDeletion, checkEnd, checkReplay, lived, well } from '../support/random-chapters.ts';
import { changeDice, changedBy, type ChangeDice } from '../support/random-changes.ts';
import { anyCase, anyOutcome } from '../support/random-definitions.ts';
import { drain, move, play } from '../support/random-lives.ts';
import { Workflow } from '../support/workflow.ts';

const RUNS = { numRuns: 200 };

const chapters = chaptersOf(changeDice);

/** Changes after which every state and role is as it was once they are taken back. */
const STAYING = new Set<ChangeDice['kind']>([
  'script',
  'add state',
  'add entity',
  'undo',
  'interruptible',
  'keep',
  'follow',
]);

describe('every workflow whose definition or inputs change', () => {
  it('rows 23 and 24: keeps all invariants, and comes to an end or names who holds it', () => {
    const outcomes = fc.array(anyOutcome, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        anyCase,
        chapters,
        fc.array(move, { maxLength: 12 }),
        outcomes,
        (one, told, moves, fate) => {
          const w = lived(one, told);
          for (const item of moves) play(w, item);
          checkEnd(w, fate);
        },
      ),
      RUNS,
    );
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

  it('R3: of one that is complete, a definition that says the same runs nothing and writes nothing that was reached', () => {
    fc.assert(
      fc.property(anyCase, ({ definition, members }) => {
        const w = new Workflow(definition, members).create();
        drain(w, well(w));
        // What failed although the goal holds, such as a question that nobody answered, begins anew.
        fc.pre(w.over === 'complete' && w.graph.steps.every(({ id }) => w.status(id) !== 'failed'));
        const before = new Map(w.graph.steps.map(({ id }) => [id, w.record(id)]));
        const { changes, effects, rejected } = w.update({ ...definition, digest: 'said again' }, { n: 1 });
        if (rejected) return;
        expect(effects).to.eql([]);
        // What is not needed, or skipped, hangs on what was looked at first. Who never began has its mark for comparing only now.
        for (const one of changes)
          if (one.kind === 'step' && one.from === 'reached')
            expect({ ...one.record, fingerprint: undefined }).to.eql({
              ...before.get(one.step),
              fingerprint: undefined,
            });
        expect(w.over).to.equal('complete');
      }),
      RUNS,
    );
  });

  it('row 24: back to the definition before, what was reached under it and not run since stays', () => {
    fc.assert(
      fc.property(anyCase, changeDice, ({ definition, members }, drawn) => {
        const dice = drawn.filter(({ kind }) => STAYING.has(kind));
        const w = new Workflow(definition, members).create();
        drain(w, well(w));
        fc.pre(w.over === 'complete');
        const reached = new Map(w.graph.steps.map(({ id }) => [id, w.record(id)]));
        w.update(changedBy(definition, definition, dice, 'changed'), {});
        // With `on_workflow_failure: undo` the change may have failed, and all is taken back.
        if (w.update(definition, { n: 1 }).rejected) return;
        const begun = w.graph.steps.filter(({ id }) => w.record(id)?.attempt !== reached.get(id)?.attempt);
        drain(w, well(w));
        for (const { id } of w.graph.steps)
          if (
            reached.get(id)?.status === 'reached' &&
            !begun.some(one => one.id === id) &&
            !w.record(id)?.source
          )
            expect(w.record(id)?.status, id).to.equal('reached');
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
