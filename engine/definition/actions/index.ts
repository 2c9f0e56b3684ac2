// All kinds of actions; a new kind is one new file and one line here.
// Belongs here: the table, and reading "one key says the kind". Does not belong here: fields of any kind.
import { isObject, type JsonObject } from '../../base/json.ts';
import type { ActionDraft } from '../draft.ts';
import { ACTION_KEYS } from '../keys.ts';
import { nearest } from '../nearest.ts';
import { pointerTo } from '../positions.ts';
import { type Node, oneOf, typeName } from '../reader.ts';
import type { ActionKind } from '../types.ts';
import { unknownKey } from '../unknown-keys.ts';
import { approval } from './approval.ts';
import { file } from './file.ts';
import { http } from './http.ts';
import type { ActionContext, KindOfAction } from './kind.ts';
import { online } from './online.ts';
import { openstack } from './openstack.ts';
import { reboot } from './reboot.ts';
import { script } from './script.ts';
import { set } from './set.ts';
import { signal } from './signal.ts';
import { stack } from './stack.ts';
import { wait } from './wait.ts';
import { workflow } from './workflow.ts';

export const ACTIONS = {
  online,
  script,
  file,
  reboot,
  wait,
  signal,
  approval,
  http,
  set,
  workflow,
  stack,
  openstack,
} satisfies Record<ActionKind, KindOfAction>;

/** Reads a map with exactly one action key among `allowed`; keys in `besides` belong to whoever called. */
export function readAction(
  node: Node,
  context: ActionContext,
  allowed: readonly ActionKind[] = ACTION_KEYS,
  besides: readonly string[] = [],
): ActionDraft | undefined {
  const { report, what } = context;
  if (!isObject(node.value)) {
    const kind = allowed.find(each => each === node.value);
    report.add('wrong_type', node.at, `The action of ${what} must be a map, not ${typeName(node.value)}.`, {
      hint: kind === undefined ? `It has one key: ${oneOf(allowed)}.` : `Write {${kind}: {}}.`,
    });
    return undefined;
  }
  const chosen = chooseKind(node.value, node.at, context, allowed, besides);
  if (chosen === undefined) return undefined;
  return readKind(
    chosen.kind,
    { value: node.value[chosen.key] ?? null, at: pointerTo(node.at, chosen.key) },
    context,
  );
}

/** The one kind that the keys name; a misspelt one is read as what it was meant to be. */
function chooseKind(
  value: JsonObject,
  at: string,
  { report, what }: ActionContext,
  allowed: readonly ActionKind[],
  besides: readonly string[],
): { readonly kind: ActionKind; readonly key: string } | undefined {
  const found: { kind: ActionKind; key: string }[] = [];
  let unknown = 0;
  for (const key of Object.keys(value)) {
    if (besides.includes(key)) continue;
    const kind = allowed.find(each => each === key);
    const meant = kind ?? nearest(key, allowed);
    if (meant !== undefined) found.push({ kind: meant as ActionKind, key });
    if (kind !== undefined) continue;
    unknown += 1;
    const known = [...allowed, ...besides];
    unknownKey(report, pointerTo(at, key), key, { what: `the action of ${what}`, known });
  }
  if (found.length === 1) return found[0];
  if (found.length > 1 || unknown === 0) {
    const code = found.length === 0 ? 'missing_key' : 'wrong_value';
    report.add(code, at, `The action of ${what} must have exactly one key: ${oneOf(allowed)}.`);
  }
  return undefined;
}

function readKind(kind: ActionKind, node: Node, context: ActionContext): ActionDraft | undefined {
  const { needsVm, placeable } = ACTIONS[kind];
  if (needsVm && context.entityType === 'service' && !(placeable && context.hasRunOn)) {
    const message = `${context.what} is of a service, which has no VM, so it cannot have the action ${kind}.`;
    const elsewhere = 'Put it on a vm or vm_group, and require that state here.';
    context.report.add('wrong_value', node.at, message, {
      hint: placeable
        ? `Say in whose VM it runs, such as ${RUN_ON_EXAMPLE}. ${plainStart(elsewhere)}`
        : elsewhere,
      key: true,
    });
    return undefined;
  }
  return ACTIONS[kind].read(node, context);
}

const RUN_ON_EXAMPLE = `run_on: "<% sql.members[0] %>"`;
const plainStart = (text: string): string => `Or ${text.charAt(0).toLowerCase()}${text.slice(1)}`;
