// The definition as a JSON Schema (2020-12), for editors: what may stand where, while somebody writes.
// Belongs here: the form of the value of every key in keys.ts; the compiler demands a line here for each.
// Does not belong here: what only the parser can judge (names that exist, expressions, cycles): it judges all of it.
import { NAME } from '../base/ids.ts';
import type { JsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { CUSTOM_CONSTRAINTS } from './custom-constraints.ts';
import { CHARACTER_CLASSES } from './actions/generate.ts';
import { ACTION_KEYS, CHANGE_KEYS, KEYS, type KeyPlace, RESCUE_KEYS } from './keys.ts';
import { HOT_FUNCTIONS } from './names.ts';
import { OPERATION_FAILURE } from './operations/types.ts';
import {
  CHOICES,
  FAILURE_MODES,
  HTTP_METHODS,
  INTERPRETERS,
  ON_CHANGE,
  ON_FAILURE,
  ON_WORKFLOW_FAILURE,
  REQUIRED_OUTCOMES,
  ROLE_RULES,
  WORKFLOW_VERSIONS,
} from './types.ts';

type Schema = JsonObject;

const anything: Schema = {};
const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const number: Schema = { type: 'number' };
const oneOf = (...words: readonly string[]): Schema => ({ enum: [...words] });
const whole = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const at = (place: KeyPlace): Schema => ({ $ref: `#/$defs/${place.replaceAll(' ', '_')}` });

/** A key without a value counts as an empty map. */
const map = (values: Schema, names: Schema = {}): Schema => ({
  type: ['object', 'null'],
  propertyNames: names,
  additionalProperties: values,
});
/** A single value counts as a list of one. */
const oneOrMore = (item: Schema): Schema => ({ anyOf: [item, { type: 'array', items: item }] });

const name: Schema = { type: 'string', pattern: NAME.source, not: { enum: [...HOT_FUNCTIONS] } };
const named = (values: Schema): Schema => map(values, name);

const NAME_PART = NAME.source.slice(1, -1);
const stateName: Schema = { type: 'string', pattern: `^(?:${NAME_PART}\\.)?${NAME_PART}$` };
const qualifiedName: Schema = { type: 'string', pattern: `^${NAME_PART}\\.${NAME_PART}$` };

/** Always with its unit: `90s`, `30m`, `1h30m`. */
const time: Schema = { type: 'string', pattern: '^(?=\\d)(?:\\d{1,9}h)?(?:\\d{1,9}m)?(?:\\d{1,9}s)?$' };
const size: Schema = { type: 'string', pattern: '^\\d{1,9} ?(?:KiB|MiB|GiB|TiB|KB|MB|GB|TB)$' };
/** A whole value that is computed. */
const expression: Schema = { type: 'string', pattern: '<%' };
const condition: Schema = { type: ['string', 'boolean'] };

const type = oneOf('string', 'number', 'integer', 'boolean', 'list', 'map', 'comma_delimited_list', 'json');
/** Of a map: its keys; of a list: its items. A type alone is short for a declaration. */
const inner: Schema = {
  anyOf: [type, at('schema item'), map({ anyOf: [type, at('schema item')] })],
};
const declaration = {
  type,
  description: text,
  constraints: oneOrMore(at('constraint')),
  schema: inner,
};

const scriptText: Schema = { anyOf: [text, at('script text')] };
const quorum: Schema = {
  anyOf: [
    oneOf('all', 'any', 'majority'),
    whole(1, LIMITS.members),
    { type: 'string', pattern: '^(?:[1-9]\\d?|100)%$' },
  ],
};

const serial = oneOrMore({
  anyOf: [whole(1, LIMITS.members), { type: 'string', pattern: '^(?:[1-9]\\d?|100)%$' }],
});
const maxFailures = whole(0, LIMITS.members);

/** What `http` and `openstack` share. */
const callKeys = {
  method: oneOf(...HTTP_METHODS),
  headers: map({ type: ['string', 'number', 'boolean'] }, { pattern: "^[A-Za-z0-9!#%&'*+.^_`|~-]{1,200}$" }),
  body: anything,
  expect: { anyOf: [oneOrMore(whole(100, 599)), expression] },
  until: expression,
  outputs: named(anything),
};

/** The form of every value. */
const VALUES: { readonly [Place in KeyPlace]: { readonly [Key in (typeof KEYS)[Place][number]]: Schema } } = {
  workflow: {
    workflow_version: oneOf(...WORKFLOW_VERSIONS),
    description: text,
    inputs: named(at('input')),
    entities: named(at('entity')),
    goal: oneOrMore(qualifiedName),
    failure_mode: oneOf(...FAILURE_MODES),
    on_workflow_failure: oneOf(...ON_WORKFLOW_FAILURE),
    deadline: time,
    wait_for_stragglers: time,
    operations: named(at('operation')),
    outputs: named(at('workflow output')),
  },
  operation: {
    description: text,
    inputs: named(at('input')),
    requires: oneOrMore(qualifiedName),
    steps: oneOrMore(at('operation step')),
    goal: oneOrMore(qualifiedName),
    on_failure: oneOf(...OPERATION_FAILURE),
  },
  'operation step': {
    rerun: oneOrMore(qualifiedName),
    of: expression,
    choose_again: oneOrMore(qualifiedName),
    move: qualifiedName,
    to: expression,
  },
  input: { ...declaration, label: text, default: anything, hidden: flag },
  'schema item': { ...declaration, default: anything },
  constraint: {
    length: at('bounds'),
    range: at('bounds'),
    modulo: at('modulo'),
    allowed_values: oneOrMore(anything),
    allowed_pattern: text,
    custom_constraint: oneOf(...CUSTOM_CONSTRAINTS.keys()),
    description: text,
  },
  bounds: { min: number, max: number },
  modulo: { step: number, offset: number },
  entity: {
    type: oneOf('service', 'vm', 'vm_group'),
    description: text,
    members: at('members'),
    roles: named(at('role')),
    rolling: named(at('rolling')),
    states: named(at('state')),
  },
  members: { min: whole(0, LIMITS.members), max: whole(1, LIMITS.members) },
  role: {
    choose: oneOf(...CHOICES),
    where: expression,
    highest: expression,
    lowest: expression,
    among: name,
    count: whole(1, LIMITS.members),
  },
  rolling: { states: oneOrMore(name), serial, max_failures: maxFailures, order: expression },
  state: {
    description: text,
    was: name,
    requires: oneOrMore({ anyOf: [stateName, at('requirement')] }),
    only: oneOrMore(name),
    except: oneOrMore(name),
    once: name,
    condition,
    action: at('action'),
    run_on: expression,
    probe: at('probe'),
    undo: at('undo'),
    timeout: time,
    retry: at('retry'),
    on_failure: at('on_failure'),
    on_interrupted: oneOf('rerun', 'probe', 'pause', 'fail'),
    idempotent: flag,
    valid_for: time,
    exclusive: flag,
    interruptible: flag,
    on_change: { anyOf: [oneOf(...ON_CHANGE), at('change')] },
    rerun_after: oneOrMore(stateName),
    retire_after: oneOrMore(stateName),
    serial,
    max_failures: maxFailures,
    outputs: named(at('state output')),
  },
  requirement: {
    state: stateName,
    members: quorum,
    outcome: oneOf('reached', ...REQUIRED_OUTCOMES),
    within: time,
    any_of: oneOrMore({ anyOf: [stateName, at('requirement')] }),
  },
  action: {
    online: at('online'),
    script: at('script'),
    file: at('file'),
    reboot: at('reboot action'),
    wait: at('wait'),
    signal: at('signal'),
    approval: at('approval'),
    http: at('http'),
    set: at('set'),
    workflow: at('workflow action'),
    stack: at('stack'),
    openstack: at('openstack'),
  },
  online: {
    os: oneOf('linux', 'windows', 'darwin', 'other'),
    min_disk: size,
    interpreter: oneOf(...INTERPRETERS),
  },
  script: {
    bash: scriptText,
    sh: scriptText,
    powershell: scriptText,
    python: scriptText,
    cmd: scriptText,
    inputs: map(anything, { pattern: '^[A-Za-z_][A-Za-z0-9_]{0,62}$' }),
    ignore_changes: oneOrMore(text),
    run_as: text,
    working_directory: text,
    reboot: at('reboot'),
  },
  'script text': { file: text },
  reboot: { max: whole(0, 20) },
  file: {
    path: text,
    content: text,
    file: text,
    template: flag,
    url: text,
    sha256: { anyOf: [{ type: 'string', pattern: '^[0-9a-f]{64}$' }, expression] },
    mode: { type: 'string', pattern: '^(?:0?[0-7]{3}|[0-7]{4})$' },
    owner: text,
  },
  'reboot action': {},
  wait: { for: time },
  signal: { name: { type: 'string', pattern: NAME.source } },
  approval: { message: text },
  http: { ...callKeys, url: text },
  openstack: {
    ...callKeys,
    service: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,62}$' },
    path: text,
    microversion: { type: 'string', pattern: '^(?:\\d{1,4}\\.\\d{1,4}|latest)$' },
  },
  set: { outputs: named(anything), generate: named(at('generated secret')) },
  'workflow action': {
    definition: { anyOf: [at('child definition'), { $ref: '#' }] },
    inputs: named(anything),
    members: named(oneOrMore(expression)),
  },
  'child definition': { file: text },
  stack: {
    template: { anyOf: [text, at('template text')] },
    parameters: map(anything),
    outputs: named(text),
  },
  'template text': { file: text },
  'stack undo': {},
  'generated secret': {
    length: whole(LIMITS.shortestSecret, LIMITS.longestSecret),
    character_classes: oneOrMore(at('character class')),
  },
  'character class': { class: oneOf(...CHARACTER_CLASSES), min: whole(0, LIMITS.longestSecret) },
  retry: {
    attempts: whole(1, LIMITS.attempts),
    delay: time,
    backoff: { type: 'number', minimum: 1, maximum: 100 },
    max_delay: time,
    jitter: { type: 'number', minimum: 0, maximum: 1 },
    when: condition,
  },
  // oxlint-disable-next-line unicorn/no-thenable -- the language's word; nobody awaits a schema
  on_failure: { action: at('rescue'), then: oneOf(...ON_FAILURE), times: whole(1, LIMITS.rescues) },
  rescue: {
    script: at('script'),
    file: at('file'),
    reboot: at('reboot action'),
    online: at('online'),
    wait: at('wait'),
    http: at('http'),
    openstack: at('openstack'),
  },
  change: {
    script: at('script'),
    file: at('file'),
    reboot: at('reboot action'),
    http: at('http'),
    openstack: at('openstack'),
  },
  undo: {
    script: at('script'),
    file: at('file'),
    http: at('http'),
    openstack: at('openstack'),
    stack: at('stack undo'),
    run_on: expression,
    timeout: time,
    retry: at('retry'),
    on_failure: oneOf('fail', 'continue'),
  },
  probe: { script: at('script'), http: at('http'), openstack: at('openstack'), run_on: expression },
  'state output': { ...declaration, hidden: flag, optional: flag },
  'workflow output': { value: anything, description: text, hidden: flag },
};

