// Typed workflow definitions for tests that are not about the language: graph, machine, runtime, simulation.
// Belongs here: builders with the parser's defaults, literal templates. Does not belong here: YAML (test/definition).
import type { JsonValue } from '../../engine/base/json.ts';
import type { Template } from '../../engine/definition/expressions/types.ts';
import type {
  Action,
  Entity,
  OpenstackAction,
  Quorum,
  RequiredOutcome,
  Requirement,
  Role,
  Rolling,
  State,
  StateOutput,
  WorkflowDefinition,
} from '../../engine/definition/types.ts';
import type { Member, Membership } from '../../engine/graph/types.ts';

export const literal = (value: JsonValue): Template => ({
  root: { kind: 'literal', value },
  reads: [],
  secret: false,
  at: '/test',
});

/** A template whose expression is a function of the data; `reads` as the compiler would have found them. */
export const expression = (
  evaluate: (
    data: Parameters<Extract<Template['root'], { kind: 'expression' }>['expression']['evaluate']>[0],
  ) => JsonValue,
  reads: Template['reads'] = [],
): Template => ({
  root: { kind: 'expression', expression: { source: String(evaluate), evaluate } },
  reads,
  secret: false,
  at: '/test',
});

export const script = (inputs: JsonValue | Template = {}): Action => ({
  kind: 'script',
  interpreter: 'bash',
  content: { digest: 'd'.repeat(64) },
  inputs: isTemplate(inputs) ? inputs : literal(inputs),
  ignoreChanges: [],
  reboots: 0,
});

/** Runs a child; in tests without drivers nobody looks at its definition. */
export const child = (inputs: JsonValue = {}): Action => ({
  kind: 'workflow',
  definition: 'c'.repeat(64),
  inputs: literal(inputs),
  members: new Map(),
});

export const call = (url: JsonValue = 'https://x.org/a', until?: string): Action => ({
  kind: 'http',
  method: 'GET',
  url: literal(url),
  headers: literal({}),
  ...(until !== undefined && { until }),
  outputs: {},
});

/** A call of the owner's cloud. */
export const cloudCall = (path: JsonValue = '/servers', more: Partial<OpenstackAction> = {}): Action => ({
  kind: 'openstack',
  service: 'compute',
  method: 'GET',
  path: literal(path),
  headers: literal({}),
  outputs: {},
  ...more,
});

const isTemplate = (value: JsonValue | Template): value is Template =>
  typeof value === 'object' && value !== null && 'root' in value && 'reads' in value;

export const output = (name: string, more: Partial<StateOutput> = {}): StateOutput => ({
  name,
  type: 'string',
  description: '',
  hidden: false,
  optional: false,
  constraints: [],
  ...more,
});

/**
 * `'prepared'`: the same member's; `'sql.prepared'`: all; `'sql.prepared@2'`, `@any`, `@majority`, `@60%`: a quorum;
 * `'sql.prepared@any!failed'`, `'prepared!final'`: another outcome. `'0? a'`, `'0? b'`: one of those numbered 0 is enough.
 */
export function requirement(text: string, entity: string, inferred = false): Requirement {
  const [, choice, plain = text] = /^(\d)\? (.*)$/.exec(text) ?? [];
  const [demand = '', ending] = plain.split('!');
  const [name = '', quorum] = demand.split('@');
  const [first = '', second] = name.split('.');
  const more = {
    inferred,
    ...(ending && { outcome: ending as RequiredOutcome }),
    ...(choice && { choice: Number(choice) }),
  };
  if (second === undefined) return { entity, state: first, members: { kind: 'same' }, ...more };
  return { entity: first, state: second, members: quorumOf(quorum), ...more };
}

function quorumOf(text: string | undefined): Quorum {
  if (text === undefined) return { kind: 'all' };
  if (text === 'any' || text === 'majority' || text === 'all') return { kind: text };
  if (text.endsWith('%')) return { kind: 'percent', percent: Number.parseInt(text, 10) };
  return { kind: 'count', count: Number(text) };
}

