// Entities: what is deployed, and its members.
// Belongs here: the keys of entities. Does not belong here: states (states.ts), roles (roles.ts).
import { LIMITS } from '../base/limits.ts';
import type { Contents } from './contents.ts';
import type { EntityDraft, EntityDrafts, StateDraft } from './draft.ts';
import { checkName } from './names.ts';
import { type Fields, type Node, oneOf, readEntries, readMap } from './reader.ts';
import type { Report } from './report.ts';
import { readRoles } from './roles.ts';
import { readRollings } from './rolling.ts';
import { readState } from './states.ts';
import type { EntityType } from './types.ts';

const TYPES = ['service', 'vm', 'vm_group'] as const;

export function readEntities(report: Report, contents: Contents, node: Node | undefined): EntityDrafts {
  const entities = new Map<string, EntityDraft>();
  const unread = new Set<string>();
  for (const [name, entry] of readEntries(report, node, 'entities', LIMITS.entities)) {
    const usable = checkName(report, 'entity', name, entry.at);
    const entity = readEntity(report, contents, name, entry);
    if (usable && entity !== undefined) entities.set(name, entity);
    else unread.add(name);
  }
  return Object.assign(entities, { unread: entities.size + unread.size === 0 ? ('all' as const) : unread });
}

function readEntity(report: Report, contents: Contents, name: string, node: Node): EntityDraft | undefined {
  const fields = readMap(report, node, 'entity', `entity ${name}`);
  if (fields === undefined) return undefined;
  fields.required('type', `It is ${oneOf(TYPES)}.`);
  const type = fields.choice('type', TYPES);
  const description = fields.string('description') ?? '';
  const { states, unread } = readStates(fields, contents, name, type ?? 'vm_group');
  const members = readMembers(fields, type ?? 'vm_group');
  const roles = readRoles(fields, type ?? 'vm_group', { states, unread, members });
  const rollings = readRollings(fields, type ?? 'vm_group', { states, unread });
  const entity = { name, at: node.at, type: type ?? 'vm_group', description };
  return { ...entity, members, roles, rollings, states, unread };
}

function readStates(
  fields: Fields,
  contents: Contents,
  entity: string,
  entityType: EntityType,
): Pick<EntityDraft, 'states' | 'unread'> {
  const { report } = fields;
  const states = new Map<string, StateDraft>();
  const unread = new Set<string>();
  const node = fields.required('states');
  for (const [name, entry] of readEntries(report, node, `states of ${fields.what}`, LIMITS.statesPerEntity)) {
    const usable = checkName(report, 'state', name, entry.at);
    const state = readState(name, entry, { report, contents, entity, entityType });
    if (usable && state !== undefined) states.set(name, state);
    else unread.add(name);
  }
  checkFormerNames(report, states, unread);
  return { states, unread: states.size + unread.size === 0 ? 'all' : unread };
}

/** Row 29: a name is one state's, now or before. */
function checkFormerNames(
  report: Report,
  states: ReadonlyMap<string, StateDraft>,
  unread: ReadonlySet<string>,
): void {
  const claimed = new Map<string, string>();
  for (const { name, entity, was } of states.values()) {
    if (!was) continue;
    const what = `${entity}.${name} has 'was: ${was.name}'`;
    const other = claimed.get(was.name);
    if (states.has(was.name) || unread.has(was.name)) {
      const hint = "Remove 'was', or give the state that is there another name.";
      report.add('wrong_value', was.at, `${what}, but there is a state ${entity}.${was.name}.`, { hint });
    } else if (other !== undefined) {
      const hint = "Leave 'was' with the one that goes on.";
      report.add('wrong_value', was.at, `${what}, and so has ${entity}.${other}.`, { hint });
    }
    claimed.set(was.name, name);
  }
}

function readMembers(fields: Fields, type: EntityType): { min: number; max: number } {
  const fixed = type === 'service' ? 0 : type === 'vm' ? 1 : undefined;
  const node = fields.get('members');
  if (node !== undefined && fixed !== undefined) {
    const message = `${fields.what} is a ${type}; only a vm_group has 'members'.`;
    fields.report.add('wrong_value', node.at, message, { key: true });
  }
  if (fixed !== undefined) return { min: fixed, max: fixed };
  const bounds = node && readMap(fields.report, node, 'members', `members of ${fields.what}`);
  const min = bounds?.integer('min', 0, LIMITS.members);
  const max = bounds?.integer('max', 1, LIMITS.members) ?? LIMITS.members;
  if (min !== undefined && min > max) {
    fields.report.add(
      'wrong_value',
      bounds?.at ?? fields.at,
      `members of ${fields.what} allows no size: min ${min} is above max ${max}.`,
    );
  }
  return { min: min ?? Math.min(1, max), max };
}
