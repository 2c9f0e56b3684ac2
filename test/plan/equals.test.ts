// The plan equals what then happens, whatever the workflow, its life so far and the change, when all succeeds.
// Belongs here: the property. Does not belong here: single plans (plan.test.ts), how they are printed (test/cli).
import { expect } from 'chai';
import fc from 'fast-check';
import { outsideId, presentId } from '../../engine/graph/references.ts';
import type { GenerationChange } from '../../engine/machine/events.ts';
import { isLooking, owes } from '../../engine/machine/records.ts';
import { holdersIn } from '../../engine/machine/holders.ts';
import type { Outcome, StepRecord } from '../../engine/machine/types.ts';
import { planUpdate } from '../../engine/plan/plan.ts';
import type { Plan, PlannedStep } from '../../engine/plan/types.ts';
import { type Chapter, chaptersOf, lived as livedThrough } from '../support/random-chapters.ts';
import { changeDice, changedBy, replacingDice } from '../support/random-changes.ts';
import { anyCase, type Case } from '../support/random-definitions.ts';
import { drain, type Move, move, play } from '../support/random-lives.ts';
import { Workflow } from '../support/workflow.ts';

const SUCCESS: Outcome = { kind: 'succeeded', outputs: { port: { text: '1' } } };
const DENIED: Outcome = { kind: 'failed', error: { kind: 'exit', message: 'exit 1', exitCode: 1 } };

/** Good ends but for the look after an undo, which has to deny; a probe holds or not. */
function well(w: Workflow, step: string, turn: number): Outcome {
  const { phase, command } = w.record(step) ?? {};
  if (command?.action.kind === 'generate')
    return { kind: 'succeeded', outputs: { port: { secret: 'made/port' } } };
  if (phase === 'verify') return DENIED;
  return phase === 'probe' && turn % 2 === 0 ? DENIED : SUCCESS;
}

interface Drawn {
  readonly one: Case;
  /** What its life begins with. */
  readonly told?: readonly Chapter[];
  readonly moves: readonly Move[];
  readonly isOver: boolean;
  readonly change: (w: Workflow) => GenerationChange | undefined;
  readonly order: readonly number[];
}

const sourceChangeOf = (kinds: typeof changeDice) =>
  fc.record({ dice: kinds, n: fc.nat({ max: 1 }) }).map(({ dice, n }) => (w: Workflow) => {
    const [first] = w.definitions.values();
    const definition = changedBy(
      w.graph.definition,
      first ?? w.graph.definition,
      dice,
      `planned ${w.definitions.size}`,
    );
    w.definitions.set(definition.digest, definition);
    return { source: { definition: definition.digest, inputs: { n } } };
  });

const memberChange = fc
  .record({ pick: fc.nat(), how: fc.constantFrom('join', 'leave', 'members'), abandon: fc.nat({ max: 5 }) })
  .map(({ pick, how, abandon }) => (w: Workflow): GenerationChange | undefined => {
    const groups = [...w.graph.membership].filter(([, members]) => members.length > 0);
    const [entity, members] = groups[pick % Math.max(1, groups.length)] ?? [];
    if (entity === undefined || members === undefined) return undefined;
    const agent = `${entity}-${pick % 5}`;
    const gone = members[pick % members.length]?.agent ?? '';
    const named = how === 'leave' ? [gone] : [{ agent, name: agent, data: {} }];
    return { [how]: { [entity]: named }, ...(abandon === 0 && { abandon: true }) } as GenerationChange;
  });

const drawn: fc.Arbitrary<Drawn> = fc.record({
  one: anyCase,
  moves: fc.array(move, { maxLength: 16 }),
  isOver: fc.boolean(),
  change: fc.oneof(sourceChangeOf(changeDice), sourceChangeOf(changeDice), memberChange),
  order: fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
});

function lived({ one, told = [], moves, isOver }: Drawn): Workflow {
  const w = livedThrough(one, told);
  for (const item of moves) play(w, item);
  // Nothing would happen of what is planned, as long as nobody goes on.
  if (w.state.workflow.suspended) w.send({ kind: 'resume', by: 'ann' });
  if (isOver) drain(w, turn => well(w, w.out()[0] ?? '', turn));
  return w;
}

/** Everything that can be answered is, in any order; a time comes only when nothing else can happen. */
function finish(w: Workflow, order: readonly number[]): void {
  for (let turn = 0; turn < 5_000; turn += 1) {
    const pick = order[turn % order.length] ?? 0;
    const out = w.out();
    const step = out[pick % Math.max(1, out.length)];
    const records = w.graph.steps.map(({ id }) => ({ id, record: w.record(id) }));
    const asking = records.find(({ record }) => record?.status === 'paused' && record.asks);
    const due = records.find(({ record }) => record?.due?.for === 'wait' || record?.due?.for === 'retry');
    w.now += 1;
    if (step !== undefined) w.finish(step, well(w, step, turn + pick));
    else if (asking?.record?.asks?.kind === 'signal')
      w.send({ kind: 'signal', name: asking.record.asks.name, data: { port: 1 }, by: 'ann' });
    else if (asking) w.send({ kind: 'approve', step: asking.id, by: 'ann' });
    else if (due) w.due(due.id);
    else return;
  }
  throw new Error(`does not end: ${w.over}`);
}

