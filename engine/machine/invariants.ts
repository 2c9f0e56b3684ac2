// What holds of every workflow after every event: as text, and as a function that tests call.
// Belongs here: the numbered list and its checks, from scratch and slow. Does not belong here: anything that runs in
// production.
import { restingStatus } from './workflow-record.ts';
import { momentOf } from './condition.ts';
import {
  alarmOf,
  choiceCount,
  choiceVerdict,
  classFor,
  goalHolds as holds,
  gateCount,
  hopelessOf,
  unmetOf,
  gateVerdict,
  roleVerdict,
  classOf,
  withStatus,
  heldSteps,
  timedSteps,
  type Verdict,
} from './counters.ts';
import type { Gate, StateGraph, Step } from '../graph/types.ts';
import { freshnessOf } from './freshness.ts';
import { hasBegun } from './halting.ts';
import {
  FIRST_GENERATION,
  hasNoWay,
  isLooking,
  isToJudge,
  occupies,
  owes,
  queuesFor,
  sourceOf,
  UNTOUCHED,
} from './records.ts';
import { isUnderWay } from './suspension.ts';
import { isBefore, type MachineState, recordOf } from './state.ts';
import { type Holder, STEP_STATUSES, type StepRecord, type StepStatus } from './types.ts';
import { checkTurns, turnOf } from './rolling/invariants.ts';
import { buildUndo } from './undo/order.ts';
import { asRun } from './update/earlier.ts';
import { awaitsFormer, checkLeaving } from './update/invariants.ts';
import { checkDoubts } from './verify/invariants.ts';

export const INVARIANTS = {
  M1: 'A gate counts its inputs by class, a choice its alternatives by verdict.',
  M2: "A step's open and hopeless gates, choices and roles are counted.",
  M3: 'At most one exclusive command is out on a VM, `online` apart (R5), and the machine knows which.',
  M4: 'Undo order is counted: a step is held while it, or what required it, owes an undo.',
  M5: 'A step that runs its action, or has run it, had every requirement met first, but for those who joined since (row 49).',
  M6: 'A command is out only while a step runs or undoes, or is looked at, with a phase, a deadline (but to a child) and a dispatch number, on the agent of its record.',
  M7: 'A step waits for its VM in order of readiness, and only while that VM is busy or nothing may start.',
  M8: 'While steps may start, none that could start waits, and none that never can is open.',
  M9: 'A reached step has outputs, unless its failure is tolerated.',
  M10: 'A role is held by as many members as it says, each of which reached `among`, before definition or inputs changed at least.',
  M11: 'complete: the goal holds and nothing runs. failed: nothing runs, is timed or ready.',
  M12: 'held: nothing runs but children that are held, a step is paused or runs one, and the reason says which.',
  M13: 'An undo is under way only while all, or its step, is taken back and nothing stands on it, after a failure whose state says `then: undo`, or to forget a child.',
  M14: 'deleted, unless abandoned: nothing owes an undo.',
  M15: 'Time never goes back: no record is younger than the state.',
  M16: 'A step that failed or was blocked says so for good where another waits for that (row 12).',
  M17: 'A step asks only while it is paused for the answer, and for no signal that is kept.',
  M18: 'Halted: nothing is held, and no step that has not begun is ready (`failure_mode: halt`).',
  M19: 'Late: nothing goes on but by a person. Stragglers are timed only once the goal holds (rows 15 and 18).',
  M20: "A rolling's numbers are those of its turns; nobody is inside beyond its size, or starts outside (R4).",
  M21: 'A step is timed for what it requires `within` a time exactly while nothing else is missing.',
  M22: 'Only a state with `valid_for` runs again, and nobody waits for that without having asked.',
  M23: 'A step runs the child of its record, and that is held only while it runs or is undone, and is not called back.',
  M24: 'What is withdrawn is counted in the order of its undo; a member that leaves starts nothing; nothing is withdrawn of what is complete.',
  M25: 'Only while it is suspended is an event of a step kept, of one that runs, is undone or is asked.',
  M26: 'A state is looked at only while the workflow is checked, and that is so exactly while something is.',
  M27: 'What is unverified was reached; while steps may start, but by an operation, and the goal needs it, it is open, unless it is a drift that nobody has asked to mend.',
  M28: 'What is suspended is at rest exactly while no attempt is under way.',
} as const;
export type Invariant = keyof typeof INVARIANTS;

