// Every key that a definition may contain, by the place it stands in.
// Belongs here: the vocabulary as data, so that readers, "did you mean" and docs/reference/definition.md agree
// (test/definition/reference.test.ts). Does not belong here: what a key means.
import { INTERPRETERS, ROLE_RULES } from './types.ts';

export const ACTION_KEYS = [
  'online',
  'script',
  'file',
  'reboot',
  'wait',
  'signal',
  'approval',
  'http',
  'set',
  'workflow',
  'stack',
  'openstack',
] as const;

/** Actions that may follow when attempts are spent. To ask a person there is `then: pause`. */
export const RESCUE_KEYS = ['script', 'file', 'reboot', 'online', 'wait', 'http', 'openstack'] as const;

/** Actions that another may take the place of when they change (`on_change`), and those that may. */
export const CHANGE_KEYS = ['script', 'file', 'reboot', 'http', 'openstack'] as const;

/** Of a state that has an action: without one they say nothing. */
export const ACTION_STATE_KEYS = [
  'run_on',
  'probe',
  'undo',
  'timeout',
  'retry',
  'on_failure',
  'on_interrupted',
  'idempotent',
  'valid_for',
  'exclusive',
  'interruptible',
  'on_change',
  'rerun_after',
  'retire_after',
  'serial',
  'max_failures',
  'outputs',
] as const;

export const KEYS = {
  workflow: [
    'workflow_version',
    'description',
    'inputs',
    'entities',
    'goal',
    'failure_mode',
    'on_workflow_failure',
    'deadline',
    'wait_for_stragglers',
    'operations',
    'outputs',
  ],
  operation: ['description', 'inputs', 'requires', 'steps', 'goal', 'on_failure'],
  'operation step': ['rerun', 'of', 'choose_again', 'move', 'to'],
  input: ['type', 'label', 'description', 'default', 'hidden', 'constraints', 'schema'],
  'schema item': ['type', 'description', 'default', 'constraints', 'schema'],
  constraint: [
    'length',
    'range',
    'modulo',
    'allowed_values',
    'allowed_pattern',
    'custom_constraint',
    'description',
  ],
  bounds: ['min', 'max'],
  modulo: ['step', 'offset'],
  entity: ['type', 'description', 'members', 'roles', 'rolling', 'states'],
  members: ['min', 'max'],
  role: ['choose', ...ROLE_RULES, 'among', 'count'],
  rolling: ['states', 'serial', 'max_failures', 'order'],
  state: [
    'description',
    'was',
    'requires',
    'only',
    'except',
    'once',
    'condition',
    'action',
    ...ACTION_STATE_KEYS,
  ],
  requirement: ['state', 'members', 'outcome', 'within', 'any_of'],
  action: ACTION_KEYS,
  online: ['os', 'min_disk', 'interpreter'],
  script: [...INTERPRETERS, 'inputs', 'ignore_changes', 'run_as', 'working_directory', 'reboot'],
  'script text': ['file'],
  reboot: ['max'],
  file: ['path', 'content', 'file', 'template', 'url', 'sha256', 'mode', 'owner'],
  'reboot action': [],
  wait: ['for'],
  signal: ['name'],
  approval: ['message'],
  http: ['method', 'url', 'headers', 'body', 'expect', 'until', 'outputs'],
  openstack: ['service', 'method', 'path', 'microversion', 'headers', 'body', 'expect', 'until', 'outputs'],
  set: ['outputs', 'generate'],
  'workflow action': ['definition', 'inputs', 'members'],
  'child definition': ['file'],
  stack: ['template', 'parameters', 'outputs'],
  'template text': ['file'],
  'stack undo': [],
  'generated secret': ['length', 'character_classes'],
  'character class': ['class', 'min'],
  retry: ['attempts', 'delay', 'backoff', 'max_delay', 'jitter', 'when'],
  on_failure: ['action', 'then', 'times'],
  rescue: RESCUE_KEYS,
  change: CHANGE_KEYS,
  undo: ['script', 'file', 'http', 'openstack', 'stack', 'run_on', 'timeout', 'retry', 'on_failure'],
  probe: ['script', 'http', 'openstack', 'run_on'],
  'state output': ['type', 'description', 'hidden', 'optional', 'constraints', 'schema'],
  'workflow output': ['value', 'description', 'hidden'],
} as const satisfies Record<string, readonly string[]>;

export type KeyPlace = keyof typeof KEYS;
