// Entities: what is deployed, its members, its roles.
// Belongs here: the keys of entities and roles. Does not belong here: states (states.ts).
import { LIMITS } from '../base/limits.ts';
import type { Contents } from './contents.ts';
import type { EntityDraft, EntityDrafts, StateDraft } from './draft.ts';
import { checkName } from './names.ts';
import { type Fields, type Node, oneOf, readEntries, readMap } from './reader.ts';
import type { Report } from './report.ts';
import { readState } from './states.ts';
import type { EntityType, Role } from './types.ts';

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
  const roles = readRoles(fields, type ?? 'vm_group', { states, unread });
  return { name, at: node.at, type: type ?? 'vm_group', description, members, roles, states, unread };
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
  return { states, unread: states.size + unread.size === 0 ? 'all' : unread };
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

function readRoles(
  fields: Fields,
  type: EntityType,
  read: Pick<EntityDraft, 'states' | 'unread'>,
): Map<string, Role & { at: string }> {
  const roles = new Map<string, Role & { at: string }>();
  const node = fields.get('roles');
  if (node !== undefined && type !== 'vm_group') {
    fields.report.add('wrong_value', node.at, `${fields.what} is a ${type}; only a vm_group has 'roles'.`, {
      key: true,
    });
    return roles;
  }
  for (const [name, entry] of readEntries(
    fields.report,
    node,
    `roles of ${fields.what}`,
    LIMITS.rolesPerEntity,
  )) {
    const usable = checkName(fields.report, 'role', name, entry.at);
    const role = readRole(fields.report, fields.what, name, entry, read);
    if (usable && role !== undefined) roles.set(name, role);
  }
  return roles;
}

function readRole(
  report: Report,
  entity: string,
  name: string,
  node: Node,
  { states, unread }: Pick<EntityDraft, 'states' | 'unread'>,
): (Role & { at: string }) | undefined {
  const what = `role ${name} of ${entity}`;
  const fields = readMap(report, node, 'role', what);
  fields?.required('choose', 'It is lowest_index or first_ready.');
  fields?.required('among', 'It names the state that a candidate must have reached.');
  const choose = fields?.choice('choose', ['lowest_index', 'first_ready']) ?? 'lowest_index';
  const among = fields?.string('among');
  if (fields === undefined || among === undefined) return undefined;
  const at = fields.place('among');
  const state = states.get(among);
  if (state === undefined && unread !== 'all' && !unread.has(among)) {
    const message = `${what} chooses among members in the unknown state '${among.slice(0, 80)}'.`;
    const bare = among.slice(among.lastIndexOf('.') + 1);
    const hint = states.has(bare) ? { hint: `Write its name alone: ${bare}.` } : {};
    const near = { name: among, known: states.keys() };
    report.add('unknown_name', at, message, { near, ...hint });
  } else if (state?.once !== undefined) {
    const message = `${what} chooses among members in '${among}', which is a state of the group (once), not of members.`;
    report.add('wrong_value', at, message);
  }
  return { name, choose, among, at: node.at };
}
