// Members that a child is given, held against what it takes, as far as sizes alone tell (row 48).
// Belongs here: expressions whose number of members can be read off. Does not belong here: other expressions: what they
// name shows when the child is created.
import type { TemplateNode } from '../definition/expressions/types.ts';
import type { Problem } from '../definition/problems.ts';
import { holdersOfRole, type State, type WorkflowDefinition } from '../definition/types.ts';
import type { Membership } from './types.ts';

const ALL = /^([a-z][a-z0-9_]*)\.members$/;
const ONE = /^(?:member|[a-z][a-z0-9_]*\.members\[\d{1,4}\])$/;
const ROLE = /^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$/;

/** Too many or too few for an entity of the child that the state runs. A condition may see to that. */
export function childSizeProblems(
  definition: WorkflowDefinition,
  membership: Membership,
  { action, entity, name, condition }: State,
): readonly Problem[] {
  if (action?.kind !== 'workflow' || condition) return [];
  const child = definition.children?.get(action.definition)?.definition;
  return [...action.members].flatMap(([group, { root }]) => {
    const size = sizeOf(root, definition, membership);
    const wanted = child?.entities.get(group)?.members;
    if (size === undefined || !wanted || (size >= wanted.min && size <= wanted.max)) return [];
    const { min, max } = wanted;
    return [
      problem(
        `/entities/${entity}/states/${name}/action/workflow/members/${group}`,
        { size, min, max },
        `${entity}.${name}`,
        group,
      ),
    ];
  });
}

/** Undefined where it hangs on more than sizes. */
function sizeOf(
  node: TemplateNode,
  definition: WorkflowDefinition,
  membership: Membership,
): number | undefined {
  if (node.kind === 'list') {
    const sizes = node.items.map(item => sizeOf(item, definition, membership));
    return sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }
  if (node.kind !== 'expression') return undefined;
  const { source } = node.expression;
  if (ONE.test(source)) return 1;
  const all = ALL.exec(source)?.[1];
  if (all !== undefined) return membership.get(all)?.length ?? 0;
  const [, entity = '', role = ''] = ROLE.exec(source) ?? [];
  const held = definition.entities.get(entity)?.roles.get(role);
  return held && holdersOfRole(held);
}

function problem(
  pointer: string,
  { size, min, max }: { readonly size: number; readonly min: number; readonly max: number },
  state: string,
  group: string,
): Problem {
  const allowed = min === max ? `exactly ${min}` : `${min} to ${max}`;
  const message = `${state} gives ${size} members to the child's ${group}, which takes ${allowed}.`;
  return { code: 'members_invalid', pointer, message, hint: `Give ${allowed}.`, severity: 'error' };
}
