// Lets the machine and the naive scheduler live through the same fate, and compares them after every event.
// Belongs here: random fates, the two side by side. Does not belong here: either scheduler, how many runs.
import fc from 'fast-check';
import type { State } from '../../engine/definition/types.ts';
import type { MemberChange } from '../../engine/graph/members.ts';
import type { Member } from '../../engine/graph/types.ts';
import { workflowDue } from '../../engine/machine/deadline.ts';
import type { Outcome } from '../../engine/machine/types.ts';
import { type ChangeDice, changeDiceInPlace, changedBy } from '../support/random-changes.ts';
import { anyCase, type Case } from '../support/random-definitions.ts';
import { Workflow } from '../support/workflow.ts';
import { replaceVm } from './lockstep-doubt.ts';
import { anyEnding, pause } from './lockstep-pause.ts';
import { NaiveOperations } from './naive-operation.ts';
import { current } from './naive-actions.ts';
import { type Ending } from './naive-ends.ts';
import type { NaiveStep } from './naive-rules.ts';

/** Numbers pick among what can happen at the time. */
interface Turn {
  readonly pick: number;
  readonly ending: Ending;
  readonly act: 'retry' | 'skip' | 'fail';
  /** Instead of all that, members join or leave, */
  readonly members: Changed | undefined;
  /** or definition and inputs change. */
  readonly source: readonly ChangeDice[] | undefined;
  /** or an operation begins. */
  readonly operation: number | undefined;
  /** Which VM becomes another. */
  readonly doubt: number | undefined;
  /** Or the workflow is suspended while so many of what runs ends, in these ways. */
  readonly pause: readonly Ending[] | undefined;
}

interface Changed {
  readonly pick: number;
  readonly how: 'joins' | 'leaves' | 'replaced';
  readonly abandon: boolean;
}

const changed: fc.Arbitrary<Changed> = fc.record({
  pick: fc.nat(),
  how: fc.constantFrom('joins', 'leaves', 'leaves', 'replaced'),
  abandon: fc.constantFrom(false, false, false, true),
});

interface Fate {
  readonly one: Case;
  readonly turns: readonly Turn[];
  readonly resumes: number;
}

const turn: fc.Arbitrary<Turn> = fc.record({
  pick: fc.nat(),
  ending: anyEnding,
  pause: fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.array(anyEnding, { minLength: 1, maxLength: 4 }) },
  ),
  act: fc.constantFrom('retry', 'skip', 'fail'),
  doubt: fc.oneof({ weight: 15, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat() }),
  source: fc.oneof(
    { weight: 15, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: changeDiceInPlace },
  ),
  operation: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat({ max: 1 }) },
  ),
  members: fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: changed }),
});

const anyFate: fc.Arbitrary<Fate> = fc
  .record({
    one: anyCase,
    shared: fc.boolean(),
    goals: fc.array(fc.nat(), { maxLength: 2 }),
    turns: fc.array(turn, { minLength: 1, maxLength: 40 }),
    resumes: fc.nat({ max: 2 }),
  })
  .map(({ one, shared, goals, turns, resumes }) => {
    const withGoals = withMoreGoals(withoutQuestions(one), goals);
    return { one: shared ? onSharedVms(withGoals) : withGoals, turns, resumes };
  });

/** The naive scheduler asks nobody: what waits for people's words is a join to both. */
function withoutQuestions(one: Case): Case {
  const asked = (state: State): State => {
    const { action, validFor: _, ...rest } = state;
    return action?.kind === 'approval' || action?.kind === 'signal' ? rest : state;
  };
  const entities = [...one.definition.entities].map(([name, entity]) => {
    const states = [...entity.states].map(([key, state]) => [key, asked(state)] as const);
    return [name, { ...entity, states: new Map(states) }] as const;
  });
  return { ...one, definition: { ...one.definition, entities: new Map(entities) } };
}

/** Row 31: entities may share VMs, so that their attempts stand in each other's way. */
function onSharedVms(one: Case): Case {
  const share = (member: Member): Member => ({ ...member, agent: `vm-${member.index}` });
  const members = [...one.members].map(([name, list]) => [name, list.map(share)] as const);
  return { ...one, members: new Map(members) };
}

