// What may hold no longer of a workflow, as Heat's users read it: sentences, and a list for an attribute. Pure.
// Belongs here: steps → words of bounded number. Does not belong here: asking for them (methods.ts), other attributes (attributes.ts).
import type { JsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Unverified } from '../machine/verify/types.ts';
import type { StepView, WorkflowView } from '../runtime/api.ts';

/** States named in one answer. */
const NAMED = 10;

const WHY: { readonly [why in Unverified['why']]: string } = {
  vm_replaced: 'is unverified, for its VM was replaced',
  vm_reverted: 'is unverified, for its VM was reverted',
  drifted: 'has drifted',
};

/** Reached and unverified, where the goal needs it. */
export const isDoubted = ({ wanted, record: { status, unverified } }: StepView): boolean =>
  wanted && status === 'reached' && unverified !== undefined;

const isUntold = ({ record: { status, look } }: StepView): boolean =>
  status === 'reached' && look?.found === 'unknown';

/** One sentence for each of the first that are in doubt, or that no check could tell of. */
export function doubtsOf({ steps }: Pick<WorkflowView, 'steps'>): readonly string[] {
  const found = steps.filter(step => isDoubted(step) || isUntold(step));
  const more = found.length > NAMED ? [`and ${found.length - NAMED} more`] : [];
  return [...found.slice(0, NAMED).map(sentenceOf), ...more];
}

function sentenceOf({ id, member, record: { unverified, look } }: StepView): string {
  const who = member === undefined ? id : `${id} on ${member.name}`;
  const last = look?.error?.tail?.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const said = [look?.error?.message.replace(/\.$/, ''), last].filter(
    text => text !== undefined && text !== '',
  );
  const what = unverified ? WHY[unverified.why] : 'could not be checked';
  return said.length === 0 ? `${who} ${what}` : `${who} ${what} (${said.join(': ')})`;
}

/** The attribute `unverified`; behind the first hundred stands how many more there are. */
export function unverifiedOf(steps: readonly StepView[]): JsonObject[] {
  const found = steps.filter(isDoubted);
  const shown = found.slice(0, LIMITS.shownFailures).map(({ id, member, record }) => ({
    step: id,
    why: record.unverified?.why ?? '',
    ...(member && { member: member.name }),
    ...(record.look?.error && { message: record.look.error.message }),
  }));
  return found.length > shown.length ? [...shown, { more: found.length - shown.length }] : shown;
}