/** Broken invariants, one line each; empty when all hold. Costs the whole graph: for tests and simulation. */
export function check(graph: StateGraph, state: MachineState): string[] {
  const broken: string[] = [];
  const report = (invariant: Invariant, holds: boolean, where: string): void => {
    if (!holds) broken.push(`${invariant} ${INVARIANTS[invariant]} Broken at ${where}.`);
  };
  for (const gate of graph.gates) checkGate(state, gate, report);
  for (const { number } of graph.choices) checkChoice(graph, state, number, report);
  for (const step of graph.steps) checkStep(graph, state, step.number, report);
  checkAgents(graph, state, report);
  checkUndo(graph, state, report);
  checkLeaving(graph, state, (holds, where) => report('M24', holds, where));
  checkTurns(graph, state, (holds, where) => report('M20', holds, where));
  checkDoubts(graph, state, isForward(graph, state), report);
  checkWorkflow(graph, state, report);
  return broken;
}

type ReportBroken = (invariant: Invariant, holds: boolean, where: string) => void;

function checkGate(state: MachineState, gate: Gate, report: ReportBroken): void {
  const counted = gateCount(state.cells, gate.number);
  const classes = gate.inputs.map(input => classFor(gate.outcome, recordOf(state, input)));
  for (const kind of ['counts', 'neutral', 'lost'] as const) {
    const actual = classes.filter(found => found === kind).length;
    report(
      'M1',
      counted[kind] === actual,
      `gate ${gate.number} (${gate.target.entity}.${gate.target.state}, ${kind})`,
    );
  }
}

function checkChoice(graph: StateGraph, state: MachineState, number: number, report: ReportBroken): void {
  const verdictsOf = graph.choices[number]?.alternatives.map(gate => gateVerdict(state.cells, graph, gate));
  const { met, hopeless } = choiceCount(state.cells, graph, number);
  const count = (verdict: string) => verdictsOf?.filter(found => found === verdict).length;
  report('M1', met === count('met') && hopeless === count('hopeless'), `choice ${number}`);
}

function verdicts(graph: StateGraph, state: MachineState, number: number) {
  const step = graph.steps[number] as StateGraph['steps'][number];
  const roles = step.roles.map(role => {
    const node = graph.roles[role] as StateGraph['roles'][number];
    return roleVerdict(state.workflow.roles[`${node.entity}.${node.name}`]);
  });
  const choices = step.choices.map(choice => choiceVerdict(state.cells, graph, choice));
  return [...step.needs.map(gate => gateVerdict(state.cells, graph, gate)), ...choices, ...roles];
}

const KEEPING = new Set<StepRecord['status']>(['running', 'undoing', 'paused']);
const ACTING = new Set<StepRecord['status']>(['ready', 'running', 'reached', 'paused']);

function checkStep(graph: StateGraph, state: MachineState, number: number, report: ReportBroken): void {
  const { id } = graph.steps[number] as StateGraph['steps'][number];
  const record = recordOf(state, number);
  const found = verdicts(graph, state, number);
  const unmet = found.filter(verdict => verdict !== 'met').length;
  const hopeless = found.filter(verdict => verdict === 'hopeless').length;
  report('M2', unmetOf(state.cells, graph, number) === unmet, `${id} (unmet)`);
  report('M2', hopelessOf(state.cells, graph, number) === hopeless, `${id} (hopeless)`);
  const { watched, leaving } = graph.steps[number] as StateGraph['steps'][number];
  const isBeside = leaving || record.withdrawn || state.undo;
  if (!isBeside && ACTING.has(record.status)) report('M5', unmet === 0 || mayBePassed(state, record), id);
  checkCommand(record, id, report);
  const mustSay =
    watched &&
    !state.undo &&
    hasNoWay(record.status) &&
    record.cause !== 'undo_failed' &&
    record.withdrawn === undefined &&
    record.renews === undefined;
  // Of a workflow whose members changed, who waited for it may have left.
  const wasWatched = watched || leaving === true || state.workflow.generation > FIRST_GENERATION;
  report('M16', record.hasFailed ? wasWatched : !mustSay, id);
  if (isForward(graph, state)) checkOpen(graph, state, number, unmet, hopeless, report);
  const { asks, kept } = record;
  const mayKeep = state.workflow.suspended !== undefined && KEEPING.has(record.status);
  report('M25', kept === undefined || mayKeep, id);
  const answers = record.cause === 'waits_for_approval' || record.cause === 'waits_for_signal';
  report('M17', (asks !== undefined) === answers && (!answers || record.status === 'paused'), id);
  report('M17', asks?.kind !== 'signal' || !state.workflow.signals?.[asks.name], `${id} (kept)`);
  const tolerated = record.cause === 'tolerated';
  if (record.status === 'reached') report('M9', (record.outputs === undefined) === tolerated, id);
  report('M15', record.since <= state.at, id);
}

