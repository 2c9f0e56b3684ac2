// Runs compiled expressions, and says what went wrong in words of the author.
// Belongs here: one evaluation, from DataView to JSON. Does not belong here: compiling (compile.ts).
//
// E1 Evaluation is bounded: the steps by the static cost, the bytes by the meter, the result by 1 MiB.
// E2 It either answers JSON or throws EngineError: `expression_failed`, or what the DataView itself threw.
import cel from '@marcbachmann/cel-js';
import type { ParseResult } from '@marcbachmann/cel-js';
import { EngineError, errorText } from '../../base/errors.ts';
import type { JsonValue } from '../../base/json.ts';
import { jsonBytes } from '../../base/json.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Missing } from './environment.ts';
import { isSpent, startMeter } from './meter.ts';
import { agentOf, placeOf, type Schema } from './schema.ts';
import { typeSentence, typeText } from './wording.ts';
import type { DataView } from './types.ts';
import { ValueError, fromCel } from './values.ts';

export interface Program {
  readonly source: string;
  /** JSON pointer of the value it stands in. */
  readonly pointer: string;
  readonly run: ParseResult;
  readonly schema: Schema;
  /** True where the answer must be true or false. */
  readonly boolean: boolean;
  /** True where it must be a member; its agent is then the value. */
  readonly member: boolean;
  /** True where it must be a member or a list of members; the value is then a list of entity and agent of each. */
  readonly members: boolean;
}

const ABSENT_CODES: ReadonlySet<string> = new Set([
  'no_such_key',
  'unknown_variable',
  'index_out_of_bounds',
  'optional_value_missing',
]);

/** `details` of an `expression_failed`: whether it failed for want of a value that may come later. */
interface ExpressionFailure {
  readonly expression: string;
  readonly pointer: string;
  readonly absent: boolean;
}

/** The expression's value in the engine's encoded JSON. */
export function evaluate(program: Program, data: DataView): JsonValue {
  startMeter();
  let absent = false;
  try {
    const value: unknown = program.run(program.schema.context(data));
    if (isSpent()) throw new ValueError('limit: it works through too many bytes');
    absent = value instanceof cel.Optional && !value.hasValue();
    const present = unwrapOptional(value);
    if (program.members) return membersIn(present);
    return program.member ? memberIn(present) : checked(fromCel(present), program);
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw failure(program, thrown, absent || isAbsent(thrown));
  }
}

function memberIn(value: unknown): string {
  const agent = agentOf(value);
  if (agent === undefined) throw new ValueError('the answer is no member');
  return agent;
}

function membersIn(value: unknown): JsonValue {
  return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map(item => {
    const place = placeOf(item);
    if (place === undefined) throw new ValueError('the answer holds something that is no member');
    return place;
  });
}

function unwrapOptional(value: unknown): unknown {
  if (!(value instanceof cel.Optional)) return value;
  if (value.hasValue()) return value.value();
  throw new ValueError('the value is absent');
}

function checked(value: JsonValue, program: Program): JsonValue {
  if (program.boolean && typeof value !== 'boolean') {
    throw new ValueError('the answer is neither true nor false');
  }
  if (typeof value === 'object' && value !== null && jsonBytes(value) > LIMITS.expressionResultBytes) {
    throw new ValueError(`limit: the result is longer than ${LIMITS.expressionResultBytes} bytes`);
  }
  if (typeof value === 'string' && value.length > LIMITS.expressionResultBytes) {
    throw new ValueError(`limit: the result is longer than ${LIMITS.expressionResultBytes} bytes`);
  }
  return value;
}

function failure(program: Program, thrown: unknown, absent: boolean): EngineError {
  const details: ExpressionFailure = { expression: program.source, pointer: program.pointer, absent };
  const message = `The expression '${program.source}' at ${program.pointer || '/'} failed: ${reason(thrown, program.schema)}.`;
  const next = absent
    ? "Guard what may be absent with '.?' and '.orValue(…)', has() or default()."
    : 'Correct the expression or the values it reads, then update the stack.';
  return new EngineError('expression_failed', message, next, { cause: thrown, details });
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof cel.EvaluationError && ABSENT_CODES.has(thrown.code);
}

/** Without the full stop: it ends a longer sentence. */
function reason(thrown: unknown, schema: Schema): string {
  if (!(thrown instanceof cel.EvaluationError)) return errorText(thrown);
  const text = typeText(thrown.summary, schema);
  const key = /^No such key: (.+)$/.exec(text)?.[1];
  if (key !== undefined) return key.startsWith('index') ? itemText(key) : `'${key}' is absent`;
  const name = /^Unknown variable: (.+)$/.exec(text)?.[1];
  if (name !== undefined) return `'${name}' is absent`;
  return text.startsWith('no such overload') || text.startsWith('found no')
    ? typeSentence(text).slice(0, -1)
    : text;
}

/** CEL says `index out of bounds, index 3 >= size 2`, and of an empty list no size that can be read. */
function itemText(text: string): string {
  const index = /index (-?\d+) /.exec(text)?.[1];
  return index === undefined ? `the list has no such item (${text})` : `the list has no item ${index}`;
}

export function toOptional(item: unknown): unknown {
  return cel.Optional.of(item);
}

export const MISSING: Missing = {
  isError: thrown => thrown instanceof cel.EvaluationError && ABSENT_CODES.has(thrown.code),
  unwrap: value => {
    const inner: unknown = value instanceof cel.Optional ? value.orValue(undefined) : value;
    return inner === null ? undefined : inner;
  },
};
