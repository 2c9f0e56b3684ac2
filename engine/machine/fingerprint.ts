// What an action is made of, as keyed hashes: by them an update finds out what changed (R3, row 26).
// Belongs here: what is in a fingerprint, and comparing two. Does not belong here: what follows from a change
// (update/judge.ts), the key (runtime/secrets.ts).
//
// In it: the kind, its evaluated fields, the digests of its files, `run_as`, and the agent that `run_on` names. Not in it:
// times, retries, reboots, what follows a failure, undo, probe, requirements, descriptions, declared outputs. Inputs are
// hashed one by one, so that `ignore_changes` may be written later, and a plan can name the one that changed. Hidden
// values are in it by reference: equal references mean equal values, and none has to be opened.
import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Action } from '../definition/types.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { DataView } from '../definition/expressions/types.ts';
import type { Step } from '../graph/types.ts';
import { childTask } from './child.ts';
import { resolve } from './command.ts';
import type { Hash } from './state.ts';
import type { Fingerprint, ResolvedAction } from './types.ts';
import { dataView, type ViewSource } from './view.ts';

/** Hexadecimal digits kept of a hash: enough to tell a change, and a record stays small. */
const DIGITS = 16;
/** Expressions that read `attempt` see this one: how often it was tried makes no difference. */
const ATTEMPT = 1;

interface Parts {
  readonly action: JsonValue;
  readonly inputs?: JsonObject;
}

/**
 * Of the step's action as it would run now; undefined: it has none. Throws EngineError `expression_failed` where it could not
 * run now.
 */
export function fingerprintOf(source: ViewSource, step: Step, hash: Hash): Fingerprint | undefined {
  const { action, runOn } = step.state;
  if (!action) return undefined;
  const view = dataView(source, { step, attempt: ATTEMPT });
  const parts = partsOf(source, step, action, view);
  const place = runOn ? { place: evaluateTemplate(runOn, view) } : {};
  const short = (value: JsonValue): string => hash(value).slice(0, DIGITS);
  const inputs = Object.entries(parts.inputs ?? {}).map(([name, value]) => [name, short(value)] as const);
  return {
    action: short({ action: parts.action, ...place }),
    ...(parts.inputs && { inputs: Object.fromEntries(inputs) }),
  };
}

/** Inputs of the step's action as it would run now, encoded; none of an action without. Throws as `fingerprintOf`. */
export function inputsNow(source: ViewSource, step: Step): JsonObject {
  const { action } = step.state;
  return (action && partsOf(source, step, action, dataView(source, { step, attempt: ATTEMPT })).inputs) ?? {};
}

/** Names of what differs: `action`, or an input; `ignored`: inputs that make no difference, or all. */
export function changedParts(
  before: Fingerprint,
  now: Fingerprint,
  ignored: readonly string[] | 'all',
): readonly string[] {
  const names = new Set([...Object.keys(before.inputs ?? {}), ...Object.keys(now.inputs ?? {})]);
  const changed = [...names].filter(name => before.inputs?.[name] !== now.inputs?.[name]);
  const told = ignored === 'all' ? [] : changed.filter(name => !ignored.includes(name));
  return [...(before.action === now.action ? [] : ['action']), ...told];
}

/** Inputs that the action says make no difference. */
export const ignoredBy = (action: Action | undefined): readonly string[] | 'all' =>
  action?.kind === 'script' ? action.ignoreChanges : [];

function partsOf(source: ViewSource, step: Step, action: Action, view: DataView): Parts {
  switch (action.kind) {
    case 'wait':
      return { action: { kind: action.kind, duration: action.duration } };
    case 'signal':
      return { action: { kind: action.kind, name: action.name } };
    case 'approval':
      return { action: { kind: action.kind, message: evaluateTemplate(action.message, view) } };
    case 'workflow':
      return partsOfResolved(childTask(source, step, action, view));
    case 'set':
      if (!action.generate)
        return { action: { kind: action.kind, outputs: evaluateTemplate(action.outputs, view) } };
      return partsOfResolved(resolve(step, action, view, UNNAMED));
    case 'online':
    case 'script':
    case 'file':
    case 'reboot':
    case 'http':
    case 'openstack':
    case 'stack':
      return partsOfResolved(resolve(step, action, view, UNNAMED));
    default:
      return action satisfies never;
  }
}

/** Neither is part of a fingerprint. */
const UNNAMED = { idempotent: false, name: '' };

function partsOfResolved(action: ResolvedAction): Parts {
  switch (action.kind) {
    case 'script': {
      const { inputs, reboots: _, ...rest } = action;
      return { action: rest, inputs };
    }
    case 'http':
    case 'openstack': {
      const { outputs: _, repeatable: __, ...rest } = action;
      return { action: rest as unknown as JsonValue };
    }
    case 'stack': {
      if (action.change === 'delete') return { action: { kind: action.kind, change: action.change } };
      return { action: { kind: action.kind, digest: action.digest }, inputs: action.parameters };
    }
    case 'generate': {
      const { since: _, ...rest } = action;
      return { action: rest as unknown as JsonValue };
    }
    case 'workflow': {
      if (action.task !== 'run') return { action: { kind: action.kind, task: action.task } };
      const { definition, members, inputs } = action;
      return {
        action: { kind: action.kind, definition, members: members as unknown as JsonValue },
        inputs,
      };
    }
    case 'online':
    case 'file':
    case 'reboot':
      return { action: action as unknown as JsonValue };
    default:
      return action satisfies never;
  }
}