/** Another generation began, or an operation, or what was unverified was opened. */
const hasChanged = ({ generation, operation, operations, takenUp }: MachineState['workflow']): boolean =>
  generation > FIRST_GENERATION ||
  operation !== undefined ||
  operations !== undefined ||
  takenUp !== undefined;

/** Of a workflow whose members changed; what is ready has not begun, and waits for those who joined. */
const mayBePassed = ({ workflow }: MachineState, record: StepRecord): boolean =>
  hasChanged(workflow) && (record.status !== 'ready' || hasBegun(record));

function checkCommand(record: StepRecord, id: string, report: ReportBroken): void {
  const out = record.command !== undefined;
  const looks = isLooking(record) && out;
  const acting = record.status === 'running' || record.status === 'undoing' || looks;
  const { action } = record.command ?? {};
  const isTimed = action?.kind === 'workflow' ? record.due === undefined : record.due?.for === 'deadline';
  report('M6', !out || (acting && isTimed && record.dispatch > 0), id);
  report('M23', action?.kind !== 'workflow' || action.child === record.child, id);
  const mayHold = acting && record.cancel === undefined && action?.kind === 'workflow';
  report('M23', record.held === undefined || mayHold, `${id} (held)`);
  report('M6', record.status !== 'running' || out || record.due?.for === 'wait', id);
  const waits = record.status === 'ready' && record.phase === 'rescue';
  report('M6', waits || acting === (record.phase !== undefined), `${id} (phase)`);
  const to = record.command?.agent;
  report('M6', to === undefined || to === record.agent, `${id} (agent)`);
  report('M6', record.next === undefined || record.status === 'ready', `${id} (next)`);
}

function isForward(graph: StateGraph, state: MachineState): boolean {
  const { status, seq, suspended } = state.workflow;
  if (suspended !== undefined) return false;
  return seq > 0 && (status === 'running' || status === 'held') && !goalHolds(graph, state);
}

const goalHolds = (graph: StateGraph, state: MachineState): boolean => holds(state.cells, graph);

/** Nothing of a step has begun in these, unless it was touched before. */
const UNSTARTED = new Set<StepStatus>(['ready', 'blocked', 'skipped', 'not_needed']);

function checkOpen(
  graph: StateGraph,
  state: MachineState,
  number: number,
  unmet: number,
  hopeless: number,
  report: ReportBroken,
): void {
  const step = graph.steps[number] as StateGraph['steps'][number];
  const { status, touched, due, cause, renews, freshFrom, withdrawn } = recordOf(state, number);
  if (step.leaving || withdrawn) return;
  // What an earlier generation needed may have begun: it ends by itself (row 28).
  const isBegun = touched || !UNSTARTED.has(status) || cause === 'skipped_by_operator';
  const isKept = hasChanged(state.workflow) && isBegun;
  if (!step.wanted) return report('M8', status === 'waiting' || isKept, `${step.id} (not wanted)`);
  const source = { graph, cells: state.cells, workflow: state.workflow };
  const awaits = awaitsChoice(step, state) || momentOf(source, step, recordOf(state, number)) === 'open';
  const { isLost, waits } = turnOf(graph, state, step);
  const hasNoHope = hopeless > 0 || (isLost && !isToJudge(recordOf(state, number)));
  const isFormer = awaitsFormer(graph, state, number);
  const isOpen = !hasNoHope || awaits || isFormer || alarmOf(state.cells, graph, number) === 'open';
  const fresh = unmet > 0 || renews !== undefined ? 'met' : freshnessIn(graph, state, number);
  const asks = fresh === 'open' && freshFrom !== undefined;
  const isHeldUp = waits || asks || isFormer;
  const mayWait = unmet > 0 || state.workflow.halted !== undefined || isHeldUp;
  if (status === 'waiting' && !due) report('M8', mayWait && isOpen, step.id);
  report('M22', renews === undefined || step.state.validFor !== undefined, step.id);
  const mayAsk = fresh !== 'met' || state.workflow.halted !== undefined;
  report('M22', freshFrom === undefined || mayAsk, `${step.id} (asks)`);
  const mayBlock = cause === 'too_late' || fresh === 'hopeless' || (hasNoHope && !awaits);
  if (status === 'blocked') report('M8', mayBlock, step.id);
  if (status !== 'waiting' || state.workflow.halted !== undefined) return;
  const timed = (step.within ?? []).filter(
    ({ gate }) => gateVerdict(state.cells, graph, gate) !== 'met',
  ).length;
  const isRest = timed > 0 && timed === unmet && (!hasNoHope || awaits);
  // A retry of what had begun before somebody joined is timed for that.
  const retries = hasChanged(state.workflow) && due?.for === 'retry';
  const isPut = awaitsFormer(graph, state, number);
  report('M21', retries || isPut || isRest === (due?.for === 'within'), step.id);
}