function withMoreGoals(one: Case, picks: readonly number[]): Case {
  const known = [...one.definition.entities.values()].flatMap(({ name, states }) =>
    [...states.keys()].map(state => ({ entity: name, state })),
  );
  const more = picks.map(pick => known[pick % known.length] as (typeof known)[number]);
  return { ...one, definition: { ...one.definition, goal: [...one.definition.goal, ...more] } };
}

/**
 * Compares the two over so many random fates. How often each end was reached.
 * @throws the smallest fate in which they differ, with what happened up to there.
 */
export function compareFates(seed: number, runs: number): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  const property = fc.property(anyFate, fate => {
    const end = runBoth(fate);
    ends.set(end, (ends.get(end) ?? 0) + 1);
  });
  fc.assert(property, { seed, numRuns: runs });
  return ends;
}

/** The status at the end. */
function runBoth({ one, turns, resumes }: Fate): string {
  const ours = new Workflow(one.definition, one.members).create();
  const naive = new NaiveOperations(one.definition, one.members, ours.now);
  const log: string[] = ['create'];
  let left = resumes;
  adopt(ours, naive, new Set(naive.board.steps));
  if (naive.owes) log.push(takeBack(ours, naive));
  compare(ours, naive, log);
  for (let count = 0; count < 400; count += 1) {
    const dice = turns[count % turns.length] as Turn;
    ours.now += 10;
    naive.board.now = ours.now;
    const waited = new Set(naive.board.steps.filter(step => WAITED.has(step.status)));
    const held = naive.goalHolds;
    const final = finalSteps(naive);
    // The last turns are kind, so that every fate comes to an end.
    const kind: Turn = {
      ...dice,
      ending: 'done',
      act: 'skip',
      members: undefined,
      source: undefined,
      operation: undefined,
      doubt: undefined,
      pause: undefined,
    };
    const said =
      beginOperation(ours, naive, count < 200 ? dice : kind) ??
      changeSource(ours, naive, count < 200 ? dice : kind) ??
      changeMembers(ours, naive, count < 200 ? dice : kind) ??
      replaceVm(ours, naive, (count < 200 ? dice : kind).doubt) ??
      pause(ours, naive, count < 200 ? dice : kind, outcomeOf) ??
      move(ours, naive, count < 200 ? dice : kind);
    if (said !== undefined) log.push(said);
    else if (naive.status === 'failed' && left > 0) {
      left -= 1;
      ours.send({ kind: 'resume', by: 'ann' });
      naive.resume();
      log.push('resume');
    } else break;
    // So it is in the moment in which members join or leave and the goal still holds.
    if (said !== undefined && ANEW.some(word => said.startsWith(word)))
      adopt(ours, naive, new Set(naive.board.steps));
    else if (!held) adopt(ours, naive, waited);
    if (naive.owes) log.push(takeBack(ours, naive));
    compare(ours, naive, log);
    // A person goes on, and others take part.
    if (log.at(-1) !== 'resume' && !naive.board.changed && !naive.board.takenUp) stayFinal(final, log);
  }
  return naive.status;
}

/** Moves with which the goal is another, or more is asked than it, or after which everything is looked at. */
const ANEW = ['members', 'definition', 'operation', 'suspended'];

const FINAL = new Set(['reached', 'failed', 'blocked', 'skipped', 'not_needed']);

const finalSteps = (naive: NaiveOperations): ReadonlyMap<NaiveStep, string> =>
  new Map(
    naive.board.steps.filter(({ status }) => FINAL.has(status)).map(step => [step, step.status] as const),
  );

/** What is final stays so until a person goes on from a failure: others acted on it. */
function stayFinal(before: ReadonlyMap<NaiveStep, string>, log: readonly string[]): void {
  for (const [step, status] of before) {
    if (step.status !== status && step.status !== 'undone' && !step.renews)
      throw new Error(`${step.id} was ${status} and is ${step.status}, after:\n  ${log.join('\n  ')}`);
  }
}

/** A resume opens again what has failed. */
const WAITED = new Set(['waiting', 'blocked', 'failed', 'interrupted']);
/** What becomes of a step that nothing is done for; it fails where `run_on` names nobody. */
const BY_ITSELF = new Set(['reached', 'skipped', 'blocked', 'not_needed', 'failed', 'paused']);

