// Choosing who has a role (rules 3 to 5).
// Belongs here: when a choice is made, whom it falls on, when a vacancy opens again. Does not belong here: what
// follows for steps (readiness.ts).
import { EngineError, errorText } from '../base/errors.ts';
import { type JsonValue, tagOf } from '../base/json.ts';
import { evaluateTemplate } from '../definition/expressions/index.ts';
import type { Template } from '../definition/expressions/types.ts';
import type { RoleNode } from '../graph/types.ts';
import { candidatesOf, classOf } from './counters.ts';
import type { Draft } from './draft.ts';
import type { StepError } from './types.ts';
import { isRoleHeld } from './undo/order.ts';
import { followChoice } from './update/follow.ts';
import { dataView } from './view.ts';

/**
 * `first_ready` takes the first that reached `among`, all that hold it together; every other choice waits until all
 * candidates are final. A holder stays; a vacancy opens again when a candidate gets another chance. Also when the goal
 * holds: the workflow's outputs may read a role that no step needs. Too few candidates, or a rule that fails for one,
 * leave the role vacant, and say so.
 */
export function considerRole(draft: Draft, number: number): void {
  const role = draft.graph.roles[number] as RoleNode;
  const holders = draft.holders(role.entity, role.name);
  if (holders || !draft.underway) return;
  // Who left held it until what it did as its holder is undone (R2).
  if (draft.leaving && isRoleHeld(draft.leaving, draft.graph, number)) return;
  const { open, reached } = candidatesOf(draft.cells, draft.graph, number);
  const decided = open === 0 || (role.choose === 'first_ready' && reached >= (role.count ?? 1));
  if (!decided) {
    if (holders === null) draft.setRole(number, undefined);
    return;
  }
  try {
    fill(draft, role, choose(draft, role), holders);
    followChoice(draft, role);
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    const message = `${errorText(thrown)} ${thrown.next}`;
    draft.setRole(number, null, { kind: 'expression', message, phase: 'action' });
  }
}

/** `found`: the best candidates, in index order, as many as hold the role or fewer. */
function fill(draft: Draft, role: RoleNode, found: readonly string[], before: null | undefined): void {
  const { number, count } = role;
  const [first] = found;
  if (first !== undefined && found.length === (count ?? 1))
    return draft.setRole(number, count === undefined ? first : found);
  if (count !== undefined) return draft.setRole(number, null, tooFew(role, count, found.length));
  if (before === undefined) draft.setRole(number, null);
}

const tooFew = ({ entity, name, candidates }: RoleNode, count: number, found: number): StepError => ({
  kind: 'vacant',
  message: `${count} members are to hold ${entity}.${name}, but ${found} of ${candidates.length} could.`,
  phase: 'action',
});

function choose(draft: Draft, role: RoleNode): readonly string[] {
  const ready = role.candidates.filter(candidate => classOf(draft.record(candidate)) === 'counts');
  const kept = draft.workflow.keeps?.[`${role.entity}.${role.name}`] ?? [];
  const keeps = (number: number): boolean => kept.includes(draft.step(number).member?.agent ?? '');
  const rest = ready.filter(number => !keeps(number));
  const best = [...ready.filter(keeps), ...preferred(draft, role, rest)].slice(0, role.count ?? 1);
  return best.toSorted((a, b) => a - b).flatMap(number => draft.step(number).member?.agent ?? []);
}

/** Those who may hold it, the best first. They come in index order and sorting keeps it, so ties fall to the lowest. */
function preferred(draft: Draft, role: RoleNode, ready: readonly number[]): readonly number[] {
  if (role.rule !== undefined) return byRule(draft, role, role.rule, ready);
  if (role.choose !== 'first_ready') return ready;
  return ready.toSorted((a, b) => draft.record(a).since - draft.record(b).since);
}

/** Every candidate is judged, so whether the rule fails does not hang on who stands first. */
function byRule(draft: Draft, role: RoleNode, rule: Template, ready: readonly number[]): readonly number[] {
  const answers = ready.map(number => ({ number, answer: judge(draft, role, rule, number) }));
  if (role.choose === 'where')
    return answers.filter(({ answer }) => answer === true).map(({ number }) => number);
  const sign = role.choose === 'highest' ? -1 : 1;
  const ranked = answers.toSorted(
    (a, b) => sign * (Number(a.answer > b.answer) - Number(a.answer < b.answer)),
  );
  return ranked.map(({ number }) => number);
}

type Answer = boolean | number | bigint;

/** Throws EngineError `expression_failed`, naming the member for which the rule has no answer. */
function judge(draft: Draft, role: RoleNode, rule: Template, number: number): Answer {
  const step = draft.step(number);
  const what = `${role.choose} of ${role.entity}.${role.name} for ${step.member?.name ?? step.id}`;
  try {
    const value = evaluateTemplate(rule, dataView(draft, { step }));
    const answer =
      role.choose === 'where' ? (typeof value === 'boolean' ? value : undefined) : numberOf(value);
    if (answer !== undefined) return answer;
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    throw new EngineError('expression_failed', `${what}: ${thrown.message}`, thrown.next, { cause: thrown });
  }
  const due = role.choose === 'where' ? 'neither true nor false' : 'no number';
  throw new EngineError('expression_failed', `${what}: the answer is ${due}.`, 'Correct the rule.');
}

/** Integers beyond what a number holds exactly compare with numbers all the same. */
function numberOf(value: JsonValue): number | bigint | undefined {
  if (typeof value === 'number') return value;
  return tagOf(value) === '$integer' ? BigInt((value as { readonly $integer: string }).$integer) : undefined;
}
