// `rolling` of a group and `serial` of a state: which members go through states together (R4).
// Belongs here: their keys, and which states they name. Does not belong here: deadlocks (checks/rolling.ts), taking
// turns (machine/).
import { LIMITS } from '../base/limits.ts';
import type { EntityDraft, Mention, RollingDraft, StateDraft } from './draft.ts';
import { checkName } from './names.ts';
import type { Templates } from './templates.ts';
import { type Fields, type Node, readEntries, readItems, readMap, readText } from './reader.ts';
import type { Report } from './report.ts';
import type { EntityType, Rolling, Serial, Share } from './types.ts';
import { shown } from './yaml-scalars.ts';

type States = Pick<EntityDraft, 'states' | 'unread'>;

/** Those written under `rolling`, and one for each state with a `serial` of its own. */
export function readRollings(fields: Fields, type: EntityType, read: States): RollingDraft[] {
  const { report, what } = fields;
  const node = fields.get('rolling');
  if (node !== undefined && type !== 'vm_group') {
    const message = `${what} is a ${type}; only a vm_group has 'rolling'.`;
    report.add('wrong_value', node.at, message, { key: true });
    return [];
  }
  const rollings: RollingDraft[] = [];
  for (const [name, entry] of readEntries(report, node, `rolling of ${what}`, LIMITS.rollingsPerEntity)) {
    const usable = checkName(report, 'rolling', name, entry.at);
    const rolling = readRolling(report, what, name, entry, read);
    if (usable && rolling !== undefined) rollings.push(rolling);
  }
  for (const { name, serial } of read.states.values()) {
    if (serial) rollings.push({ name, states: [{ name, at: serial.at }], ...serial });
  }
  checkOneEach(report, what, rollings);
  return rollings;
}

function readRolling(
  report: Report,
  entity: string,
  name: string,
  node: Node,
  read: States,
): RollingDraft | undefined {
  const fields = readMap(report, node, 'rolling', `rolling ${name} of ${entity}`);
  if (fields === undefined) return undefined;
  fields.required('states', 'Name the states that a member goes through in its turn.');
  fields.required(
    'serial',
    'Say how many members do so at a time: a number, a percentage, or a list of them.',
  );
  const states = readStates(fields, read);
  const serial = readSerial(fields);
  const order = fields.get('order');
  if (serial === undefined) return undefined;
  const maxFailures = fields.integer('max_failures', 0, LIMITS.members) ?? 0;
  return { name, at: node.at, states, serial, maxFailures, ...(order && { order }) };
}

function readStates(fields: Fields, read: States): Mention[] {
  const { report, what } = fields;
  const node = fields.get('states');
  const items = readItems(report, node, `states of ${what}`, LIMITS.statesPerEntity);
  if (node !== undefined && items.length === 0) report.add('wrong_value', node.at, `${what} names no state.`);
  const mentions: Mention[] = [];
  for (const item of items) {
    const name = readText(report, item, `states of ${what}`, 'Name a state of this entity.');
    if (name !== undefined && isUsable(fields, name, item.at, read)) mentions.push({ name, at: item.at });
  }
  const found = mentions.map(({ name }) => read.states.get(name));
  if (found.length > 0 && !found.some(state => state?.action && state.action.kind !== 'set')) {
    report.add('wrong_value', node?.at ?? fields.at, `No state of ${what} starts anything.`, {
      hint: 'Name the states whose actions are to run a few members at a time.',
    });
  }
  return mentions;
}

function isUsable({ report, what }: Fields, name: string, at: string, { states, unread }: States): boolean {
  const state = states.get(name);
  if (state === undefined) {
    if (unread === 'all' || unread.has(name)) return false;
    const bare = name.slice(name.lastIndexOf('.') + 1);
    const hint = states.has(bare) ? { hint: `Write its name alone: ${bare}.` } : {};
    const near = { name, known: states.keys() };
    report.add('unknown_name', at, `${what} names unknown state '${shown(name)}'.`, { near, ...hint });
    return false;
  }
  if (state.once === undefined) return true;
  report.add(
    'wrong_value',
    at,
    `${what} names '${name}', which is a state of the group (once): it is no member's turn.`,
    {
      hint: 'Leave it out.',
    },
  );
  return false;
}

