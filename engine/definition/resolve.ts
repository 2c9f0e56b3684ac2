// Looks up every name that a definition uses: states, entities, roles.
// Belongs here: names -> what they name, or "did you mean". Does not belong here: what follows from it (checks/).
import type { EntityDraft, EntityDrafts, Mention, RequirementDraft, StateDraft } from './draft.ts';
import { type Node, readItems, readName } from './reader.ts';
import type { Report } from './report.ts';
import { holdersOfRole, type Quorum, type Requirement, type StateReference } from './types.ts';
import { shown } from './yaml-scalars.ts';

export type Entities = EntityDrafts;

/** A requirement, and where the author wrote it (or the expression it comes from). */
export interface PlacedRequirement extends Requirement {
  readonly at: string;
}

/** Resolves `entity.state`; notes what is not known. `who` begins the sentence: "sql.prepared requires". */
export function resolveState(
  report: Report,
  entities: Entities,
  mention: Mention,
  who: string,
): StateReference | undefined {
  const [entityName = '', stateName = '', ...rest] = mention.name.split('.');
  if (rest.length > 0 || entityName === '' || stateName === '') {
    report.add('wrong_value', mention.at, `${who} '${shown(mention.name)}', which names no state.`, {
      hint: `Write ${qualifiedName(entities, mention.name)}.`,
    });
    return undefined;
  }
  if (isUnread(entities, entityName)) return undefined;
  const entity = entities.get(entityName);
  if (entity === undefined) {
    const near = { name: entityName, known: entities.keys() };
    report.add('unknown_name', mention.at, `${who} a state of unknown entity '${shown(entityName)}'.`, {
      near,
    });
    return undefined;
  }
  if (entity.states.has(stateName)) return { entity: entityName, state: stateName };
  if (isUnread(entity, stateName)) return undefined;
  unknownState(report, entity, stateName, mention.at, who);
  return undefined;
}

function unknownState(report: Report, entity: EntityDraft, name: string, at: string, who: string): void {
  const role = entity.roles.get(name);
  report.add('unknown_name', at, `${who} unknown state '${shown(name)}' of ${entity.name}.`, {
    near: { name, known: entity.states.keys() },
    ...(role && {
      hint: `${name} is a role; its holder is chosen when ${entity.name}.${role.among} is reached.`,
    }),
  });
}

/** What the author probably meant by a name without a dot: a state of some entity, or an entity's last state. */
function qualifiedName(entities: Entities, name: string): string {
  const owner = [...entities.values()].find(({ states }) => states.has(name));
  if (owner !== undefined) return `${owner.name}.${name}`;
  const last = [...(entities.get(name)?.states.keys() ?? [])].at(-1);
  return last === undefined ? 'entity.state' : `one of its states, such as ${name}.${last}`;
}

function isUnread({ unread }: EntityDraft | Entities, name: string): boolean {
  return unread === 'all' || unread.has(name);
}

/** The author's own requirements of a state, in the order written. */
export function resolveRequirements(
  report: Report,
  entities: Entities,
  state: StateDraft,
): PlacedRequirement[] {
  const found: PlacedRequirement[] = [];
  for (const draft of state.requires) {
    const requirement = draft.name.includes('.')
      ? qualified(report, entities, state, draft)
      : bare(report, entities, state, draft);
    if (requirement === undefined) continue;
    if (found.some(other => sameRequirement(other, requirement))) {
      report.add('duplicate', draft.at, `${state.entity}.${state.name} requires '${draft.name}' twice.`, {
        hint: 'Remove one of them.',
      });
    } else found.push(requirement);
  }
  return found;
}

function qualified(
  report: Report,
  entities: Entities,
  state: StateDraft,
  draft: RequirementDraft,
): PlacedRequirement | undefined {
  const target = resolveState(report, entities, draft, `${state.entity}.${state.name} requires`);
  return target && placed(draft, target, draft.quorum ?? { kind: 'all' });
}

