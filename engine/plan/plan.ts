// The plan of an update: what a new definition, inputs or members would do, told before anything of it happens.
// Belongs here: the plan as a whole. Does not belong here: one step (judge.ts), roles (roles.ts), layout (cli/).
//
// What the next generation is (its graph, whom it seats, why it may be refused) is asked of the machine. What then becomes of
// each step is not played through: it is found by one walk along the graph, by the rules of the language, and
// test/plan/equals.test.ts holds it against what happens. Cost: linear in steps and edges (P7).
import type { JsonObject } from '../base/json.ts';
import type { WorkflowDefinition } from '../definition/types.ts';
import type { Member, RoleNode, StateGraph, Step } from '../graph/types.ts';
import { isComputed } from '../machine/command.ts';
import type { GenerationChange } from '../machine/events.ts';
import { owes } from '../machine/records.ts';
import { initialState, type MachineState, recordOf } from '../machine/state.ts';
import type { StepRecord } from '../machine/types.ts';
import { beginGeneration } from '../machine/update/begin.ts';
import { restingStatus } from '../machine/workflow-record.ts';
import { COUNTS } from './ends.ts';
import { type Beginning, Foresight, type Judged } from './foresight.ts';
import { judgeStep } from './judge.ts';
import { neededSteps } from './needed.ts';
import { renamings, saidRenamed } from './renamings.ts';
import { judgeRole, roleMoves } from './roles.ts';
import type { Fate, Plan, PlannedStep } from './types.ts';
import { type PlanCount, walk } from './walk.ts';

/** `arriving`: the definition that the change names, where it is not the present one. */
export function planUpdate(
  graph: StateGraph,
  state: MachineState,
  change: GenerationChange,
  arriving?: WorkflowDefinition,
  count: PlanCount = { operations: 0 },
): Plan {
  const draft = beginGeneration(graph, state, { kind: 'update', change, by: '', at: state.at }, arriving);
  const { begun } = draft;
  const { rejected } = draft.decision();
  const empty = { ...EMPTY, generation: state.workflow.generation };
  if (rejected) return { ...empty, refused: rejected };
  if (begun?.kind !== 'generation') return { ...empty, ...listed(graph, asItGoesOn(graph, state, count)) };
  const { generation } = begun;
  const isNew = begun.definition !== undefined;
  const former = { graph, state };
  const { graph: next, state: carried } = draft;
  const abandons = change.abandon === true;
  const foresight = foreseen(
    { graph: next, state: carried, former, isNew, generation, abandons, takesUp: true },
    count,
  );
  return {
    generation,
    ...whoChanges(graph, next, generation),
    ...listed(next, foresight.steps, graph),
    roles: roleMoves(foresight),
    warnings: isNew ? renamings(graph, next.definition) : [],
  };
}

/** Of a workflow that does not exist yet. */
export function planCreate(
  graph: StateGraph,
  inputs: JsonObject,
  count: PlanCount = { operations: 0 },
): Plan {
  const state = initialState(graph, { id: '', stackName: '', generation: 1, at: 0, inputs });
  const foresight = foreseen(
    { graph, state, isNew: false, generation: 1, abandons: false, takesUp: false },
    count,
  );
  return { ...EMPTY, generation: 1, ...listed(graph, foresight.steps) };
}

const NONE: Plan['counts'] = { run: 0, run_again: 0, cancel: 0, undo: 0, maybe: 0, keep: 0 };
const EMPTY = { joins: [], leaves: [], steps: [], roles: [], warnings: [], counts: NONE };

/** Of a change that changes nothing. */
function asItGoesOn(
  graph: StateGraph,
  state: MachineState,
  count: PlanCount,
): readonly (Judged | undefined)[] {
  const { generation } = state.workflow;
  const status = restingStatus(state.workflow);
  if (status !== 'running' && status !== 'held')
    return graph.steps.map(({ number }) => unchanged(recordOf(state, number)));
  const former = { graph, state };
  return foreseen({ graph, state, former, isNew: false, generation, abandons: false, takesUp: false }, count)
    .steps;
}

const unchanged = (record: StepRecord): Judged => ({
  ...(owes(record) && { fate: 'keep' as const }),
  reason: 'nothing changes',
  ends: COUNTS,
});

/**
 * What ages runs again only because something else begins, and nobody enters a rolling in which somebody is lost: where that may
 * be, it is looked at once more.
 */
