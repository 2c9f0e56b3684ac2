// Hands the end of an attempt to the rules of its phase.
// Belongs here: the switch. Does not belong here: what an end means (outcomes.ts, rescue.ts, undo/undo.ts, verify/look.ts).
import type { Draft } from './draft.ts';
import { endAction, endProbe } from './outcomes.ts';
import { endRescue } from './rescue.ts';
import { isLooking } from './records.ts';
import type { Outcome } from './types.ts';
import { endEarlier } from './update/reopen.ts';
import { endUndo, endVerify } from './undo/undo.ts';
import { endLook } from './verify/look.ts';

export function endPhase(draft: Draft, number: number, outcome: Outcome): void {
  if (isLooking(draft.record(number))) return endLook(draft, number, outcome);
  if (endEarlier(draft, number, outcome)) return;
  const { phase = 'action' } = draft.record(number);
  switch (phase) {
    case 'probe':
      return endProbe(draft, number, outcome);
    case 'action':
      return endAction(draft, number, outcome);
    case 'rescue':
      return endRescue(draft, number, outcome);
    case 'undo':
      return endUndo(draft, number, outcome);
    case 'verify':
      return endVerify(draft, number, outcome);
    default:
      return phase satisfies never;
  }
}
