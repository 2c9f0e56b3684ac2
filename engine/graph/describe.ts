// The state graph as mermaid text: for documents, the console and `murano-workflow graph`.
// Belongs here: nodes, edges, escaping. Does not belong here: colours by status (views), drawing itself.
import type {
  Entity,
  Requirement,
  Role,
  State,
  WorkflowAction,
  WorkflowDefinition,
} from '../definition/types.ts';
import { demandText, requirementText, rolesReadBy } from './references.ts';
import type { Gate, StateGraph, Step } from './types.ts';

/** One node per state, whatever the members: what the author wrote, with what was inferred dotted. */
export function mermaid(definition: WorkflowDefinition): string {
  const lines = ['flowchart TD'];
  for (const entity of definition.entities.values()) {
    lines.push(`  subgraph ${id(entity.name)}[${quoted(entityLabel(entity))}]`);
    for (const state of entity.states.values()) lines.push(`    ${stateNode(definition, entity, state)}`);
    for (const role of entity.roles.values())
      lines.push(`    ${roleId(entity.name, role.name)}{{${quoted(roleLabel(role))}}}`);
    lines.push('  end');
  }
  for (const entity of definition.entities.values()) {
    for (const role of entity.roles.values()) {
      lines.push(`  ${stateId(entity.name, role.among)} --> ${roleId(entity.name, role.name)}`);
    }
    for (const state of entity.states.values())
      lines.push(...stateEdges(definition, entity, state).map(edge => `  ${edge}`));
  }
  return `${lines.join('\n')}\n`;
}

/** Its name; below it by what rule it is chosen, and how many hold it. */
function roleLabel({ name, rule, choose, count }: Role): string {
  const how = [rule ? choose : '', count === undefined ? '' : `${count} members`].filter(text => text !== '');
  return how.length === 0 ? name : `${name}<br/>${how.join(', ')}`;
}

/** One node per step of a compiled graph; a requirement over many is a round node of its own. */
export function mermaidSteps(graph: StateGraph): string {
  const lines = ['flowchart TD'];
  for (const step of graph.steps) lines.push(`  s${step.number}[${quoted(stepLabel(step))}]`);
  for (const gate of graph.gates)
    if (gate.outputs.length + gate.choices.length > 0) lines.push(...gateLines(gate));
  for (const { number, outputs } of graph.choices) {
    lines.push(
      `  c${number}((${quoted('any of')}))`,
      ...outputs.map(output => `  c${number} --> s${output}`),
    );
  }
  for (const role of graph.roles) {
    lines.push(`  r${role.number}{{${quoted(`${role.entity}.${role.name}`)}}}`);
    for (const candidate of role.candidates) lines.push(`  s${candidate} --> r${role.number}`);
    for (const output of role.outputs) lines.push(`  r${role.number} --> s${output}`);
  }
  return `${lines.join('\n')}\n`;
}

function gateLines(gate: Gate): readonly string[] {
  const arrow = gate.inferred ? '-.->' : '-->';
  const targets = [...gate.outputs.map(step => `s${step}`), ...gate.choices.map(choice => `c${choice}`)];
  const outcome = gate.outcome ? `|${quoted(gate.outcome)}|` : '';
  if (gate.inputs.length === 1)
    return targets.map(target => `  s${gate.inputs[0]} ${arrow}${outcome} ${target}`);
  const label = `${demandText(gate.requirement, gate.outcome)} of ${gate.target.entity}.${gate.target.state}`;
  return [
    `  g${gate.number}(${quoted(label)})`,
    ...gate.inputs.map(input => `  s${input} --> g${gate.number}`),
    ...targets.map(target => `  g${gate.number} ${arrow} ${target}`),
  ];
}

const stepLabel = (step: Step): string => (step.member ? `${step.id} (${step.member.name})` : step.id);

function entityLabel(entity: Entity): string {
  if (entity.type !== 'vm_group') return entity.name;
  const { min, max } = entity.members;
  return `${entity.name} (${min === max ? min : `${min}–${max}`} members)`;
}

