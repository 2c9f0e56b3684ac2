// Random lives of a workflow: what may happen to it between its beginning and its end, move by move.
// Belongs here: drawing moves and playing them. Does not belong here: random definitions (random-definitions.ts), properties.
import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../engine/base/json.ts';
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import { compileGraph } from '../../engine/graph/compile.ts';
import type { MemberChange } from '../../engine/graph/members.ts';
import { apply } from '../../engine/machine/apply.ts';
import { operationDue } from '../../engine/machine/deadline.ts';
import { initialState, type MachineState } from '../../engine/machine/state.ts';
import type { Outcome, Report } from '../../engine/machine/types.ts';
import { entered } from '../../engine/machine/update/begin.ts';
import { type ChangeDice, changeDice, changedBy } from './random-changes.ts';
import { anyOutcome, type Case } from './random-definitions.ts';
import { HASH, START, type Untimed, Workflow } from './workflow.ts';

const PERSON = ['retry', 'skip', 'fail', 'approve', 'reject', 'signal', 'undo'] as const;
type PersonAct = (typeof PERSON)[number];

const DOUBTING = ['check', 'converge', 'vm_replaced', 'vm_reverted'] as const;

/** A move of the world; numbers pick among what is possible at the time. */
export type Move =
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
  | { readonly kind: 'source'; readonly dice: readonly ChangeDice[]; readonly n: number }
  | { readonly kind: 'operate'; readonly pick: number }
  | { readonly kind: 'doubt'; readonly pick: number; readonly act: (typeof DOUBTING)[number] }
  | { readonly kind: 'whole'; readonly act: 'retry' | 'resume' | 'cancel' | 'create' | 'suspend' };

/** One move. */
export const move: fc.Arbitrary<Move> = fc.oneof(
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
    arbitrary: fc.record({ kind: fc.constant('source' as const), dice: changeDice, n: fc.nat({ max: 1 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('operate' as const), pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('doubt' as const),
      pick: fc.nat(),
      act: fc.constantFrom(...DOUBTING),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('whole' as const),
      act: fc.constantFrom('retry' as const, 'resume' as const, 'cancel' as const, 'create' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('whole' as const),
      act: fc.constantFrom('suspend' as const, 'suspend' as const, 'resume' as const),
    }),
  },
);

const pickFrom = <T>(items: readonly T[], pick: number): T | undefined =>
  items[pick % Math.max(1, items.length)];

/** Plays one move, if it is possible now. */
export function play(w: Workflow, item: Move): void {
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
    case 'source':
      return changeSource(w, item.dice, item.n);
    case 'operate': {
      const operation = `op${item.pick % 2}`;
      return void w.send({ kind: 'operate', operation, id: `${item.pick}`, inputs: {}, by: 'ann' });
    }
    case 'doubt':
      return doubt(w, item);
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

/** Another definition, or other inputs; those are read by nothing, but a generation begins. */
export function changeSource(w: Workflow, dice: readonly ChangeDice[], n: number): void {
  const first = [...w.definitions.values()][0] as WorkflowDefinition;
  const digest = `changed ${w.definitions.size}`;
  w.update(changedBy(w.graph.definition, first, dice, digest), { n });
}

/** A check, its repair, or the VM of some step becomes another. */
function doubt(w: Workflow, { act: kind, pick }: Extract<Move, { readonly kind: 'doubt' }>): void {
  if (kind === 'check' || kind === 'converge') return void w.send({ kind, by: 'ann' });
  const agents = [...new Set(w.state.records.flatMap(record => record?.agent ?? []))];
  const agent = pickFrom(agents, pick);
  if (agent !== undefined) w.send({ kind: 'unverify', agent, why: kind });
}

function act(w: Workflow, kind: PersonAct, step: string): void {
  if (kind === 'signal') return void w.send({ kind, name: 'go', data: { port: 1 }, by: 'ann' });
  if (kind === 'skip') w.send({ kind, step, outputs: { port: 1 }, by: 'ann' });
  else w.send({ kind, step, by: 'ann' });
}

/** Answers everything that is out and fires what is due until nothing moves; `outcome` says how commands end. */
export function drain(w: Workflow, outcome: (turn: number) => Outcome): void {
  if (w.state.workflow.suspended) w.send({ kind: 'resume', by: 'ann' });
  for (let turn = 0; turn < 5_000; turn += 1) {
    const [out] = w.out();
    const [due] = dueSteps(w);
    const operation = operationDue(w.state.workflow);
    if (out === undefined && due === undefined && operation === undefined) return;
    if (out !== undefined) w.finish(out, outcome(turn));
    else if (due !== undefined) w.due(due);
    else w.ownTime();
  }
  throw new Error(`does not end: ${w.over}`);
}

const SUCCESS: Outcome = { kind: 'succeeded', outputs: { port: { text: '1' } } };
/** A probe that follows an undo must deny, so an end that is always good alternates. */
const DENIED: Outcome = { kind: 'failed', error: { kind: 'exit', message: 'exit 1', exitCode: 1 } };

export const good = (turn: number): Outcome => (turn % 2 === 0 ? SUCCESS : DENIED);

export function live({ definition, members }: Case, moves: readonly Move[]): Workflow {
  const w = new Workflow(definition, members).create();
  for (const item of moves) play(w, item);
  return w;
}

export const text = (state: MachineState): string =>
  canonicalJson({
    workflow: state.workflow,
    records: state.records.map(record => record ?? null),
    at: state.at,
  } as unknown as JsonValue);

export function replayedFrom({ definition, members }: Case, w: Workflow): MachineState {
  let graph = compileGraph(definition, members);
  const workflow = { id: 'w', stackName: 'stack', generation: 1, at: START, inputs: {} };
  let state = initialState(graph, workflow, HASH);
  for (const change of w.log) {
    if (change.kind === 'generation' || change.kind === 'operation')
      ({ graph, state } = entered(graph, state, change, w.definition));
    apply(graph, state, [change]);
  }
  return state;
}

export const storedSteps = (state: MachineState) =>
  state.records.flatMap((record, number) => (record ? [{ number, record }] : []));
