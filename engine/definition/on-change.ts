// `on_change`: what becomes of a reached step whose action says something else in a later generation (R3).
// Belongs here: reading it, and what cannot be said of which action. Does not belong here: what a change is (machine/update/).
import { isObject } from '../base/json.ts';
import { readAction } from './actions/index.ts';
import type { ActionContext } from './actions/kind.ts';
import type { ActionDraft, RequirementDraft } from './draft.ts';
import { CHANGE_KEYS } from './keys.ts';
import type { Fields, Node } from './reader.ts';
import { readRetireAfter } from './requires.ts';
import { ON_CHANGE } from './types.ts';

export interface OnChangeDraft {
  readonly onChange?: 'keep' | 'replace';
  readonly retireAfter?: readonly RequirementDraft[];
  readonly changeAction?: ActionDraft;
}

export function readOnChange(
  fields: Fields,
  action: ActionDraft | undefined,
  context: ActionContext,
): OnChangeDraft {
  const node = fields.get('on_change');
  if (node && action?.kind === 'set') refuse(fields, 'but what is computed follows what it reads.');
  if (!isObject(node?.value)) {
    const said = fields.choice('on_change', ON_CHANGE);
    if (said === 'replace') return readReplacement(fields, action);
    refuseRetirement(fields);
    return said === 'keep' ? { onChange: said } : {};
  }
  refuseRetirement(fields);
  if (action && action.kind !== 'set' && !CHANGE_KEYS.some(kind => kind === action.kind))
    refuse(fields, `but no other action can take the place of its action ${action.kind}.`);
  const what = `on_change of ${context.what}`;
  const changeAction = readAction(node as Node, { ...context, what, phase: 'change' }, CHANGE_KEYS);
  return changeAction === undefined ? {} : { changeAction };
}

/** Actions of which two may be there at a time: what they make can have a name of its own, and be taken back by it. */
const BESIDE = new Set<string>(['script', 'http', 'openstack', 'workflow', 'stack']);

/** The new runs beside the old, which is undone when all that was to follow has followed. */
function readReplacement(fields: Fields, action: ActionDraft | undefined): OnChangeDraft {
  if (action && action.kind !== 'set' && !BESIDE.has(action.kind))
    refuse(fields, `but of its action ${action.kind} no second one can be there beside the first.`);
  return { onChange: 'replace', ...readRetireAfter(fields) };
}

function refuseRetirement(fields: Fields): void {
  if (!fields.has('retire_after')) return;
  const message = `${fields.what} has 'retire_after', but nothing of it is retired without 'on_change: replace'.`;
  fields.report.add('wrong_value', fields.place('retire_after'), message, {
    hint: "Write on_change: replace, or remove 'retire_after'.",
    key: true,
  });
}

function refuse(fields: Fields, why: string): void {
  const message = `${fields.what} has 'on_change', ${why}`;
  fields.report.add('wrong_value', fields.place('on_change'), message, {
    hint: "Remove 'on_change'.",
    key: true,
  });
}