/** A bare name: the same entity's state, in a group of the same member. What is the group's own has no member. */
function bare(
  report: Report,
  entities: Entities,
  state: StateDraft,
  draft: RequirementDraft,
): PlacedRequirement | undefined {
  const { entity: entityName, name } = state;
  const entity = entities.get(entityName);
  const target = entity?.states.get(draft.name);
  if (entity !== undefined && isUnread(entity, draft.name)) return undefined;
  if (entity === undefined || target === undefined) {
    const near = { name: draft.name, known: entity?.states.keys() ?? [] };
    const elsewhere = [...entities].find(([, other]) => other.states.has(draft.name))?.[0];
    report.add(
      'unknown_name',
      draft.at,
      `${entityName}.${name} requires unknown state '${shown(draft.name)}'.`,
      elsewhere === undefined
        ? { near }
        : { hint: `A state of another entity is written ${elsewhere}.${draft.name}.` },
    );
    return undefined;
  }
  if (draft.quorumAt !== undefined) {
    const message = `State ${entityName}.${name} asks for ${draft.name} of several members, but a bare name means the same member.`;
    report.add('wrong_value', draft.quorumAt, message, {
      hint: `Write ${entityName}.${draft.name}: that state of every member.`,
    });
    return undefined;
  }
  if (entity.type === 'vm_group' && state.once !== undefined && target.once === undefined) {
    const message = `${entityName}.${name} is a state of the group (once), so '${draft.name}' of "the same member" has no meaning.`;
    report.add('wrong_value', draft.at, message, {
      hint: `Write ${entityName}.${draft.name}: of every member.`,
    });
    return undefined;
  }
  const members: Quorum = target.once === undefined ? { kind: 'same' } : { kind: 'all' };
  return placed(draft, { entity: entityName, state: draft.name }, members);
}

function placed(draft: RequirementDraft, target: StateReference, members: Quorum): PlacedRequirement {
  const { at, outcome, choice, within } = draft;
  return {
    ...target,
    members,
    inferred: false,
    at,
    ...(outcome && { outcome }),
    ...(choice !== undefined && { choice }),
    ...(within !== undefined && { within }),
  };
}

export function sameRequirement(a: Requirement, b: Requirement): boolean {
  return (
    a.entity === b.entity &&
    a.state === b.state &&
    a.outcome === b.outcome &&
    a.choice === b.choice &&
    JSON.stringify(a.members) === JSON.stringify(b.members)
  );
}

/** Notes roles that `only`, `except` and `once` name but the entity doesn't have. */
export function checkRoles(report: Report, entity: EntityDraft, state: StateDraft): void {
  const check = (key: string, { name, at }: Mention, alsoKnown: readonly string[]): void => {
    if (entity.roles.has(name) || alsoKnown.includes(name) || entity.type !== 'vm_group') return;
    const known = [...entity.roles.keys(), ...alsoKnown];
    report.add(
      'unknown_name',
      at,
      `${entity.name}.${state.name}: ${key} names unknown role '${shown(name)}'.`,
      {
        near: { name, known },
        ...(known.length === 0 ? { hint: `Declare it under roles of ${entity.name}.` } : {}),
      },
    );
  };
  for (const mention of state.only) check('only', mention, []);
  for (const mention of state.except) check('except', mention, []);
  if (state.once) check('once', state.once, ['any']);
  checkOneHolder(report, entity, state);
}

/** A step of the group runs in one VM, so one member must hold the role. */
function checkOneHolder(report: Report, entity: EntityDraft, { name, once }: StateDraft): void {
  const count = once && holdersOfRole(entity.roles.get(once.name));
  if (once === undefined || count === undefined || count === 1) return;
  const message = `${entity.name}.${name} has 'once: ${once.name}', but ${count} members hold ${once.name}: a step of the group runs in one VM.`;
  report.add('wrong_value', once.at, message, {
    hint: `Name a role that one member holds, or write 'only: ${once.name}' for a step of each of them.`,
  });
}

/** The states that `goal` names. */
export function resolveGoal(
  report: Report,
  entities: Entities,
  node: Node | undefined,
): (StateReference & { readonly at: string })[] {
  const goal: (StateReference & { readonly at: string })[] = [];
  const items = readItems(report, node, 'goal', 100);
  if (node !== undefined && items.length === 0)
    report.add('wrong_value', node.at, 'The goal names no state.');
  for (const item of items) {
    const name = readName(report, item, 'The goal');
    const state =
      name === undefined
        ? undefined
        : resolveState(report, entities, { name, at: item.at }, 'The goal names');
    if (state === undefined) continue;
    const twice = goal.some(other => other.entity === state.entity && other.state === state.state);
    if (twice)
      report.add('duplicate', item.at, `The goal names '${name}' twice.`, { hint: 'Remove one of them.' });
    else goal.push({ ...state, at: item.at });
  }
  return goal;
}
