// All kinds of actions; a new kind is one new file and one line here.
// Belongs here: the table, and reading "one key says the kind". Does not belong here: fields of any kind.
import { isObject } from '../../base/json.ts';
import type { ActionDraft } from '../draft.ts';
import { ACTION_KEYS } from '../keys.ts';
import { pointerTo } from '../positions.ts';
import { type Node, typeName } from '../reader.ts';
import type { ActionKind } from '../types.ts';
import { file } from './file.ts';
import type { ActionContext, KindOfAction } from './kind.ts';
import { online } from './online.ts';
import { script } from './script.ts';
import { set } from './set.ts';
import { wait } from './wait.ts';

export const ACTIONS = { online, script, file, wait, set } satisfies Record<ActionKind, KindOfAction>;

/** Reads a map with exactly one action key among `allowed`; keys in `besides` belong to whoever called. */
export function readAction(
  node: Node,
  context: ActionContext,
  allowed: readonly ActionKind[] = ACTION_KEYS,
  besides: readonly string[] = [],
): ActionDraft | undefined {
  const { report, what } = context;
  if (!isObject(node.value)) {
    report.add('wrong_type', node.at, `The action of ${what} must be a map, not ${typeName(node.value)}.`, {
      hint: `Its one key is ${allowed.join(', ')}.`,
    });
    return undefined;
  }
  const { value } = node;
  const kinds = allowed.filter(kind => Object.hasOwn(value, kind));
  for (const key of Object.keys(value)) {
    if (allowed.some(kind => kind === key) || besides.includes(key)) continue;
    const near = { name: key, known: [...allowed, ...besides] };
    report.add(
      'unknown_key',
      pointerTo(node.at, key),
      `The action of ${what} has unknown key '${key.slice(0, 60)}'.`,
      { near, key: true },
    );
  }
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const code = kind === undefined ? 'missing_key' : 'wrong_value';
    report.add(code, node.at, `The action of ${what} must be exactly one of ${allowed.join(', ')}.`);
    return undefined;
  }
  return readKind(kind, { value: value[kind] ?? null, at: pointerTo(node.at, kind) }, context);
}

function readKind(kind: ActionKind, node: Node, context: ActionContext): ActionDraft | undefined {
  if (ACTIONS[kind].needsVm && context.entityType === 'service') {
    const message = `${context.what} is of a service, which has no VM, so it cannot have the action ${kind}.`;
    context.report.add('wrong_value', node.at, message, {
      hint: 'Put it on a vm or vm_group, and require that state here.',
      key: true,
    });
    return undefined;
  }
  return ACTIONS[kind].read(node, context);
}
