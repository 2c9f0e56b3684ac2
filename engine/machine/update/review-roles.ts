// Roles when definition or inputs change (row 25): another rule chooses again, another input only what it decides.
// Belongs here: which roles are chosen again. Does not belong here: the choice (roles.ts), who follows (follow.ts).
import { EngineError } from '../../base/errors.ts';
import { canonicalJson } from '../../base/json.ts';
import type { Role } from '../../definition/types.ts';
import { evaluateTemplate } from '../../definition/expressions/index.ts';
import type { RoleNode } from '../../graph/types.ts';
import type { Draft } from '../draft.ts';
import { dataView } from '../view.ts';
import { renamingsOf } from './rename.ts';

/** Opens what has to be chosen again; holders that stay fit keep it where the rule is the same. */
export function reviewRoles(draft: Draft): void {
  for (const role of draft.graph.roles) {
    const holders = draft.holders(role.entity, role.name) ?? [];
    if (holders.length === 0) continue;
    const kept = stillHolding(draft, role, holders);
    if (kept.length < holders.length) draft.openRole(role.number, kept);
  }
}

function stillHolding(
  draft: Draft,
  { entity, name, rule, choose, candidates }: RoleNode,
  holders: readonly string[],
) {
  const { former } = draft;
  if (!former) return holders;
  const before = former.graph.definition.entities.get(entity)?.roles.get(name);
  const now = draft.graph.definition.entities.get(entity)?.roles.get(name);
  const renamings = renamingsOf(former.graph, draft.graph.definition);
  if (!before || !now || ruleText(before, renamings) !== ruleText(now, renamings)) return [];
  if (choose !== 'where' || !rule || canonicalJson(former.state.inputs) === canonicalJson(draft.inputs))
    return holders;
  return holders.filter(agent => {
    const step = candidates.map(one => draft.step(one)).find(({ member }) => member?.agent === agent);
    return step === undefined || evaluated(() => evaluateTemplate(rule, dataView(draft, { step }))) === true;
  });
}

/** A rule without an answer decides nothing. */
function evaluated<Value>(evaluate: () => Value): Value | undefined {
  try {
    return evaluate();
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    return undefined;
  }
}

/** As written: compiled expressions differ in nothing else. A state that is renamed is the same in it (row 29). */
export const ruleText = (
  { choose, among, count, rule }: Role,
  renamings: ReturnType<typeof renamingsOf>,
): string => {
  const now = new Map(renamings.map(({ from, to }) => [from, to]));
  return JSON.stringify({ choose, among, count, rule: rule?.root }, (_, value: unknown) =>
    typeof value === 'string' ? (now.get(value) ?? value) : value,
  );
};