const freshnessIn = (graph: StateGraph, state: MachineState, number: number): Verdict => {
  const { at, cells } = state;
  return freshnessOf({ graph, at, cells, record: step => recordOf(state, step) }, number).verdict;
};

/** Row 5: it is open whether the step applies, so it is not lost either. A vacancy loses it (row 3). */
function awaitsChoice({ entity, state: { only, except, once } }: Step, { workflow }: MachineState): boolean {
  const holder = (role: string) => workflow.roles[`${entity.name}.${role}`];
  const roles = [...only, ...except];
  const isVacant = [...roles, ...(once && 'role' in once ? [once.role] : [])].some(
    role => holder(role) === null,
  );
  return !isVacant && roles.some(role => holder(role) === undefined);
}

function checkAgents(graph: StateGraph, state: MachineState, report: ReportBroken): void {
  const busy = new Map<string, number>();
  const waiting = new Map<string, number[]>();
  for (const { number } of graph.steps) {
    const agent = occupies(state.records[number]);
    if (agent !== undefined) {
      report('M3', !busy.has(agent), agent);
      busy.set(agent, number);
    }
    const queue = queuesFor(state.records[number]);
    if (queue !== undefined) waiting.set(queue, [...(waiting.get(queue) ?? []), number]);
  }
  report('M3', sameText(sorted(busy), sorted(state.busy)), 'the list of busy VMs');
  for (const queue of waiting.values()) {
    queue.sort((a, b) => (isBefore(recordOf(state, a), a, recordOf(state, b), b) ? -1 : 1));
  }
  report('M7', sameText(sorted(waiting), sorted(state.queues)), 'the queues');
  if (state.workflow.status === 'cancelling' || state.workflow.suspended !== undefined) return;
  for (const agent of waiting.keys())
    report('M7', busy.has(agent) || state.workflow.status === 'deleted', agent);
}

const sorted = <V>(map: ReadonlyMap<string, V>): readonly (readonly [string, V])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function checkUndo(graph: StateGraph, state: MachineState, report: ReportBroken): void {
  const { status } = state.workflow;
  const undoes =
    status === 'undoing' || status === 'deleting' || status === 'delete_failed' || status === 'deleted';
  report('M4', undoes === (state.undo !== undefined), 'the workflow');
  if (state.undo) {
    const fresh = buildUndo(graph, step => state.records[step], state.workflow);
    report('M4', sameText([...state.undo.values], [...fresh.values]), 'the undo order');
  }
  for (const { number, id } of graph.steps) {
    const record = recordOf(state, number);
    const { status: step } = record;
    if (step === 'undoing' || step === 'undone') {
      const may = undoes || (step === 'undone' && restingStatus(state.workflow) === 'failed');
      const isFree = () => dependents(graph, number).every(other => !owes(recordOf(state, other)));
      const one = asRun(graph, graph.steps[number] as Step, record, sourceOf(state.workflow));
      const isAlone = one.state.onFailure === 'undo';
      // What is taken back while the workflow goes on has an order of its own (M24).
      if (record.withdrawn || graph.steps[number]?.leaving) continue;
      const isForgotten = state.workflow.abandoned === true;
      // An undo because a condition or a role changed lets others go on, and may end after all began to be taken back.
      const mayStand = state.workflow.source !== undefined;
      report('M13', isForgotten || isAlone ? may || step === 'undoing' : may && (mayStand || isFree()), id);
    }
  }
}

