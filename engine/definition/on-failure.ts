// `on_failure`: what follows once the attempts of a state are spent.
// Belongs here: reading it. Does not belong here: how often it is tried before (retry.ts), carrying it out (machine/).
import { isObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { readAction } from './actions/index.ts';
import type { ActionContext } from './actions/kind.ts';
import type { RescueDraft } from './draft.ts';
import { RESCUE_KEYS } from './keys.ts';
import { type Fields, readMap } from './reader.ts';
import { ON_FAILURE, type OnFailure } from './types.ts';

export interface OnFailureDraft {
  readonly onFailure: OnFailure;
  readonly rescue?: RescueDraft;
}

export function readOnFailure(state: Fields, context: ActionContext): OnFailureDraft {
  const node = state.get('on_failure');
  const fields = node && readMap(state.report, node, 'on_failure', `on_failure of ${state.what}`);
  if (fields === undefined) return { onFailure: 'fail' };
  fields.required('then', `Write one of ${ON_FAILURE.join(', ')}.`);
  const onFailure = fields.choice('then', ON_FAILURE) ?? 'fail';
  const times = fields.integer('times', 1, LIMITS.rescues) ?? 1;
  const action = readRescue(fields, context);
  if (onFailure === 'retry' && !fields.has('action')) missingRescue(fields);
  if (onFailure === 'undo' && !hasUndo(state) && !runsChild(state)) missingUndo(fields, context.what);
  if (onFailure !== 'retry' && fields.has('times')) idleTimes(fields, onFailure);
  return { onFailure, ...(action === undefined ? {} : { rescue: { action, times } }) };
}

/** A child is taken back by being deleted. */
const runsChild = (state: Fields): boolean => {
  const action = state.get('action')?.value;
  return isObject(action) && 'workflow' in action;
};

function readRescue(fields: Fields, context: ActionContext) {
  const node = fields.get('action');
  return (
    node &&
    readAction(node, { ...context, what: `the rescue of ${context.what}`, phase: 'rescue' }, RESCUE_KEYS)
  );
}

function missingRescue(fields: Fields): void {
  fields.report.add(
    'missing_key',
    fields.place('then'),
    `${fields.what} is 'retry', but no action comes before it, so it would fail in the same way.`,
    { hint: 'Add what mends it: action: {script: …}. To only try again write retry: {attempts: 2}.' },
  );
}

/** A stack has one that nobody has to write. */
function hasUndo(state: Fields): boolean {
  const action = state.get('action')?.value;
  return state.has('undo') || (isObject(action) && 'stack' in action);
}

function missingUndo(fields: Fields, what: string): void {
  fields.report.add(
    'missing_key',
    fields.place('then'),
    `${fields.what} is 'undo', but ${what} has no undo.`,
    {
      hint: 'Write undo: {script: …} beside on_failure, or then: fail.',
    },
  );
}

function idleTimes(fields: Fields, onFailure: OnFailure): void {
  fields.report.add(
    'wrong_value',
    fields.place('times'),
    `${fields.what} has 'times', which counts new beginnings, but then is '${onFailure}'.`,
    { hint: "Remove 'times', or write then: retry.", key: true },
  );
}
