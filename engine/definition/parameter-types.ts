// What is declared of an input, of a state's output, and of what is inside maps and lists: HOT's parameter schema.
// Belongs here: types only. Does not belong here: reading declarations (parameters.ts), judging values (values.ts).
import type { JsonValue } from '../base/json.ts';

/** HOT's parameter types plus `integer`, `list` and `map` (HOT's `comma_delimited_list` and `json` are aliases). */
export type ParameterType = 'string' | 'number' | 'integer' | 'boolean' | 'list' | 'map';

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly description: string;
  /** Absent: the input is required. */
  readonly default?: JsonValue;
  readonly hidden: boolean;
  readonly constraints: readonly Constraint[];
  /** Types of a map's known keys, or of a list's items; absent: anything. */
  readonly schema?: ParameterSchema;
}

export type ParameterSchema =
  | { readonly keys: ReadonlyMap<string, Parameter> }
  | { readonly items: Parameter };

/** HOT's constraints; `description` replaces the sentence we would say. */
export type Constraint = { readonly description?: string } & (
  | { readonly kind: 'length' | 'range'; readonly min?: number; readonly max?: number }
  | { readonly kind: 'modulo'; readonly step: number; readonly offset: number }
  | { readonly kind: 'allowed_values'; readonly values: readonly JsonValue[] }
  | { readonly kind: 'allowed_pattern'; readonly pattern: string }
  | { readonly kind: 'custom_constraint'; readonly name: string }
);
