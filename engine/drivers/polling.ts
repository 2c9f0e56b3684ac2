// Looking at the world until it is as it should be: for what tells nobody when it changes (row 35).
// Belongs here: how often one looks. Does not belong here: what is looked at, when the time is over (engine-driver.ts).
//
// This is the one exception to rule P5 (nothing that a user waits for is polled): services elsewhere offer nothing else.
import type { Clock } from '../runtime/ports.ts';

/** Milliseconds before the second look, and the most between any two. */
const FIRST_PAUSE = 5_000;
const LONGEST_PAUSE = 60_000;
const GROWTH = 1.5;

/** Milliseconds to pause after so many looks, from 1. */
export const pauseAfter = (looks: number): number =>
  Math.min(Math.round(FIRST_PAUSE * GROWTH ** (looks - 1)), LONGEST_PAUSE);

/** Looks until there is an answer; undefined is none yet. Rejects with what a look rejects with, or the signal's reason. */
export async function poll<Answer>(
  clock: Pick<Clock, 'now' | 'at'>,
  signal: AbortSignal,
  look: () => Promise<Answer | undefined>,
): Promise<Answer> {
  for (let looks = 1; ; looks += 1) {
    signal.throwIfAborted();
    const answer = await look();
    if (answer !== undefined) return answer;
    await pause(clock, signal, pauseAfter(looks));
  }
}

function pause(clock: Pick<Clock, 'now' | 'at'>, signal: AbortSignal, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.at(clock.now() + milliseconds, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
