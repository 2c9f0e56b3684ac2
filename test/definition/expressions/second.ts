// Another implementation of CEL, written by others, beside ours: the same names with the same data.
// Belongs here: names and values for it, and its answers as JSON. Does not belong here: comparing (second.test.ts).
import { isCelError, isCelList, isCelMap, run } from '@bufbuild/cel';
import type { CelInput } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import type { JsonValue } from '../../../engine/base/json.ts';
import type { MemberView } from '../../../engine/definition/expressions/types.ts';
import { INPUTS, MEMBERS } from './fixture.ts';

type Data = { readonly [name: string]: unknown };

/** Names whose type is number: an integral value of theirs is a double. Every other one is an integer. */
const NUMBERS: ReadonlySet<string> = new Set(['ratio', 'weight', 'load']);

function given(value: unknown, name = ''): CelInput {
  if (typeof value === 'number') return Number.isInteger(value) && !NUMBERS.has(name) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(item => given(item));
  if (typeof value !== 'object' || value === null) return value as CelInput;
  if ('$integer' in value) return BigInt(value.$integer as string);
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return new Map(entries.map(([key, item]) => [key, given(item, key)]));
}

function memberData(one: MemberView): Data {
  const { name, agent, index, data, facts } = one;
  const states = ['prepared', 'initialized'];
  return {
    name,
    agent,
    index,
    data,
    facts,
    outputs: Object.fromEntries(states.map(state => [state, one.outputs(state)])),
    status: Object.fromEntries(states.map(state => [state, one.status(state)])),
  };
}

const members = MEMBERS.map(memberData);
const names: Data = {
  inputs: INPUTS,
  workflow: { id: 'w1', stack_name: 'stack' },
  attempt: 2,
  member: members[1],
  sql: {
    members,
    master: members[0],
    reached: { prepared: members, initialized: members.slice(1) },
    once: { clustered: { id: 'cluster-1' } },
  },
  db: { members: [{ name: 'db-0' }], outputs: { ready: { port: 5432 } } },
  service: { outputs: { deployed: { url: 'http://service' } } },
};
const BINDINGS = Object.fromEntries(Object.entries(names).map(([name, value]) => [name, given(value, name)]));

/** What the other implementation makes of an expression; undefined when it refuses it or it fails. */
export function secondOpinion(expression: string): { readonly value: JsonValue } | undefined {
  try {
    return { value: taken(run(expression, BINDINGS, { funcs: strings })) };
  } catch {
    return undefined;
  }
}

function taken(value: unknown): JsonValue {
  if (isCelError(value)) throw value;
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : { $integer: value.toString() };
  }
  if (isCelList(value)) return [...value].map(taken);
  if (isCelMap(value)) {
    return Object.fromEntries([...value.entries()].map(([key, item]) => [key as string, taken(item)]));
  }
  return value as JsonValue;
}
