// Random changes of a definition, as its author might make them between two generations.
// Belongs here: changes after which the parser would pass it still. Does not belong here: random definitions, properties.
import fc from 'fast-check';
import type { Operation, RoleReference } from '../../engine/definition/operations/types.ts';
import type {
  Entity,
  Role,
  State,
  StateReference,
  WorkflowDefinition,
} from '../../engine/definition/types.ts';
import { entity, literal, script, state } from './definitions.ts';

/** Numbers pick among what is there at the time. */
export interface ChangeDice {
  readonly kind:
    | 'script'
    | 'remove state'
    | 'add state'
    | 'remove entity'
    | 'add entity'
    | 'goal'
    | 'condition'
    | 'role'
    | 'undo'
    | 'interruptible'
    | 'keep'
    | 'follow'
    | 'back';
  readonly pick: number;
}

export const changeDice: fc.Arbitrary<readonly ChangeDice[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<ChangeDice['kind'][]>(
      'script',
      'script',
      'script',
      'remove state',
      'remove state',
      'add state',
      'remove entity',
      'add entity',
      'goal',
      'condition',
      'role',
      'undo',
      'interruptible',
      'keep',
      'follow',
      'back',
    ),
    pick: fc.nat({ max: 1_000 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const pickFrom = <T>(items: readonly T[], pick: number): T | undefined =>
  items[pick % Math.max(1, items.length)];

/** `first`: the definition of the first generation, to which `back` leads. */
export function changedBy(
  definition: WorkflowDefinition,
  first: WorkflowDefinition,
  dice: readonly ChangeDice[],
  digest: string,
): WorkflowDefinition {
  const changed = dice.reduce((before, one) => changeOf(before, first, one), definition);
  return { ...changed, digest };
}

function changeOf(
  definition: WorkflowDefinition,
  first: WorkflowDefinition,
  { kind, pick }: ChangeDice,
): WorkflowDefinition {
  const states = [...definition.entities.values()].flatMap(one => [...one.states.values()]);
  const one = pickFrom(states, pick);
  if (one === undefined) return definition;
  switch (kind) {
    case 'script': {
      const { action } = one;
      if (action?.kind !== 'script') return definition;
      return withState(definition, { ...one, action: { ...action, inputs: literal({ n: pick % 3 }) } });
    }
    case 'undo':
      if (!one.undo || one.undo.action.kind !== 'script') return definition;
      return withState(definition, { ...one, undo: { ...one.undo, action: script({ n: pick % 3 }) } });
    case 'interruptible':
      return withState(definition, { ...one, interruptible: true });
    case 'keep':
      return one.action ? withState(definition, { ...one, onChange: 'keep' }) : definition;
    case 'follow': {
      const plain = one.requires.filter(each => {
        const isWhole = each.members.kind === 'all' || each.members.kind === 'same';
        return isWhole && each.outcome === undefined && each.choice === undefined;
      });
      return one.action ? withState(definition, { ...one, rerunAfter: plain }) : definition;
    }
    case 'condition': {
      const { condition: _, ...rest } = one;
      const holds = [true, false, undefined][pick % 3];
      return withState(definition, holds === undefined ? rest : { ...rest, condition: literal(holds) });
    }
    case 'remove state':
      return withoutState(definition, one);
    case 'add state':
      return withAnother(definition, one, pick);
    case 'remove entity':
      return definition.entities.size > 1 ? withoutEntity(definition, one.entity) : definition;
    case 'add entity':
      return withService(definition, one, pick);
    case 'goal':
      return { ...definition, goal: [{ entity: one.entity, state: one.name }] };
    case 'role':
      return withRole(definition, pick);
    case 'back':
      return first;
    default:
      return kind satisfies never;
  }
}

function withEntity(definition: WorkflowDefinition, changed: Entity): WorkflowDefinition {
  return { ...definition, entities: new Map([...definition.entities, [changed.name, changed]]) };
}

function withState(definition: WorkflowDefinition, changed: State): WorkflowDefinition {
  const owner = definition.entities.get(changed.entity);
  if (!owner) return definition;
  return withEntity(definition, { ...owner, states: new Map([...owner.states, [changed.name, changed]]) });
}

/** A state among whose members a role is chosen stays, as does the last one. */
function withoutState(definition: WorkflowDefinition, gone: State): WorkflowDefinition {
  const owner = definition.entities.get(gone.entity);
  if (!owner || owner.states.size === 1 || [...owner.roles.values()].some(({ among }) => among === gone.name))
    return definition;
  return mended({
    ...definition,
    entities: new Map(
      [...definition.entities].map(([name, one]) => [
        name,
        name === owner.name
          ? { ...one, states: new Map([...one.states].filter(([key]) => key !== gone.name)) }
          : one,
      ]),
    ),
  });
}

function withoutEntity(definition: WorkflowDefinition, gone: string): WorkflowDefinition {
  return mended({
    ...definition,
    entities: new Map([...definition.entities].filter(([name]) => name !== gone)),
  });
}

/** Requirements, goals and rollings name only what is there. */
function mended(definition: WorkflowDefinition): WorkflowDefinition {
  const has = ({ entity: owner, state: name }: StateReference): boolean =>
    definition.entities.get(owner)?.states.has(name) === true;
  const entities = [...definition.entities].map(([name, one]) => {
    const rollings = new Map(
      [...one.states.values()].flatMap(({ rolling }) =>
        rolling
          ? [[rolling, { ...rolling, states: rolling.states.filter(key => one.states.has(key)) }] as const]
          : [],
      ),
    );
    const states = [...one.states].map(([key, { rolling, ...state }]) => {
      const kept = rolling && rollings.get(rolling);
      return [
        key,
        {
          ...state,
          requires: state.requires.filter(has),
          ...(state.rerunAfter && { rerunAfter: state.rerunAfter.filter(has) }),
          ...(kept && { rolling: kept }),
        },
      ] as const;
    });
    return [name, { ...one, states: new Map(states) }] as const;
  });
  const goal = definition.goal.filter(has);
  const last = entities.at(-1)?.[1];
  const name = [...(last?.states.keys() ?? [])].at(-1);
  const other = last && name !== undefined ? [{ entity: last.name, state: name }] : [];
  const operations = new Map(
    [...(definition.operations ?? [])].filter(([, one]) => isWhole(one, definition, has)),
  );
  return { ...definition, entities: new Map(entities), goal: goal.length > 0 ? goal : other, operations };
}

/** Whether all that an operation names is there still. */
function isWhole(
  { requires, goal, steps }: Operation,
  { entities }: WorkflowDefinition,
  has: (state: StateReference) => boolean,
): boolean {
  const hasRole = (one: RoleReference): boolean => entities.get(one.entity)?.roles.has(one.role) === true;
  return (
    [...requires, ...goal].every(has) &&
    steps.every(step => {
      if (step.kind === 'rerun') return step.states.every(has);
      return step.kind === 'move' ? hasRole(step.role) : step.roles.every(hasRole);
    })
  );
}

/** A state that requires another of its entity, or of all, and that the goal needs. */
function withAnother(definition: WorkflowDefinition, after: State, pick: number): WorkflowDefinition {
  const name = `n${pick % 3}`;
  const owner = definition.entities.get(after.entity);
  if (!owner || owner.states.has(name) || after.name.startsWith('n')) return definition;
  const needs = [pick % 2 === 0 ? `${after.entity}.${after.name}` : after.name];
  const { action: _, ...joined } = state(after.entity, name, { needs });
  const runs = owner.type === 'service' ? {} : { action: script(), undo: undoing };
  const added = withState(definition, { ...joined, ...runs } as State);
  return { ...added, goal: [...added.goal, { entity: after.entity, state: name }] };
}

const undoing: NonNullable<State['undo']> = {
  action: script(),
  timeout: 600_000,
  retry: { attempts: 1, delay: 0, backoff: 1, maxDelay: 0, jitter: 0 },
  onFailure: 'fail',
};

function withService(definition: WorkflowDefinition, after: State, pick: number): WorkflowDefinition {
  const name = `x${pick % 2}`;
  if (definition.entities.has(name)) return definition;
  const { action: _, ...joined } = state(name, 'up', { needs: [`${after.entity}.${after.name}`] });
  const added = withEntity(definition, entity(name, { type: 'service', states: [joined] }));
  return { ...added, goal: [...added.goal, { entity: name, state: 'up' }] };
}

function withRole(definition: WorkflowDefinition, pick: number): WorkflowDefinition {
  const owner = pickFrom(
    [...definition.entities.values()].filter(({ roles }) => roles.size > 0),
    pick,
  );
  const role = owner?.roles.get('boss');
  if (!owner || !role) return definition;
  const { rule: _, ...rest } = role;
  const changed: Role = { ...rest, choose: pick % 2 === 0 ? 'lowest_index' : 'first_ready' };
  return withEntity(definition, { ...owner, roles: new Map([...owner.roles, ['boss', changed]]) });
}