/** The goal is drawn as a stadium, a join with round corners, the rest as boxes. */
function stateNode(definition: WorkflowDefinition, entity: Entity, state: State): string {
  const isGoal = definition.goal.some(goal => goal.entity === entity.name && goal.state === state.name);
  const label = quoted([state.name, ...remarks(definition, state)].join('<br/>'));
  const [open, close] = isGoal ? ['([', '])'] : state.action ? ['[', ']'] : ['(', ')'];
  return `${stateId(entity.name, state.name)}${open}${label}${close}`;
}

/** Its file, or that it stands in place. */
const childName = ({ children }: WorkflowDefinition, { definition }: WorkflowAction): string =>
  children?.get(definition)?.fileName ?? 'in place';

function remarks(definition: WorkflowDefinition, state: State): readonly string[] {
  const found: string[] = [];
  if (state.once) found.push('role' in state.once ? `once: ${state.once.role}` : 'once');
  if (state.only.length > 0) found.push(`only: ${state.only.join(', ')}`);
  if (state.except.length > 0) found.push(`except: ${state.except.join(', ')}`);
  if (state.runOn?.root.kind === 'expression') found.push(`run_on: ${state.runOn.root.expression.source}`);
  if (state.rolling) found.push(`rolling: ${state.rolling.name}`);
  if (state.action?.kind === 'workflow') found.push(`workflow: ${childName(definition, state.action)}`);
  if (state.condition) found.push('conditional');
  return found;
}

function stateEdges(definition: WorkflowDefinition, entity: Entity, state: State): readonly string[] {
  const target = stateId(entity.name, state.name);
  const requirements = state.requires.map(requirement => {
    const label = edgeLabel(definition, requirement);
    const arrow = requirement.inferred ? '-.->' : '-->';
    const { choice } = requirement;
    const end = choice === undefined ? target : choiceId(state, choice);
    return `${stateId(requirement.entity, requirement.state)} ${arrow}${label && `|${quoted(label)}|`} ${end}`;
  });
  const numbers = new Set(state.requires.map(({ choice }) => choice));
  const choices = [...numbers]
    .filter(choice => choice !== undefined)
    .flatMap(choice => [
      `${choiceId(state, choice)}((${quoted('any of')}))`,
      `${choiceId(state, choice)} --> ${target}`,
    ]);
  const roles = new Set(rolesReadBy(state).map(({ entity: owner, role }) => roleId(owner, role)));
  return [...choices, ...requirements, ...[...roles].map(role => `${role} --> ${target}`)];
}

/** What a line says of its requirement. */
function edgeLabel(definition: WorkflowDefinition, requirement: Requirement): string {
  const entity = definition.entities.get(requirement.entity);
  const isMany = entity?.type === 'vm_group' && !entity.states.get(requirement.state)?.once;
  return requirementText(requirement, isMany);
}

/** Mermaid takes some words for keywords, so every id gets a prefix. Names have no capitals, so `IN` keeps them apart. */
const id = (name: string): string => `e_${name}`;
const stateId = (entity: string, state: string): string => `s_${state}_IN_${entity}`;
const choiceId = (state: State, choice: number): string => `c${choice}_${state.name}_IN_${state.entity}`;
const roleId = (entity: string, role: string): string => `r_${role}_IN_${entity}`;

/** Quoted text: quotes, `#` (mermaid's own escape), `%%` (its directives) and markup become entities. A break of ours stays. */
function quoted(text: string): string {
  const safe = text
    .split('<br/>')
    .map(part =>
      part
        .replaceAll('#', '#35;')
        .replaceAll('%%', '#37;#37;')
        .replaceAll('"', '#quot;')
        .replaceAll('<', '#lt;')
        .replaceAll('>', '#gt;')
        .replaceAll(/[\r\n\u2028\u2029]/g, ' '),
    )
    .join('<br/>');
  return `"${safe}"`;
}
