// The real clock. The one file of the runtime that reads the time or sets a timer.
// Belongs here: the Clock port over the system. Does not belong here: which timers exist (timers.ts).
import type { Clock } from './ports.ts';

/** setTimeout holds 31 bits of milliseconds: longer waits are made of several. */
const LONGEST = 2_147_483_647;

/** Wall clock and timers of this process. Timers do not keep the process alive by themselves. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at: (time, callback) => {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const left = time - Date.now();
      timer = setTimeout(left > LONGEST ? wait : callback, Math.min(Math.max(left, 0), LONGEST));
      timer.unref();
    };
    wait();
    return () => clearTimeout(timer);
  },
  turn: () => new Promise(resolve => setImmediate(resolve)),
};
