// `undo`: a person has one step taken back, and what stands on it.
// Belongs here: when it may be asked, what is taken back in which order, what is left. Does not belong here: single undos
// (undo-first.test.ts), what a scenario tells (one-step-is-undone.txt).
import { expect } from 'chai';
import fc from 'fast-check';
import { parseDefinition } from '../../engine/definition/parse.ts';
import { decide } from '../../engine/machine/decide.ts';
import { initialState } from '../../engine/machine/state.ts';
import { foreseeUndo, takenWith } from '../../engine/machine/undo/asked.ts';
import { owes, UNTOUCHED } from '../../engine/machine/records.ts';
import type { Outcome, StepRecord } from '../../engine/machine/types.ts';
import { membership } from '../support/definitions.ts';
import { anyCase, anyOutcome } from '../support/random-definitions.ts';
import { drain, good, live, move, text } from '../support/random-lives.ts';
import { checkExplanations } from '../support/why.ts';
import { Workflow } from '../support/workflow.ts';

const RESTING = ['complete', 'failed', 'held'];

/** Every step whose undo is granted now. */
const undoable = (w: Workflow): readonly string[] =>
  w.graph.steps
    .map(({ id }) => id)
    .filter(
      step => decide(w.graph, w.state, { kind: 'undo', step, by: 'ann', at: w.now }).rejected === undefined,
    );

const recordOf = (w: Workflow, number: number): StepRecord | undefined => w.state.records[number];

/** What a person sees of a step that is not to change. */
const stays = ({ status, cause, outputs, attempt, dispatch }: StepRecord) => ({
  status,
  cause,
  outputs,
  attempt,
  dispatch,
});

function built(source: string, sizes: { readonly [group: string]: number }): Workflow {
  const { definition, problems } = parseDefinition(`workflow_version: 2026-11-01\n${source}`, {
    fileName: 'f',
    files: {},
  });
  if (!definition) throw new Error(problems.map(({ message }) => message).join('\n'));
  const w = new Workflow(definition, membership(sizes)).create();
  done(w);
  return w;
}

const done = (w: Workflow): void => drain(w, () => ({ kind: 'succeeded', outputs: {} }));
const undo = (w: Workflow, step: string) => w.send({ kind: 'undo', step, by: 'ann' });

