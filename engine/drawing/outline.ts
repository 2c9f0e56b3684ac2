// What a drawing of a workflow shows, whatever it is drawn with: states, roles and choices, and what waits for what.
// Belongs here: nodes and edges with their words, their order, edges that say nothing new. Does not belong here: where
// things stand (rails.ts, layout.ts), how they look (svg.ts).
//
// One node per state, whatever the members: a thousand of them are a number in it.
import { EngineError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Entity, Requirement, State, WorkflowDefinition } from '../definition/types.ts';
import { requirementText, rolesReadBy, stateKey } from '../graph/references.ts';

export interface OutlineNode {
  readonly id: string;
  readonly kind: 'action' | 'join' | 'role' | 'any_of';
  readonly entity: string;
  readonly name: string;
  /** Kind of its action, or how a role is chosen. */
  readonly does: string;
  /** On whom: `each of 3 but primary`, `once, on primary`; empty where there is one only. */
  readonly who: string;
  readonly description: string;
  readonly isGoal: boolean;
  readonly isConditional: boolean;
}

export interface OutlineEdge {
  readonly from: string;
  readonly to: string;
  /** What a barrier or quorum asks for, or another outcome; empty for a plain requirement. */
  readonly label: string;
  /** `inferred`: an expression reads an output; `role`: it names or reads a role. */
  readonly why: 'written' | 'inferred' | 'role';
}

export interface OutlineEntity {
  readonly name: string;
  readonly type: Entity['type'];
  /** `3 members`, `2 to 9 members`; empty for one VM or a service. */
  readonly size: string;
}

export interface Outline {
  readonly description: string;
  readonly entities: readonly OutlineEntity[];
  /** Every node stands behind what it waits for; of the same depth in the order of the definition. */
  readonly nodes: readonly OutlineNode[];
  readonly edges: readonly OutlineEdge[];
}

/**
 * `sizes`: members of each group; absent: what the definition allows. EngineError `limit_exceeded` for more states than
 * a drawing can show.
 */
export function outline(definition: WorkflowDefinition, sizes?: ReadonlyMap<string, number>): Outline {
  const entities = [...definition.entities.values()];
  const states = entities.reduce((sum, entity) => sum + entity.states.size, 0);
  if (states > LIMITS.drawnStates) throw tooMany(states);
  const size = (entity: Entity): string => sizeText(entity, sizes?.get(entity.name));
  const nodes = entities.flatMap(entity => [
    ...[...entity.roles.values()].map(
      (role): OutlineNode => ({
        id: roleId(entity.name, role.name),
        kind: 'role',
        entity: entity.name,
        name: stateKey(entity.name, role.name),
        does: role.choose.replaceAll('_', ' '),
        who: role.count === undefined ? '' : `${role.count} members`,
        description: '',
        isGoal: false,
        isConditional: false,
      }),
    ),
    ...[...entity.states.values()].flatMap(state => stateNodes(definition, entity, state, sizes)),
  ]);
  const edges = withoutRepeats(entities.flatMap(entity => edgesOf(definition, entity)));
  return {
    description: definition.description,
    entities: entities.map(entity => ({
      name: entity.name,
      type: entity.type,
      size: entity.type === 'vm_group' ? `${size(entity)} members` : '',
    })),
    nodes: inOrder(nodes, edges),
    edges,
  };
}

const tooMany = (states: number): EngineError =>
  new EngineError(
    'limit_exceeded',
    `The definition has ${states} states; a drawing shows at most ${LIMITS.drawnStates}.`,
    'Take --format mermaid, and a program that draws it.',
  );

function sizeText({ members: { min, max } }: Entity, given: number | undefined): string {
  if (given !== undefined) return String(given);
  return min === max ? String(min) : `${min} to ${max}`;
}

function stateNodes(
  definition: WorkflowDefinition,
  entity: Entity,
  state: State,
  sizes: ReadonlyMap<string, number> | undefined,
): readonly OutlineNode[] {
  const isGoal = definition.goal.some(goal => goal.entity === entity.name && goal.state === state.name);
  const choices = new Set(state.requires.map(({ choice }) => choice).filter(choice => choice !== undefined));
  return [
    ...[...choices].map(
      (choice): OutlineNode => ({
        id: choiceId(state, choice),
        kind: 'any_of',
        entity: entity.name,
        name: 'any of',
        does: '',
        who: '',
        description: '',
        isGoal: false,
        isConditional: false,
      }),
    ),
    {
      id: stateKey(entity.name, state.name),
      kind: state.action ? 'action' : 'join',
      entity: entity.name,
      name: stateKey(entity.name, state.name),
      does: state.action?.kind ?? '',
      who: whoText(entity, state, sizes?.get(entity.name)),
      description: state.description,
      isGoal,
      isConditional: state.condition !== undefined,
    },
  ];
}

function whoText(entity: Entity, state: State, size: number | undefined): string {
  const elsewhere = state.runOn?.root.kind === 'expression' ? `in ${state.runOn.root.expression.source}` : '';
  return [ownText(entity, state, size), elsewhere].filter(text => text !== '').join(', ');
}

function ownText(entity: Entity, { once, only, except }: State, size: number | undefined): string {
  if (entity.type !== 'vm_group') return '';
  if (once) return 'role' in once ? `once, on ${once.role}` : 'once';
  const but = except.length > 0 ? ` but ${except.join(', ')}` : '';
  if (only.length > 0) return `only ${only.join(', ')}${but}`;
  return `each${size === undefined ? '' : ` of ${size}`}${but}`;
}