export interface StateSpec extends Partial<Omit<State, 'requires' | 'retry' | 'outputs' | 'undo'>> {
  readonly needs?: readonly string[];
  readonly retry?: Partial<State['retry']>;
  readonly out?: readonly StateOutput[];
  readonly undo?: { readonly action: Action } & Partial<Omit<NonNullable<State['undo']>, 'retry'>> & {
      readonly retry?: Partial<State['retry']>;
    };
}

const RETRY: State['retry'] = { attempts: 1, delay: 0, backoff: 1, maxDelay: 3_600_000, jitter: 0 };

/** A state with the parser's defaults; without `action` it runs a script, `join()` makes it a join. */
export function state(entity: string, name: string, spec: StateSpec = {}): State {
  const { needs = [], retry, out = [], undo, ...rest } = spec;
  return {
    name,
    entity,
    description: '',
    requires: needs.map(text => requirement(text, entity)),
    only: [],
    except: [],
    action: script(),
    timeout: 600_000,
    retry: { ...RETRY, ...retry },
    onFailure: 'fail',
    onInterrupted: spec.probe ? 'probe' : spec.idempotent ? 'rerun' : 'fail',
    idempotent: false,
    exclusive: true,
    outputs: new Map(out.map(item => [item.name, item])),
    ...(undo && { undo: { timeout: 600_000, ...undo, retry: { ...RETRY, ...undo.retry } } }),
    ...rest,
  };
}

/** The same state without an action: reached as soon as what it requires is. */
export function join(entity: string, name: string, spec: StateSpec = {}): State {
  const { action: _, ...rest } = state(entity, name, spec);
  return rest;
}

/** A rolling `r` of the states, one member at a time. */
export const rolling = (states: readonly string[], more: Partial<Rolling> = {}): Rolling => ({
  name: 'r',
  states,
  serial: { kind: 'window', size: { count: 1 } },
  maxFailures: 0,
  ...more,
});

export interface EntitySpec {
  readonly type?: Entity['type'];
  readonly min?: number;
  readonly max?: number;
  readonly roles?: readonly Role[];
  readonly states: readonly State[];
}

export function entity(name: string, spec: EntitySpec): Entity {
  const type = spec.type ?? 'vm_group';
  const size = { vm_group: [0, 1_000], vm: [1, 1], service: [0, 0] }[type] as [number, number];
  return {
    name,
    type,
    description: '',
    members: { min: spec.min ?? size[0], max: spec.max ?? size[1] },
    roles: new Map((spec.roles ?? []).map(role => [role.name, role])),
    states: new Map(spec.states.map(item => [item.name, item])),
  };
}

/** `goal`: such as `['service.deployed']`. */
export function definition(
  entities: readonly Entity[],
  goal: readonly string[],
  more: Partial<WorkflowDefinition> = {},
): WorkflowDefinition {
  return {
    version: '2026-11-01',
    description: 'test',
    inputs: new Map(),
    entities: new Map(entities.map(item => [item.name, item])),
    goal: goal.map(text => {
      const [entityName = '', stateName = ''] = text.split('.');
      return { entity: entityName, state: stateName };
    }),
    outputs: new Map(),
    failureMode: 'continue',
    onWorkflowFailure: 'keep',
    contents: new Map(),
    digest: 'd'.repeat(64),
    ...more,
  };
}

/** `count` members `sql-0`, `sql-1`, … whose agents have the same names. */
export const group = (name: string, count: number): readonly Member[] =>
  Array.from({ length: count }, (_, index) => ({
    agent: `${name}-${index}`,
    name: `${name}-${index}`,
    index,
    data: {},
  }));

/** Members for every entity: `{sql: 3}`. */
export const membership = (sizes: { readonly [entity: string]: number }): Membership =>
  new Map(Object.entries(sizes).map(([name, count]) => [name, group(name, count)]));
