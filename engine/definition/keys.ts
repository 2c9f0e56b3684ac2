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
  'set',
] as const;

/** Actions that may follow when attempts are spent. To ask a person there is `then: pause`. */
export const RESCUE_KEYS = ['script', 'file', 'reboot', 'online', 'wait'] as const;

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
    'outputs',
  ],
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
    'requires',
    'only',
    'except',
    'once',
    'condition',
    'action',
    'run_on',
    'probe',
    'undo',
    'timeout',
    'retry',
    'on_failure',
    'on_interrupted',
    'idempotent',
    'exclusive',
    'serial',
    'max_failures',
    'outputs',
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
  set: ['outputs', 'generate'],
  'generated secret': ['length', 'character_classes'],
  'character class': ['class', 'min'],
  retry: ['attempts', 'delay', 'backoff', 'max_delay', 'jitter', 'when'],
  on_failure: ['action', 'then', 'times'],
  rescue: RESCUE_KEYS,
  undo: ['script', 'file', 'run_on', 'timeout', 'retry', 'on_failure'],
  probe: ['script', 'run_on'],
  'state output': ['type', 'description', 'hidden', 'optional', 'constraints', 'schema'],
  'workflow output': ['value', 'description', 'hidden'],
} as const satisfies Record<string, readonly string[]>;

export type KeyPlace = keyof typeof KEYS;
