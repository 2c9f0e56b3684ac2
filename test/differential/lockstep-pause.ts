// The machine and the naive scheduler are suspended while some of what runs ends, and go on.
// Belongs here: one such pause, to both. Does not belong here: other moves (lockstep.ts).
import fc from 'fast-check';
import type { Outcome } from '../../engine/machine/types.ts';
import type { Workflow } from '../support/workflow.ts';
import { current } from './naive-actions.ts';
import { type Ending } from './naive-ends.ts';
import type { NaiveOperations } from './naive-operation.ts';
import type { NaiveStep } from './naive-rules.ts';

export const anyEnding = fc.constantFrom<Ending>(
  'done',
  'done',
  'done',
  'done without outputs',
  'denied',
  'broken',
  'forbidden',
  'interrupted',
);

/** A wait ends by its time, and a child is suspended itself. */
const LEFT_OUT = new Set(['wait', 'workflow']);

/**
 * S1 to S3: all that ends meanwhile counts, and what follows is found at the end; what an end would have led to at once is
 * judged then, as is what is due by then. Undefined: nothing runs, or may be suspended now.
 */
export function pause(
  ours: Workflow,
  naive: NaiveOperations,
  { pause: endings, pick }: { readonly pause: readonly Ending[] | undefined; readonly pick: number },
  outcomeOf: (step: NaiveStep, ending: Ending) => Outcome,
): string | undefined {
  if (!endings || naive.status !== 'running') return undefined;
  const out = naive.running().filter(step => !LEFT_OUT.has(current(step)?.kind ?? ''));
  const first = pick % Math.max(1, out.length);
  const ended = [...out.slice(first), ...out.slice(0, first)].slice(0, endings.length);
  if (ended.length === 0) return undefined;
  ours.send({ kind: 'suspend', by: 'ann' });
  const said = ended.map((step, index) => ({ step, ending: endings[index] as Ending }));
  naive.whileSuspended(() => {
    for (const { step, ending } of said) {
      // Who was first is known by the time.
      ours.now += 1;
      naive.board.now = ours.now;
      ours.finish(step.id, outcomeOf(step, ending));
      if (!ours.record(step.id)?.kept) naive.end(step, ending);
    }
    for (const step of naive.board.steps) {
      const kept = said.find(one => one.step === step && ours.record(step.id)?.kept);
      if (kept) naive.end(step, kept.ending);
    }
    for (const step of naive.board.steps) endWhatIsDue(ours, naive, step);
    ours.send({ kind: 'resume', by: 'ann' });
  });
  return `suspended, meanwhile ${said.map(({ step, ending }) => `${step.id}: ${ending}`).join('; ')}`;
}

function endWhatIsDue(ours: Workflow, naive: NaiveOperations, step: NaiveStep): void {
  const due = ours.record(step.id)?.due;
  if (!due || due.at > ours.now) return;
  if (due.for === 'retry') naive.retryDue(step);
  else if (due.for === 'wait') naive.end(step, 'done');
}
