// What was reached and may hold no longer, and what a check found, on the screen.
// Belongs here: their words and lines. Does not belong here: exit codes (finish.ts), other endings (ending.ts).
import type { WorkflowRecord } from '../../machine/types.ts';
import type { StepView, WorkflowView } from '../../runtime/api.ts';
import { doubtText, failureText } from './lanes.ts';
import { type Line, markPiece, piece, plain, type Style } from './style.ts';
import { sanitiseLine } from './text.ts';

/** States named of those that a check found wanting. */
const NAMED = 20;

/** How the last check ended, as one line of news. */
export function checkText({ checked }: Pick<WorkflowRecord, 'checked'>): string {
  if (checked === undefined) return '';
  if (checked.stopped !== undefined) return `the check was given up: ${sanitiseLine(checked.stopped)}`;
  const { holds, drifted, unknown, unchecked } = checked;
  return `checked: ${holds} hold, ${drifted} drifted, ${unknown} could not be told, ${unchecked} without a probe`;
}

/** True when the check that was asked for says that all it looked at holds, and nothing was marked before. */
export const isSound = ({ record: { checked }, steps }: WorkflowView): boolean =>
  checked !== undefined &&
  checked.stopped === undefined &&
  checked.drifted + checked.unknown === 0 &&
  !steps.some(isDoubted);

const isDoubted = ({ wanted, record: { status, unverified } }: StepView): boolean =>
  wanted && status === 'reached' && unverified !== undefined;

/** What the check found, step by step. */
export function checkLines(view: WorkflowView, style: Style): Line[] {
  const found = view.steps.filter(step => isDoubted(step) || step.record.look?.found === 'unknown');
  const isGood = isSound(view);
  const text = checkText(view.record);
  return [
    [markPiece(isGood ? 'done' : 'failed', style), piece(` ${text}`, isGood ? 'good' : 'bad')],
    ...found.slice(0, NAMED).map(step => doubtLine(step)),
    ...(found.length > NAMED ? [plain(`  … and ${found.length - NAMED} more`)] : []),
  ];
}

const doubtLine = (step: StepView): Line => {
  const { look } = step.record;
  const said = look?.error
    ? failureText({ ...step, record: { ...step.record, error: look.error, status: 'failed' } })
    : '';
  const what = doubtText(step.record).split(' · ')[0] ?? '';
  return [
    piece(`  ${sanitiseLine(step.id)}`, 'strong'),
    piece(step.member === undefined ? '' : ` on ${sanitiseLine(step.member.name)}`),
    piece(`: ${what}${said === '' ? '' : ` (${said})`}`),
  ];
};

/** Of what is complete: what may hold no longer. */
export function unverifiedLines(view: WorkflowView): Line[] {
  const doubted = view.steps.filter(isDoubted);
  if (doubted.length === 0) return [];
  const count = doubted.length === 1 ? '1 state is unverified:' : `${doubted.length} states are unverified:`;
  return [[piece(`  ${count}`, 'warn')], ...doubted.slice(0, NAMED).map(step => doubtLine(step))];
}
