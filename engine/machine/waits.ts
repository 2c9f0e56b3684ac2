// What a step is waiting for, in words.
// Belongs here: one short phrase per thing not met yet. Does not belong here: layout, times (views).
import { demandText } from '../graph/references.ts';
import type { Gate, StateGraph, Step } from '../graph/types.ts';
import { choiceVerdict, gateCount, gateVerdict, neededBy } from './counters.ts';
import { holdersIn } from './holders.ts';
import { queuesFor } from './records.ts';
import { type MachineState, recordOf } from './state.ts';
import { turnPhrase } from './rolling/view.ts';
import type { Command, Question } from './types.ts';

/** Such as `sql.prepared (2 of 3)`, ``sql[1].joined, failed`, `choice of sql.master`, `sql-1, busy with sql[1].installed`; empty: for nothing. */
export function waitsFor(graph: StateGraph, state: MachineState, number: number): readonly string[] {
  const step = graph.steps[number] as Step;
  const record = recordOf(state, number);
  switch (record.status) {
    case 'waiting':
      if (record.due?.for === 'retry') return ['its next attempt', ...suspension(state)];
      return [
        ...unmet(graph, state, step),
        ...renewed(graph, state, step),
        ...turnPhrase(graph, state, step),
        ...halt(state),
        ...suspension(state),
      ];
    case 'blocked':
      return [
        ...unmet(graph, state, step),
        ...renewed(graph, state, step),
        ...turnPhrase(graph, state, step),
      ];
    case 'ready':
    case 'undoing':
      return [...vm(graph, state, step), ...(record.command && !record.kept ? [] : suspension(state))];
    case 'running':
      if (record.kept !== undefined || record.due?.for === 'wait') return suspension(state);
      if (record.held !== undefined) return [`its child ${record.child}, which is held: ${record.held}`];
      return record.command && record.progress === 'sent' ? [driverPhrase(record.command)] : [];
    case 'paused':
      if (record.kept !== undefined) return suspension(state);
      return [record.asks ? questionPhrase(record.asks) : 'an operator: retry, skip or fail'];
    case 'interrupted':
      return ['a resume'];
    case 'reached':
    case 'failed':
    case 'skipped':
    case 'not_needed':
    case 'undone':
      return [];
    default:
      return record.status satisfies never;
  }
}

/** What was too old for it and runs again (`valid_for`), or could not. */
function renewed(
  graph: StateGraph,
  state: MachineState,
  { number, needs, choices }: Step,
): readonly string[] {
  if (recordOf(state, number).freshFrom === undefined) return [];
  const ways = choices.flatMap(choice => graph.choices[choice]?.alternatives ?? []);
  return [...needs, ...ways]
    .map(gate => graph.gates[gate] as Gate)
    .filter(gate => gate.inputs.some(input => recordOf(state, input).renews !== undefined))
    .map(gate => `${gatePhrase(graph, state, gate)}, renewed`);
}

const halt = ({ workflow: { halted } }: MachineState): readonly string[] =>
  halted === undefined ? [] : [`a resume: the workflow halted when ${halted} failed`];

const suspension = ({ workflow: { suspended } }: MachineState): readonly string[] =>
  suspended === undefined ? [] : [`a resume: suspended by ${suspended.by}`];

const questionPhrase = (asks: Question): string =>
  asks.kind === 'approval' ? `an operator's yes or no: ${asks.message}` : `the signal '${asks.name}'`;

function driverPhrase({ action, agent }: Command): string {
  if (action.kind === 'workflow') return `its child ${action.child}`;
  return agent === undefined ? 'its driver' : `agent ${agent} to take the command`;
}

function unmet(graph: StateGraph, state: MachineState, step: Step): readonly string[] {
  const gates = step.needs
    .filter(gate => gateVerdict(state.cells, graph, gate) !== 'met')
    .map(gate => gatePhrase(graph, state, graph.gates[gate] as Gate));
  const roles = step.roles
    .map(role => graph.roles[role] as StateGraph['roles'][number])
    .filter(role => !holdersIn(state.workflow.roles, role.entity, role.name))
    .map(role => `choice of ${role.entity}.${role.name}`);
  const choices = step.choices
    .filter(choice => choiceVerdict(state.cells, graph, choice) !== 'met')
    .map(choice => graph.choices[choice]?.alternatives ?? [])
    .map(alternatives =>
      alternatives.map(gate => gatePhrase(graph, state, graph.gates[gate] as Gate)).join(' or '),
    );
  return [...new Set([...gates, ...choices, ...roles])];
}

/** A requirement on one step is that step; on many: how many of them are there. */
function gatePhrase(graph: StateGraph, state: MachineState, gate: Gate): string {
  const [only] = gate.inputs;
  if (gate.inputs.length === 1 && only !== undefined)
    return `${(graph.steps[only] as Step).id}${gate.outcome ? `, ${gate.outcome}` : ''}`;
  const { counts, neutral } = gateCount(state.cells, gate.number);
  const isPlain = gate.requirement.kind === 'all' && !gate.outcome;
  const quorum = isPlain ? '' : `, ${demandText(gate.requirement, gate.outcome)}`;
  return `${gate.target.entity}.${gate.target.state} (${counts} of ${neededBy(gate, neutral)}${quorum})`;
}

/** A ready step or an undo that is not sent yet waits for its VM. */
function vm(graph: StateGraph, state: MachineState, step: Step): readonly string[] {
  const agent = queuesFor(recordOf(state, step.number));
  const busy = agent === undefined ? undefined : state.busy.get(agent);
  if (agent === undefined || busy === undefined) return [];
  return [`${agent}, busy with ${(graph.steps[busy] as Step).id}`];
}
