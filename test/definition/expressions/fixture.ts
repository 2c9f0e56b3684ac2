// A small definition and its data, for tests of expressions.
// Belongs here: the model and the view. Does not belong here: expectations.
import type { JsonValue } from '../../../engine/base/json.ts';
import { compileTemplate, evaluateTemplate } from '../../../engine/definition/expressions/index.ts';
import type {
  DataView,
  ExpressionModel,
  ExpressionPlace,
  MemberView,
  Outputs,
  StateModel,
  ValueType,
} from '../../../engine/definition/expressions/types.ts';
import { EngineError } from '../../../engine/base/errors.ts';

type Output = ValueType & { readonly optional: boolean };

export function type(name: ValueType['type'], more: Partial<ValueType> = {}): ValueType {
  return { type: name, hidden: false, ...more };
}

function output(name: ValueType['type'], more: Partial<Output> = {}): Output {
  return { type: name, hidden: false, optional: false, ...more };
}

function state(outputs: { [name: string]: Output }, more: Partial<StateModel> = {}): StateModel {
  return { once: false, mayBeAbsent: false, ...more, outputs: new Map(Object.entries(outputs)) };
}

/** A group `sql` with role `master`, a VM `db`, a service `service`. */
export const MODEL: ExpressionModel = {
  inputs: new Map(
    Object.entries({
      port: type('integer'),
      big: type('integer'),
      ratio: type('number'),
      name: type('string'),
      flag: type('boolean'),
      password: type('string', { hidden: true }),
      pin: type('integer', { hidden: true }),
      any: type('map'),
      tags: type('list', { items: type('string') }),
      ports: type('list', { items: type('integer') }),
      mixed: type('list'),
      users: type('list', {
        items: type('map', {
          keys: new Map([
            ['name', type('string')],
            ['password', type('string', { hidden: true })],
          ]),
        }),
      }),
      listener: type('map', {
        keys: new Map([
          ['name', type('string')],
          ['port', type('integer')],
          ['weight', type('number')],
        ]),
      }),
    }),
  ),
  entities: new Map([
    [
      'sql',
      {
        type: 'vm_group',
        roles: new Set(['master', 'pair']),
        counted: new Set(['pair']),
        states: new Map([
          [
            'prepared',
            state({
              port: output('integer'),
              load: output('number'),
              note: output('string', { optional: true }),
              token: output('string', { hidden: true }),
            }),
          ],
          ['initialized', state({ endpoint_port: output('integer') }, { mayBeAbsent: true })],
          ['clustered', state({ id: output('string') }, { once: true })],
        ]),
      },
    ],
    [
      'db',
      {
        type: 'vm',
        roles: new Set<string>(),
        states: new Map([['ready', state({ port: output('integer') })]]),
      },
    ],
    [
      'service',
      {
        type: 'service',
        roles: new Set<string>(),
        states: new Map([['deployed', state({ url: output('string') })]]),
      },
    ],
  ]),
};

function member(index: number, initialized: boolean): MemberView {
  const outputs: { [state: string]: Outputs } = {
    prepared: { port: 5000 + index, load: index / 2, token: { $secret: `token-${index}` } },
    ...(initialized ? { initialized: { endpoint_port: 5022 } } : {}),
  };
  return {
    entity: 'sql',
    agent: `agent-${index}`,
    name: `sql-${index}`,
    index,
    data: { ip: `10.0.0.${index + 1}`, zone: index === 2 ? 'b' : 'a' },
    facts: { os: 'linux', cores: 4 },
    outputs: name => outputs[name],
    status: name => (name === 'initialized' && !initialized ? undefined : 'reached'),
  };
}

export const MEMBERS = [member(0, false), member(1, true), member(2, true)] as const;

const DB: MemberView = {
  ...member(0, false),
  entity: 'db',
  agent: 'agent-db',
  name: 'db-0',
  outputs: () => ({ port: 5432 }),
};

export const INPUTS: { readonly [name: string]: JsonValue } = {
  port: 5022,
  big: { $integer: '9007199254740993' },
  ratio: 2,
  name: 'Zoë',
  flag: true,
  password: { $secret: 'inputs.password' },
  pin: { $secret: 'inputs.pin' },
  any: { n: 1, f: 1.5, nothing: null, s: 'text', list: [1, 2.5, 'x'], 'a-b': 7, deep: { er: true } },
  tags: ['b', 'a', 'c'],
  ports: [3, 1, 2],
  mixed: [1, 2.5, 'x', null],
  users: [{ name: 'ann', password: { $secret: 'ann' } }],
  listener: { name: 'ag', port: 1433, weight: 3 },
};

export const DATA: DataView = {
  inputs: INPUTS,
  workflow: { id: 'w1', stackName: 'stack' },
  member: MEMBERS[1],
  members: entity => (entity === 'sql' ? MEMBERS : [DB]),
  role: () => MEMBERS[0],
  holders: () => MEMBERS.slice(0, 2),
  outputs: entity => (entity === 'db' ? { port: 5432 } : { url: 'http://service' }),
  once: () => ({ id: 'cluster-1' }),
  reached: (_, name) => MEMBERS.filter(one => one.outputs(name) !== undefined),
  error: { kind: 'exit', message: 'exit code 75', exit_code: 75, tail: 'no route' },
  attempt: 2,
};

export function place(more: Partial<ExpressionPlace> = {}): ExpressionPlace {
  return { use: 'action', entity: 'sql', state: 'started', at: '/at', guaranteed: () => false, ...more };
}

/** What became of an expression: a value, the codes of its problems, or the text of its failure. */
export type Outcome =
  | { readonly value: JsonValue }
  | { readonly problems: readonly string[]; readonly texts: readonly string[] }
  | { readonly failed: string; readonly absent: boolean };

export function outcome(value: JsonValue, where: ExpressionPlace = place(), data: DataView = DATA): Outcome {
  const { template, problems } = compileTemplate(value, where, MODEL);
  if (problems.length > 0) {
    const texts = problems.map(({ message, hint }) => `${message} ${hint ?? ''}`);
    return { problems: problems.map(({ code }) => code), texts };
  }
  try {
    return { value: evaluateTemplate(template, data) };
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'expression_failed') throw thrown;
    return { failed: thrown.message, absent: (thrown.details as { absent: boolean }).absent };
  }
}
