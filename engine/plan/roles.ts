// Who will have a role (rules 3 to 5, 25): its holders stay, are chosen anew, or show only while the update runs.
// Belongs here: one role, once its candidates are judged. Does not belong here: who follows it (judge.ts).
import { canonicalJson, type JsonValue, tagOf } from '../base/json.ts';
import type { RoleNode, Step } from '../graph/types.ts';
import { holdersIn } from '../machine/holders.ts';
import { renamingsOf } from '../machine/update/rename.ts';
import { ruleText } from '../machine/update/review-roles.ts';
import { isOnly } from './ends.ts';
import type { ForeseenRole, Foresight, Judged } from './foresight.ts';
import { seeTemplate } from './sight.ts';
import type { PlannedRole } from './types.ts';

export function judgeRole(foresight: Foresight, role: RoleNode): ForeseenRole {
  const before = holdersIn(foresight.state.workflow.roles, role.entity, role.name) ?? [];
  const staying = stays(foresight, role, before);
  if (staying === 'open')
    return { holders: 'open', verdict: 'unknown', atOnce: false, why: 'its holder may stand aside' };
  if (before.length > 0 && staying.kept.length === before.length)
    return { holders: before, verdict: 'met', atOnce: true };
  const earlier = foresight.state.workflow.keeps?.[`${role.entity}.${role.name}`] ?? [];
  const chosen = choose(foresight, role, before.length > 0 ? staying.kept : earlier);
  // Whether the former holder goes on hangs on who is undone first.
  const isLost = before.length > 0 && chosen.holders === null;
  return { ...(isLost ? OPEN : chosen), atOnce: false, ...(before.length > 0 && { why: staying.why }) };
}

interface Staying {
  readonly kept: readonly string[];
  readonly why: string;
}

/** Who of the holders keeps it. */
function stays(foresight: Foresight, role: RoleNode, before: readonly string[]): Staying | 'open' {
  const { graph, begun } = foresight;
  const group = graph.membership.get(role.entity) ?? [];
  const leaving = new Set(group.flatMap(({ agent, leaving: isLeaving }) => (isLeaving ? [agent] : [])));
  if (begun.isNew && hasOtherRule(foresight, role)) return { kept: [], why: 'its rule changed' };
  const present = before.filter(agent => !leaving.has(agent));
  if (present.length < before.length) return { kept: present, why: 'its holder leaves' };
  const kept: string[] = [];
  for (const agent of present) {
    const judged = judgedOf(foresight, role, agent);
    const fits =
      begun.isNew && role.choose === 'where' && hasOtherInputs(foresight)
        ? answerOf(foresight, role, agent)
        : true;
    const isOpen = judged?.fate === 'maybe' && judged.ends.aside;
    if (isOpen || fits === undefined) return 'open';
    if (!judged?.isAside && fits) kept.push(agent);
  }
  return { kept, why: 'its holder no longer fits' };
}

function candidateOf({ graph }: Foresight, { candidates }: RoleNode, agent: string): Step | undefined {
  return candidates.map(one => graph.steps[one]).find(step => step?.member?.agent === agent);
}

function judgedOf(foresight: Foresight, role: RoleNode, agent: string): Judged | undefined {
  const step = candidateOf(foresight, role, agent);
  return step && foresight.steps[step.number];
}

function hasOtherRule({ begun, graph }: Foresight, { entity, name }: RoleNode): boolean {
  const before = begun.former?.graph.definition.entities.get(entity)?.roles.get(name);
  const now = graph.definition.entities.get(entity)?.roles.get(name);
  if (!before || !now || !begun.former) return true;
  const renamings = renamingsOf(begun.former.graph, graph.definition);
  return ruleText(before, renamings) !== ruleText(now, renamings);
}

const hasOtherInputs = ({ begun, state }: Foresight): boolean =>
  canonicalJson(begun.former?.state.inputs ?? {}) !== canonicalJson(state.inputs);

/** Of a holder; undefined: not known yet. */
function answerOf(foresight: Foresight, role: RoleNode, agent: string): boolean | undefined {
  const step = candidateOf(foresight, role, agent);
  if (!step || !role.rule) return true;
  const seen = seeTemplate(foresight, step, role.rule);
  if (seen.kind === 'unknown') return undefined;
  return seen.kind === 'known' && seen.value === true;
}

