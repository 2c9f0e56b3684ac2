// When something of a step ran: stretches of work, read off its records one after the other.
// Belongs here: where a stretch begins and ends, and whether well. Does not belong here: what let it begin, drawing.
import type { StepRecord } from './types.ts';

/** One stretch of work: an attempt, the look before it, the rescue or the undo after it. Times are ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly phase: 'probe' | 'action' | 'rescue' | 'undo';
  /** False: the attempt failed, was interrupted or called back, or still ran at the end. */
  readonly good: boolean;
}

/** What is known of a step's work so far; `open`: what runs. */
export interface Work {
  readonly spans: Span[];
  open?: { readonly from: number; readonly phase: Span['phase']; readonly dispatch: number } | undefined;
}

/** Takes in the record that a step has from `at` on; true when a stretch begins with it. */
export function noteWork(work: Work, record: StepRecord, at: number): boolean {
  const { open } = work;
  if (open && !continues(open, record)) {
    work.spans.push({ from: open.from, to: at, phase: open.phase, good: endedWell(open.phase, record) });
    work.open = undefined;
  }
  if (work.open || !isWork(record)) return false;
  work.open = { from: at, phase: phaseOf(record), dispatch: record.dispatch };
  return true;
}

/** True while something of it runs; an undo may wait for its machine, or for its next try. */
export const isWork = ({ status, command }: StepRecord): boolean =>
  status === 'running' || (status === 'undoing' && command !== undefined);

function phaseOf({ phase = 'action' }: StepRecord): Span['phase'] {
  return phase === 'verify' ? 'undo' : phase;
}

const continues = (open: NonNullable<Work['open']>, record: StepRecord): boolean =>
  isWork(record) && record.dispatch === open.dispatch && phaseOf(record) === open.phase;

/** A probe that leads to the action has done its work, and so has a rescue that the error does not name. */
function endedWell(phase: Span['phase'], record: StepRecord): boolean {
  if (phase === 'undo') return record.cause !== 'undo_failed' && record.due === undefined;
  if (phase === 'rescue') return record.error?.phase !== 'rescue' && record.status !== 'interrupted';
  if (record.status === 'reached') return record.cause !== 'tolerated';
  return phase === 'probe' && (record.status === 'running' ? record.phase : record.next) === 'action';
}
