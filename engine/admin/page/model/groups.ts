// Failures that are the same: found together, and acted on together.
// Belongs here: what makes two failures the same. Does not belong here: acting (acts.ts).
import type { StepView } from '../../../runtime/api.ts';

export interface FailureGroup {
  /** Equal for equal failures. */
  readonly key: string;
  readonly says: string;
  readonly steps: readonly StepView[];
}

const FAILED = new Set(['failed', 'paused', 'interrupted']);

/** Steps that failed or are held after a failure, the largest groups first. */
export function failureGroups(steps: readonly StepView[]): readonly FailureGroup[] {
  const groups = new Map<string, StepView[]>();
  for (const step of steps) {
    const { status, error } = step.record;
    if (!FAILED.has(status) || error === undefined) continue;
    const key = fingerprint(step);
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  return [...groups]
    .map(([key, own]) => ({ key, says: saysOf(own[0] as StepView), steps: own }))
    .toSorted((a, b) => b.steps.length - a.steps.length || (a.key < b.key ? -1 : 1));
}

/** Of the same state, with the same words but for names and numbers. */
function fingerprint({ entity, state, record: { error } }: StepView): string {
  const words = `${error?.message ?? ''} ${lastLine(error?.tail)}`;
  return [`${entity}.${state}`, error?.kind, error?.exitCode, normalised(words)].join(' ');
}

const normalised = (text: string): string =>
  text
    .replace(/[0-9a-f]{8,}(-[0-9a-f]{4,})*/gi, '…')
    .replace(/\d+/g, '…')
    .slice(0, 300);

const lastLine = (tail = ''): string => tail.trimEnd().split('\n').at(-1)?.trim() ?? '';

function saysOf({ entity, state, record: { error } }: StepView): string {
  const last = lastLine(error?.tail);
  return `${entity}.${state}: ${error?.message ?? ''}${last === '' ? '' : ` — ${last}`}`;
}

/** Workflows that stand for the same reason, by their reason's words but for names and numbers. */
export const reasonKey = (reason: string): string => normalised(reason.replace(/\[\d+\]/g, '[…]'));
