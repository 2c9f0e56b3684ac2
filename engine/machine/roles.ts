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
import { dataView } from './view.ts';

/**
 * `first_ready` takes the first that reached `among`; every other choice waits until all candidates are final. A holder
 * stays; a vacancy opens again when a candidate gets another chance. Also when the goal holds: the workflow's outputs
 * may read a role that no step needs. A rule that fails for one candidate leaves the role vacant, and says so.
 */
export function considerRole(draft: Draft, number: number): void {
  const role = draft.graph.roles[number] as RoleNode;
  const holder = draft.holder(role.entity, role.name);
  if (typeof holder === 'string' || !draft.underway) return;
  const { open, reached } = candidatesOf(draft.cells, draft.graph, number);
  const decided = open === 0 || (role.choose === 'first_ready' && reached > 0);
  if (!decided) {
    if (holder === null) draft.setRole(number, undefined);
    return;
  }
  try {
    const chosen = choose(draft, role);
    if (chosen !== holder) draft.setRole(number, chosen);
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'internal') throw thrown;
    draft.setRole(number, null, `${errorText(thrown)} ${thrown.next}`);
  }
}

/** Candidates stand in index order, so ties fall to the lowest index; those of time do the same way. */
function choose(draft: Draft, role: RoleNode): string | null {
  const ready = role.candidates.filter(candidate => classOf(draft.record(candidate)) === 'counts');
  const number = role.rule === undefined ? ready[0] : byRule(draft, role, role.rule, ready);
  return number === undefined ? null : (draft.step(number).member?.agent ?? null);
}

/** Every candidate is judged, so whether the rule fails does not hang on who stands first. */
function byRule(draft: Draft, role: RoleNode, rule: Template, ready: readonly number[]): number | undefined {
  const answers = ready.map(number => ({ number, answer: judge(draft, role, rule, number) }));
  if (role.choose === 'where') return answers.find(({ answer }) => answer === true)?.number;
  const exceeds = (a: Answer, b: Answer): boolean => (role.choose === 'highest' ? a > b : a < b);
  const [first, ...others] = answers;
  return first && others.reduce((best, one) => (exceeds(one.answer, best.answer) ? one : best), first).number;
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