const OPEN = { holders: 'open', verdict: 'unknown' } as const;

function choose(
  foresight: Foresight,
  role: RoleNode,
  kept: readonly string[],
): Pick<ForeseenRole, 'holders' | 'verdict'> {
  const { count = 1 } = role;
  const ends = role.candidates.map(one => foresight.steps[one]?.ends);
  const sure = role.candidates.filter((_, place) => ends[place] && isOnly(ends[place], 'counts'));
  const possible = role.candidates.filter((_, place) => ends[place]?.counts !== false);
  if (possible.length < count) return { holders: null, verdict: 'hopeless' };
  const isAwaited = role.choose !== 'first_ready' && ends.some(one => one?.never !== false);
  const isSure = sure.length >= count && !isAwaited;
  const unknown = isSure && role.choose !== 'where' ? ({ holders: 'open', verdict: 'met' } as const) : OPEN;
  const isClear = ends.every(
    one => one !== undefined && (isOnly(one, 'counts') || !one.counts) && !one.never,
  );
  if (!isClear) return unknown;
  if (role.choose === 'first_ready' && sure.length > count) return unknown;
  const agent = (number: number): string => foresight.graph.steps[number]?.member?.agent ?? '';
  const rest = sure.filter(number => !kept.includes(agent(number)));
  const ranked = preferred(foresight, role, rest);
  if (!ranked) return OPEN;
  const best = [...sure.filter(number => kept.includes(agent(number))), ...ranked].slice(0, count);
  if (best.length < count) return { holders: null, verdict: 'hopeless' };
  return { holders: best.toSorted((a, b) => a - b).map(agent), verdict: 'met' };
}

/** The best first; ties fall to the lowest index. Undefined: not known yet, or the rule has no answer. */
function preferred(
  foresight: Foresight,
  role: RoleNode,
  ready: readonly number[],
): readonly number[] | undefined {
  if (!role.rule) return ready;
  const answers = ready.map(number => {
    const seen = seeTemplate(
      foresight,
      foresight.graph.steps[number] as Step,
      role.rule as NonNullable<RoleNode['rule']>,
    );
    return seen.kind === 'known' ? seen.value : undefined;
  });
  if (role.choose === 'where') {
    if (answers.some(one => typeof one !== 'boolean')) return undefined;
    return ready.filter((_, place) => answers[place] === true);
  }
  const ranks = answers.map(rankOf);
  if (ranks.includes(undefined)) return undefined;
  const sign = role.choose === 'highest' ? -1 : 1;
  const order = ready.map((number, place) => ({ number, rank: ranks[place] ?? 0 }));
  return order
    .toSorted((a, b) => sign * (Number(a.rank > b.rank) - Number(a.rank < b.rank)))
    .map(({ number }) => number);
}

function rankOf(value: JsonValue | undefined): number | bigint | undefined {
  if (typeof value === 'number') return value;
  return tagOf(value) === '$integer' ? BigInt((value as { readonly $integer: string }).$integer) : undefined;
}

/** Roles whose holders change, with the names that people know. */
export function roleMoves(foresight: Foresight): readonly PlannedRole[] {
  return foresight.graph.roles.flatMap(role => {
    const foreseen = foresight.roles[role.number];
    if (foreseen?.why === undefined) return [];
    const before = holdersIn(foresight.state.workflow.roles, role.entity, role.name) ?? [];
    const { holders, why } = foreseen;
    if (holders !== 'open' && holders?.join() === before.join()) return [];
    const group = foresight.graph.membership.get(role.entity) ?? [];
    const name = (agent: string): string => group.find(member => member.agent === agent)?.name ?? agent;
    const isOpen =
      holders === 'open' || role.candidates.some(one => foresight.steps[one]?.isPerhaps === true);
    const to = isOpen ? {} : { to: (holders ?? []).map(name) };
    return [{ role: `${role.entity}.${role.name}`, from: before.map(name), ...to, reason: why }];
  });
}
