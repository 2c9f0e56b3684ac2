// What was reached against what is asked now (R3): whether it stays, and what changed.
// Belongs here: one step whose requirements are met. Does not belong here: what is in a fingerprint (machine/fingerprint.ts),
// the words for what changed (changes.ts).
import type { JsonObject } from '../base/json.ts';
import { isObject } from '../base/json.ts';
import { readEncodedOutputs } from '../definition/outputs.ts';
import { outsideId } from '../graph/references.ts';
import type { Step } from '../graph/types.ts';
import { isComputed } from '../machine/command.ts';
import { changedParts, fingerprintOf, ignoredBy } from '../machine/fingerprint.ts';
import type { Fingerprint, StepRecord } from '../machine/types.ts';
import { changesOf, doubtOf } from './changes.ts';
import { COUNTS } from './ends.ts';
import { followedBy } from './follow.ts';
import type { Foresight, Judged } from './foresight.ts';
import { see, type Seen, seeTemplate, seenBefore } from './sight.ts';

/** Of a step that was reached, and whose requirements are met. */
export function compared(foresight: Foresight, step: Step, record: StepRecord): Judged {
  const { state } = step;
  const { outputs, facts } = record;
  const atOnce = foresight.isAtOnce(step);
  const stays: Judged = {
    ...(state.action && { fate: 'keep' as const }),
    reason: state.onChange === 'keep' ? 'it says on_change: keep' : 'nothing of it changes',
    ends: COUNTS,
    holds: { ...(outputs && { outputs }), ...(facts && { facts }) },
    atOnce,
  };
  if (!state.action) return stays;
  if (record.unverified) return again(foresight, step, doubtOf(record.unverified));
  const followed = followedBy(foresight, step, record);
  if (followed?.isSure) return again(foresight, step, `follows ${followed.name}, which runs again`);
  const kept = afterItself(foresight, step, record, stays);
  if (!followed || kept.fate !== 'keep') return kept;
  return { fate: 'maybe', reason: `follows ${followed.name}`, ends: COUNTS, begins: true };
}

/** Of what it follows nothing runs again. */
function afterItself(foresight: Foresight, step: Step, record: StepRecord, stays: Judged): Judged {
  const { state } = step;
  const { outputs } = record;
  const lacks = outputs && readEncodedOutputs(state, outputs).problem !== undefined;
  if (lacks) return again(foresight, step, 'it declares an output that it did not give');
  if (state.onChange === 'keep') return stays;
  const seen = difference(foresight, step, record);
  if (seen.kind === 'unknown')
    return { fate: 'maybe', reason: `depends on ${seen.on.join(', ')}`, ends: COUNTS, begins: true };
  if (seen.kind === 'failed')
    return {
      fate: 'maybe',
      reason: 'its action cannot be evaluated as things are',
      ends: COUNTS,
      begins: true,
    };
  if (seen.value.length === 0) return stays;
  if (state.action?.kind === 'workflow' && record.child !== undefined)
    return {
      fate: 'maybe',
      reason: 'its child keeps what it was created with, so it would fail',
      ends: COUNTS,
      begins: true,
    };
  const by = state.changeAction && outputs ? `; by its on_change (${state.changeAction.kind})` : '';
  return again(foresight, step, `${changesOf(foresight, step, seen.value)}${by}`);
}

function again(foresight: Foresight, step: Step, reason: string): Judged {
  const holds = computed(foresight, step);
  return { fate: 'run_again', reason, ends: COUNTS, begins: true, ...(holds && { holds }) };
}

/** Of an attempt that runs. */
export function isChangedInFlight(
  foresight: Foresight,
  step: Step,
  record: StepRecord,
): 'no' | 'open' | { readonly reason: string } {
  const followed = followedBy(foresight, step, record);
  if (followed) return followed.isSure ? { reason: `follows ${followed.name}, which runs again` } : 'open';
  if (step.state.onChange === 'keep') return 'no';
  const seen = difference(foresight, step, record);
  if (seen.kind === 'unknown') return 'open';
  if (seen.kind === 'failed') return { reason: 'its action cannot be evaluated as things are' };
  return seen.value.length === 0 ? 'no' : { reason: changesOf(foresight, step, seen.value) };
}

/** Names of what differs: `action`, or an input. */
function difference(foresight: Foresight, step: Step, record: StepRecord): Seen<readonly string[]> {
  const { hash } = foresight.state;
  if (!hash) return { kind: 'known', value: [] };
  const before = record.fingerprint ?? fingerprintBefore(foresight, step);
  if (!before) return { kind: 'known', value: [] };
  const now = see(foresight, step, source => fingerprintOf(source, step, hash));
  if (now.kind !== 'known') return now;
  return {
    kind: 'known',
    value: now.value ? changedParts(before, now.value, ignoredBy(step.state.action)) : [],
  };
}

/** Of what was reached by an engine that kept none: of what would have run before the update. */
function fingerprintBefore({ begun: { former } }: Foresight, step: Step): Fingerprint | undefined {
  const hash = former?.state.hash;
  const before = former?.graph.steps[former.graph.stepByOutside.get(outsideId(step)) ?? -1];
  if (!former || !hash || !before) return undefined;
  return seenBefore(former, source => fingerprintOf(source, before, hash));
}

/** What a `set` will give; undefined: it is none, or that is not known yet. */
export function computed(foresight: Foresight, step: Step): { readonly outputs?: JsonObject } | undefined {
  const { action, probe } = step.state;
  if (action?.kind !== 'set' || !isComputed(action) || probe) return undefined;
  const seen = seeTemplate(foresight, step, action.outputs);
  if (seen.kind !== 'known' || !isObject(seen.value)) return undefined;
  const { outputs } = readEncodedOutputs(step.state, seen.value);
  return outputs && { outputs };
}
