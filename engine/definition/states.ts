// One state of an entity, as far as it can be read by itself.
// Belongs here: the keys of a state. Does not belong here: other entities' names (resolve.ts), actions (actions/).
import { withGenerated } from './actions/generate.ts';
import { ACTIONS, readAction } from './actions/index.ts';
import type { ActionContext } from './actions/kind.ts';
import type { Contents } from './contents.ts';
import type { ActionDraft, Mention, StateDraft, UndoDraft } from './draft.ts';
import { ACTION_STATE_KEYS } from './keys.ts';
import { readOnChange } from './on-change.ts';
import { readOnFailure } from './on-failure.ts';
import { pointerTo } from './positions.ts';
import { readStateOutputs } from './parameters.ts';
import { type Fields, type Node, readItems, readMap, readName } from './reader.ts';
import type { Report } from './report.ts';
import { checkRunOn } from './places.ts';
import { readRequires, readRerunAfter } from './requires.ts';
import { readOwnSerial } from './rolling.ts';
import { DEFAULTS, readOnInterrupted, readProbe, readRetry, readUndo, undoOfStack } from './retry.ts';
import type { EntityType, OnFailure, StateOutput } from './types.ts';

export interface StatePlace {
  readonly report: Report;
  readonly contents: Contents;
  readonly entity: string;
  readonly entityType: EntityType;
}

export function readState(name: string, node: Node, place: StatePlace): StateDraft | undefined {
  const { report, contents, entity, entityType } = place;
  const what = `${entity}.${name}`;
  const fields = readMap(report, node, 'state', `state ${what}`);
  if (fields === undefined) return undefined;
  const context: ActionContext = { report, contents, what, entityType, hasRunOn: fields.has('run_on') };
  const actionNode = fields.get('action');
  const given = fields.duration('timeout', 1000);
  const said = fields.boolean('idempotent');
  const own = { ...context, ...optional('timeout', given), ...optional('idempotent', said) };
  const action = actionNode && readAction(actionNode, own);
  const timeout = given ?? DEFAULTS.timeout;
  const idempotent = said ?? action?.idempotent ?? (action === undefined || ACTIONS[action.kind].idempotent);
  const declared = readStateOutputs(report, fields.get('outputs'), what);
  const outputs = withGenerated(report, declared, action?.makes ?? [], what);
  const state = {
    name,
    entity,
    at: node.at,
    timeout,
    idempotent,
    exclusive: fields.boolean('exclusive') ?? true,
    ...(fields.boolean('interruptible') && ({ interruptible: true } as const)),
    ...readOnChange(fields, action, context),
    ...readRerunAfter(fields),
    outputs,
    description: fields.string('description') ?? '',
    requires: readRequires(fields),
    only: readRoles(fields, 'only'),
    except: readRoles(fields, 'except'),
    retry: readRetry(report, fields.get('retry'), what),
    ...readOnFailure(fields, context),
    onInterrupted: readOnInterrupted(fields, idempotent),
    ...optional('validFor', fields.duration('valid_for', 1000)),
    ...optional('was', readWas(fields)),
    ...optional('once', readOnce(fields)),
    ...optional('serial', readOwnSerial(fields, entityType)),
    ...optional('condition', fields.get('condition')),
    ...optional('action', action),
    ...optional('runOn', fields.get('run_on')),
    ...optional('probe', readProbe(fields, context)),
    ...optional('undo', readUndo(fields, context, timeout) ?? undoOf(action, timeout)),
  };
  if (fields.has('valid_for')) checkAgeing(fields, action, state.onFailure);
  if (state.undo?.action.kind === 'stack' && action?.kind !== 'stack') checkUnstacked(fields, action);
  checkApplication(fields, entityType);
  if (action?.kind === 'reboot' || state.changeAction?.kind === 'reboot') checkReboot(fields);
  if (action?.kind === 'workflow') checkChild(fields);
  checkRunOn(fields, action);
  if (actionNode === undefined && !fields.hasStray) checkJoin(fields);
  if (actionNode === undefined || action !== undefined)
    checkOutputs(fields, action, state.probe, outputs, what);
  if (state.changeAction) checkChanged(report, state.changeAction, outputs);
  return state;
}