type Before = ReadonlyMap<string, StepRecord | undefined>;

/** What became of each step since. */
interface Observed {
  readonly started: ReadonlySet<string>;
  readonly undone: ReadonlySet<string>;
  readonly calledBack: ReadonlySet<string>;
  /** Something failed all the same: its action could not be made, or it came too late. */
  readonly hasFailed: boolean;
}

function observed(w: Workflow, log: number, effects: number, before: Before): Observed {
  const owed = new Set([...before].flatMap(([step, record]) => (record && owes(record) ? [step] : [])));
  const attempts = new Map([...before].map(([step, record]) => [step, record?.attempt ?? 0]));
  const started = new Set<string>();
  const undone = new Set<string>();
  let hasFailed = false;
  for (const change of w.log.slice(log)) {
    // What the definition says is undone after a failure.
    if (change.kind === 'workflow' && change.record.status === 'undoing') hasFailed = true;
    if (change.kind !== 'step') continue;
    const { step, from, record } = change;
    // A signal that came early is taken at once.
    if (isStart(from, record) || record.attempt > (attempts.get(step) ?? 0)) started.add(step);
    attempts.set(step, record.attempt);
    // Nothing is sent where nothing says how to undo it.
    if (record.status === 'skipped' && owed.has(step) && !owes(record)) undone.add(step);
    if (owes(record)) owed.add(step);
    if (record.status === 'undoing' || (record.status === 'undone' && record.cause !== 'abandoned'))
      undone.add(step);
    if (from !== 'failed' && record.status === 'failed') hasFailed = true;
    if (record.status === 'blocked' && record.cause === 'too_late') hasFailed = true;
    if (record.status === 'paused' && !record.asks) hasFailed = true;
  }
  // That a check is given up is no part of a plan, nor that a time came while the workflow was suspended.
  const looked = new Set(
    [...before].flatMap(([step, record]) =>
      record && (isLooking(record) || record.kept?.kind === 'timer') ? [step] : [],
    ),
  );
  const calledBack = w.effects
    .slice(effects)
    .flatMap(effect =>
      effect.kind === 'cancel' && !looked.has(presentId(w.graph, effect.id.step))
        ? [presentId(w.graph, effect.id.step)]
        : [],
    );
  if (w.over === 'failed' && w.graph.definition.onWorkflowFailure === 'undo') hasFailed = true;
  const isBroken = w.graph.steps.some(({ id }) => BROKEN.has(w.record(id)?.error?.kind ?? ''));
  return { started, undone, calledBack: new Set(calledBack), hasFailed: hasFailed || isBroken };
}

/** It could not even be made. */
const BROKEN = new Set(['expression', 'refused', 'unreachable']);

const isStart = (from: string, { status, phase, asks }: StepRecord): boolean =>
  (status === 'running' && from !== 'running' && (phase === 'action' || phase === 'probe')) ||
  (status === 'paused' && asks !== undefined);

/** Undefined: it is as planned. */
function wrong(
  { fate }: Pick<PlannedStep, 'fate'>,
  step: string,
  { started, undone, calledBack }: Observed,
  before: StepRecord | undefined,
): string | undefined {
  const isOut = before?.status === 'running' || (before?.status === 'paused' && before.asks !== undefined);
  switch (fate) {
    case 'maybe':
      return undefined;
    case 'keep':
      if (started.has(step)) return 'started';
      if (calledBack.has(step)) return 'called back';
      return undone.has(step) ? 'undone' : undefined;
    case 'run':
      if (calledBack.has(step)) return 'called back';
      return started.has(step) || isOut ? undefined : 'did not start';
    case 'run_again':
      return started.has(step) ? undefined : 'did not start';
    case 'undo':
      return undone.has(step) ? undefined : 'was not undone';
    case 'cancel':
      return calledBack.has(step) ? undefined : 'was not called back';
    default:
      return fate satisfies never;
  }
}

function differences(plan: Plan, w: Workflow, before: Before, seen: Observed): readonly string[] {
  const planned = new Map(plan.steps.map(one => [one.step, one]));
  return w.graph.steps.flatMap(({ id, state }) => {
    if (!state.action || (state.action.kind === 'set' && !state.action.generate && !state.probe)) return [];
    const one = planned.get(id);
    const what = wrong(one ?? { fate: 'keep' }, id, seen, before.get(id));
    return what === undefined ? [] : [`${id}: ${one?.fate ?? 'nothing'} (${one?.reason ?? ''}), but ${what}`];
  });
}