/** Keys that must stand there. */
const REQUIRED: { readonly [Place in KeyPlace]?: readonly (typeof KEYS)[Place][number][] } = {
  workflow: ['workflow_version', 'entities', 'goal'],
  operation: ['steps'],
  input: ['type'],
  'schema item': ['type'],
  modulo: ['step'],
  entity: ['type', 'states'],
  role: ['among'],
  rolling: ['states', 'serial'],
  'script text': ['file'],
  stack: ['template'],
  'template text': ['file'],
  file: ['path'],
  wait: ['for'],
  signal: ['name'],
  approval: ['message'],
  'workflow action': ['definition'],
  'child definition': ['file'],
  http: ['url'],
  openstack: ['service', 'path'],
  'character class': ['class'],
  on_failure: ['then'],
  'state output': ['type'],
  'workflow output': ['value'],
};

/** Keys of which exactly one must stand there. */
const EXACTLY_ONE: { readonly [Place in KeyPlace]?: readonly (typeof KEYS)[Place][number][] } = {
  'operation step': ['rerun', 'choose_again', 'move'],
  requirement: ['state', 'any_of'],
  constraint: ['length', 'range', 'modulo', 'allowed_values', 'allowed_pattern', 'custom_constraint'],
  role: ['choose', ...ROLE_RULES],
  action: ACTION_KEYS,
  rescue: RESCUE_KEYS,
  change: CHANGE_KEYS,
  script: INTERPRETERS,
  file: ['content', 'file', 'url'],
  undo: ['script', 'file', 'http', 'openstack', 'stack'],
  probe: ['script', 'http', 'openstack'],
};