/** What takes it back where the author says nothing. */
const undoOf = (action: ActionDraft | undefined, timeout: number): UndoDraft | undefined =>
  action?.kind === 'stack' ? undoOfStack(action.at, timeout) : undefined;

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]?: V });
}

function readRoles(fields: Fields, key: 'only' | 'except'): Mention[] {
  const mentions: Mention[] = [];
  for (const item of readItems(fields.report, fields.get(key), `${key} of ${fields.what}`, 20)) {
    const name = readName(fields.report, item, `${key} of ${fields.what}`, 'Name a role.');
    if (name !== undefined) mentions.push({ name, at: item.at });
  }
  return mentions;
}

function readWas(fields: Fields): Mention | undefined {
  const node = fields.get('was');
  const name =
    node && readName(fields.report, node, `was of ${fields.what}`, 'Name what the state was called before.');
  return node === undefined || name === undefined ? undefined : { name, at: node.at };
}

function readOnce(fields: Fields): Mention | undefined {
  const node = fields.get('once');
  const name =
    node && readName(fields.report, node, `once of ${fields.what}`, "Name a role, or write 'any'.");
  return node === undefined || name === undefined ? undefined : { name, at: node.at };
}

/** `only`, `except` and `once` choose among members, so there must be some; and only one of them can choose. */
function checkApplication(fields: Fields, entityType: EntityType): void {
  const given = ['only', 'except', 'once'].filter(key => fields.has(key));
  for (const key of entityType === 'vm_group' ? [] : given) {
    const message = `${fields.what} has '${key}', but a ${entityType} has no members to choose from.`;
    fields.report.add('wrong_value', fields.place(key), message, { hint: `Remove '${key}'.`, key: true });
  }
  if (given.includes('once') && given.length > 1) {
    const message = `${fields.what} has 'once', which makes it the group's, so '${given.find(key => key !== 'once')}' has no meaning.`;
    fields.report.add('wrong_value', fields.place('once'), message, {
      hint: 'Keep one of the two.',
      key: true,
    });
  }
}

/** What is not a stack cannot be taken back like one. */
function checkUnstacked(fields: Fields, action: ActionDraft | undefined): void {
  if (action === undefined) return;
  const message = `The undo of ${fields.what} deletes a stack, but its action ${action.kind} makes none.`;
  fields.report.add('wrong_value', fields.place('undo'), message, { hint: 'Write undo: {script: …}.' });
}

/** R5. */
function checkReboot(fields: Fields): void {
  if (fields.boolean('exclusive') !== false) return;
  const message = `${fields.what} has 'exclusive: false', but nothing runs beside a reboot.`;
  fields.report.add('wrong_value', fields.place('exclusive'), message, { hint: "Remove 'exclusive'." });
}

/** What is computed does not age; what others stand on can't be taken back only because it failed to be renewed. */
function checkAgeing(fields: Fields, action: ActionDraft | undefined, onFailure: OnFailure): void {
  const place = fields.place('valid_for');
  if (action?.kind === 'set') {
    const message = `${fields.what} has 'valid_for', but what is computed or generated does not age.`;
    fields.report.add('wrong_value', place, message, { hint: "Remove 'valid_for'.", key: true });
  }
  if (onFailure === 'undo') {
    const message = `${fields.what} has 'valid_for' and is undone when it fails, though others may stand on it already.`;
    fields.report.add('wrong_value', place, message, {
      hint: "Remove 'valid_for', or write another 'then' under on_failure.",
      key: true,
    });
  }
}

