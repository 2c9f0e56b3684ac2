// Mistakes that show only with the real members: the second gate, before the first command (row 48).
// Belongs here: sizes, limits, nets under the checks of the definition. Does not belong here: names and types
// (definition/), what goes wrong while it runs (machine/).
import { LIMITS } from '../base/limits.ts';
import type { Problem } from '../definition/problems.ts';
import {
  type Entity,
  holdersOfRole,
  type Requirement,
  type State,
  type WorkflowDefinition,
} from '../definition/types.ts';
import { childSizeProblems } from './child-sizes.ts';
import { findCycle } from './cycle.ts';
import { quorumText, stateKey } from './references.ts';
import type { Membership, StateGraph } from './types.ts';

/** Everything wrong with a definition for these members, in the order of the definition; empty: it can run. */
export function analyse(graph: StateGraph): Problem[] {
  return analyseMembers(graph.definition, graph.membership);
}

/** The same before anything is compiled: a definition above the limit on steps need not be expanded to be refused. */
export function analyseMembers(definition: WorkflowDefinition, membership: Membership): Problem[] {
  const problems: Problem[] = [];
  for (const entity of definition.entities.values()) {
    problems.push(...memberProblems(entity, membership));
    for (const state of entity.states.values())
      problems.push(
        ...stateProblems(definition, membership, entity, state),
        ...childSizeProblems(definition, membership, state),
      );
  }
  const cycle = findCycle(definition);
  if (cycle) problems.push(cycleProblem(cycle));
  const steps = countSteps(definition, membership);
  if (steps > LIMITS.steps) problems.push(tooManySteps(steps));
  const children = countSteps(definition, membership, ({ action }) => action?.kind === 'workflow');
  if (children > LIMITS.children) problems.push(tooManyChildren(children));
  return problems;
}

const pointerTo = (entity: string, ...rest: readonly string[]): string =>
  ['/entities', entity, ...rest].join('/');

function error(code: Problem['code'], pointer: string, message: string, hint: string): Problem {
  return { code, pointer, message, hint, severity: 'error' };
}

function memberProblems(entity: Entity, membership: Membership): readonly Problem[] {
  const members = membership.get(entity.name) ?? [];
  const { min, max } = entity.members;
  const problems: Problem[] = [];
  const pointer = pointerTo(entity.name, 'members');
  if (members.length < min || members.length > max) {
    const allowed = min === max ? `exactly ${min}` : `${min} to ${max}`;
    const message = `${entity.name} has ${members.length} members; its definition allows ${allowed}.`;
    problems.push(error('members_invalid', pointer, message, `Give ${allowed}.`));
  }
  const agents = new Set<string>();
  for (const { agent } of members) {
    if (agents.has(agent)) {
      const message = `Agent ${agent} is twice a member of ${entity.name}.`;
      problems.push(error('members_invalid', pointer, message, 'Give every agent once.'));
    }
    agents.add(agent);
  }
  problems.push(...roleProblems(entity, members.length));
  return problems;
}

/** A role with more holders than there are members would stay vacant. */
function roleProblems(entity: Entity, size: number): readonly Problem[] {
  return [...entity.roles.values()]
    .filter(({ count }) => count !== undefined && count > size)
    .map(({ name, count }) => {
      const message = `${count} members are to hold ${entity.name}.${name}, but ${entity.name} has ${size}.`;
      const pointer = pointerTo(entity.name, 'roles', name, 'count');
      return error('members_invalid', pointer, message, `Give at least ${count}.`);
    });
}

function stateProblems(
  definition: WorkflowDefinition,
  membership: Membership,
  entity: Entity,
  state: State,
): readonly Problem[] {
  const problems: Problem[] = [];
  const pointer = pointerTo(entity.name, 'states', state.name);
  if (entity.type === 'vm_group' && !state.once && mostMembers(entity, state, entity.members.max) === 0) {
    const message = `${entity.name}.${state.name} can apply to nobody, whatever the size of the group.`;
    problems.push(error('applies_to_nobody', pointer, message, `Look at its 'only' and 'except'.`));
  }
  for (const requirement of state.requires) {
    const problem = quorumProblem(
      definition,
      membership,
      requirement,
      `${pointer}/requires`,
      stateKey(entity.name, state.name),
    );
    if (problem) problems.push(problem);
  }
  return problems;
}

/** Members that a state can apply to at most in a group of this size. */
function mostMembers(entity: Entity, state: State, size: number): number {
  if (entity.type !== 'vm_group' || state.once) return 1;
  const holders = (role: string): number => holdersOfRole(entity.roles.get(role));
  const allowed = state.only.filter(role => !state.except.includes(role)).map(holders);
  const most = state.only.length > 0 ? allowed.reduce((sum, count) => sum + count, 0) : size;
  // The same members may hold several of the roles.
  return Math.max(0, Math.min(most, size - Math.max(0, ...state.except.map(holders))));
}

/** A number above the members that the state applies to, or any quorum over none (rows 1 and 8). */
function quorumProblem(
  definition: WorkflowDefinition,
  membership: Membership,
  requirement: Requirement,
  pointer: string,
  by: string,
): Problem | undefined {
  const { kind } = requirement.members;
  if (kind === 'same' || kind === 'all') return undefined;
  const entity = definition.entities.get(requirement.entity);
  const target = entity?.states.get(requirement.state);
  if (!entity || !target) return undefined;
  const most = mostMembers(entity, target, membership.get(entity.name)?.length ?? 0);
  const needed = requirement.members.kind === 'count' ? requirement.members.count : 1;
  if (needed <= most) return undefined;
  const name = stateKey(requirement.entity, requirement.state);
  const quorum = quorumText(requirement.members);
  const message = `${by} requires ${quorum} of ${name}, which applies to ${most} of the members given.`;
  return error(
    'impossible_quorum',
    pointer,
    message,
    most === 0 ? 'Give members.' : `Require at most ${most}.`,
  );
}

function cycleProblem(cycle: readonly string[]): Problem {
  const [entity = '', state = ''] = (cycle[0] ?? '').split('.');
  const message = `These states wait for each other: ${cycle.join(' → ')}.`;
  return error('cycle', pointerTo(entity, 'states', state), message, 'Take one of these requirements away.');
}

function countSteps(
  definition: WorkflowDefinition,
  membership: Membership,
  counts: (state: State) => boolean = () => true,
): number {
  let steps = 0;
  for (const entity of definition.entities.values()) {
    const size = membership.get(entity.name)?.length ?? 0;
    for (const state of entity.states.values())
      if (counts(state)) steps += entity.type === 'service' || state.once ? 1 : size;
  }
  return steps;
}

const tooManySteps = (steps: number): Problem =>
  error(
    'limit_exceeded',
    '/entities',
    `With these members the workflow has ${steps} steps; the limit is ${LIMITS.steps}.`,
    'Use fewer members, or split it into several workflows.',
  );

const tooManyChildren = (children: number): Problem =>
  error(
    'limit_exceeded',
    '/entities',
    `With these members the workflow runs ${children} children; the limit is ${LIMITS.children}.`,
    "Use fewer members, or run one child for all of them with 'once'.",
  );
