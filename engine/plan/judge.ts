// What becomes of one step, once it is known what becomes of all that it stands on.
// Belongs here: the rules of the language, one after the other, for one step. Does not belong here: roles (roles.ts), the
// comparison of what was reached with what is asked now (compare.ts), the sentences of changed values (changes.ts).
import { outsideId } from '../graph/references.ts';
import type { Step } from '../graph/types.ts';
import { isBeforeAll } from '../machine/condition.ts';
import { owes } from '../machine/records.ts';
import { asRun } from '../machine/update/earlier.ts';
import type { StepRecord } from '../machine/types.ts';
import { doubtOf } from './changes.ts';
import { compared, computed, isChangedInFlight } from './compare.ts';
import { retirement, whyItIsNew } from './replaced.ts';
import { ANY, ASIDE, COUNTS, type Foreseen, LOST, NEVER, PERHAPS } from './ends.ts';
import type { Foresight, Judged } from './foresight.ts';
import { seeTemplate } from './sight.ts';

const AFTER = 'once it is clear what becomes of what it requires';

export function judgeStep(foresight: Foresight, step: Step): Judged {
  const judged = judgeFresh(foresight, step);
  const { mayAge } = foresight.begun;
  const isRenewed =
    mayAge && step.wanted && step.feeds.some(gate => foresight.graph.gates[gate]?.validFor !== undefined);
  if (!isRenewed || judged.begins || !judged.ends.counts) return judged;
  const { holds: _, atOnce: __, ...rest } = judged;
  return { ...rest, fate: 'maybe', reason: 'may be too old for what begins (valid_for)' };
}

function judgeFresh(foresight: Foresight, step: Step): Judged {
  const record = foresight.record(step.number);
  if (step.leaving) return leaves(foresight, step, record);
  if (!step.wanted) return unneeded(record);
  if (isUnsettled(record))
    return open(
      `${record.status === 'undoing' ? 'its undo ends first' : 'it is being taken back or run again'}, then it is looked at anew`,
    );
  const fits = foresight.applies(step);
  if (fits === false) return steppedAside(foresight, step, record, 'another member has the role');
  const verdict = foresight.verdict(step);
  if (fits === undefined && (verdict !== 'hopeless' || !foresight.isVacant(step)))
    return byChoice(step, record, verdict);
  return settled(foresight, step, record) ?? required(foresight, step, record, verdict);
}

/** What was begun of it meanwhile ends first, in a way that no plan knows. */
const isUnsettled = ({ status, renews, withdrawn, cause, kept: told }: StepRecord): boolean =>
  status === 'undoing' ||
  told !== undefined ||
  renews !== undefined ||
  withdrawn === 'moved' ||
  cause === 'undo_failed';

const open = (reason: string): Judged => ({ fate: 'maybe', reason, ends: ANY, begins: true });

/** Its member leaves, or its state is gone. */
function leaves(foresight: Foresight, step: Step, record: StepRecord): Judged {
  const { member, state } = step;
  const { begun } = foresight;
  const why = member?.leaving ? `${member.name} leaves` : (retirement(foresight.graph, step) ?? GONE);
  const isOut = record.status === 'running' && record.command !== undefined;
  if (begun.abandons && record.child === undefined) {
    const isCalled = record.command !== undefined && record.cancel === undefined && record.kept === undefined;
    if (isCalled) return { fate: 'cancel', reason: `${why}, and is abandoned`, ends: ANY };
    const left = owes(record)
      ? ({ fate: 'keep', reason: `${why}; what it did is left behind` } as const)
      : NOTHING;
    return { ...left, ends: ANY };
  }
  if (record.cause === 'undo_failed' && record.withdrawn !== undefined) return open('its undo failed before');
  if (isOut && state.interruptible && record.cancel === undefined && record.kept === undefined)
    return { fate: 'cancel', reason: `${why}; then it is undone`, ends: ANY };
  if (record.status === 'undoing') return { fate: 'undo', reason: why, ends: ANY };
  return { ...takenBack(foresight, step, record, why), ends: ANY };
}

const GONE = 'it is gone from the definition';

/** What was not begun has nothing to be undone, and a probe does not begin it. */
function takenBack(
  { graph, source }: Foresight,
  step: Step,
  record: StepRecord,
  why: string,
): Pick<Judged, 'fate' | 'reason'> {
  if (!owes(record))
    return record.status === 'running' ? { fate: 'maybe', reason: `${why}; its probe runs` } : NOTHING;
  const { undo } = asRun(graph, step, record, source).state;
  return { fate: 'undo', reason: undo ? why : `${why}; it has no undo, so what it did stays` };
}