/**
 * In the moment in which the goal comes to hold, the rules leave open which joins that could be reached in that very
 * moment still are, and which are not needed any more (row 15). There the naive one takes over what the machine says.
 */
function adopt(ours: Workflow, naive: NaiveOperations, waited: ReadonlySet<NaiveStep>): void {
  if (!naive.goalHolds) return;
  for (const step of naive.board.steps) {
    if (!waited.has(step)) continue;
    const status = ours.status(step.id);
    const isOpen = status === 'not_needed' || step.status === 'not_needed';
    if (isOpen && BY_ITSELF.has(status) && BY_ITSELF.has(step.status)) step.status = status;
  }
}

/** Members join or leave, both. Undefined: this time nobody does, or may. */
function changeMembers(ours: Workflow, naive: NaiveOperations, { members: dice }: Turn): string | undefined {
  if (!dice || ours.graph.definition.onWorkflowFailure === 'undo') return undefined;
  const groups = [...naive.board.membership].filter(([, members]) => members.length > 0);
  const [entity, members] = groups[dice.pick % Math.max(1, groups.length)] ?? [];
  if (entity === undefined || members === undefined) return undefined;
  const change = changeOf(dice, entity, members);
  const { rejected, changes } = ours.send({ kind: 'update', change, by: 'ann' });
  if (rejected || changes.length === 0) return undefined;
  naive.update(change);
  return `members: ${JSON.stringify(change)}`;
}

/** An operation begins, for both. Undefined: this time none does, or may. */
function beginOperation(
  ours: Workflow,
  naive: NaiveOperations,
  { operation, pick }: Turn,
): string | undefined {
  if (operation === undefined || ours.graph.definition.onWorkflowFailure === 'undo') return undefined;
  if (naive.board.steps.some(step => step.doubted)) return undefined;
  const name = `op${operation}`;
  const { rejected, changes } = ours.send({
    kind: 'operate',
    operation: name,
    id: `${ours.now} ${pick}`,
    inputs: {},
    by: 'ann',
  });
  if (rejected || changes.length === 0) return undefined;
  naive.operateBy(name);
  return `operation ${name} begins`;
}

/** Another definition, and other inputs, which nothing reads, for both. Undefined: this time nothing changes, or may. */
function changeSource(
  ours: Workflow,
  naive: NaiveOperations,
  { source: dice, pick }: Turn,
): string | undefined {
  if (!dice || ours.graph.definition.onWorkflowFailure === 'undo') return undefined;
  const [first = ours.graph.definition] = ours.definitions.values();
  const digest = `changed ${ours.definitions.size}`;
  const definition = changedBy(ours.graph.definition, first, dice, digest);
  const inputs = { n: pick % 2 };
  const isOtherInput = JSON.stringify(inputs) !== JSON.stringify(ours.state.inputs);
  const { rejected, changes } = ours.update(definition, inputs);
  if (rejected || changes.length === 0) return undefined;
  naive.update({}, { definition, isOtherInput });
  return `definition: ${JSON.stringify(dice)}`;
}

/** Whose agents are shared joins with the VM of a new index. */
function changeOf({ how, pick, abandon }: Changed, entity: string, members: readonly Member[]): MemberChange {
  const one = members[pick % members.length] as Member;
  const agent = `${one.agent.replace(/\d+$/, '')}${pick % 5}`;
  const joining = [{ agent, name: agent, data: {} }];
  const more = abandon ? ({ abandon: true } as const) : {};
  if (how === 'leaves') return { leave: { [entity]: [one.agent] }, ...more };
  return { [how === 'joins' ? 'join' : 'members']: { [entity]: joining }, ...more };
}