function foreseen(begun: Omit<Beginning, 'mayAge' | 'stopped'>, count: PlanCount): Foresight {
  const first = walked({ ...begun, mayAge: false, stopped: new Set() }, count);
  const ages = begun.graph.gates.some(({ validFor }) => validFor !== undefined);
  const mayAge = ages && first.steps.some(judged => judged?.begins === true);
  const stopped = rollingsWithLosses(first);
  return mayAge || stopped.size > 0 ? walked({ ...begun, mayAge, stopped }, count) : first;
}

function rollingsWithLosses({ graph, steps }: Foresight): ReadonlySet<number> {
  const lost = graph.steps.filter(({ number, turn }) => {
    const { ends = COUNTS } = steps[number] ?? {};
    return turn !== undefined && (ends.lost || ends.never);
  });
  return new Set(lost.map(({ turn = -1 }) => graph.turns[turn]?.rolling ?? -1));
}

function walked(begun: Beginning, count: PlanCount): Foresight {
  const foresight = new Foresight(begun);
  const { graph, steps, roles } = foresight;
  walk(
    graph,
    {
      step: number => void (steps[number] = judgeStep(foresight, graph.steps[number] as Step)),
      gate: number => foresight.foreseeGate(number),
      role: number => void (roles[number] = judgeRole(foresight, graph.roles[number] as RoleNode)),
    },
    count,
  );
  for (const { number, retireAfter = [] } of graph.steps)
    if (retireAfter.length > 0) steps[number] = retiredOnlyIf(foresight, number);
  neededSteps(foresight, count).forEach((isNeeded, number) => {
    const judged = steps[number];
    if (judged && !isNeeded) steps[number] = asLongAsTheGoalIsOpen(foresight, number, judged);
  });
  return foresight;
}

/** What was replaced stays as long as what it waits for may not come about. */
function retiredOnlyIf(foresight: Foresight, number: number): Judged | undefined {
  const judged = foresight.steps[number];
  if (judged?.fate !== 'undo' || foresight.isRetired(number)) return judged;
  return { ...judged, fate: 'maybe', reason: `is undone ${judged.reason}, which is not certain` };
}

const DOES = { run: 'runs', run_again: 'runs again', undo: 'is undone', cancel: 'is called back' } as const;

/** Row 15: with the goal nothing begins any more. */
function asLongAsTheGoalIsOpen(foresight: Foresight, number: number, judged: Judged): Judged {
  const { wanted, leaving } = foresight.graph.steps[number] as Step;
  const isOut = foresight.record(number).status === 'running';
  if (!wanted || leaving || isOut) return judged;
  const perhaps = judged.begins ? { ...judged, isPerhaps: true as const } : judged;
  if (judged.fate === undefined || judged.fate === 'keep' || judged.fate === 'maybe') return perhaps;
  return {
    ...perhaps,
    fate: 'maybe',
    reason: `${DOES[judged.fate]}, unless the goal holds before: ${judged.reason}`,
  };
}

function listed(
  graph: StateGraph,
  judged: readonly (Judged | undefined)[],
  former: StateGraph = graph,
): Pick<Plan, 'steps' | 'counts'> {
  const counts: { [fate in Fate]: number } = { ...NONE };
  const steps: PlannedStep[] = [];
  for (const step of graph.steps) {
    const { number, id, state } = step;
    const { fate, reason = '' } = judged[number] ?? {};
    if (fate === undefined || !state.action || (isComputed(state.action) && !state.probe)) continue;
    // Whoever says what a change is answered with means it to run.
    const isMeant = state.idempotent || state.probe !== undefined || state.changeAction !== undefined;
    const isUnsafe = fate === 'run_again' && !isMeant;
    steps.push({
      step: id,
      fate,
      reason: saidRenamed(former, step, reason),
      ...(isUnsafe && { unsafe: true as const }),
    });
    counts[fate] += 1;
  }
  return { steps, counts };
}

/** Who begins to take part, and who begins to leave. */
function whoChanges(graph: StateGraph, next: StateGraph, generation: number): Pick<Plan, 'joins' | 'leaves'> {
  const named = (isNamed: (entity: string, member: Member) => boolean): readonly string[] =>
    [...next.membership].flatMap(([entity, members]) =>
      members.filter(member => isNamed(entity, member)).map(({ name }) => `${entity} ${name}`),
    );
  const before = new Set(
    [...graph.membership].flatMap(([entity, members]) =>
      members.filter(({ leaving }) => leaving).map(({ agent }) => `${entity} ${agent}`),
    ),
  );
  return {
    joins: named((_, { since, leaving }) => since === generation && !leaving),
    leaves: named((entity, { agent, leaving }) => leaving === true && !before.has(`${entity} ${agent}`)),
  };
}
