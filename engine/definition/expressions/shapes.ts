// What the walker knows of a value before it exists: which names it has, who reached what, whether it is hidden.
// Belongs here: the abstract values and the names each has. Does not belong here: the walk itself (walker.ts).
import type { EntityModel, ExpressionModel, Read, ValueType } from './types.ts';

/** How a member is reached; decides what its outputs require. */
export type MemberOf = 'self' | 'all';

export type Shape =
  | { readonly kind: 'any' }
  /** A hidden value: passed whole or joined with text, nothing else. */
  | { readonly kind: 'secret' }
  | { readonly kind: 'list'; readonly of: Shape }
  /** `keys` are all there are when `closed`. */
  | { readonly kind: 'map'; readonly keys: ReadonlyMap<string, Shape>; readonly closed: boolean }
  | { readonly kind: 'optional'; readonly of: Shape }
  | { readonly kind: 'inputs' }
  | { readonly kind: 'workflow' }
  | { readonly kind: 'error' }
  | { readonly kind: 'response' }
  | { readonly kind: 'operation' }
  | { readonly kind: 'operation_inputs' }
  | { readonly kind: 'previous' }
  | { readonly kind: 'entity'; readonly entity: string }
  | {
      readonly kind: 'member';
      readonly entity: string;
      readonly of: MemberOf;
      /** Paths below the member that hold for certain: `outputs.STATE`, `outputs.STATE.NAME`. */
      readonly proven: ReadonlySet<string>;
    }
  | {
      readonly kind: 'outputs';
      readonly entity: string;
      readonly of: Source;
      readonly proven: ReadonlySet<string>;
    }
  | {
      readonly kind: 'state';
      readonly entity: string;
      readonly state: string;
      readonly proven: ReadonlySet<string>;
    }
  | { readonly kind: 'status'; readonly entity: string }
  | { readonly kind: 'reached'; readonly entity: string };

export type Source = Extract<Read, { kind: 'outputs' }>['of'];

export const ANY: Shape = { kind: 'any' };
export const SECRET: Shape = { kind: 'secret' };
export const NOTHING_PROVEN: ReadonlySet<string> = new Set();

/** Fields of a member, in the order of the reference. */
export const MEMBER_FIELDS = ['name', 'index', 'agent', 'data', 'facts', 'outputs', 'status'] as const;
export const ERROR_FIELDS = ['kind', 'message', 'exit_code', 'status', 'tail', 'cause'] as const;
export const RESPONSE_FIELDS = ['status', 'headers', 'body', 'json'] as const;
export const OPERATION_FIELDS = ['name', 'id', 'inputs'] as const;
const PREVIOUS_FIELDS = ['inputs', 'outputs'];
export const WORKFLOW_FIELDS = ['id', 'stack_name'] as const;

/** Shape of a declared value. */
export function shapeOf(type: ValueType): Shape {
  if (type.hidden) return SECRET;
  if (type.type === 'list') return { kind: 'list', of: type.items ? shapeOf(type.items) : ANY };
  if (type.type === 'map' && type.keys) {
    const keys = new Map([...type.keys].map(([key, item]) => [key, shapeOf(item)] as const));
    return { kind: 'map', keys, closed: true };
  }
  return ANY;
}

/** Names that may follow a `.`; undefined where any may. */
export function namesOf(shape: Shape, model: ExpressionModel): readonly string[] | undefined {
  switch (shape.kind) {
    case 'any':
    case 'secret':
    case 'list':
    case 'optional':
      return undefined;
    case 'map':
      return shape.closed ? [...shape.keys.keys()] : undefined;
    case 'inputs':
      return [...model.inputs.keys()];
    case 'workflow':
      return WORKFLOW_FIELDS;
    case 'error':
      return ERROR_FIELDS;
    case 'response':
      return RESPONSE_FIELDS;
    case 'operation':
      return OPERATION_FIELDS;
    case 'operation_inputs':
      return [...(model.operation?.inputs.keys() ?? [])];
    case 'previous':
      return PREVIOUS_FIELDS;
    case 'entity':
      return entityNames(entityOf(model, shape.entity));
    case 'member':
      return MEMBER_FIELDS;
    case 'outputs':
      return stateNames(entityOf(model, shape.entity), shape.of === 'once');
    case 'state':
      return [...(entityOf(model, shape.entity).states.get(shape.state)?.outputs.keys() ?? [])];
    case 'status':
    case 'reached':
      return [...entityOf(model, shape.entity).states.keys()];
  }
}

export function entityOf(model: ExpressionModel, name: string): EntityModel {
  return model.entities.get(name) as EntityModel;
}

function entityNames(entity: EntityModel): readonly string[] {
  if (entity.type === 'service') return ['outputs'];
  const names = ['members', 'reached', 'once', ...entity.roles];
  return entity.type === 'vm' ? ['outputs', ...names] : names;
}