/** What was found, what it was before, and what happened. */
function told(w: Workflow, log: number, found: readonly string[], before: Before): string {
  const was = [...before].map(([step, record]) => `${step} ${record?.status ?? '-'} ${record?.cause ?? ''}`);
  const happened = w.log.slice(log).map(change => {
    if (change.kind !== 'step') return JSON.stringify(change).slice(0, 400);
    const { status, cause, phase, withdrawn } = change.record;
    return `${change.step} ${change.from} → ${[status, cause, phase, withdrawn].filter(Boolean).join(' ')}`;
  });
  return [...found, 'before:', ...was, 'then:', ...happened].join('\n  ');
}

function check(draw: Drawn, seen: { planned: number; open: number; replaced: number }): void {
  const w = lived(draw);
  const change = draw.change(w);
  if (!change) return;
  const arriving = change.source && w.definition(change.source.definition);
  const plan = planUpdate(w.graph, w.state, change, arriving);
  const before = new Map(w.graph.steps.map(({ id }) => [id, w.record(id)]));
  const roles = new Map(
    w.graph.roles.map(({ entity, name }) => [
      `${entity}.${name}`,
      holdersIn(w.state.workflow.roles, entity, name),
    ]),
  );
  const [log, effects] = [w.log.length, w.effects.length];
  const former = w.graph;
  const { rejected } = w.send({ kind: 'update', change, by: 'ann' });
  expect(plan.refused).to.eql(rejected);
  if (rejected) return;
  expect(plan.generation).to.equal(w.state.workflow.generation);
  const names = new Map(w.graph.steps.map(step => [former.stepByOutside.get(outsideId(step)), step.id]));
  const known = [...before].map(
    ([id, record]) => [names.get(former.stepById.get(id)) ?? id, record] as const,
  );
  before.clear();
  for (const [id, record] of known) before.set(id, record);
  // A change that changes nothing lets nothing go on.
  if (w.state.workflow.suspended) w.send({ kind: 'resume', by: 'ann' });
  finish(w, draw.order);
  const then = observed(w, log, effects, before);
  if (then.hasFailed) return;
  seen.planned += plan.steps.length;
  seen.open += plan.counts.maybe;
  seen.replaced += w.graph.steps.filter(({ retireAfter }) => retireAfter !== undefined).length;
  const found = differences(plan, w, before, then);
  if (found.length > 0) throw new Error(told(w, log, found, before));
  for (const { entity, name } of w.graph.roles) {
    const key = `${entity}.${name}`;
    const move = plan.roles.find(({ role }) => role === key);
    const now = holdersIn(w.state.workflow.roles, entity, name);
    if (move?.to) expect(now ?? [], key).to.eql(move.to);
    else if (!move && roles.get(key)) expect(now, key).to.eql(roles.get(key));
  }
}

const RUNS = { numRuns: 800 };

describe('the plan', () => {
  it('equals what then happens, for every workflow, life and change, when all succeeds, and is seldom open', () => {
    const seen = { planned: 0, open: 0, replaced: 0 };
    fc.assert(
      fc.property(drawn, draw => check(draw, seen)),
      RUNS,
    );
    expect(seen.planned).to.be.above(RUNS.numRuns);
    expect(seen.open / seen.planned).to.be.below(0.6);
  });

  it('RP2: equals what then happens where states are replaced', () => {
    const seen = { planned: 0, open: 0, replaced: 0 };
    const lives = fc.record({
      one: anyCase,
      told: chaptersOf(replacingDice),
      moves: fc.array(move, { maxLength: 8 }),
      isOver: fc.boolean(),
      change: sourceChangeOf(replacingDice),
      order: fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
    });
    fc.assert(
      fc.property(lives, draw => check(draw, seen)),
      RUNS,
    );
    expect(seen.replaced).to.be.above(0);
  });

  it('R3: of one that is complete, a definition that says the same begins nothing', () => {
    fc.assert(
      fc.property(anyCase, ({ definition, members }) => {
        const w = new Workflow(definition, members).create();
        finish(w, [0]);
        fc.pre(w.over === 'complete');
        const again = { ...definition, digest: 'said again' };
        const change = { source: { definition: again.digest, inputs: { n: 1 } } };
        const { counts } = planUpdate(w.graph, w.state, change, again);
        expect({ ...counts, keep: 0, maybe: 0 }).to.eql({
          run: 0,
          run_again: 0,
          cancel: 0,
          undo: 0,
          maybe: 0,
          keep: 0,
        });
      }),
      RUNS,
    );
  });
});