const NOTHING = { reason: '' } as const;

/** Row 28. */
function unneeded(record: StepRecord): Judged {
  const { status, outputs, facts } = record;
  if (status === 'running') return { fate: 'run', reason: 'no goal needs it; what runs ends', ends: ANY };
  if (status === 'undoing') return { fate: 'undo', reason: 'its undo runs', ends: ANY };
  const holds = { ...(outputs && { outputs }), ...(facts && { facts }) };
  if (!owes(record)) return { ...NOTHING, ends: ANY, holds };
  return { fate: 'keep', reason: 'no goal needs it any more', ends: ANY, holds };
}

/** It does not apply: what was done of it is undone. */
function steppedAside(foresight: Foresight, step: Step, record: StepRecord, why: string): Judged {
  const isOut = record.status === 'running' && record.command !== undefined;
  if (isOut && step.state.interruptible && record.cancel === undefined)
    return { fate: 'cancel', reason: `${why}; then it is undone`, ends: ASIDE, isAside: true };
  const isPlain = !owes(record) && record.outputs === undefined && record.facts === undefined;
  return {
    ...takenBack(foresight, step, record, why),
    ends: ASIDE,
    isAside: true,
    ...(isPlain && record.status !== 'running' && { holds: {}, atOnce: foresight.isAtOnce(step) }),
  };
}

/** A role that nobody takes blocks it. What can be met no more is not lost before it is known whether it applies. */
function byChoice(step: Step, record: StepRecord, verdict: Foreseen): Judged {
  const isNew = record.status === 'waiting' && !owes(record) && record.again === undefined;
  if (verdict === 'hopeless' && isNew) return { ...NOTHING, ends: { ...ASIDE, lost: true } };
  const names = [...step.state.only, ...step.state.except].map(role => `${step.entity.name}.${role}`);
  const reason = `depends on who is chosen as ${names.join(', ')}`;
  return {
    fate: 'maybe',
    reason,
    ends: verdict === 'met' ? PERHAPS : ANY,
    ...(record.status === 'reached' && !record.unverified ? {} : { begins: true }),
  };
}

/** What is not looked at again; undefined: it is. */
function settled(foresight: Foresight, { state, number }: Step, record: StepRecord): Judged | undefined {
  const { status, cause } = record;
  const { begun } = foresight;
  const { isNew } = begun;
  if (status === 'skipped' && cause === 'skipped_by_operator') return kept(record, 'a person vouched for it');
  if (isNew) return undefined;
  switch (status) {
    case 'reached':
      if (foresight.isJudged(record, number)) return undefined;
      return kept(record, 'nothing of it changes');
    case 'skipped': {
      const follows = cause === 'not_the_role' && state.only.length + state.except.length > 0;
      return follows ? undefined : { ...NOTHING, ends: ASIDE, holds: {}, atOnce: true };
    }
    case 'not_needed':
      return cause === 'goal_holds' ? undefined : { ...NOTHING, ends: ASIDE, holds: {}, atOnce: true };
    case 'failed':
    case 'interrupted':
      if (foresight.resumes) return undefined;
      return {
        fate: 'keep',
        reason: `it has ${status === 'failed' ? 'failed' : 'been interrupted'}`,
        ends: status === 'failed' ? LOST : NEVER,
      };
    case 'blocked':
      return cause === 'too_late' && !foresight.resumes ? { ...NOTHING, ends: LOST } : undefined;
    case 'paused':
      return record.asks ? undefined : open('it is held for a person');
    case 'waiting':
    case 'ready':
    case 'running':
    case 'undoing':
    case 'undone':
      return undefined;
    default:
      return status satisfies never;
  }
}

function kept({ outputs, facts }: StepRecord, reason: string): Judged {
  const holds = { ...(outputs && { outputs }), ...(facts && { facts }) };
  return { fate: 'keep', reason, ends: COUNTS, holds, atOnce: true };
}