function stateNames(entity: EntityModel, once: boolean): readonly string[] {
  const states = [...entity.states];
  const fitting = entity.type === 'vm_group' ? states.filter(([, state]) => state.once === once) : states;
  return fitting.map(([name]) => name);
}

/** The value in words, as messages name it. */
export function describe(shape: Shape): string {
  switch (shape.kind) {
    case 'any':
      return 'a value';
    case 'secret':
      return 'a hidden value';
    case 'list':
      return shape.of.kind === 'member' ? `the members of ${shape.of.entity}` : 'a list';
    case 'map':
      return 'a map';
    case 'optional':
      return 'a value that may be absent';
    case 'inputs':
      return 'the inputs';
    case 'workflow':
      return 'the workflow';
    case 'error':
      return 'the error';
    case 'response':
      return 'the response';
    case 'operation':
      return 'the operation';
    case 'operation_inputs':
      return 'the inputs of the operation';
    case 'previous':
      return 'what was reached before';
    case 'entity':
      return shape.entity;
    case 'member':
      return `a member of ${shape.entity}`;
    case 'outputs':
      return shape.of === 'once' ? `${shape.entity}.once` : `the outputs of ${shape.entity}`;
    case 'state':
      return `the outputs of ${shape.entity}.${shape.state}`;
    case 'status':
      return `the status of a member of ${shape.entity}`;
    case 'reached':
      return `${shape.entity}.reached`;
  }
}

/** What a name after such a value is called in a message: `unknown output 'prot' of sql.prepared`. */
export function nounOf(shape: Shape): string {
  switch (shape.kind) {
    case 'inputs':
    case 'operation_inputs':
      return 'input';
    case 'outputs':
    case 'status':
    case 'reached':
      return 'state';
    case 'state':
      return 'output';
    case 'entity':
      return 'role or field';
    case 'map':
      return 'key';
    case 'any':
    case 'secret':
    case 'list':
    case 'optional':
    case 'workflow':
    case 'error':
    case 'response':
    case 'operation':
    case 'previous':
    case 'member':
      return 'field';
  }
}

/** True for values that an expression may hand out. */
export function isValue(shape: Shape): boolean {
  switch (shape.kind) {
    case 'any':
    case 'secret':
      return true;
    case 'list':
    case 'optional':
      return isValue(shape.of);
    case 'map':
      return [...shape.keys.values()].every(isValue);
    case 'inputs':
    case 'workflow':
    case 'error':
    case 'response':
    case 'operation':
    case 'operation_inputs':
    case 'previous':
    case 'entity':
    case 'member':
    case 'outputs':
    case 'state':
    case 'status':
    case 'reached':
      return false;
  }
}

/** True when a hidden value is somewhere inside. */
export function holdsSecret(shape: Shape): boolean {
  switch (shape.kind) {
    case 'secret':
      return true;
    case 'list':
    case 'optional':
      return holdsSecret(shape.of);
    case 'map':
      return [...shape.keys.values()].some(holdsSecret);
    case 'any':
    case 'inputs':
    case 'workflow':
    case 'error':
    case 'response':
    case 'operation':
    case 'operation_inputs':
    case 'previous':
    case 'entity':
    case 'member':
    case 'outputs':
    case 'state':
    case 'status':
    case 'reached':
      return false;
  }
}

/** Shape of one of two values, such as the branches of `? :`. Hidden if either is. */
export function either(left: Shape, right: Shape): Shape {
  if (left.kind === 'secret' || right.kind === 'secret') return SECRET;
  if (left.kind === 'list' && right.kind === 'list') return { kind: 'list', of: either(left.of, right.of) };
  if (left.kind === 'optional' && right.kind === 'optional')
    return { kind: 'optional', of: either(left.of, right.of) };
  if (left.kind === 'member' && right.kind === 'member' && left.entity === right.entity) {
    const proven = new Set([...left.proven].filter(path => right.proven.has(path)));
    return { ...left, of: left.of === right.of ? left.of : 'all', proven };
  }
  if (left.kind === 'any') return holdsSecret(right) || !isValue(right) ? right : ANY;
  if (right.kind === 'any') return holdsSecret(left) || !isValue(left) ? left : ANY;
  if (left.kind === 'map' && right.kind === 'map') return merged(left, right);
  return left;
}

type MapShape = Extract<Shape, { kind: 'map' }>;

/** The keys of both; a key in both is either. */
export function merged(left: MapShape, right: MapShape): MapShape {
  const keys = new Map(left.keys);
  for (const [key, shape] of right.keys)
    keys.set(key, keys.has(key) ? either(keys.get(key) as Shape, shape) : shape);
  return { kind: 'map', keys, closed: false };
}
