// Which machines take part: `--members db=3`, a file with names and data, or what the definition asks for at least.
// Belongs here: words and files → members, ids of embedded agents. Does not belong here: sizes allowed (the engine).
import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Entity } from '../definition/types.ts';
import type { NewMember } from '../runtime/api.ts';
import { usageError } from './failure.ts';
import type { ReadText } from './values.ts';
import { parseYaml, reason } from './values.ts';

type Members = { [entity: string]: readonly NewMember[] };
export type EntityShape = Pick<Entity, 'name' | 'type' | 'members'>;

const COUNT = /^([a-z][a-z0-9_]*)=(\d{1,6})$/;
const EXAMPLE =
  'Write --members db=3, or a file such as: db: [{name: db-a, data: {disk: /dev/vdb}}, {name: db-b}].';

/** Members of every entity that has machines; those not named get the least that the definition allows. */
export async function parseMembers(
  words: readonly string[],
  entities: readonly EntityShape[],
  workflow: string,
  read: ReadText,
): Promise<Members> {
  const members: Members = {};
  for (const { name, type, members: size } of entities)
    if (type !== 'service')
      members[name] = counted(name, type === 'vm' ? 1 : Math.max(1, size.min), type, workflow);
  for (const word of words) Object.assign(members, await readWord(word, entities, workflow, read));
  return members;
}

/** Members of the entities named, and of no others: what an update changes. `known`: entity → who takes part now. */
export async function parseNewMembers(
  words: readonly string[],
  known: { readonly [entity: string]: readonly { readonly name: string }[] },
  workflow: string,
  read: ReadText,
): Promise<Members> {
  const entities = Object.entries(known).map(([name, members]): EntityShape => {
    // A single VM bears the entity's name.
    const type = members.length === 1 && members[0]?.name === name ? 'vm' : 'vm_group';
    return { name, type, members: { min: 0, max: LIMITS.members } };
  });
  const members: Members = {};
  for (const word of words) Object.assign(members, await readWord(word, entities, workflow, read));
  return members;
}

async function readWord(
  word: string,
  entities: readonly EntityShape[],
  workflow: string,
  read: ReadText,
): Promise<Members> {
  const typeOf = (name: string): Entity['type'] =>
    entities.find(entity => entity.name === name)?.type ?? 'vm_group';
  const count = COUNT.exec(word);
  if (count !== null) {
    const [, name = '', digits = ''] = count;
    return { [name]: counted(name, boundedCount(name, Number(digits)), typeOf(name), workflow) };
  }
  const value = parseYaml(await readFileOrExplain(word, read), word);
  if (!isObject(value)) throw usageError(`${word} is no map of entities to members`, EXAMPLE);
  return groupsIn(word, value, entities, workflow);
}

/** A map of entities to numbers or lists, as a file has it. `from`: where it stands, for sentences. */
export function groupsIn(
  from: string,
  groups: JsonObject,
  entities: readonly EntityShape[],
  workflow: string,
): Members {
  const typeOf = (name: string): Entity['type'] =>
    entities.find(entity => entity.name === name)?.type ?? 'vm_group';
  const entries = Object.entries(groups).map(([name, listed]) => [
    name,
    listedMembers(from, name, listed, typeOf(name), workflow),
  ]);
  return Object.fromEntries(entries) as Members;
}

async function readFileOrExplain(file: string, read: ReadText): Promise<string> {
  try {
    return await read(file);
  } catch (thrown) {
    throw usageError(`--members: cannot read ${file}: ${reason(thrown)}`, EXAMPLE);
  }
}

function boundedCount(entity: string, count: number): number {
  if (count <= LIMITS.members) return count;
  throw usageError(`${entity} has ${count} members and the limit is ${LIMITS.members}`, 'Give fewer.');
}

/** A single VM bears the entity's name, members of a group are numbered. */
function counted(entity: string, count: number, type: Entity['type'], workflow: string): NewMember[] {
  return Array.from({ length: count }, (_, index) => ({
    agent: agentId(workflow, entity, index),
    name: type === 'vm' && count === 1 ? entity : `${entity}-${index}`,
  }));
}

function listedMembers(
  file: string,
  entity: string,
  listed: JsonValue,
  type: Entity['type'],
  workflow: string,
): NewMember[] {
  if (typeof listed === 'number' && Number.isInteger(listed) && listed >= 0)
    return counted(entity, boundedCount(entity, listed), type, workflow);
  if (!Array.isArray(listed))
    throw usageError(`${file}: the members of ${entity} are neither a list nor a number`, EXAMPLE);
  boundedCount(entity, listed.length);
  return listed.map((item: JsonValue, index) => namedMember(file, entity, item, index, workflow));
}

function namedMember(
  file: string,
  entity: string,
  item: JsonValue,
  index: number,
  workflow: string,
): NewMember {
  const agent = agentId(workflow, entity, index);
  if (typeof item === 'string') return { agent, name: item };
  const place = `${file}: member ${index + 1} of ${entity}`;
  if (!isObject(item)) throw usageError(`${place} is neither a name nor a map`, EXAMPLE);
  const unknown = Object.keys(item).find(key => key !== 'name' && key !== 'data');
  if (unknown !== undefined)
    throw usageError(`${place} has an unknown key '${unknown}'`, 'It may have name and data.');
  const { name = `${entity}-${index}`, data } = item;
  if (typeof name !== 'string' || name === '')
    throw usageError(`${place} has a name that is no text`, EXAMPLE);
  return { agent, name, ...(data === undefined ? {} : { data }) };
}

const MAX_ID = 64;

/** Id of the embedded agent of a member, the same at every start; also the name of its directory. */
export function agentId(workflow: string, entity: string, index: number): string {
  const id = `${workflow}-${entity}-${index}`;
  if (id.length <= MAX_ID) return id;
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 12);
  return `${id.slice(0, MAX_ID - 13)}-${digest}`;
}