/** What is looked at in its turn: its condition, what it requires, and what was reached of it. */
function required(foresight: Foresight, step: Step, record: StepRecord, verdict: Foreseen): Judged {
  if (record.status === 'running') return inFlight(foresight, step, record, verdict);
  const condition = judgeCondition(foresight, step, record);
  if (condition?.kind === 'false') {
    if (verdict === 'met' || condition.isEarly)
      return steppedAside(foresight, step, record, 'its condition does not hold');
    return open(AFTER);
  }
  if (verdict === 'hopeless') return lost(foresight, step, record);
  if (verdict === 'unknown' || foresight.isStopped(step)) return open(AFTER);
  if (condition?.kind === 'unknown')
    return { fate: 'maybe', reason: `its condition ${condition.why}`, ends: PERHAPS, begins: true };
  const isToCompare = foresight.isJudged(record, step.number);
  if (isToCompare) return compared(foresight, step, record);
  return begins(foresight, step, record);
}

function begins(foresight: Foresight, step: Step, record: StepRecord): Judged {
  const { state } = step;
  if (!state.action) return { ...NOTHING, ends: COUNTS, holds: {}, begins: true };
  const fate = record.again ? 'run_again' : 'run';
  const holds = computed(foresight, step);
  return {
    fate,
    reason: whyItRuns(foresight, step, record),
    ends: COUNTS,
    begins: true,
    ...(holds && { holds }),
  };
}

function whyItRuns(foresight: Foresight, step: Step, record: StepRecord): string {
  const { begun, resumes } = foresight;
  const { member } = step;
  if (record.again) return record.unverified ? doubtOf(record.unverified) : 'it changed before';
  if (record.status === 'paused') return record.asks ? 'it asks a person' : 'it was held before';
  if (record.status === 'failed' || record.status === 'interrupted')
    return `it ${record.status === 'failed' ? 'failed' : 'was interrupted'} before${resumes ? '' : ', and begins anew'}`;
  if (record.status === 'undone') return 'it was undone';
  if (member?.since === begun.generation) return `${member.name} joins`;
  if (!begun.former?.graph.stepByOutside.has(outsideId(step))) return whyItIsNew(foresight.graph, step);
  return 'it has not been reached yet';
}

/** An attempt goes on, unless it is known to be of no use (row 23). */
function inFlight(foresight: Foresight, step: Step, record: StepRecord, verdict: Foreseen): Judged {
  if (!foresight.isOfEarlier(record)) return { fate: 'run', reason: 'it runs', ends: COUNTS, begins: true };
  const goesOn = {
    fate: 'run',
    reason: 'it runs; what it reaches is compared then',
    ends: ANY,
    begins: true,
  } as const;
  if (verdict !== 'met') return step.state.interruptible ? open(AFTER) : goesOn;
  const isChanged = isChangedInFlight(foresight, step, record);
  const ends = step.state.condition ? ANY : COUNTS;
  if (isChanged === 'no' || !step.state.interruptible || record.cancel !== undefined || !record.command)
    return { ...goesOn, ends };
  if (isChanged === 'open' || !foresight.isAtOnce(step))
    return { fate: 'maybe', reason: 'it runs, and is called back if it is of no use', ends, begins: true };
  return { fate: 'cancel', reason: `${isChanged.reason}; then it runs again`, ends, begins: true };
}

/** Something that it requires can be met no more. */
function lost(foresight: Foresight, step: Step, record: StepRecord): Judged {
  const alarm = foresight.alarm(step);
  if (alarm === 'unknown') return open(AFTER);
  const ends = alarm === 'hopeless' ? ASIDE : LOST;
  const reason =
    alarm === 'hopeless' ? 'what it is there for did not fail' : 'what it requires cannot be met';
  return owes(record) ? { fate: 'keep', reason, ends } : { ...NOTHING, ends };
}

/** Undefined: there is none, or it was judged for good. `isEarly`: what else the step requires makes no difference to it. */
function judgeCondition(
  foresight: Foresight,
  step: Step,
  record: StepRecord,
):
  | { readonly kind: 'false'; readonly isEarly: boolean }
  | { readonly kind: 'unknown'; readonly why: string }
  | undefined {
  const { condition } = step.state;
  const { isNew } = foresight.begun;
  const isOpened = isNew || (!record.unverified && foresight.isJudged(record, step.number));
  if (!condition || (!isOpened && !isBeforeAll(record))) return undefined;
  const seen = seeTemplate(foresight, step, condition);
  if (seen.kind === 'known' && typeof seen.value === 'boolean') {
    const isEarly = condition.reads.every(({ kind }) => kind === 'input' || kind === 'members');
    return seen.value ? undefined : { kind: 'false', isEarly };
  }
  return {
    kind: 'unknown',
    why: seen.kind === 'unknown' ? `depends on ${seen.on.join(', ')}` : 'cannot be judged',
  };
}
