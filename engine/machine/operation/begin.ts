// An operation begins, and each of its steps does: the graph in which what it runs is wanted beside what the goal needs.
// Belongs here: whether it may begin, who is run, the decision over the new graph. Does not belong here: what becomes of
// the steps (on/operate.ts, course.ts), the graph itself (graph/compile.ts).
import { EngineError, errorText } from '../../base/errors.ts';
import { didYouMean } from '../../definition/nearest.ts';
import type { Operation } from '../../definition/operations/types.ts';
import { evaluateTemplate } from '../../definition/expressions/index.ts';
import type { Template } from '../../definition/expressions/types.ts';
import type { StateReference } from '../../definition/types.ts';
import { stateKey } from '../../graph/references.ts';
import type { Ran, StateGraph, Step } from '../../graph/types.ts';
import { classOf } from '../counters.ts';
import { Draft } from '../draft.ts';
import type { OperationEntry } from '../events.ts';
import type { EventOf } from '../on/handler.ts';
import { type MachineState, recordOf } from '../state.ts';
import { operated } from '../update/begin.ts';
import { dataView } from '../view.ts';
import { restingStatus } from '../workflow-record.ts';
import type { RunningOperation } from './types.ts';

/** Statuses in which an operation may begin. */
const OPEN = new Set(['complete', 'failed']);

type Refusal = { readonly message: string; readonly next: string };

/** A decision over the graph of its first step; over the present one where it is refused, or had begun already. */
export function beginOperation(graph: StateGraph, state: MachineState, event: EventOf<'operate'>): Draft {
  const { workflow } = state;
  const draft = new Draft(graph, state, event.at);
  const known = [workflow.operation, ...(workflow.operations ?? [])];
  if (known.some(one => one?.id === event.id)) return draft;
  const refused = operationRefusal(graph, state, event.operation);
  if (refused) {
    draft.reject(refused.message, refused.next);
    return draft;
  }
  const { operation: name, id, by, inputs } = event;
  return stepBegun(graph, state, event.at, { name, id, by, inputs, startedAt: draft.at, index: 0 });
}

/** Why it may not begin now; undefined: it may. */
export function operationRefusal(graph: StateGraph, state: MachineState, name: string): Refusal | undefined {
  const { operation: running, suspended } = state.workflow;
  const status = restingStatus(state.workflow);
  const operations = graph.definition.operations ?? new Map<string, Operation>();
  const operation = operations.get(name);
  if (operation === undefined) {
    const known = [...operations.keys()];
    const names =
      known.length === 0 ? 'This workflow has no operations.' : `Its operations are: ${known.join(', ')}.`;
    const next = didYouMean(name, known) ?? names;
    return { message: `The workflow has no operation '${name.slice(0, 80)}'.`, next };
  }
  if (running)
    return {
      message: `The operation ${running.name} runs.`,
      next: 'Wait until it has ended: one runs at a time.',
    };
  if (suspended)
    return { message: `The workflow is suspended by ${suspended.by}.`, next: 'Resume it first.' };
  if (!OPEN.has(status))
    return {
      message: `The workflow is ${status}.`,
      next: 'Operations begin when it is complete, or has failed.',
    };
  if (isUndone(graph, state))
    return { message: 'What the workflow had done is undone.', next: 'Resume it first.' };
  const missing = operation.requires.find(place => !isReached(graph, state, place));
  return (
    missing && {
      message: `The operation ${name} requires ${missing.entity}.${missing.state}, which is not reached.`,
      next: 'Mend that first: retry what failed.',
    }
  );
}

const isUndone = (graph: StateGraph, state: MachineState): boolean =>
  graph.steps.some(({ number, leaving }) => !leaving && recordOf(state, number).status === 'undone');

const stepsOf = (graph: StateGraph, { entity, state }: StateReference): readonly Step[] =>
  (graph.stepByState.get(stateKey(entity, state)) ?? []).flatMap(number => graph.steps[number] ?? []);

/** By every member to which it applies; by one at least. */
function isReached(graph: StateGraph, state: MachineState, place: StateReference): boolean {
  const classes = stepsOf(graph, place)
    .filter(({ leaving }) => !leaving)
    .map(({ number }) => classOf(recordOf(state, number)));
  return classes.includes('counts') && classes.every(kind => kind === 'counts' || kind === 'neutral');
}

/**
 * A decision over the graph of the operation's step. An `of` that has no answer is the step's failure: it runs nothing then.
 */
export function stepBegun(
  graph: StateGraph,
  state: MachineState,
  at: number,
  operation: RunningOperation,
): Draft {
  const { due: _, ...begun } = operation;
  const { name, id, index: step } = begun;
  const change = { kind: 'operation', name, id, step } as const;
  try {
    return over(graph, state, at, { ...change, also: ranBy(graph, state, begun) }, begun);
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    const failure = begun.failure ?? errorText(thrown);
    return over(graph, state, at, { ...change, also: [] }, { ...begun, failure });
  }
}

/** A decision over the graph without any operation. */
export function withoutOperation(
  graph: StateGraph,
  state: MachineState,
  at: number,
  { name, id }: Pick<RunningOperation, 'name' | 'id'>,
): Draft {
  return over(graph, state, at, { kind: 'operation', name, id, also: [] }, undefined);
}

/** Whether the workflow has failed; while the next step of an operation is due: whether it would have without that. */
export function hasFailed(graph: StateGraph, state: MachineState): boolean {
  const { operation } = state.workflow;
  if (operation?.due === undefined) return restingStatus(state.workflow) === 'failed';
  const { goalHolds, takesBack } = withoutOperation(graph, state, state.at, operation);
  return !goalHolds || takesBack;
}

function over(
  graph: StateGraph,
  state: MachineState,
  at: number,
  change: OperationEntry,
  operation: RunningOperation | undefined,
): Draft {
  const { graph: next, state: carried } = operated(graph, state, change);
  const draft = new Draft(next, carried, at, { entry: change, graph, state });
  draft.operate(operation);
  return draft;
}

/** The steps that the operation's step runs, or whose states it awaits at its end. */
function ranBy(graph: StateGraph, state: MachineState, operation: RunningOperation): readonly Ran[] {
  const { steps, goal } = operationOf(graph, operation);
  const step = steps[operation.index];
  if (step === undefined) return goal;
  if (step.kind !== 'rerun') return [];
  const { of, states } = step;
  if (of === undefined) return states;
  const source = {
    graph,
    workflow: { ...state.workflow, operation },
    inputs: state.inputs,
    record: (number: number) => recordOf(state, number),
  };
  return states.map(place => ({
    ...place,
    members: stepsOf(graph, place)
      .filter(one => !one.leaving && isPicked(of, dataView(source, { step: one, operation })))
      .flatMap(({ member }) => member?.index ?? []),
  }));
}

const isPicked = (of: Template, view: Parameters<typeof evaluateTemplate>[1]): boolean =>
  evaluateTemplate(of, view) === true;

/** What the definition says of it. */
export const operationOf = (graph: StateGraph, { name }: Pick<RunningOperation, 'name'>): Operation =>
  graph.definition.operations?.get(name) as Operation;
