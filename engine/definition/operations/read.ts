// The `operations` of a definition: their keys, and the states and roles that they name.
// Belongs here: reading, names. Does not belong here: compiling their expressions (build.ts), running (machine/operation/).
import { LIMITS } from '../../base/limits.ts';
import { checkName } from '../names.ts';
import { readInputs } from '../parameters.ts';
import { type Fields, type Node, readEntries, readItems, readMap, readName } from '../reader.ts';
import type { Report } from '../report.ts';
import { type Entities, resolveState } from '../resolve.ts';
import { holdersOfRole, type StateReference } from '../types.ts';
import { shown } from '../yaml-scalars.ts';
import type { Placed } from '../draft.ts';
import { OPERATION_FAILURE, type Operation, type RoleReference } from './types.ts';

/** An operation whose names are resolved and whose expressions are not compiled. */
export interface OperationDraft extends Omit<Operation, 'steps'> {
  readonly at: string;
  readonly steps: readonly OperationStepDraft[];
}

export type OperationStepDraft =
  | {
      readonly kind: 'rerun';
      readonly states: readonly StateReference[];
      /** `entity`: whose members it judges. */
      readonly of?: Placed & { readonly entity: string };
    }
  | { readonly kind: 'choose_again'; readonly roles: readonly RoleReference[] }
  | { readonly kind: 'move'; readonly role: RoleReference; readonly to: Placed };

/** Every state that an operation runs or wants. */
export const statesOf = (operations: readonly OperationDraft[]): readonly StateReference[] =>
  operations.flatMap(({ steps, goal }) => [
    ...goal,
    ...steps.flatMap(step => (step.kind === 'rerun' ? step.states : [])),
  ]);

const KINDS = ['rerun', 'choose_again', 'move'] as const;

export function readOperations(report: Report, node: Node | undefined, entities: Entities): OperationDraft[] {
  const operations: OperationDraft[] = [];
  for (const [name, entry] of readEntries(report, node, 'operations', LIMITS.operations)) {
    const usable = checkName(report, 'operation', name, entry.at);
    const operation = readOperation(report, name, entry, entities);
    if (usable && operation) operations.push(operation);
  }
  return operations;
}

function readOperation(
  report: Report,
  name: string,
  node: Node,
  entities: Entities,
): OperationDraft | undefined {
  const what = `operation ${name}`;
  const fields = readMap(report, node, 'operation', what);
  if (fields === undefined) return undefined;
  const steps = readSteps(fields, entities);
  return {
    name,
    at: node.at,
    description: fields.string('description') ?? '',
    inputs: readInputs(report, fields.get('inputs')),
    requires: readStates(fields, 'requires', entities, `${what} requires`),
    steps,
    goal: readStates(fields, 'goal', entities, `The goal of ${what} names`),
    onFailure: fields.choice('on_failure', OPERATION_FAILURE) ?? 'fail',
  };
}

function readSteps(fields: Fields, entities: Entities): OperationStepDraft[] {
  const { report, what } = fields;
  const node = fields.required('steps', `Each step is one of ${KINDS.join(', ')}.`);
  const items = readItems(report, node, `steps of ${what}`, LIMITS.operationSteps);
  if (node !== undefined && items.length === 0) report.add('wrong_value', node.at, `${what} has no step.`);
  return items.flatMap(
    (item, index) => readStep(report, item, `step ${index + 1} of ${what}`, entities) ?? [],
  );
}

function readStep(
  report: Report,
  node: Node,
  what: string,
  entities: Entities,
): OperationStepDraft | undefined {
  const fields = readMap(report, node, 'operation step', what);
  if (fields === undefined) return undefined;
  const [kind, second] = KINDS.filter(key => fields.has(key));
  if (kind === undefined || second !== undefined) {
    if (!fields.hasStray || second !== undefined)
      report.add('wrong_value', node.at, `${what} must have exactly one of ${KINDS.join(', ')}.`, {
        hint: 'Write a step of its own for each.',
      });
    return undefined;
  }
  checkCompany(fields, kind);
  switch (kind) {
    case 'rerun':
      return readRerun(fields, entities);
    case 'choose_again':
      return readChooseAgain(fields, entities);
    case 'move':
      return readMove(fields, entities);
  }
}

