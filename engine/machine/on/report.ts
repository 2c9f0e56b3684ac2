// `report`: what a driver says of a command. Only the command that is out now is listened to.
// Belongs here: telling current from stale, and progress. Does not belong here: what an end means (phases.ts).
import { LIMITS } from '../../base/limits.ts';
import type { Draft } from '../draft.ts';
import { endPhase } from '../phases.ts';
import { generationOf } from '../records.ts';
import { commandDue } from '../timing.ts';
import type { Handler } from './handler.ts';

export const onReport: Handler<'report'> = (draft, { id, report }) => {
  const number = draft.graph.stepByOutside.get(id.step);
  const { workflow } = draft;
  if (number === undefined || id.workflow !== workflow.id) return false;
  const record = draft.record(number);
  // An answer to an older command, or one that was answered already: a redelivery changes nothing.
  if (
    !record.command ||
    record.kept ||
    record.dispatch !== id.dispatch ||
    generationOf(record) !== id.generation
  )
    return false;
  if (report.kind === 'held') return hold(draft, number, report.reason);
  if (report.kind !== 'finished') return advance(draft, number, report.kind) || letGo(draft, number);
  endPhase(draft, number, report.outcome);
  return true;
};

const ORDER = { sent: 0, accepted: 1, started: 2 } as const;

/** Its child waits for a person. One that is called back waits no more. */
function hold(draft: Draft, number: number, reason: string): boolean {
  const { status, cancel, held, progress, command } = draft.record(number);
  const text = reason.slice(0, LIMITS.errorText);
  const isAtWork = status === 'running' || status === 'undoing';
  const mayHold = isAtWork && cancel === undefined && command?.action.kind === 'workflow';
  if (!mayHold || held === text) return false;
  draft.write(number, { held: text, progress: progress === 'sent' ? 'started' : progress });
  return true;
}

/** Its child goes on. */
function letGo(draft: Draft, number: number): boolean {
  if (draft.record(number).held === undefined) return false;
  draft.write(number, { held: undefined });
  return true;
}

/** Progress goes one way. It arms the deadline anew: an attempt's time runs from its start. */
function advance(draft: Draft, number: number, progress: 'accepted' | 'started'): boolean {
  const record = draft.record(number);
  if (ORDER[progress] <= ORDER[record.progress ?? 'sent']) return false;
  const due =
    record.cancel === undefined && record.command ? commandDue(draft.at, record.command) : record.due;
  draft.write(number, { progress, due, held: undefined });
  return true;
}