/** One thing that can happen, to both. Undefined: nothing can. */
function move(ours: Workflow, naive: NaiveOperations, dice: Turn): string | undefined {
  const { steps } = naive.board;
  const can = [
    ...naive.running(),
    ...steps.filter(step => step.timed || step.awaited),
    ...(naive.goalHolds || naive.status === 'cancelling'
      ? []
      : steps.filter(step => step.status === 'paused')),
  ];
  const isTimed = workflowDue(ours.state.workflow) !== undefined;
  const step = can[dice.pick % Math.max(1, can.length + Number(isTimed))];
  if (!step && isTimed) {
    ours.ownTime();
    naive.board.now = ours.now;
    if (naive.isOperationDue) {
      naive.goOnOperating();
      return 'operation: what follows its step';
    }
    naive.timeIsUp();
    return "the workflow's time is up";
  }
  if (!step) return undefined;
  if (step.awaited) {
    ours.due(step.id);
    naive.board.now = ours.now;
    naive.tooLate(step);
    return `${step.id}: what it requires did not come in time`;
  }
  if (step.timed) {
    ours.due(step.id);
    naive.board.now = ours.now;
    naive.retryDue(step);
    return `${step.id}: its retry is due`;
  }
  if (step.status === 'paused') {
    if (dice.act === 'skip')
      ours.send({
        kind: 'skip',
        step: step.id,
        outputs: { port: isMade(step) ? { $secret: 's' } : 1 },
        by: 'ann',
      });
    else ours.send({ kind: dice.act, step: step.id, by: 'ann' });
    naive.operate(step, dice.act);
    return `${step.id}: the operator says ${dice.act}`;
  }
  return finish(ours, naive, step, dice.ending);
}

function finish(ours: Workflow, naive: NaiveOperations, step: NaiveStep, ending: Ending): string {
  const { phase } = step;
  if (current(step)?.kind === 'wait') {
    ours.due(step.id);
    naive.board.now = ours.now;
    naive.end(step, 'done');
    return `${step.id}: its wait is over`;
  }
  // A child is never interrupted; it may be held, and go on, unless it is called back.
  if (
    ending === 'interrupted' &&
    !step.calledBack &&
    naive.status !== 'cancelling' &&
    step.status === 'running' &&
    runsChild(step)
  ) {
    ours.report(step.id, step.held ? { kind: 'started' } : { kind: 'held', reason: 'it waits for ann' });
    naive.hold(step);
    return `${step.id}: its child is ${step.held ? 'held' : 'going on'}`;
  }
  ours.finish(step.id, outcomeOf(step, ending));
  naive.end(step, ending);
  return `${step.id}: its ${phase} ends: ${ending}`;
}

const runsChild = (step: NaiveStep): boolean => current(step)?.kind === 'workflow';

/** Every undo succeeds, and every look after it says so: in which order they come is for the invariants to say (M13). */
function takeBack(ours: Workflow, naive: NaiveOperations): string {
  if (ours.over !== 'failed' && ours.over !== 'undoing')
    throw new Error(`it is ${ours.over}, not taken back`);
  for (let [step] = ours.out(); step !== undefined; [step] = ours.out())
    ours.finish(step, OUTCOMES[ours.record(step)?.phase === 'verify' ? 'denied' : 'done']);
  naive.takeBack();
  return 'what was started is taken back';
}

/** Its output is a secret, which no machine tells in clear. */
const isMade = ({ state }: NaiveStep): boolean => state.outputs.get('port')?.hidden === true;
const MADE: Outcome = { kind: 'succeeded', outputs: { port: { secret: 's' } } };

const outcomeOf = (step: NaiveStep, ending: Ending): Outcome =>
  ending === 'done' && isMade(step) ? MADE : OUTCOMES[ending];

const exit = (exitCode: number): Outcome => ({
  kind: 'failed',
  error: { kind: 'exit', message: `exit ${exitCode}`, exitCode },
});

const OUTCOMES: { readonly [ending in Ending]: Outcome } = {
  done: { kind: 'succeeded', outputs: { port: { text: '5022' } } },
  'done without outputs': { kind: 'succeeded', outputs: {} },
  denied: exit(1),
  broken: exit(7),
  forbidden: { kind: 'failed', error: { kind: 'unauthorised', message: 'the right is lost' } },
  interrupted: { kind: 'interrupted', evidence: 'boot id changed' },
};

function compare(ours: Workflow, naive: NaiveOperations, log: readonly string[]): void {
  const differing = naive.board.steps
    .filter(step => step.status !== ours.status(step.id))
    .map(step => `  ${step.id}: ${ours.status(step.id)}, naively ${step.status}`);
  const { status } = naive;
  if (ours.over !== status) differing.push(`  the workflow: ${ours.over}, naively ${status}`);
  if (ours.graph.steps.length !== naive.board.steps.length) differing.push('  the number of steps');
  if (differing.length === 0) return;
  throw new Error(`the two differ:\n${differing.join('\n')}\nafter:\n  ${log.join('\n  ')}`);
}