/** `of` belongs to `rerun`, `to` to `move`. */
function checkCompany(fields: Fields, kind: (typeof KINDS)[number]): void {
  for (const [key, owner] of [
    ['of', 'rerun'],
    ['to', 'move'],
  ] as const) {
    if (!fields.has(key) || kind === owner) continue;
    fields.report.add(
      'wrong_value',
      fields.place(key),
      `${fields.what} has '${key}', which belongs to '${owner}'.`,
      {
        hint: `Remove '${key}'.`,
        key: true,
      },
    );
  }
}

function readRerun(fields: Fields, entities: Entities): OperationStepDraft | undefined {
  const { report, what } = fields;
  const states = readStates(fields, 'rerun', entities, `${what} reruns`);
  const of = fields.get('of');
  if (of === undefined) return { kind: 'rerun', states };
  const [entity, other] = [...new Set(states.map(state => state.entity))];
  if (entity === undefined) return undefined;
  const group = entities.get(entity);
  const ofGroup = states.find(({ state }) => group?.states.get(state)?.once !== undefined);
  const wrong =
    other !== undefined
      ? `its states belong to ${entity} and ${other}`
      : group?.type !== 'vm_group'
        ? `${entity} is a ${group?.type}`
        : ofGroup && `${entity}.${ofGroup.state} is a state of the group (once)`;
  if (wrong === undefined) return { kind: 'rerun', states, of: { ...of, entity } };
  report.add('wrong_value', of.at, `${what} picks members by 'of', but ${wrong}.`, {
    hint: other === undefined ? "Remove 'of'." : 'Write a step for the states of each group.',
    key: true,
  });
  return undefined;
}

function readChooseAgain(fields: Fields, entities: Entities): OperationStepDraft {
  const { report, what } = fields;
  const items = readItems(
    report,
    fields.get('choose_again'),
    `choose_again of ${what}`,
    LIMITS.rolesPerEntity,
  );
  const roles = items.flatMap(item => readRole(report, item, `${what} chooses again`, entities) ?? []);
  return { kind: 'choose_again', roles };
}

function readMove(fields: Fields, entities: Entities): OperationStepDraft | undefined {
  const { report, what } = fields;
  const node = fields.required('move', 'Name the role: group.role.');
  const role = node && readRole(report, node, `${what} moves`, entities);
  const to = fields.required('to', 'It is an expression that names the new holder.');
  const several = role && holdersOfRole(entities.get(role.entity)?.roles.get(role.role)) > 1;
  if (node && several) {
    const message = `${what} moves ${role.entity}.${role.role}, which several members hold.`;
    report.add('wrong_value', node.at, message, { hint: "Write 'choose_again' for it." });
    return undefined;
  }
  return role && to && { kind: 'move', role, to };
}

function readStates(fields: Fields, key: string, entities: Entities, who: string): StateReference[] {
  const { report, what } = fields;
  const found: StateReference[] = [];
  for (const item of readItems(report, fields.get(key), `${key} of ${what}`, LIMITS.operationStates)) {
    const name = readName(report, item, `${key} of ${what}`);
    const state = name === undefined ? undefined : resolveState(report, entities, { name, at: item.at }, who);
    if (state === undefined) continue;
    const isTwice = found.some(one => one.entity === state.entity && one.state === state.state);
    if (isTwice)
      report.add('duplicate', item.at, `${who} '${shown(name ?? '')}' twice.`, {
        hint: 'Remove one of them.',
      });
    else found.push(state);
  }
  return found;
}

/** Resolves `group.role`. */
function readRole(report: Report, node: Node, who: string, entities: Entities): RoleReference | undefined {
  const name = readName(report, node, `${who}: the role`);
  if (name === undefined) return undefined;
  const [entityName = '', role = '', ...rest] = name.split('.');
  const entity = entities.get(entityName);
  if (entity?.roles.has(role) && rest.length === 0) return { entity: entityName, role };
  if (entities.unread === 'all' || entities.unread.has(entityName) || entity?.unread === 'all')
    return undefined;
  const known = [...entities.values()].flatMap(one => [...one.roles.keys()].map(key => `${one.name}.${key}`));
  report.add('unknown_name', node.at, `${who} the unknown role '${shown(name)}'.`, {
    near: { name, known },
    ...(known.length === 0 ? { hint: 'Roles are declared under roles of a group.' } : {}),
  });
  return undefined;
}