/** Every step that required this one, directly or not. */
function dependents(graph: StateGraph, number: number): readonly number[] {
  const found = new Set<number>();
  const visit = (step: number): void => {
    const { feeds, candidateOf } = graph.steps[step] as StateGraph['steps'][number];
    const gates = feeds.flatMap(gate => graph.gates[gate]?.outputs ?? []);
    const choices = feeds
      .flatMap(gate => graph.gates[gate]?.choices ?? [])
      .flatMap(choice => graph.choices[choice]?.outputs ?? []);
    const roles = candidateOf.flatMap(role => graph.roles[role]?.outputs ?? []);
    for (const next of [...gates, ...choices, ...roles]) {
      if (found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(number);
  return [...found];
}

function checkWorkflow(graph: StateGraph, state: MachineState, report: ReportBroken): void {
  const { status, reason, roles, at, halted } = state.workflow;
  const held = state.records.filter(record => record?.held !== undefined).length;
  report('M1', heldSteps(state.cells, graph) === held, 'steps that run a held child');
  const count = (kind: StepRecord['status']): number =>
    state.records.filter(record => record?.status === kind).length;
  for (const kind of STEP_STATUSES) {
    report('M1', withStatus(state.cells, graph, kind) === count(kind), `steps ${kind}`);
  }
  const timed = state.records.filter(record => record?.status === 'waiting' && record.due).length;
  report('M1', timedSteps(state.cells, graph) === timed, 'steps that wait for a time');
  const busy = count('running') + count('undoing');
  report('M15', at <= state.at, 'the workflow');
  if (status === 'complete') {
    report('M11', goalHolds(graph, state) && busy === 0, 'the workflow');
    report('M24', state.leaving === undefined, 'its end');
  }
  if (status === 'failed') report('M11', busy + count('ready') + timed === 0, 'the workflow');
  if (status === 'held')
    report('M12', busy === held && count('paused') + held > 0 && reason !== '', 'the workflow');
  if (halted !== undefined) {
    const begun = state.records.every(record => record?.status !== 'ready' || hasBegun(record));
    report('M18', status !== 'held' && begun, 'the workflow');
  }
  const { late, stragglers, suspended } = state.workflow;
  const rests = !state.records.some(record => record && isUnderWay(record));
  report('M28', suspended === undefined || (suspended.rests ?? false) === rests, 'the workflow');
  report('M19', !late || (status !== 'running' && status !== 'held'), 'the workflow');
  report('M19', stragglers === undefined || state.undo !== undefined || goalHolds(graph, state), 'its end');
  if (status === 'deleted' && reason === '') {
    report(
      'M14',
      state.records.every(record => !owes(record ?? UNTOUCHED)),
      'the workflow',
    );
  }
  for (const role of graph.roles) checkRole(graph, state, role, roles[`${role.entity}.${role.name}`], report);
}

/** Who holds a role does so while an operation runs again what it was chosen by. */
const holdsOn = (record: StepRecord): boolean =>
  classOf(record) === 'counts' || record.operation !== undefined;

function checkRole(
  graph: StateGraph,
  state: MachineState,
  role: StateGraph['roles'][number],
  holder: Holder | null | undefined,
  report: ReportBroken,
): void {
  if (state.undo || holder === undefined || holder === null) return;
  // A holder holds it until it leaves, also while what it reached is judged or run again.
  const { source, takenUp } = state.workflow;
  const isReopened = source !== undefined || takenUp !== undefined;
  const mayHold = (record: StepRecord): boolean => isReopened || holdsOn(record);
  const reached = role.candidates
    .filter(number => mayHold(recordOf(state, number)))
    .map(number => graph.steps[number]?.member?.agent);
  const holders = [holder].flat();
  const isAsMany =
    (role.count === undefined) === (typeof holder === 'string') && holders.length === (role.count ?? 1);
  report('M10', isAsMany && holders.every(one => reached.includes(one)), `${role.entity}.${role.name}`);
}