function edgesOf(definition: WorkflowDefinition, entity: Entity): readonly OutlineEdge[] {
  const candidates = [...entity.roles.values()].map(
    (role): OutlineEdge => ({
      from: stateKey(entity.name, role.among),
      to: roleId(entity.name, role.name),
      label: role.choose === 'first_ready' ? 'first' : 'all',
      why: 'written',
    }),
  );
  return [...candidates, ...[...entity.states.values()].flatMap(state => stateEdges(definition, state))];
}

function stateEdges(definition: WorkflowDefinition, state: State): readonly OutlineEdge[] {
  const own = stateKey(state.entity, state.name);
  const requirements = state.requires.map((requirement): OutlineEdge => {
    const { entity, state: name, choice, inferred } = requirement;
    return {
      from: stateKey(entity, name),
      to: choice === undefined ? own : choiceId(state, choice),
      label: labelOf(definition, requirement),
      why: inferred ? 'inferred' : 'written',
    };
  });
  const choices = new Set(state.requires.map(({ choice }) => choice).filter(choice => choice !== undefined));
  const joins = [...choices].map(
    (choice): OutlineEdge => ({ from: choiceId(state, choice), to: own, label: '', why: 'written' }),
  );
  const roles = rolesReadBy(state).map(
    ({ entity, role }): OutlineEdge => ({ from: roleId(entity, role), to: own, label: '', why: 'role' }),
  );
  return [...joins, ...requirements, ...roles];
}

function labelOf(definition: WorkflowDefinition, requirement: Requirement): string {
  const target = definition.entities.get(requirement.entity);
  const isMany = target?.type === 'vm_group' && !target.states.get(requirement.state)?.once;
  return requirementText(requirement, isMany);
}

const roleId = (entity: string, role: string): string => `role ${entity}.${role}`;
const choiceId = (state: State, choice: number): string => `any ${state.entity}.${state.name} ${choice}`;

/** Of two edges between the same nodes the written one stays, and of those the first. */
function withoutRepeats(edges: readonly OutlineEdge[]): readonly OutlineEdge[] {
  const kept = new Map<string, OutlineEdge>();
  const rank = { written: 0, role: 1, inferred: 2 } as const;
  for (const edge of edges) {
    const key = `${edge.from}\n${edge.to}\n${edge.label}`;
    const known = kept.get(key);
    if (known === undefined || rank[edge.why] < rank[known.why]) kept.set(key, edge);
  }
  return [...kept.values()];
}

/** By the longest way from a beginning. */
function inOrder(nodes: readonly OutlineNode[], edges: readonly OutlineEdge[]): readonly OutlineNode[] {
  const depths = depthsOf(nodes, edges);
  return nodes.toSorted((a, b) => (depths.get(a.id) ?? 0) - (depths.get(b.id) ?? 0));
}

/** A definition has no cycles; each node is looked at once for each edge into it. */
export function depthsOf(
  nodes: readonly OutlineNode[],
  edges: readonly OutlineEdge[],
): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const left = new Map(nodes.map(({ id }) => [id, 0]));
  const out = new Map<string, OutlineEdge[]>();
  for (const edge of edges) {
    left.set(edge.to, (left.get(edge.to) ?? 0) + 1);
    out.set(edge.from, [...(out.get(edge.from) ?? []), edge]);
  }
  const ready = nodes.map(({ id }) => id).filter(id => left.get(id) === 0);
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    const depth = depths.get(next) ?? 0;
    depths.set(next, depth);
    for (const { to } of out.get(next) ?? []) {
      depths.set(to, Math.max(depths.get(to) ?? 0, depth + 1));
      left.set(to, (left.get(to) ?? 0) - 1);
      if (left.get(to) === 0) ready.push(to);
    }
  }
  return depths;
}

/**
 * Plain requirements that a longer way says already are left out; for a barrier that way must meet one too. Quorums,
 * outcomes and alternatives always say more.
 */
export function tellingEdges({ nodes, edges }: Pick<Outline, 'nodes' | 'edges'>): readonly OutlineEdge[] {
  const choices = new Set(nodes.filter(({ kind }) => kind === 'any_of').map(({ id }) => id));
  const into = new Map<string, OutlineEdge[]>();
  for (const edge of edges) into.set(edge.to, [...(into.get(edge.to) ?? []), edge]);
  const ways = waysOf(nodes, into);
  const isSaid = ({ from, to, label }: OutlineEdge): boolean =>
    (into.get(to) ?? []).some(other => {
      if (other.from === from) return false;
      const { before, met } = ways.get(other.from) ?? NO_WAY;
      return (label === '' || other.label === 'all' ? before : met).has(from);
    });
  const seen = new Set<string>();
  return edges.filter(edge => {
    const key = `${edge.from}\n${edge.to}`;
    const isPlain = (edge.label === '' || edge.label === 'all') && !choices.has(edge.to);
    if (seen.has(key) || (isPlain && isSaid(edge))) return false;
    seen.add(key);
    return true;
  });
}

interface Ways {
  /** All that lies before it. */
  readonly before: ReadonlySet<string>;
  /** Those of them from which every way of members meets at a barrier. */
  readonly met: ReadonlySet<string>;
}
const NO_WAY: Ways = { before: new Set(), met: new Set() };

function waysOf(
  nodes: readonly OutlineNode[],
  into: ReadonlyMap<string, readonly OutlineEdge[]>,
): ReadonlyMap<string, Ways> {
  const ways = new Map<string, Ways>();
  for (const { id } of nodes) {
    const before = new Set<string>();
    const met = new Set<string>();
    for (const { from, label } of into.get(id) ?? []) {
      const earlier = ways.get(from) ?? NO_WAY;
      for (const node of [from, ...earlier.before]) {
        before.add(node);
        if (label === 'all') met.add(node);
      }
      for (const node of earlier.met) met.add(node);
    }
    ways.set(id, { before, met });
  }
  return ways;
}
