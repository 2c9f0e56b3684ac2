// What those outside see of a workflow: records with their meaning, made on request, never kept.
// Belongs here: WorkflowView and StepView from graph and state. Does not belong here: presentation (cli/).
import { type Outline, outline } from '../drawing/outline.ts';
import type { StateGraph, Step } from '../graph/types.ts';
import { goneFrom } from '../machine/update/carry.ts';
import { workflowOutputs } from '../machine/outputs.ts';
import { type MachineState, recordOf } from '../machine/state.ts';
import type { WorkflowRecord } from '../machine/types.ts';
import { waitsFor } from '../machine/waits.ts';
import type { StepView, WorkflowView } from './api.ts';
import type { LiveWorkflow } from './live.ts';

/** `setAside`: why the engine does not touch it at present. */
export function workflowView({ graph, state }: LiveWorkflow, setAside?: string): WorkflowView {
  const { definition } = graph;
  const { values, failures } = workflowOutputs(graph, state);
  const isGone = goneFrom(graph, state);
  const isShown = ({ number, entity, member }: Step): boolean =>
    !member?.leaving || (state.records[number] !== undefined && !isGone(entity.name, member));
  return {
    record: withReason(state.workflow, setAside),
    description: definition.description,
    goal: definition.goal.map(({ entity, state: name }) => `${entity}.${name}`),
    steps: graph.steps.filter(step => isShown(step)).map(step => stepView(graph, state, step)),
    members: Object.fromEntries(
      [...graph.membership].map(([entity, members]) => [
        entity,
        members
          .filter(member => !member.leaving || !isGone(entity, member))
          .map(({ agent, name, index, leaving }) => ({ agent, name, index, ...(leaving && { leaving }) })),
      ]),
    ),
    inputTypes: Object.fromEntries([...definition.inputs].map(([name, { type }]) => [name, type])),
    outputs: values,
    ...(failures.length > 0 && { outputFailures: failures }),
  };
}

/** Who leaves is not counted. */
export function outlineOf({ definition, membership }: StateGraph): Outline {
  const sizes = [...membership].map(([entity, members]): [string, number] => [
    entity,
    members.filter(({ leaving }) => !leaving).length,
  ]);
  return outline(definition, new Map(sizes));
}

/** A workflow that is set aside shows as held, with the reason. */
export function withReason(record: WorkflowRecord, setAside: string | undefined): WorkflowRecord {
  return setAside === undefined ? record : { ...record, status: 'held', reason: `Set aside: ${setAside}` };
}

function stepView(graph: StateGraph, state: MachineState, step: Step): StepView {
  const { id, entity, member, wanted } = step;
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
    record: recordOf(state, step.number),
    waitsFor: waitsFor(graph, state, step.number),
  };
}
