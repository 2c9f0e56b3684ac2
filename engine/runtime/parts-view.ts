// Who takes part in a workflow, which inputs and which operations it has: what a person looks at beside its steps.
// Belongs here: these, made on request of graph and state. Does not belong here: the workflow itself (views.ts), plans of who comes
// and goes (engine/plan).
import type { StepStatus } from '../machine/types.ts';
import { constraintWords } from '../definition/constraint-words.ts';
import type { Operation, OperationStep } from '../definition/operations/types.ts';
import type { Parameter } from '../definition/types.ts';
import type { Member, StateGraph } from '../graph/types.ts';
import { operationRefusal } from '../machine/operation/begin.ts';
import { FIRST_GENERATION } from '../machine/records.ts';
import { type MachineState, recordOf } from '../machine/state.ts';
import { goneFrom } from '../machine/update/carry.ts';
import type { Presence } from '../machine/why/types.ts';
import type { Known } from './explain.ts';
import type { LiveWorkflow } from './live.ts';
import type { InputView, MemberView, OperationView } from './operator-api.ts';

export interface WorkflowParts {
  members(): readonly MemberView[];
  operations(): readonly OperationView[];
  inputs(): readonly InputView[];
}

/** `began`: generation → when, ms since the epoch. */
export const partsOf = (
  live: LiveWorkflow,
  known: Known,
  { began }: { readonly began: ReadonlyMap<number, number> },
): WorkflowParts => ({
  members: () =>
    membersOf(
      live,
      agent => known.presence(agent),
      generation => began.get(generation),
    ),
  operations: () => operationsOf(live),
  inputs: () => [...live.graph.definition.inputs.values()].map(input => inputView(input)),
});

function membersOf(
  { graph, state }: LiveWorkflow,
  presence: (agent: string) => Presence,
  began: (generation: number) => number | undefined,
): readonly MemberView[] {
  const isGone = goneFrom(graph, state);
  const steps = stepsByAgent(graph, state);
  const roles = rolesByAgent(state);
  const one = (entity: string, { agent, name, index, since, leaving }: Member): MemberView => ({
    entity,
    agent,
    name,
    index,
    generation: since ?? FIRST_GENERATION,
    since: began(since ?? FIRST_GENERATION) ?? state.workflow.createdAt,
    ...(leaving && { leaving }),
    roles: roles.get(agent)?.filter(role => role.startsWith(`${entity}.`)) ?? [],
    presence: presence(agent),
    steps: steps.get(`${entity} ${agent}`) ?? {},
  });
  return [...graph.membership].flatMap(([entity, members]) =>
    members.filter(member => !member.leaving || !isGone(entity, member)).map(member => one(entity, member)),
  );
}

/** Of steps that are wanted, or of whom something is to be taken back. */
function stepsByAgent(
  graph: StateGraph,
  state: MachineState,
): ReadonlyMap<string, { readonly [status in StepStatus]?: number }> {
  const found = new Map<string, { [status in StepStatus]?: number }>();
  for (const { number, entity, member, wanted } of graph.steps) {
    if (member === undefined || !(wanted || member.leaving)) continue;
    const key = `${entity.name} ${member.agent}`;
    const counts = found.get(key) ?? {};
    const { status } = recordOf(state, number);
    counts[status] = (counts[status] ?? 0) + 1;
    found.set(key, counts);
  }
  return found;
}

function rolesByAgent({ workflow }: MachineState): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [role, holder] of Object.entries(workflow.roles))
    for (const agent of holder === null ? [] : [holder].flat())
      found.set(agent, [...(found.get(agent) ?? []), role]);
  return found;
}

/** Each as its definition has it, and why it may not begin now. */
const operationsOf = ({ graph, state }: LiveWorkflow): readonly OperationView[] =>
  [...(graph.definition.operations?.values() ?? [])].map(operation => {
    const refused = operationRefusal(graph, state, operation.name);
    return {
      name: operation.name,
      description: operation.description,
      inputs: [...operation.inputs.values()].map(input => inputView(input)),
      steps: stepWords(operation),
      ...(refused && { refused }),
    };
  });

/** A hidden default stays here. */
function inputView(input: Parameter): InputView {
  const { name, type, description, hidden, constraints } = input;
  const isRequired = input.default === undefined;
  const allowed = constraints.find(({ kind }) => kind === 'allowed_values');
  return {
    name,
    type,
    description,
    required: isRequired,
    hidden,
    ...(!isRequired && !hidden && { default: input.default }),
    ...(allowed?.kind === 'allowed_values' && { allowed: allowed.values }),
    constraints: constraints.map(constraint => constraintWords(constraint)),
  };
}

const stepWords = ({ steps, goal }: Operation): readonly string[] => [
  ...steps.map(wordsOf),
  ...(goal.length === 0 ? [] : [`waits for ${goal.map(placeOf).join(', ')}`]),
];

function wordsOf(step: OperationStep): string {
  switch (step.kind) {
    case 'rerun':
      return `runs ${step.states.map(placeOf).join(', ')}${step.of ? ' where its condition holds' : ''}`;
    case 'choose_again':
      return `chooses ${step.roles.map(({ entity, role }) => `${entity}.${role}`).join(', ')} again`;
    case 'move':
      return `moves ${step.role.entity}.${step.role.role}`;
    default:
      return step satisfies never;
  }
}

const placeOf = ({ entity, state }: { readonly entity: string; readonly state: string }): string =>
  `${entity}.${state}`;
