// What the naive scheduler begins with: a step for each member of each state, and which of them the goal needs.
// Belongs here: reading the definition. Does not belong here: what happens (naive.ts).
import type { WorkflowDefinition } from '../../engine/definition/types.ts';
import type { Member, Membership } from '../../engine/graph/types.ts';
import { leaves, type NaiveStep, rolesNamedBy } from './naive-rules.ts';

/** `removed`: of states that are gone from the definition. */
export function stepsFor(
  definition: Pick<WorkflowDefinition, 'entities'>,
  membership: Membership,
  removed = false,
): NaiveStep[] {
  const steps: NaiveStep[] = [];
  for (const entity of definition.entities.values()) {
    for (const state of entity.states.values()) {
      const isOne = entity.type === 'service' || state.once !== undefined;
      const members: readonly (Member | undefined)[] = isOne
        ? [undefined]
        : (membership.get(entity.name) ?? []);
      for (const member of members) {
        const isNumbered = member && (entity.type === 'vm_group' || member.index > 0);
        const place = isNumbered ? `[${member.index}]` : '';
        steps.push({
          id: `${entity.name}${place}.${state.name}`,
          entity: entity.name,
          state,
          ran: state,
          source: 1,
          print: undefined,
          started: false,
          again: undefined,
          doubted: false,
          reran: undefined,
          member,
          removed,
          withdrawn: undefined,
          undoFailed: false,
          rightLost: false,
          aside: false,
          calledBack: false,
          idle: false,
          status: 'waiting',
          vouched: false,
          touched: false,
          attempts: 0,
          hasFailed: false,
          awaited: false,
          late: false,
          shutOut: false,
          timed: false,
          held: false,
          phase: 'action',
          tries: 0,
          rescues: 0,
          queued: false,
          renews: false,
          gave: false,
          since: undefined,
          freshFrom: undefined,
          interruptions: 0,
          readySince: 0,
          agent: undefined,
          home: undefined,
          wentTo: undefined,
          base: undefined,
          reachedSince: undefined,
        });
      }
    }
  }
  return steps;
}

/** Only what the goal needs, directly or not; a state that nobody has needs nothing. */
export function wantedStates(
  definition: WorkflowDefinition,
  steps: readonly NaiveStep[],
): ReadonlySet<string> {
  const wanted = new Set(definition.goal.map(({ entity, state }) => `${entity}.${state}`));
  for (const name of wanted) {
    const [entityName = '', stateName = ''] = name.split('.');
    const entity = definition.entities.get(entityName);
    const state = entity?.states.get(stateName);
    if (!entity || !state || !steps.some(step => step.state === state && !leaves(step))) continue;
    for (const one of state.requires) wanted.add(`${one.entity}.${one.state}`);
    for (const role of rolesNamedBy(state)) {
      const among = entity.roles.get(role)?.among;
      if (among !== undefined) wanted.add(`${entityName}.${among}`);
    }
  }
  return wanted;
}
