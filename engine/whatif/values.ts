// Values that nobody gave: made up from a declared type and its constraints.
// Belongs here: one value for a declaration, the same every time. Does not belong here: judging values (definition/).
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Constraint, ParameterSchema, WorkflowDefinition } from '../definition/types.ts';
import { fitValue, type Shape } from '../definition/values.ts';

/** Texts that patterns and custom constraints ask for, the plainest first. */
const TEXTS = [
  'example',
  'Example-1',
  'Example1!',
  '1',
  '192.0.2.10',
  '192.0.2.0/24',
  '2001:db8::10',
  'node-1.example.org',
  'https://example.org/',
  'someone@example.org',
  '00:00:5e:00:53:01',
  '2026-11-01',
  '2026-11-01T00:00:00Z',
  '1.0.0',
  '1G',
  '/example',
  'C:\\example',
  'EXAMPLE',
  'a',
  'UTC',
  '0 0 * * *',
  '00000000-0000-4000-8000-000000000001',
  'abcdef0123456789',
] as const;

/** A value that the declaration accepts; undefined when none of those that come to mind does. */
export function madeUp(shape: Shape): JsonValue | undefined {
  return candidates(shape).find(value => fits(shape, value));
}

/** Values for inputs that were not given: hidden ones always (no expression can read them), others when asked to. */
export function completeInputs(
  definition: Pick<WorkflowDefinition, 'inputs'>,
  given: JsonObject,
  guess: boolean,
): { readonly inputs: JsonObject; readonly madeUp: readonly string[] } {
  const missing = [...definition.inputs.values()].filter(
    input => given[input.name] === undefined && input.default === undefined && (guess || input.hidden),
  );
  const values = missing.flatMap(input => {
    const value = madeUp(input);
    return value === undefined ? [] : [[input.name, value] as const];
  });
  return { inputs: { ...given, ...Object.fromEntries(values) }, madeUp: values.map(([name]) => name) };
}

/**
 * Inputs as a running workflow has them: hidden ones by reference, so that nothing can read them (rule P9). `versions`: of those that
 * were given again, for equal references mean equal values.
 */
export function withoutSecrets(
  definition: Pick<WorkflowDefinition, 'inputs'>,
  inputs: JsonObject,
  versions: ReadonlyMap<string, number> = new Map(),
): JsonObject {
  const pairs = Object.entries(inputs).map(([name, value]) => {
    const hidden = definition.inputs.get(name)?.hidden === true;
    const version = versions.get(name);
    const reference = `simulated/input/${name}${version === undefined ? '' : `/${version}`}`;
    return [name, hidden ? { $secret: reference } : value] as const;
  });
  return Object.fromEntries(pairs);
}

function fits(shape: Shape, value: JsonValue): boolean {
  return fitValue(shape, value, '', []) !== undefined;
}

function candidates(shape: Shape): readonly JsonValue[] {
  const said = shape.default === undefined ? [] : [shape.default];
  const allowed = shape.constraints.flatMap(constraint =>
    constraint.kind === 'allowed_values' ? constraint.values : [],
  );
  return [...said, ...allowed, ...ofType(shape)];
}

function ofType(shape: Shape): readonly JsonValue[] {
  switch (shape.type) {
    case 'string':
      return [
        ...TEXTS,
        ...bounds(shape.constraints).map(length => 'Example-1'.repeat(length).slice(0, length)),
      ];
    case 'number':
    case 'integer':
      return numbers(shape.constraints);
    case 'boolean':
      return [true, false];
    case 'list':
      return lists(shape);
    case 'map':
      return [mapOf(shape.schema)];
    default:
      return shape.type satisfies never;
  }
}

/** Ends of ranges and lengths that are small enough to try. */
function bounds(constraints: readonly Constraint[]): readonly number[] {
  return constraints
    .flatMap(constraint =>
      constraint.kind === 'length' || constraint.kind === 'range' ? [constraint.min, constraint.max] : [],
    )
    .filter(bound => bound !== undefined && bound <= 10_000)
    .map(bound => bound as number);
}

/** The least that a range allows, moved to the next that a modulo allows. */
function numbers(constraints: readonly Constraint[]): readonly number[] {
  const starts = [1, 0, ...bounds(constraints).flatMap(bound => [Math.ceil(bound), bound])];
  const steps = constraints.flatMap(constraint =>
    constraint.kind === 'modulo'
      ? starts.map(start => start + mod(constraint.offset - start, constraint.step))
      : [],
  );
  return [...starts, ...steps];
}

const mod = (value: number, step: number): number => ((value % step) + step) % step;

/** One item, so that what is computed from it is computed; more or none where the length says so. */
function lists(shape: Shape): readonly JsonValue[] {
  const item = shape.schema && 'items' in shape.schema ? madeUp(shape.schema.items) : 'example';
  if (item === undefined) return [[]];
  const lengths = [1, 0, ...bounds(shape.constraints).filter(bound => bound <= 1_000)];
  return lengths.map(length => Array.from({ length }, () => item));
}

function mapOf(schema: ParameterSchema | undefined): JsonValue {
  if (!schema || !('keys' in schema)) return {};
  const pairs = [...schema.keys].flatMap(([name, shape]) => {
    const value = madeUp(shape);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(pairs);
}