/** A member is in one rolling at a time with a state: else two would count it. */
function checkOneEach(report: Report, entity: string, rollings: readonly RollingDraft[]): void {
  const owner = new Map<string, string>();
  const names = new Set<string>();
  for (const { name, at, states } of rollings) {
    if (names.has(name)) {
      report.add(
        'duplicate',
        at,
        `${entity} has the rolling '${name}', and its state '${name}' has a serial of its own.`,
        {
          hint: 'Give the rolling another name.',
        },
      );
    }
    names.add(name);
    for (const mention of states) {
      const other = owner.get(mention.name);
      owner.set(mention.name, name);
      if (other === undefined) continue;
      const message =
        other === name
          ? `The rolling '${name}' of ${entity} names '${mention.name}' twice.`
          : `The state '${mention.name}' of ${entity} is in the rollings '${other}' and '${name}'.`;
      report.add('duplicate', mention.at, message, {
        hint: 'A state is in one rolling: keep one of the two.',
      });
    }
  }
}

/** `serial` and `max_failures` of a state: short for a rolling of it alone. */
export function readOwnSerial(fields: Fields, entityType: EntityType): StateDraft['serial'] {
  const { report, what } = fields;
  const given = ['serial', 'max_failures'].find(key => fields.has(key));
  if (given === undefined) return undefined;
  const at = fields.place(given);
  if (entityType !== 'vm_group' || fields.has('once')) {
    const why =
      entityType === 'vm_group' ? "'once' makes it one step of the group" : `a ${entityType} has no members`;
    report.add('wrong_value', at, `${what} has '${given}', but ${why}.`, {
      hint: `Remove '${given}'.`,
      key: true,
    });
    return undefined;
  }
  if (given === 'max_failures') {
    report.add('missing_key', at, `${what} has 'max_failures' but no 'serial'.`, {
      hint: "Add 'serial', or remove 'max_failures'.",
      key: true,
    });
    return undefined;
  }
  const serial = readSerial(fields);
  const maxFailures = fields.integer('max_failures', 0, LIMITS.members) ?? 0;
  return serial && { serial, maxFailures, at };
}

/** One share: that many at a time. A list: batches. */
function readSerial(fields: Fields): Serial | undefined {
  const { report, what } = fields;
  const node = fields.get('serial');
  if (node === undefined) return undefined;
  const items = readItems(report, node, `serial of ${what}`, LIMITS.batchesPerRolling);
  const sizes = items.map(item => readShare(report, item, `serial of ${what}`));
  const read = sizes.filter(size => size !== undefined);
  if (items.length === 0) report.add('wrong_value', node.at, `serial of ${what} says no number.`);
  const [size] = read;
  if (size === undefined || read.length < items.length) return undefined;
  return Array.isArray(node.value) ? { kind: 'batches', sizes: read } : { kind: 'window', size };
}

function readShare(report: Report, { value, at }: Node, what: string): Share | undefined {
  if (typeof value === 'number') return readCount(report, value, at, what);
  const percent = typeof value === 'string' ? /^(\d{1,3})%$/.exec(value) : null;
  if (percent !== null && Number(percent[1]) >= 1 && Number(percent[1]) <= 100)
    return { percent: Number(percent[1]) };
  const code = typeof value === 'string' ? 'wrong_value' : 'wrong_type';
  report.add(code, at, `${what} is ${typeof value === 'string' ? `'${shown(value)}'` : 'no number'}.`, {
    hint: 'Write a number such as 2, a percentage from 1% to 100%, or a list of them.',
  });
  return undefined;
}

function readCount(report: Report, value: number, at: string, what: string): Share | undefined {
  if (Number.isInteger(value) && value >= 1 && value <= LIMITS.members) return { count: value };
  const code = value > LIMITS.members ? 'limit_exceeded' : 'wrong_value';
  report.add(code, at, `${what} is ${value}; a number must be 1 to ${LIMITS.members}.`);
  return undefined;
}

/** The rolling of each state that is in one, its order compiled. Nothing of a member is certain before its turn. */
export function buildRollings(entity: EntityDraft, templates: Templates): Map<StateDraft, Rolling> {
  const built = new Map<StateDraft, Rolling>();
  for (const { name, states, serial, maxFailures, order } of entity.rollings) {
    const place = { use: 'rolling_order', entity: entity.name, guaranteed: () => false } as const;
    const what = `order of rolling ${name} of ${entity.name}`;
    const template = order && templates.rule(order, place, what);
    const plain = { name, states: states.map(mention => mention.name), serial, maxFailures };
    const rolling: Rolling = { ...plain, ...(template && { order: template }) };
    for (const mention of states) {
      const state = entity.states.get(mention.name);
      if (state) built.set(state, rolling);
    }
  }
  return built;
}