describe('the undo of one step', () => {
  it('takes back all that stands on it and nothing else, and then nothing moves until a person goes on', () => {
    const fates = fc.array(anyOutcome, { minLength: 1, maxLength: 8 });
    let undos = 0;
    fc.assert(
      fc.property(
        anyCase,
        fc.array(move, { maxLength: 12 }),
        fates,
        fates,
        fc.nat(),
        (one, moves, fate, back, pick) => {
          const w = live(one, moves);
          drain(w, turn => fate[turn % fate.length] as Outcome);
          const steps = undoable(w);
          const step = steps[pick % Math.max(1, steps.length)];
          if (step === undefined) return;
          undos += 1;
          const number = w.graph.stepById.get(step) as number;
          const taken = new Set(takenWith(w.graph, number));
          const before = w.state.records.map(record => record && stays(record));
          undo(w, step);
          checkExplanations(w);
          drain(w, turn => back[turn % back.length] as Outcome);
          expect(w.over).to.be.oneOf(['complete', 'failed']);
          expect(w.state.workflow).not.to.have.property('undo');
          for (const { number: other } of w.graph.steps) {
            const record = recordOf(w, other);
            if (record === undefined) continue;
            expect(record).not.to.have.property('toUndo');
            if (taken.has(other)) {
              const isLeft = owes(record) && record.status !== 'not_needed';
              if (isLeft && record.cause !== 'undo_failed') expectHeldByFailure(w, other);
            } else if (record.status !== 'waiting') expect(stays(record)).to.deep.equal(before[other]);
          }
          checkExplanations(w);
          const rests = text(w.state);
          drain(w, good);
          expect(text(w.state)).to.equal(rests);
          w.send({ kind: 'resume', by: 'ann' });
          drain(w, good);
          expect(w.over).to.be.oneOf(RESTING);
        },
      ),
      { numRuns: 200 },
    );
    expect(undos).to.be.greaterThan(100);
  });

  /** It stays since something that stands on it could not be taken back. */
  function expectHeldByFailure(w: Workflow, number: number): void {
    const over = takenWith(w.graph, number).filter(other => other !== number);
    expect(over.some(other => recordOf(w, other)?.cause === 'undo_failed')).to.equal(true);
  }

  it('is foreseen: the same steps, each after all that stands on it', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), (one, pick) => {
        const w = live(one, []);
        drain(w, good);
        const steps = undoable(w);
        const step = steps[pick % Math.max(1, steps.length)];
        if (step === undefined) return;
        const number = w.graph.stepById.get(step) as number;
        const waves = foreseeUndo(w.graph, w.state, number);
        const owing = takenWith(w.graph, number).filter(other => owes(recordOf(w, other) ?? UNTOUCHED));
        expect(waves.flat().toSorted((a, b) => a - b)).to.deep.equal(owing.toSorted((a, b) => a - b));
        for (const [place, wave] of waves.entries())
          for (const other of wave) {
            const over = takenWith(w.graph, other).filter(above => above !== other);
            const later = waves.slice(place).flat();
            expect(over.filter(above => later.includes(above))).to.deep.equal([]);
          }
      }),
      { numRuns: 200 },
    );
  });

  const CHAIN = `
entities:
  s:
    type: service
    states:
      a: {action: {http: {url: "http://x/a", method: POST}}, undo: {http: {url: "http://x/a", method: DELETE}}}
      b: {requires: [a], action: {http: {url: "http://x/b", method: POST}}, undo: {http: {url: "http://x/b", method: DELETE}}}
      c: {action: {http: {url: "http://x/c", method: POST}}, undo: {http: {url: "http://x/c", method: DELETE}}}
      up: {requires: [b, c]}
goal: s.up
`;

  it('is refused while something runs, while it is suspended, of a child, and of what never was', () => {
    const w = built(CHAIN, {});
    const refused = (step = 's.a') => undo(w, step).rejected?.message ?? '';
    w.send({ kind: 'suspend', by: 'bob' });
    expect(refused()).to.equal('The workflow is suspended by bob.');
    w.send({ kind: 'resume', by: 'bob' });
    undo(w, 's.b');
    expect(refused()).to.equal('The workflow is undoing, and something of it runs.');
    done(w);
    expect(refused('s.b')).to.equal('s.b is undone: nothing of it is there to be undone.');
    w.send({ kind: 'resume', by: 'ann' });
    expect(refused('s.c')).to.equal('The workflow is running, and something of it runs.');
    const parent = { workflow: 'p', step: 'x.child', dispatch: 1 };
    const start = { id: 'c', stackName: 's', generation: 1, at: 0, inputs: {}, parent };
    const child = initialState(w.graph, start);
    const event = { kind: 'undo', step: 's.a', by: 'ann', at: 1 } as const;
    expect(decide(w.graph, child, event).rejected?.message).to.contain('run by x.child of p');
  });

  it('ends a check that looks, and is asked of what that found', () => {
    const w = built(CHAIN.replace('c: {action', 'c: {probe: {http: {url: "http://x/c"}}, action'), {});
    w.send({ kind: 'check', by: 'bob' });
    expect([w.over, w.out()]).to.deep.equal(['checking', ['s.c']]);
    undo(w, 's.c');
    // Its probe had found it there: nothing was done that could be taken back.
    expect(w.state.workflow.checked?.stopped).to.equal('undo by ann');
    expect(w.record('s.c')?.cause).to.equal('nothing_to_undo');
    expect([w.over, w.status('s.c'), w.status('s.b')]).to.deep.equal(['failed', 'undone', 'reached']);
  });

  it('takes back from a workflow that is held', () => {
    const w = built(
      CHAIN.replace('requires: [b, c]', 'requires: [b, c], action: {approval: {message: go}}'),
      {},
    );
    expect(w.over).to.equal('held');
    undo(w, 's.c');
    done(w);
    expect(w.status('s.c')).to.equal('undone');
    expect(w.status('s.up')).to.equal('undone');
    expect([w.over, w.reason]).to.deep.equal([
      'failed',
      's.c is undone, as ann asked, and 1 that stood on it (resume runs them again)',
    ]);
    w.send({ kind: 'resume', by: 'ann' });
    done(w);
    expect(w.over).to.equal('held');
  });

  it('of what another definition keeps: an update begins it again', () => {
    const w = built(CHAIN, {});
    undo(w, 's.b');
    done(w);
    expect([w.status('s.b'), w.status('s.up'), w.status('s.a')]).to.deep.equal([
      'undone',
      'undone',
      'reached',
    ]);
    w.update(w.graph.definition, { n: 1 });
    done(w);
    expect([w.over, w.status('s.b')]).to.deep.equal(['complete', 'reached']);
    expect(w.record('s.b')?.attempt).to.equal(2);
    expect(w.record('s.a')?.attempt).to.equal(1);
  });

  it('of what the goal does without, as an operation ran it, leaves the workflow complete', () => {
    const w = built(
      `${CHAIN.replace('      up:', '      extra: {requires: [a], action: {http: {url: "http://x/e", method: POST}}, undo: {http: {url: "http://x/e", method: DELETE}}}\n      up:')}
operations:
  more:
    steps: [{rerun: s.extra}]
`,
      {},
    );
    w.send({ kind: 'operate', operation: 'more', id: 'm', inputs: {}, by: 'ann' });
    done(w);
    expect([w.over, w.status('s.extra')]).to.deep.equal(['complete', 'reached']);
    undo(w, 's.extra');
    expect(w.over).to.equal('undoing');
    done(w);
    expect([w.over, w.status('s.extra'), w.reason]).to.deep.equal(['complete', 'waiting', '']);
    w.send({ kind: 'operate', operation: 'more', id: 'n', inputs: {}, by: 'ann' });
    done(w);
    expect([w.over, w.record('s.extra')?.attempt]).to.deep.equal(['complete', 2]);
  });

  it('what stands below is not touched, in however many ways what is taken back stood on it', () => {
    const w = built(
      `
entities:
  g:
    type: vm_group
    members: {min: 1, max: 9}
    states:
      below: {action: {script: {bash: b.sh}}, undo: {script: {bash: u.sh}}}
      near: {requires: [below, s.a], action: {script: {bash: n.sh}}, undo: {script: {bash: u.sh}}}
  s:
    type: service
    states:
      a: {action: {http: {url: "http://x/a", method: POST}}, undo: {http: {url: "http://x/a", method: DELETE}}}
      far: {requires: [g.below, a], action: {http: {url: "http://x/f", method: POST}}, undo: {http: {url: "http://x/f", method: DELETE}}}
      up: {requires: [far, g.near]}
goal: s.up
`,
      { g: 2 },
    );
    undo(w, 's.a');
    while (w.out().length > 0) {
      expect(w.out().filter(step => step.endsWith('below'))).to.deep.equal([]);
      w.succeed(w.out().at(-1) as string);
    }
    expect(
      ['s.a', 's.far', 'g[0].near', 'g[0].below', 'g[1].below'].map(step => w.status(step)),
    ).to.deep.equal(['undone', 'undone', 'undone', 'reached', 'reached']);
  });

  it('row 12: what failed once stays so for who waits for that, when what stood elsewhere is undone and runs again', () => {
    const w = new Workflow(
      built(
        `
entities:
  s:
    type: service
    states:
      tried: {action: {http: {url: "http://x/t", method: POST}}}
      cleaned: {requires: [{state: tried, outcome: final}], action: {http: {url: "http://x/c", method: POST}}}
      told: {requires: [{state: tried, outcome: final}], action: {http: {url: "http://x/d", method: POST}}}
      up: {requires: [cleaned, told]}
goal: s.up
`,
        {},
      ).graph.definition,
      new Map(),
    ).create();
    w.exit('s.tried', 1);
    done(w);
    expect(w.over).to.equal('complete');
    undo(w, 's.told');
    expect(w.over).to.equal('failed');
    w.send({ kind: 'retry', step: 's.told', by: 'ann' });
    expect([w.out(), w.status('s.tried')]).to.deep.equal([['s.told'], 'failed']);
    done(w);
    expect(w.over).to.equal('complete');
  });

  it('what the goal did without is needed once one way to it is taken back', () => {
    const w = new Workflow(
      built(
        `
entities:
  s:
    type: service
    states:
      one: {action: {approval: {message: "One way?"}}}
      other: {action: {approval: {message: "The other?"}}}
      up: {requires: [{any_of: [one, other]}]}
goal: s.up
`,
        {},
      ).graph.definition,
      new Map(),
    ).create();
    w.send({ kind: 'approve', step: 's.one', by: 'ann' });
    expect([w.over, w.status('s.other')]).to.deep.equal(['complete', 'not_needed']);
    undo(w, 's.one');
    expect([w.over, w.status('s.one')]).to.deep.equal(['failed', 'undone']);
    w.send({ kind: 'resume', by: 'ann' });
    expect([w.over, w.status('s.one'), w.status('s.other')]).to.deep.equal(['held', 'paused', 'paused']);
  });

  it('R4: of a rolling goes back so many members at a time, and waits for nobody who stays', () => {
    const w = built(
      `
entities:
  g:
    type: vm_group
    members: {min: 1, max: 9}
    rolling: {r: {states: [patched], serial: 1}}
    states:
      ready: {action: {script: {bash: r.sh}}}
      patched: {requires: [s.base], action: {script: {bash: p.sh}}, undo: {script: {bash: u.sh}}}
  s:
    type: service
    states:
      base: {action: {http: {url: "http://x/a", method: POST}}, undo: {http: {url: "http://x/a", method: DELETE}}}
goal: g.patched
`,
      { g: 3 },
    );
    undo(w, 'g[0].patched');
    expect(w.out()).to.deep.equal(['g[0].patched']);
    done(w);
    w.send({ kind: 'resume', by: 'ann' });
    done(w);
    undo(w, 's.base');
    const seen: string[] = [];
    while (w.out().length > 0) {
      seen.push(w.out().join(' '));
      w.succeed(w.out()[0] as string);
    }
    expect(seen).to.deep.equal(['g[2].patched', 'g[1].patched', 'g[0].patched', 's.base']);
  });
});