/** Keys of which at least one must stand there. */
const ANY_OF: { readonly [Place in KeyPlace]?: readonly (typeof KEYS)[Place][number][] } = {
  set: ['outputs', 'generate'],
};

/** Keys that stand there only together. */
const TOGETHER: { readonly [Place in KeyPlace]?: JsonObject } = {
  'operation step': { of: ['rerun'], to: ['move'], move: ['to'] },
  file: { template: ['file'], sha256: ['url'], url: ['sha256'] },
};

function schemaOf(place: KeyPlace): Schema {
  const required: readonly string[] = REQUIRED[place] ?? [];
  const choices: readonly string[] = EXACTLY_ONE[place] ?? [];
  const some: readonly string[] = ANY_OF[place] ?? [];
  const mayBeEmpty = required.length + choices.length + some.length === 0;
  return {
    type: mayBeEmpty ? ['object', 'null'] : 'object',
    properties: VALUES[place] as JsonObject,
    additionalProperties: false,
    ...(required.length > 0 && { required: [...required] }),
    ...(TOGETHER[place] && { dependentRequired: TOGETHER[place] }),
    ...(some.length > 0 && { anyOf: some.map(key => ({ required: [key] })) }),
    ...(choices.length > 0 && { oneOf: choices.map(key => ({ required: [key] })) }),
  };
}

/**
 * The JSON Schema of a definition. What it refuses the parser refuses; the parser refuses more.
 * A new object each time: validators resolve references in place.
 */
export function definitionSchema(): JsonObject {
  const { workflow: _, ...inside } = KEYS;
  const places = Object.keys(inside) as Exclude<KeyPlace, 'workflow'>[];
  return structuredClone<JsonObject>({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'murano-workflow definition',
    ...schemaOf('workflow'),
    $defs: Object.fromEntries(places.map(place => [place.replaceAll(' ', '_'), schemaOf(place)])),
  });
}
