// Roles: parts that members of a group are chosen for.
// Belongs here: the keys of roles. Does not belong here: the states that name them (resolve.ts), the choice (machine/).
import { LIMITS } from '../base/limits.ts';
import type { EntityDraft, RoleDraft } from './draft.ts';
import { checkName } from './names.ts';
import { type Fields, type Node, readEntries, readMap } from './reader.ts';
import type { Report } from './report.ts';
import { CHOICES, type EntityType, ROLE_RULES } from './types.ts';

/** What is known of the entity before its roles. */
type EntityRead = Pick<EntityDraft, 'states' | 'unread' | 'members'>;

export function readRoles(fields: Fields, type: EntityType, read: EntityRead): Map<string, RoleDraft> {
  const roles = new Map<string, RoleDraft>();
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
  read: EntityRead,
): RoleDraft | undefined {
  const fields = readMap(report, node, 'role', `role ${name} of ${entity}`);
  fields?.required('among', 'It names the state that a candidate must have reached.');
  const choice = fields && readChoice(fields);
  const among = fields?.string('among');
  if (fields === undefined || choice === undefined || among === undefined) return undefined;
  checkAmong(fields, among, read);
  const count = readCount(fields, read.members.max);
  return { name, ...choice, among, at: node.at, ...(count !== undefined && { count }) };
}

/** More holders than the group may ever have members would leave the role vacant for ever. */
function readCount(fields: Fields, most: number): number | undefined {
  const count = fields.integer('count', 1, LIMITS.members);
  if (count === undefined || count <= most) return count;
  const message = `count of ${fields.what} is ${count}, but the group has at most ${most} member${most === 1 ? '' : 's'}.`;
  fields.report.add('wrong_value', fields.place('count'), message, {
    hint: `Write ${most} at most, or raise members.max.`,
  });
  return count;
}

/** Exactly one way to choose. */
function readChoice(fields: Fields): Pick<RoleDraft, 'choose' | 'rule'> {
  const [first, second] = ['choose' as const, ...ROLE_RULES].filter(key => fields.has(key));
  if (first !== undefined && second !== undefined) {
    const message = `${fields.what} has '${first}' and '${second}', but there is one way to choose.`;
    fields.report.add('wrong_value', fields.place(second), message, {
      hint: 'Keep one of the two.',
      key: true,
    });
  }
  if (first === undefined || first === 'choose') {
    fields.required(
      'choose',
      `It is ${CHOICES.join(' or ')}; or write ${ROLE_RULES.join(', ')} in its place.`,
    );
    return { choose: fields.choice('choose', CHOICES) ?? 'lowest_index' };
  }
  const rule = fields.required(first, 'It is an expression over member.');
  return { choose: first, ...(rule && { rule }) };
}

function checkAmong(
  fields: Fields,
  among: string,
  { states, unread }: Pick<EntityDraft, 'states' | 'unread'>,
): void {
  const { report, what } = fields;
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
}
