// What those outside see of a workflow: records with their meaning, made on request, never kept.
// Belongs here: WorkflowView and StepView from graph and state. Does not belong here: presentation (cli/).
import { EngineError } from '../base/errors.ts';
import { type JsonObject, type JsonValue, secretRefs } from '../base/json.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { Gate, StateGraph, Step } from '../graph/types.ts';
import { gateCount, gateVerdict, neededBy } from '../machine/counters.ts';
import { type MachineState, recordOf } from '../machine/state.ts';
import type { StepRecord, WorkflowRecord } from '../machine/types.ts';
import { dataView } from '../machine/view.ts';
import type { StepView, WorkflowView } from './api.ts';
import type { LiveWorkflow } from './workflows.ts';

/** `setAside`: why the engine does not touch it at present. */
export function workflowView({ graph, state }: LiveWorkflow, setAside?: string): WorkflowView {
  const { definition } = graph;
  return {
    record: withReason(state.workflow, setAside),
    description: definition.description,
    goal: definition.goal.map(({ entity, state: name }) => `${entity}.${name}`),
    steps: graph.steps.map(step => stepView(graph, state, step)),
    outputs: outputsOf(graph, state),
  };
}

/** A workflow that is set aside shows as held, with the reason. */
export function withReason(record: WorkflowRecord, setAside: string | undefined): WorkflowRecord {
  return setAside === undefined ? record : { ...record, status: 'held', reason: `Set aside: ${setAside}` };
}

function stepView(graph: StateGraph, state: MachineState, step: Step): StepView {
  const { id, entity, member, wanted } = step;
  const record = recordOf(state, step.number);
  return {
    id,
    entity: entity.name,
    state: step.state.name,
    ...(member === undefined
      ? {}
      : { member: { agent: member.agent, name: member.name, index: member.index } }),
    kind: step.state.action?.kind ?? 'join',
    description: step.state.description,
    wanted,
    record,
    waitsFor: waitsFor(graph, state, step, record),
  };
}

function waitsFor(graph: StateGraph, state: MachineState, step: Step, record: StepRecord): string[] {
  if (record.status === 'ready') return [`its turn on ${step.member?.name ?? record.agent ?? 'its machine'}`];
  if (record.status !== 'waiting' && record.status !== 'blocked') return [];
  const roles = step.roles.flatMap(number => roleWaited(graph, state, number));
  const gates = step.needs.flatMap(number =>
    gateVerdict(state.cells, graph, number) === 'met' ? [] : [gateWaited(state, graph.gates[number] as Gate)],
  );
  return [...new Set([...roles, ...gates])];
}

function roleWaited(graph: StateGraph, state: MachineState, number: number): string[] {
  const role = graph.roles[number];
  if (role === undefined) return [];
  const name = `${role.entity}.${role.name}`;
  const holder = state.workflow.roles[name];
  if (holder === undefined) return [`choice of ${name}`];
  return holder === null ? [`${name}, which is vacant`] : [];
}

function gateWaited(state: MachineState, gate: Gate): string {
  const name = `${gate.target.entity}.${gate.target.state}`;
  if (gate.inputs.length === 1) return name;
  const { counts, neutral } = gateCount(state.cells, gate.number);
  return `${name} (${counts} of ${neededBy(gate, neutral)})`;
}

/** Declared outputs that can be told now: what they read is reached, and nothing hidden is in them. */
function outputsOf(graph: StateGraph, state: MachineState): JsonObject {
  const { workflow, inputs } = state;
  const data = dataView({ graph, workflow, inputs, record: number => recordOf(state, number) });
  const outputs: { [name: string]: JsonValue } = {};
  for (const { name, value, hidden } of graph.definition.outputs.values()) {
    if (hidden) continue;
    const result = tellable(() => evaluateTemplate(value, data));
    if (result !== undefined && secretRefs(result).length === 0) outputs[name] = result;
  }
  return outputs;
}

/** Undefined while something that the expression reads is not reached. */
function tellable(evaluate: () => JsonValue): JsonValue | undefined {
  try {
    return evaluate();
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'expression_failed') return undefined;
    throw thrown;
  }
}
