// What the expression compiler must know of a definition, made from what was read of it.
// Belongs here: drafts -> ExpressionModel. Does not belong here: compilation (expressions/).
import type { EntityDraft, StateDraft } from './draft.ts';
import type { EntityModel, ExpressionModel, StateModel, ValueType } from './expressions/types.ts';
import { waitsForFailure } from './checks/outcomes.ts';
import type { Parameter, ParameterSchema, ParameterType } from './types.ts';

/** `operations`: what may be read of them, if there are any. */
export function modelOf(
  inputs: ReadonlyMap<string, Parameter>,
  entities: ReadonlyMap<string, EntityDraft>,
  operations?: ReadonlyMap<string, ValueType>,
): ExpressionModel {
  return {
    inputs: mapValues(inputs, valueType),
    entities: mapValues(entities, entityModel),
    ...(operations && { operation: { inputs: operations, isCertain: false } }),
  };
}

function entityModel(entity: EntityDraft): EntityModel {
  return {
    type: entity.type,
    roles: new Set(entity.roles.keys()),
    counted: new Set(
      [...entity.roles.values()].filter(role => role.count !== undefined).map(role => role.name),
    ),
    maxMembers: entity.members.max,
    states: mapValues(entity.states, stateModel),
  };
}

function stateModel(state: StateDraft): StateModel {
  return {
    once: state.once !== undefined,
    mayBeAbsent: mayBeAbsent(state),
    outputs: mapValues(state.outputs, output => ({ ...valueType(output), optional: output.optional })),
  };
}

/** A state that can be passed without its action having succeeded, or that some members don't have (rows 10, 13). */
export function mayBeAbsent(state: StateDraft): boolean {
  const chosen = state.only.length > 0 || state.except.length > 0;
  return (
    chosen ||
    waitsForFailure(state.requires) ||
    state.condition !== undefined ||
    state.onFailure === 'continue'
  );
}

/** What expressions know of a declared value. */
export function valueType(value: {
  readonly type: ParameterType;
  readonly hidden: boolean;
  readonly schema?: ParameterSchema;
}): ValueType {
  const { type, hidden, schema } = value;
  if (schema === undefined) return { type, hidden };
  if ('items' in schema) return { type, hidden, items: valueType(schema.items) };
  return { type, hidden, keys: mapValues(schema.keys, valueType) };
}

function mapValues<A, B>(map: ReadonlyMap<string, A>, change: (value: A) => B): Map<string, B> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}
