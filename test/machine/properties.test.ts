// What holds of every workflow, whatever its definition and its fate.
// Belongs here: properties over random definitions and events. Does not belong here: single cases.
import { expect } from 'chai';
import fc from 'fast-check';
import { decide } from '../../engine/machine/decide.ts';
import { type MachineState, restore } from '../../engine/machine/state.ts';
import { stepTransition, workflowTransition } from '../../engine/machine/transitions.ts';
import type { Decision, MachineEvent, Outcome } from '../../engine/machine/types.ts';
import { anyCase, anyOutcome } from '../support/random-definitions.ts';
import { drain, good, live, move, play, replayedFrom, storedSteps, text } from '../support/random-lives.ts';
import { checkExplanations } from '../support/why.ts';
import { HASH, type Untimed, type Workflow } from '../support/workflow.ts';

const RUNS = { numRuns: 300 };

describe('every workflow', () => {
  it('keeps all invariants, and comes to an end or names who holds it, when its commands are answered', () => {
    const outcomes = fc.array(anyOutcome, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyCase, fc.array(move, { maxLength: 30 }), outcomes, (one, moves, fate) => {
        const w = live(one, moves);
        drain(w, turn => fate[turn % fate.length] as Outcome);
        expect(w.over).to.be.oneOf(['complete', 'failed', 'held']);
        if (w.over !== 'complete') expect(w.reason).not.to.equal('');
      }),
      RUNS,
    );
  });

  it('is deleted at any time, and a deletion ends with everything undone or what is left named', () => {
    const outcomes = fc.array(anyOutcome, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyCase, fc.array(move, { maxLength: 20 }), outcomes, (one, moves, fate) => {
        const w = live(one, moves);
        w.send({ kind: 'delete', abandon: false, by: 'heat' });
        drain(w, turn => fate[turn % fate.length] as Outcome);
        expect(w.over).to.be.oneOf(['deleted', 'delete_failed']);
        for (let turn = 0; w.over === 'delete_failed' && turn < 10; turn += 1) {
          expect(w.reason).to.contain('could not be undone');
          w.send({ kind: 'delete', abandon: false, by: 'heat' });
          drain(w, good);
        }
        if (w.over !== 'deleted') w.send({ kind: 'delete', abandon: true, by: 'heat' });
        // Who is abandoned still has its children forgotten.
        drain(w, good);
        expect(w.over).to.equal('deleted');
      }),
      RUNS,
    );
  });

  it('can be explained at any time: every step has an answer, its chains end, and what people may do is granted', () => {
    fc.assert(
      fc.property(anyCase, fc.array(move, { maxLength: 30 }), fc.boolean(), (one, moves, deleted) => {
        const w = live(one, moves);
        checkExplanations(w);
        if (!deleted) return;
        w.send({ kind: 'delete', abandon: false, by: 'heat' });
        for (const item of moves.slice(0, 10)) play(w, item);
        checkExplanations(w);
      }),
      RUNS,
    );
  });

  it('is the same from its log and from its stored records (I12)', () => {
    fc.assert(
      fc.property(anyCase, fc.array(move, { maxLength: 40 }), fc.boolean(), (one, moves, deleted) => {
        const w = live(one, moves);
        if (deleted) {
          w.send({ kind: 'delete', abandon: false, by: 'heat' });
          for (const item of moves.slice(0, 10)) play(w, item);
        }
        const replayed = replayedFrom(one, w);
        expect(text(replayed)).to.equal(text(w.state));
        expect(replayed).to.eql(w.state);
        expect(restore(w.graph, w.state.workflow, storedSteps(w.state), w.state.inputs, HASH)).to.eql(
          w.state,
        );
      }),
      RUNS,
    );
  });

  it('decides without changing its state, equally for equal questions, and only by the tables', () => {
    fc.assert(
      fc.property(anyCase, fc.array(move, { maxLength: 15 }), anyOutcome, (one, moves, outcome) => {
        const w = live(one, moves);
        const before = text(w.state);
        for (const event of everyEvent(w, outcome)) {
          const decision = decide(w.graph, w.state, event);
          expectLegal(decision.next?.state ?? w.state, decision);
          expect(decide(w.graph, w.state, event)).to.eql(decision);
        }
        expect(text(w.state)).to.equal(before);
      }),
      { numRuns: 100 },
    );
  });
});

/** Every kind of event for every step, sensible or not. */
function everyEvent(w: Workflow, outcome: Outcome): readonly MachineEvent[] {
  const at = w.now + 1e9;
  const whole: Untimed[] = [
    { kind: 'create' },
    { kind: 'retry', by: 'ann' },
    ...[...w.graph.membership.keys()].map(
      (entity): Untimed => ({ kind: 'update', change: { members: { [entity]: [] } }, by: 'ann' }),
    ),
    ...[...w.graph.membership].map(
      ([entity, [first]]): Untimed => ({
        kind: 'update',
        change: { leave: { [entity]: [first?.agent ?? ''] } },
        by: 'ann',
      }),
    ),
    { kind: 'resume', by: 'ann' },
    { kind: 'cancel', by: 'ann' },
    { kind: 'suspend', by: 'ann' },
    { kind: 'delete', abandon: false, by: 'ann' },
    { kind: 'delete', abandon: true, by: 'ann' },
    { kind: 'timer', step: 'no.such' },
    { kind: 'timer' },
    { kind: 'signal', name: 'go', data: { port: 1 }, by: 'ann' },
    { kind: 'signal', name: 'no_such', data: {}, by: 'ann' },
    { kind: 'skip', step: 'no.such', outputs: {}, by: 'ann' },
  ];
  const single = w.graph.steps.flatMap(({ id: step }): Untimed[] => {
    const { dispatch = 0, generation = 1 } = w.record(step) ?? {};
    const id = { workflow: 'w', generation, step, dispatch };
    return [
      { kind: 'timer', step },
      { kind: 'retry', step, by: 'ann' },
      { kind: 'skip', step, outputs: {}, by: 'ann' },
      { kind: 'fail', step, by: 'ann' },
      { kind: 'undo', step, by: 'ann' },
      { kind: 'approve', step, by: 'ann' },
      { kind: 'reject', step, by: 'ann' },
      { kind: 'report', id, report: { kind: 'started' } },
      { kind: 'report', id, report: { kind: 'finished', outcome } },
      { kind: 'report', id: { ...id, generation: generation + 1 }, report: { kind: 'finished', outcome } },
    ];
  });
  return [...whole, ...single].map(event => ({ ...event, at }) as MachineEvent);
}

function expectLegal(state: MachineState, decision: Decision): void {
  for (const change of decision.changes) {
    if (change.kind === 'step') {
      expect(stepTransition(change.from, change.record.status), `${change.step} ${change.from}`).to.be.a(
        'string',
      );
    } else if (change.kind === 'workflow' && change.record.status !== state.workflow.status) {
      expect(workflowTransition(state.workflow.status, change.record.status)).to.be.a('string');
    }
  }
}
