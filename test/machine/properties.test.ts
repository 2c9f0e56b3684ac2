// What holds of every workflow, whatever its definition and its fate.
// Belongs here: properties over random definitions and events. Does not belong here: single cases.
import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../engine/base/json.ts';
import { apply } from '../../engine/machine/apply.ts';
import { decide } from '../../engine/machine/decide.ts';
import { initialState, type MachineState, restore } from '../../engine/machine/state.ts';
import { stepTransition, workflowTransition } from '../../engine/machine/transitions.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import type { MemberChange } from '../../engine/graph/members.ts';
import { entered } from '../../engine/machine/update/begin.ts';
import type { Decision, MachineEvent, Outcome, Report } from '../../engine/machine/types.ts';
import { anyCase, anyOutcome, type Case } from '../support/random-definitions.ts';
import { checkExplanations } from '../support/why.ts';
import { HASH, START, type Untimed, Workflow } from '../support/workflow.ts';

const PERSON = ['retry', 'skip', 'fail', 'approve', 'reject', 'signal'] as const;
type PersonAct = (typeof PERSON)[number];

/** A move of the world; numbers pick among what is possible at the time. */
type Move =
  | { readonly kind: 'answer'; readonly pick: number; readonly outcome: Outcome }
  | { readonly kind: 'progress'; readonly pick: number; readonly report: 'accepted' | 'started' | 'held' }
  | { readonly kind: 'due'; readonly pick: number }
  | { readonly kind: 'own time' }
  | { readonly kind: 'stale'; readonly pick: number; readonly outcome: Outcome }
  | { readonly kind: 'person'; readonly pick: number; readonly act: PersonAct }
  | {
      readonly kind: 'members';
      readonly pick: number;
      readonly how: 'joins' | 'leaves' | 'replaced';
      readonly abandon: boolean;
    }
  | { readonly kind: 'whole'; readonly act: 'retry' | 'resume' | 'cancel' | 'create' };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), pick: fc.nat(), outcome: anyOutcome }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('progress' as const),
      pick: fc.nat(),
      report: fc.constantFrom('accepted' as const, 'started' as const, 'held' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('due' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('own time' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('stale' as const), pick: fc.nat(), outcome: anyOutcome }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('person' as const),
      pick: fc.nat(),
      act: fc.constantFrom(...PERSON),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('members' as const),
      pick: fc.nat(),
      how: fc.constantFrom('joins' as const, 'leaves' as const, 'leaves' as const, 'replaced' as const),
      abandon: fc.nat({ max: 5 }).map(dice => dice === 0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('whole' as const),
      act: fc.constantFrom('retry' as const, 'resume' as const, 'cancel' as const, 'create' as const),
    }),
  },
);

const pickFrom = <T>(items: readonly T[], pick: number): T | undefined =>
  items[pick % Math.max(1, items.length)];

function play(w: Workflow, item: Move): void {
  w.now += 10;
  switch (item.kind) {
    case 'answer': {
      const step = pickFrom(w.out(), item.pick);
      return void (step !== undefined && w.finish(step, item.outcome));
    }
    case 'progress': {
      const step = pickFrom(w.out(), item.pick);
      const told = item.report === 'held' ? { reason: 'it waits' } : {};
      return void (step !== undefined && w.report(step, { kind: item.report, ...told } as Report));
    }
    case 'due': {
      const step = pickFrom(dueSteps(w), item.pick);
      return void (step !== undefined && w.due(step));
    }
    case 'own time':
      return void w.ownTime();
    case 'stale':
      return stale(w, item.pick, item.outcome);
    case 'person': {
      const step = pickFrom(w.graph.steps, item.pick)?.id;
      return void (step !== undefined && act(w, item.act, step));
    }
    case 'members':
      return changeMembers(w, item);
    case 'whole':
      return void w.send({ kind: item.act, by: 'ann' } as Untimed);
    default:
      item satisfies never;
  }
}

const dueSteps = (w: Workflow): readonly string[] =>
  w.graph.steps.filter(step => w.state.records[step.number]?.due).map(step => step.id);

/** An answer to a command that was answered already changes nothing. */
function stale(w: Workflow, pick: number, outcome: Outcome): void {
  const step = pickFrom(w.graph.steps, pick)?.id;
  if (step === undefined) return;
  const { dispatch = 0, generation = 1 } = w.record(step) ?? {};
  const id = { workflow: 'w', generation, step, dispatch: dispatch - 1 };
  const decision = w.send({ kind: 'report', id, report: { kind: 'finished', outcome } });
  expect(decision).to.eql({ changes: [], effects: [] });
}

/** Somebody joins, or one of those who take part leaves, or comes back, or others take the places of all. */
function changeMembers(w: Workflow, item: Extract<Move, { readonly kind: 'members' }>): void {
  const groups = [...w.graph.membership].filter(([, members]) => members.length > 0);
  const [entity, members] = pickFrom(groups, item.pick) ?? [];
  if (entity === undefined || members === undefined) return;
  const agent = `${entity}-${item.pick % 5}`;
  const joining = { agent, name: agent, data: {} };
  const change: MemberChange =
    item.how === 'leaves'
      ? { leave: { [entity]: [pickFrom(members, item.pick)?.agent ?? ''] } }
      : { [item.how === 'joins' ? 'join' : 'members']: { [entity]: [joining] } };
  w.send({ kind: 'update', change: { ...change, ...(item.abandon && { abandon: true }) }, by: 'ann' });
}

function act(w: Workflow, kind: PersonAct, step: string): void {
  if (kind === 'signal') return void w.send({ kind, name: 'go', data: { port: 1 }, by: 'ann' });
  if (kind === 'skip') w.send({ kind, step, outputs: { port: 1 }, by: 'ann' });
  else w.send({ kind, step, by: 'ann' });
}

/** Answers everything that is out and fires what is due until nothing moves; `outcome` says how commands end. */
function drain(w: Workflow, outcome: (turn: number) => Outcome): void {
  for (let turn = 0; turn < 5_000; turn += 1) {
    const [out] = w.out();
    const [due] = dueSteps(w);
    if (out === undefined && due === undefined) return;
    if (out !== undefined) w.finish(out, outcome(turn));
    else w.due(due as string);
  }
  throw new Error(`does not end: ${w.over}`);
}

const SUCCESS: Outcome = { kind: 'succeeded', outputs: { port: { text: '1' } } };
/** A probe that follows an undo must deny, so an end that is always good alternates. */
const DENIED: Outcome = { kind: 'failed', error: { kind: 'exit', message: 'exit 1', exitCode: 1 } };

const good = (turn: number): Outcome => (turn % 2 === 0 ? SUCCESS : DENIED);

function live({ definition, members }: Case, moves: readonly Move[]): Workflow {
  const w = new Workflow(definition, members).create();
  for (const item of moves) play(w, item);
  return w;
}

const text = (state: MachineState): string =>
  canonicalJson({
    workflow: state.workflow,
    records: state.records.map(record => record ?? null),
    at: state.at,
  } as unknown as JsonValue);

function replayedFrom({ definition, members }: Case, w: Workflow): MachineState {
  let graph = compileGraph(definition, members);
  const workflow = { id: 'w', stackName: 'stack', generation: 1, at: START, inputs: {} };
  let state = initialState(graph, workflow, HASH);
  for (const change of w.log) {
    if (change.kind === 'generation') ({ graph, state } = entered(graph, state, change, w.definition));
    apply(graph, state, [change]);
  }
  return state;
}

const storedSteps = (state: MachineState) =>
  state.records.flatMap((record, number) => (record ? [{ number, record }] : []));

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