/** The child is what is taken back and gone on with, so nothing else can be said about that. */
function checkChild(fields: Fields): void {
  if (fields.has('undo')) {
    const message = `${fields.what} has 'undo', but a child is taken back by being deleted: its own states say how.`;
    fields.report.add('wrong_value', fields.place('undo'), message, { hint: "Remove 'undo'.", key: true });
  }
  if (!fields.has('valid_for')) return;
  const message = `${fields.what} has 'valid_for', but a child that is complete does not run again.`;
  const hint = "Remove 'valid_for', or write it in the child's definition.";
  fields.report.add('wrong_value', fields.place('valid_for'), message, { hint, key: true });
}

/** Without an action there is nothing to look at, retry or undo. */
function checkJoin(fields: Fields): void {
  for (const key of ACTION_STATE_KEYS) {
    if (!fields.has(key)) continue;
    fields.report.add('missing_key', fields.place(key), `${fields.what} has '${key}' but no 'action'.`, {
      hint: `Add an action, or remove '${key}'.`,
      key: true,
    });
  }
}

function checkOutputs(
  fields: Fields,
  action: ActionDraft | undefined,
  probe: ActionDraft | undefined,
  outputs: ReadonlyMap<string, StateOutput>,
  what: string,
): void {
  if (action === undefined) return;
  if (outputs.size > 0 && !ACTIONS[action.kind].givesOutputs && probe === undefined) {
    const message = `${what} has outputs, but its action ${action.kind} gives none.`;
    fields.report.add('wrong_value', fields.place('outputs'), message, { key: true });
  }
  action.judge?.(outputs);
  if (action.gives !== undefined) checkGiven(fields.report, action, action.gives, outputs, what);
  if (action.offers !== undefined) checkTaken(fields, action.offers, outputs);
}

/** A child's outputs come by their names, and what is hidden there is hidden here. */
function checkTaken(
  fields: Fields,
  offers: ReadonlyMap<string, { readonly hidden: boolean }>,
  outputs: ReadonlyMap<string, StateOutput>,
): void {
  for (const { name, hidden } of outputs.values()) {
    const place = pointerTo(fields.place('outputs'), name);
    const offer = offers.get(name);
    if (offer === undefined) {
      const message = `${fields.what} has the output '${name}', which its child does not give.`;
      fields.report.add('unknown_name', place, message, { near: { name, known: offers.keys() }, key: true });
    } else if (offer.hidden !== hidden) {
      const message = `The output '${name}' of ${fields.what} is ${hidden ? '' : 'not '}hidden, but its child's is${hidden ? ' not' : ''}.`;
      const hint = hidden ? "Leave 'hidden' out." : "Write 'hidden: true'.";
      fields.report.add('secret_exposed', place, message, { hint });
    }
  }
}

/** What it does not give stays as it was. */
function checkChanged(report: Report, action: ActionDraft, outputs: ReadonlyMap<string, StateOutput>): void {
  action.judge?.(outputs);
  checkNames(report, action, outputs, 'on_change');
}

function checkNames(
  report: Report,
  action: ActionDraft,
  outputs: ReadonlyMap<string, StateOutput>,
  what: string,
): void {
  for (const { name, at: place } of action.gives ?? []) {
    if (outputs.has(name)) continue;
    const message = `${what} sets '${name}', which its outputs don't declare.`;
    report.add('unknown_name', place, message, {
      near: { name, known: outputs.keys() },
      hint: `Declare it: outputs: {${name}: {type: string}}.`,
      key: true,
    });
  }
}

/** What an action sets by name must be what the state declares. */
function checkGiven(
  report: Report,
  action: ActionDraft,
  gives: readonly Mention[],
  outputs: ReadonlyMap<string, StateOutput>,
  what: string,
): void {
  checkNames(report, action, outputs, what);
  if (action.givesOthers) return;
  const given = new Set(gives.map(({ name }) => name));
  for (const output of outputs.values()) {
    if (given.has(output.name) || output.optional) continue;
    report.add('missing_key', `${action.at}/outputs`, `${what} doesn't set its output '${output.name}'.`, {
      hint: 'Set it, or declare it optional.',
    });
  }
}
