// States as people read them: a mark, a word and a tone each, none told by its hue alone.
// Belongs here: those three for every status. Does not belong here: sentences of causes (machine/why), colours (page.css).
import type { StepRecord, StepStatus, WorkflowStatus } from '../../../machine/types.ts';
import type { Doubt } from '../../../machine/verify/types.ts';

/** Class of page.css. */
export type Tone = 'good' | 'busy' | 'bad' | 'warn' | 'quiet' | 'undo';

export interface Look {
  readonly mark: string;
  readonly word: string;
  readonly tone: Tone;
}

const look = (mark: string, word: string, tone: Tone): Look => ({ mark, word, tone });

export const STEP_LOOKS: { readonly [status in StepStatus]: Look } = {
  waiting: look('○', 'waiting', 'quiet'),
  ready: look('◔', 'ready', 'quiet'),
  running: look('▸', 'running', 'busy'),
  reached: look('✓', 'reached', 'good'),
  failed: look('✕', 'failed', 'bad'),
  paused: look('‖', 'held', 'warn'),
  interrupted: look('!', 'interrupted', 'bad'),
  skipped: look('–', 'skipped', 'quiet'),
  blocked: look('⊘', 'blocked', 'bad'),
  not_needed: look('·', 'not needed', 'quiet'),
  undoing: look('↶', 'undoing', 'undo'),
  undone: look('↺', 'undone', 'undo'),
};

export const WORKFLOW_LOOKS: { readonly [status in WorkflowStatus]: Look } = {
  running: look('▸', 'running', 'busy'),
  held: look('‖', 'held', 'warn'),
  complete: look('✓', 'complete', 'good'),
  failed: look('✕', 'failed', 'bad'),
  checking: look('◔', 'checking', 'busy'),
  cancelling: look('▪', 'cancelling', 'warn'),
  undoing: look('↶', 'undoing', 'undo'),
  deleting: look('↶', 'deleting', 'undo'),
  deleted: look('↺', 'deleted', 'quiet'),
  delete_failed: look('✕', 'delete failed', 'bad'),
};

/** Of what was reached: why it may hold no longer. */
const DOUBTS: { readonly [why in Doubt]: string } = {
  vm_replaced: 'in doubt: its machine was replaced',
  vm_reverted: 'in doubt: its machine was reverted',
  drifted: 'has drifted',
};

/** Empty: nothing is in doubt. */
export function doubtText({ unverified, look: found }: StepRecord): string {
  if (unverified !== undefined) return DOUBTS[unverified.why];
  if (found !== undefined && found.found === undefined) return 'is looked at';
  return found?.found === 'unknown' ? 'could not be checked' : '';
}

const STANDING: ReadonlySet<WorkflowStatus> = new Set(['complete', 'failed', 'deleted', 'delete_failed']);

/** False: nothing of it moves by itself. */
export const moves = (status: WorkflowStatus): boolean => !STANDING.has(status);

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
