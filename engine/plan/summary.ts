// A plan in one sentence: for the last line on a screen, for an event of a stack, for a log.
// Belongs here: counting in words. Does not belong here: layout (cli/).
import type { Fate, Plan } from './types.ts';

const WORDS: { readonly [fate in Fate]: string } = {
  run: 'to run',
  run_again: 'to run again',
  cancel: 'to call back',
  undo: 'to undo',
  maybe: 'perhaps',
  keep: 'kept',
};

/** Such as `1 to run, 2 to run again (1 not declared idempotent), 12 kept`, or why it is refused. No hidden value is in it. */
export function summaryOf({ refused, steps, counts }: Plan): string {
  if (refused) return `refused: ${refused.message}`;
  const unsafe = steps.filter(one => one.unsafe).length;
  const parts = (Object.keys(WORDS) as Fate[])
    .filter(fate => counts[fate] > 0)
    .map(fate => {
      const remark = fate === 'run_again' && unsafe > 0 ? ` (${unsafe} not declared idempotent)` : '';
      return `${counts[fate]} ${WORDS[fate]}${remark}`;
    });
  return parts.length === 0 ? 'nothing to do' : parts.join(', ');
}
