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
    | 'replace'
    | 'follow'
    | 'rename'
    | 'back';
  readonly pick: number;
}

const KINDS: readonly ChangeDice['kind'][] = [
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
  'rename',
  'rename',
  'back',
];

const diceOf = (kinds: readonly ChangeDice['kind'][]): fc.Arbitrary<readonly ChangeDice[]> =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat({ max: 1_000 }) }), {
    minLength: 1,
    maxLength: 3,
  });

export const changeDice = diceOf([...KINDS, 'replace', 'replace', 'replace']);

/** What is replaced is replaced again, goes back, is renamed, or goes. */
export const replacingDice = diceOf([
  'replace',
  'replace',
  'replace',
  'script',
  'back',
  'rename',
  'remove state',
]);

/** Nothing runs beside what it replaces: the second scheduler has no two steps of one state. */
export const changeDiceInPlace = diceOf(KINDS);

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
  return { ...inPlace(withoutStale(changed)), digest };
}

/** Among what is replaced no role is chosen. */
function inPlace(definition: WorkflowDefinition): WorkflowDefinition {
  const chosen = [...definition.entities.values()].flatMap(({ roles, states }) =>
    [...roles.values()].flatMap(({ among }) => states.get(among) ?? []),
  );
  return chosen.reduce((before, one) => {
    const {
      onChange,
      retireAfter: _,
      ...rest
    } = before.entities.get(one.entity)?.states.get(one.name) ?? one;
    return onChange === 'replace' ? withState(before, rest) : before;
  }, definition);
}

/** A name is one state's, now or before. */
function withoutStale(definition: WorkflowDefinition): WorkflowDefinition {
  const states = [...definition.entities.values()].flatMap(one => [...one.states.values()]);
  const stale = states.filter(
    ({ entity: owner, was, name }) =>
      was !== undefined &&
      (definition.entities.get(owner)?.states.has(was) ||
        states.some(one => one.entity === owner && one.was === was && one.name < name)),
  );
  return stale.reduce((before, one) => withState(before, withoutWas(one)), definition);
}

function withoutWas(state: State): State {
  const kept: Mutable<State> = { ...state };
  delete kept.was;
  return kept;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

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
    case 'replace':
      return withReplaced(definition, states, pick);
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
    case 'rename':
      return renamed(definition, one, `r${pick % 3}`);
    case 'back':
      return first;
    default:
      return kind satisfies never;
  }
}

/** Some state that runs a script gives another input, and has the new beside the old. */
function withReplaced(
  definition: WorkflowDefinition,
  states: readonly State[],
  pick: number,
): WorkflowDefinition {
  const one = pickFrom(
    states.filter(({ action }) => action?.kind === 'script'),
    pick,
  );
  const other = pickFrom(states, pick * 7);
  if (one?.action?.kind !== 'script' || !other) return definition;
  const awaited = {
    entity: other.entity,
    state: other.name,
    members: { kind: 'all' },
    inferred: false,
  } as const;
  const changed = {
    ...one,
    onChange: 'replace',
    action: { ...one.action, inputs: literal({ n: pick % 5 }) },
  } as const;
  return withState(definition, pick % 2 === 0 ? changed : { ...changed, retireAfter: [awaited] });
}

/** Everywhere; expressions of random definitions name no states. */
export function renamed(
  definition: WorkflowDefinition,
  { entity: owner, name: from }: Pick<State, 'entity' | 'name'>,
  to: string,
): WorkflowDefinition {
  const entity = definition.entities.get(owner);
  if (!entity || entity.states.has(to)) return definition;
  const of = <T extends StateReference>(one: T): T =>
    one.entity === owner && one.state === from ? { ...one, state: to } : one;
  const own = (one: string, name: string): string => (one === owner && name === from ? to : name);
  const rollings = new Map<State['rolling'], State['rolling']>();
  const stateNow = (state: State): State => {
    const { rolling } = state;
    if (rolling && !rollings.has(rolling))
      rollings.set(rolling, { ...rolling, states: rolling.states.map(each => own(state.entity, each)) });
    const isIt = state.entity === owner && state.name === from;
    return {
      ...state,
      ...(isIt && { name: to, was: from }),
      requires: state.requires.map(of),
      ...(state.rerunAfter && { rerunAfter: state.rerunAfter.map(of) }),
      ...(state.retireAfter && { retireAfter: state.retireAfter.map(of) }),
      ...(rolling && { rolling: rollings.get(rolling) as typeof rolling }),
    };
  };
  const entities = [...definition.entities].map(([name, one]) => {
    const states = [...one.states].map(([key, state]) => [own(name, key), stateNow(state)] as const);
    const roles = [...one.roles].map(
      ([key, role]) => [key, { ...role, among: own(name, role.among) }] as const,
    );
    return [name, { ...one, states: new Map(states), roles: new Map(roles) }] as const;
  });
  const operations = [...(definition.operations ?? [])].map(([key, one]) => {
    const steps = one.steps.map(step =>
      step.kind === 'rerun' ? { ...step, states: step.states.map(of) } : step,
    );
    return [key, { ...one, requires: one.requires.map(of), goal: one.goal.map(of), steps }] as const;
  });
  return {
    ...definition,
    entities: new Map(entities),
    goal: definition.goal.map(of),
    ...(definition.operations && { operations: new Map(operations) }),
  };
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
          ...(state.retireAfter && { retireAfter: state.retireAfter.filter(has) }),
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
