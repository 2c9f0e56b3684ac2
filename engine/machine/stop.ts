// Stopping a workflow: a cancel, a deletion, a deadline.
// Belongs here: calling back what runs, taking back what is about to. Does not belong here: when, and what follows.
import type { Draft } from './draft.ts';
import { ATTEMPT_OVER } from './records.ts';
import { CANCEL_GRACE } from './timing.ts';

/** Calls back what runs and takes back what is about to: nothing starts until the workflow goes on or is undone. */
export function stopEverything(draft: Draft, why: string): void {
  for (const step of draft.graph.steps) stopStep(draft, step.number, why);
}

const answerDue = (at: number) => ({ at: at + CANCEL_GRACE, for: 'deadline' }) as const;

function stopStep(draft: Draft, number: number, why: string): void {
  const { status, phase, command, cancel, due, asks } = draft.record(number);
  if (asks) return draft.write(number, { ...ATTEMPT_OVER, status: 'waiting', cause: undefined });
  if (status === 'ready' && phase) return draft.write(number, { ...ATTEMPT_OVER, status: 'failed' });
  if (status === 'ready' || (status === 'waiting' && due))
    return draft.write(number, { status: 'waiting', due: undefined });
  if (status !== 'running') return;
  if (!command) {
    const error = { kind: 'cancelled', message: why, phase: 'action' } as const;
    return draft.write(number, { ...ATTEMPT_OVER, status: 'interrupted', cause: 'cancelled', error });
  }
  if (cancel === undefined) {
    // A child's end is awaited however long it takes (C2 of child.ts).
    const due = command.action.kind === 'workflow' ? undefined : answerDue(draft.at);
    draft.callBack(number, why, { cancel: why, due, held: undefined });
  }
}
