// `report`: what a driver says of a command. Only the command that is out now is listened to.
// Belongs here: telling current from stale, and progress. Does not belong here: what an end means (phases.ts).
import type { Draft } from '../draft.ts';
import { endPhase } from '../phases.ts';
import { COMMAND_GRACE } from '../timing.ts';
import type { Report } from '../types.ts';
import type { Handler } from './handler.ts';

export const onReport: Handler<'report'> = (draft, { id, report }) => {
  const number = draft.graph.stepById.get(id.step);
  const { workflow } = draft;
  if (number === undefined || id.workflow !== workflow.id || id.generation !== workflow.generation)
    return false;
  const { command, dispatch } = draft.record(number);
  // An answer to an older command, or one that was answered already: a redelivery changes nothing.
  if (!command || dispatch !== id.dispatch) return false;
  if (report.kind !== 'finished') return advance(draft, number, report.kind);
  endPhase(draft, number, report.outcome);
  return true;
};

const ORDER = { sent: 0, accepted: 1, started: 2 } as const;

/** Progress goes one way. It arms the deadline anew: an attempt's time runs from its start. */
function advance(draft: Draft, number: number, progress: Exclude<Report['kind'], 'finished'>): boolean {
  const record = draft.record(number);
  if (ORDER[progress] <= ORDER[record.progress ?? 'sent']) return false;
  const at = draft.at + (record.command?.timeout ?? 0) + COMMAND_GRACE;
  const due = record.cancel === undefined ? ({ at, for: 'deadline' } as const) : record.due;
  draft.write(number, { progress, due });
  return true;
}
